/* JSON values: reading with good error text, and building.  cJSON is inside and visible nowhere
 * else; a strict scan (RFC 8259, duplicate keys refused, depth and size capped) runs before it,
 * because cJSON 1.7.15 accepts raw control characters, "01", "1.", cuts strings at \u0000 and takes
 * the first of two equal keys.  Keys are compared with their case. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "own.h"

struct json;

enum { JSON_DEPTH_MAX = 64 };

void json_free(struct json *value);
OWNED_BY_SCOPE(json, struct json *, json_free)
#define auto_json AUTO(json) struct json *

/* --- reading ---------------------------------------------------------------------------- */

/* The caller owns the result.  NULL with ERROR_INVALID and the byte offset of the fault. */
struct json *json_parse(const char *text, size_t len, struct error *err) must_check;

/* The strict scan alone: whether text is exactly one JSON value. */
bool json_scan(const char *text, size_t len, struct error *err) must_check;

/* The bytes of a member of the top-level object, as they were sent: how a request id is echoed
 * without loss.  text must have passed json_scan.  False when there is no such member. */
bool json_raw_member(const char *text, size_t len, const char *key, const char **ret_start,
		     size_t *ret_len);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };
/* An absent value (NULL) counts as null. */
enum json_type json_type(const struct json *value);
/* "a string", "an object", … for sentences. */
const char *json_type_name(const struct json *value);

/* Borrowed; NULL when absent (or when value is not an object). */
const struct json *json_get(const struct json *object, const char *key);
/* Borrowed; NULL when absent or not of that type. */
const char *json_get_text(const struct json *object, const char *key);
const struct json *json_get_object(const struct json *object, const char *key);
const struct json *json_get_array(const struct json *object, const char *key);
bool json_get_bool(const struct json *object, const char *key, bool fallback);
/* False when absent, not a number, not whole, or outside ±2^53. */
bool json_get_int(const struct json *object, const char *key, int64_t *ret_number);

/* The value itself. */
const char *json_text(const struct json *string); /* NULL if it is not a string */
bool json_is_true(const struct json *value);
bool json_whole(const struct json *number, int64_t *ret_number);
double json_double(const struct json *number); /* 0 if it is not a number */

size_t json_size(const struct json *array_or_object);
/* Walking: for (m = json_first(v); m; m = json_next(m)) … json_key(m) is NULL in an array. */
const struct json *json_first(const struct json *array_or_object);
const struct json *json_next(const struct json *member);
const char *json_key(const struct json *member);

/* --- building --------------------------------------------------------------------------- */

struct json *json_object(void);
struct json *json_array(void);
struct json *json_new_text(const char *text); /* must be valid UTF-8; NULL gives null */
struct json *json_new_int(int64_t number);
struct json *json_new_double(double number);
struct json *json_new_bool(bool value);
struct json *json_new_null(void);
/* JSON text taken over verbatim; it must have passed json_scan or be a literal of ours. */
struct json *json_new_raw(const char *text, size_t len);
struct json *json_copy(const struct json *value);

/* The container owns item afterwards.  A NULL item is ignored. */
void json_put(struct json *object, const char *key, struct json *item);
void json_append(struct json *array, struct json *item);

static inline void json_put_text(struct json *object, const char *key, const char *text)
{
	json_put(object, key, json_new_text(text));
}
static inline void json_put_int(struct json *object, const char *key, int64_t number)
{
	json_put(object, key, json_new_int(number));
}
static inline void json_put_bool(struct json *object, const char *key, bool value)
{
	json_put(object, key, json_new_bool(value));
}

/* Compact text on one line; the caller owns it; never NULL. */
char *json_print(const struct json *value);

#endif
