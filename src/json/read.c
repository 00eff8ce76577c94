/* Reading: the strict scan first, then cJSON, then getters that never fail halfway: a member that
 * is absent and one of the wrong type look alike unless the caller asks. */
#include "internal.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The largest integer that every JSON reader keeps exact. */
static const double exact_max = 9007199254740992.0;

static const cJSON *in(const struct json *value)
{
	return (const cJSON *)value;
}

static const struct json *out(const cJSON *value)
{
	return (const struct json *)value;
}

void json_free(struct json *value)
{
	cJSON_Delete((cJSON *)value);
}

/* Copies text with each long number replaced by the shortest that reads as the same double. */
static bool shorten(const char *text, size_t len, const struct buf *long_numbers, struct buf *copy)
{
	const struct json_span *span = (const struct json_span *)(const void *)long_numbers->data;
	const struct json_span *end = span + long_numbers->len / sizeof(*span);
	const char *at = text;

	for (; span < end; span++) {
		auto_str number = mem_strndup(span->start, span->len);
		double value = strtod(number, NULL);

		if (!isfinite(value))
			value = copysign(DBL_MAX, value);
		if (!buf_add(copy, at, (size_t)(span->start - at)) ||
		    !buf_addf(copy, "%.17g", value))
			return false;
		at = span->start + span->len;
	}
	return buf_add(copy, at, (size_t)(text + len - at));
}

struct json *json_parse(const char *text, size_t len, struct error *err)
{
	auto_buf long_numbers = BUF_INIT(JSON_VALUES_MAX * sizeof(struct json_span));
	auto_buf shortened = BUF_INIT(len);
	cJSON *value = NULL;

	if (!json_scan_numbers(text, len, &long_numbers, err))
		return NULL;
	if (long_numbers.len == 0)
		value = cJSON_ParseWithLength(text, len);
	else if (shorten(text, len, &long_numbers, &shortened))
		value = cJSON_ParseWithLength(shortened.data, shortened.len);
	if (!value)
		error_set(err, ERROR_LIMIT, "the JSON text needs more memory than there is");
	return (struct json *)value;
}

static enum json_type raw_type(const char *text)
{
	switch (*text) {
	case '{':
		return JSON_OBJECT;
	case '[':
		return JSON_ARRAY;
	case '"':
		return JSON_STRING;
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	default: /* a char, not an enum */
		return JSON_NUMBER;
	}
}

enum json_type json_type(const struct json *value)
{
	switch (value ? in(value)->type & 0xff : cJSON_NULL) {
	case cJSON_Object:
		return JSON_OBJECT;
	case cJSON_Array:
		return JSON_ARRAY;
	case cJSON_String:
		return JSON_STRING;
	case cJSON_Number:
		return JSON_NUMBER;
	case cJSON_True:
	case cJSON_False:
		return JSON_BOOL;
	case cJSON_Raw:
		return raw_type(in(value)->valuestring);
	default: /* cJSON's types are bits of an int */
		return JSON_NULL;
	}
}

const char *json_type_name(const struct json *value)
{
	if (!value)
		return "nothing";
	switch (json_type(value)) {
	case JSON_NULL:
		return "null";
	case JSON_BOOL:
		return "a boolean";
	case JSON_NUMBER:
		return "a number";
	case JSON_STRING:
		return "a string";
	case JSON_ARRAY:
		return "an array";
	case JSON_OBJECT:
		return "an object";
	}
	return "nothing";
}

const struct json *json_get(const struct json *object, const char *key)
{
	return cJSON_IsObject(in(object)) ? out(cJSON_GetObjectItemCaseSensitive(in(object), key))
					  : NULL;
}

const char *json_get_text(const struct json *object, const char *key)
{
	return json_text(json_get(object, key));
}

const struct json *json_get_object(const struct json *object, const char *key)
{
	const struct json *member = json_get(object, key);

	return cJSON_IsObject(in(member)) ? member : NULL;
}

const struct json *json_get_array(const struct json *object, const char *key)
{
	const struct json *member = json_get(object, key);

	return cJSON_IsArray(in(member)) ? member : NULL;
}

bool json_get_bool(const struct json *object, const char *key, bool fallback)
{
	const struct json *member = json_get(object, key);

	return cJSON_IsBool(in(member)) ? json_is_true(member) : fallback;
}

bool json_get_int(const struct json *object, const char *key, int64_t *ret_number)
{
	return json_whole(json_get(object, key), ret_number);
}

const char *json_text(const struct json *string)
{
	return cJSON_IsString(in(string)) ? in(string)->valuestring : NULL;
}

bool json_is_true(const struct json *value)
{
	return cJSON_IsTrue(in(value));
}

bool json_whole(const struct json *number, int64_t *ret_number)
{
	double value = json_double(number);

	if (!number || json_type(number) != JSON_NUMBER || fabs(value) > exact_max ||
	    (double)(int64_t)value != value)
		return false;
	*ret_number = (int64_t)value;
	return true;
}

double json_double(const struct json *number)
{
	double value = 0;

	if (cJSON_IsNumber(in(number)))
		value = in(number)->valuedouble;
	else if (cJSON_IsRaw(in(number)) && json_type(number) == JSON_NUMBER)
		value = strtod(in(number)->valuestring, NULL);
	/* 1e999 is JSON; as infinity it would be undefined to make an integer of it. */
	return isfinite(value) ? value : copysign(DBL_MAX, value);
}

size_t json_size(const struct json *array_or_object)
{
	return array_or_object ? (size_t)cJSON_GetArraySize(in(array_or_object)) : 0;
}

const struct json *json_first(const struct json *array_or_object)
{
	return array_or_object ? out(in(array_or_object)->child) : NULL;
}

const struct json *json_next(const struct json *member)
{
	return out(in(member)->next);
}

const char *json_key(const struct json *member)
{
	return in(member)->string;
}
