/* Building and printing.  Values are small and ours; running out of memory ends the program, as for
 * every other small object. */
#include "internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "utf8.h"

/* What most messages fit into; a longer one grows. */
enum { PRINT_ROOM = 1024 };

static struct json *made(cJSON *value)
{
	if (!value)
		abort();
	return (struct json *)value;
}

struct json *json_object(void)
{
	return made(cJSON_CreateObject());
}

struct json *json_array(void)
{
	return made(cJSON_CreateArray());
}

struct json *json_new_text(const char *text)
{
	auto_buf clean = BUF_INIT(SIZE_MAX);
	bool replaced;

	if (!text)
		return json_new_null();
	if (utf8_is_valid(text, strlen(text)))
		return made(cJSON_CreateString(text));
	/* Whoever passed this broke the contract; the reader of the message must not suffer. */
	if (!utf8_clean(text, strlen(text), &clean, &replaced))
		abort();
	return made(cJSON_CreateString(buf_text(&clean)));
}

struct json *json_new_int(int64_t number)
{
	char text[24];

	/* As a double cJSON would print it with an exponent from 10^15 on, and below that print and
	 * read it again. */
	snprintf(text, sizeof(text), "%" PRId64, number);
	return made(cJSON_CreateRaw(text));
}

struct json *json_new_double(double number)
{
	return made(cJSON_CreateNumber(number));
}

struct json *json_new_bool(bool value)
{
	return made(cJSON_CreateBool(value));
}

struct json *json_new_null(void)
{
	return made(cJSON_CreateNull());
}

struct json *json_new_raw(const char *text, size_t len)
{
	auto_str copy = mem_strndup(text, len);

	return made(cJSON_CreateRaw(copy));
}

struct json *json_copy(const struct json *value)
{
	return value ? made(cJSON_Duplicate((const cJSON *)value, true)) : NULL;
}

void json_put(struct json *object, const char *key, struct json *item)
{
	cJSON *to = (cJSON *)object;
	bool put;

	if (!item)
		return;
	assert(cJSON_IsObject(to));
	put = cJSON_GetObjectItemCaseSensitive(to, key)
		      ? cJSON_ReplaceItemInObjectCaseSensitive(to, key, (cJSON *)item)
		      : cJSON_AddItemToObject(to, key, (cJSON *)item);
	if (!put)
		abort();
}

void json_append(struct json *array, struct json *item)
{
	if (!item)
		return;
	assert(cJSON_IsArray((const cJSON *)array));
	if (!cJSON_AddItemToArray((cJSON *)array, (cJSON *)item))
		abort();
}

char *json_print(const struct json *value)
{
	char *text = cJSON_PrintBuffered((const cJSON *)value, PRINT_ROOM, false);

	if (!text)
		abort();
	return text;
}
