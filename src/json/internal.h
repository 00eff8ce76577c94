/* What reading needs of the scanner. */
#ifndef JSON_INTERNAL_H
#define JSON_INTERNAL_H

#include <cjson/cJSON.h>
#include "buf.h"
#include "json.h"

enum {
	/* An array of zeros grows forty-fold in memory when it is read; this bounds that. */
	JSON_VALUES_MAX = 1 << 18,
	/* cJSON 1.7.15 cuts numbers to 63 characters and then stumbles over the rest. */
	JSON_NUMBER_MAX = 63,
};

/* Some bytes of the text: a string without its quotes, or a number. */
struct json_span {
	const char *start;
	size_t len;
};

/* json_scan, which also appends a json_span for each number longer than JSON_NUMBER_MAX. */
bool json_scan_numbers(const char *text, size_t len, struct buf *ret_long_numbers,
		       struct error *err) must_check;

/* The code unit of the "XXXX" of an escape; -1 if it is none. */
int32_t json_code_unit(const char *at, const char *end);
/* Whether a code unit is the first half of a surrogate pair. */
bool json_is_high(int32_t unit);

/* For qsort over struct json_span. */
int json_compare_keys(const void *left, const void *right);
bool json_key_is(const struct json_span *span, const char *key);

#endif
