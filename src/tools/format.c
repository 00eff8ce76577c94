/* Numbers as people and models read them. */
#include "internal.h"
#include <stdio.h>

void format_duration(int64_t ms, char ret_text[FORMAT_SIZE])
{
	long long s = ms / 1000;

	if (ms < 1000)
		snprintf(ret_text, FORMAT_SIZE, "%lld ms", (long long)ms);
	else if (s < 60)
		snprintf(ret_text, FORMAT_SIZE, "%lld.%lld s", s, (long long)(ms % 1000 / 100));
	else if (s < 3600)
		snprintf(ret_text, FORMAT_SIZE, "%lld min %lld s", s / 60, s % 60);
	else
		snprintf(ret_text, FORMAT_SIZE, "%lld h %lld min", s / 3600, s % 3600 / 60);
}

void format_size(int64_t bytes, char ret_text[FORMAT_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t last = sizeof(units) / sizeof(*units) - 1;
	size_t unit = 0;
	int64_t tenths = bytes * 10;

	if (bytes >= INT64_MAX / 10)
		tenths = INT64_MAX;
	while (tenths >= 10240 && unit < last) {
		tenths /= 1024;
		unit++;
	}
	if (tenths % 10 == 0)
		snprintf(ret_text, FORMAT_SIZE, "%lld %s", (long long)(tenths / 10), units[unit]);
	else
		snprintf(ret_text, FORMAT_SIZE, "%lld.%lld %s", (long long)(tenths / 10),
			 (long long)(tenths % 10), units[unit]);
}

void format_count(int64_t number, char ret_text[FORMAT_SIZE])
{
	char digits[FORMAT_SIZE / 2 + 4];
	int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);
	size_t at = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			ret_text[at++] = ' ';
		ret_text[at++] = digits[i];
	}
	ret_text[at] = '\0';
}
