/* Reading and writing times.  Names of days and months are fixed English words (RFC 9110 wants
 * them), so strftime, which follows the locale, is not used. */
#include "clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock_ms(clockid_t which)
{
	struct timespec now;
	int failed = clock_gettime(which, &now);

	assert(!failed);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_clock_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall_ms(void)
{
	return read_clock_ms(CLOCK_REALTIME);
}

/* Splits a time into calendar fields and milliseconds; what no calendar holds (only a broken
 * database row says such) becomes the epoch. */
static int split(int64_t wall_ms, struct tm *ret_fields)
{
	int64_t ms = wall_ms % 1000;
	time_t seconds = (time_t)(wall_ms / 1000);

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, ret_fields) || ret_fields->tm_year < -1900 ||
	    ret_fields->tm_year > 9999 - 1900) {
		memset(ret_fields, 0, sizeof(*ret_fields));
		ret_fields->tm_year = 70;
		ret_fields->tm_mday = 1;
		ret_fields->tm_wday = 4;
		ms = 0;
	}
	return (int)ms;
}

void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
	struct tm t;
	int ms = split(wall_ms, &t);
	int len = snprintf(ret_text, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
			   t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
			   ms);

	assert(len < CLOCK_TEXT_SIZE);
}

void clock_format_http(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm t;
	int len;

	split(wall_ms, &t);
	len = snprintf(ret_text, CLOCK_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
		       days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour,
		       t.tm_min, t.tm_sec);
	assert(len < CLOCK_TEXT_SIZE);
}

void clock_format_hm(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
	struct tm t;

	split(wall_ms, &t);
	snprintf(ret_text, CLOCK_TEXT_SIZE, "%02d:%02d", t.tm_hour, t.tm_min);
}
