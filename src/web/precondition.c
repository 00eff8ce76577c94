/* Conditional requests and ranges (RFC 9110 sections 13 and 14) for one file, as a decision without
 * side effects.  Our entity tags are strong: they change whenever the bytes may have changed. */
#include "internal.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void etag_format(uint64_t version, char ret_etag[ETAG_SIZE])
{
	snprintf(ret_etag, ETAG_SIZE, "\"%016" PRIx64 "\"", version);
}

/* One tag at the front of text; *ret_len is 0 when there is none. */
static const char *read_tag(const char *text, bool *ret_weak, size_t *ret_len)
{
	const char *end;

	*ret_weak = strncmp(text, "W/", 2) == 0;
	if (*ret_weak)
		text += 2;
	end = *text == '"' ? strchr(text + 1, '"') : NULL;
	*ret_len = end ? (size_t)(end + 1 - text) : 0;
	return text;
}

bool etag_is_listed(const char *list, const char *etag, bool weak)
{
	list += strspn(list, " \t");
	if (strcmp(list, "*") == 0)
		return true;
	while (*list) {
		bool is_weak;
		size_t len;
		const char *tag = read_tag(list, &is_weak, &len);

		if (len == 0)
			return false;
		if ((weak || !is_weak) && len == strlen(etag) && memcmp(tag, etag, len) == 0)
			return true;
		list = tag + len;
		list += strspn(list, " \t,");
	}
	return false;
}

/* A date cannot prove that nothing changed within its second, so If-Range with one never holds. */
static bool range_applies(const struct file_wish *wish, const char *etag)
{
	return wish->range && (!wish->if_range || (wish->if_range[0] == '"' &&
						   etag_is_listed(wish->if_range, etag, false)));
}

void file_plan_make(const struct file_wish *wish, const char *etag, uint64_t size,
		    struct file_plan *ret_plan)
{
	struct file_plan plan = { .status = 200, .first = 0, .length = size };

	if (wish->if_match && !etag_is_listed(wish->if_match, etag, false)) {
		plan = (struct file_plan){ .status = 412 };
	} else if (wish->if_none_match && etag_is_listed(wish->if_none_match, etag, true)) {
		plan = (struct file_plan){ .status = 304 };
	} else if (range_applies(wish, etag)) {
		switch (http_range_parse(wish->range, size, &plan.first, &plan.length)) {
		case HTTP_RANGE_NONE:
			break;
		case HTTP_RANGE_PART:
			plan.status = 206;
			break;
		case HTTP_RANGE_WRONG:
			plan = (struct file_plan){ .status = 416 };
			break;
		}
	}
	*ret_plan = plan;
}
