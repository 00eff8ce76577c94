/* Reading the arguments of a tool by its table.  What is wrong is refused with a sentence that a
 * model can act on: the field, what was wanted, what came. */
#include "internal.h"
#include <math.h>
#include <string.h>
#include "buf.h"
#include "utf8.h"

enum { ARG_TEXT_MAX = 1024 * 1024, SHOWN_MAX = 60 };

/* The start of a given value, as JSON, for a sentence. */
static void show_value(const struct json *value, char ret_text[SHOWN_MAX + 4])
{
	auto_str text = json_print(value);
	size_t len = strlen(text);
	size_t shown = len;

	if (len > SHOWN_MAX)
		shown = utf8_whole(text, SHOWN_MAX);
	memcpy(ret_text, text, shown);
	memcpy(ret_text + shown, len > shown ? "…" : "", len > shown ? sizeof("…") : 1);
}

static void add_choices(struct buf *text, const char *const *choices)
{
	for (const char *const *c = choices; *c; c++)
		buf_addf(text, "%s\"%s\"", c == choices ? "" : c[1] ? ", " : " or ", *c);
}

/* "a whole number from 1 to 45" */
static void describe(const struct arg *arg, struct buf *ret_text)
{
	switch (arg->type) {
	case ARG_TEXT:
		buf_add_text(ret_text, arg->least > 0 ? "a non-empty string" : "a string");
		break;
	case ARG_INT:
	case ARG_NUMBER:
		buf_addf(ret_text, "a%s number from %lld to %lld",
			 arg->type == ARG_INT ? " whole" : "", (long long)arg->least,
			 (long long)arg->most);
		break;
	case ARG_BOOL:
		buf_add_text(ret_text, "true or false");
		break;
	case ARG_OBJECT:
		buf_add_text(ret_text, "an object");
		break;
	case ARG_LIST:
		buf_addf(ret_text, "an array with %lld to %lld items", (long long)arg->least,
			 (long long)arg->most);
		break;
	case ARG_CHOICE:
		add_choices(ret_text, arg->choices);
		break;
	}
}

static bool complain(const struct arg *arg, const struct json *given, struct error *err)
{
	auto_buf wanted = BUF_INIT(1024);
	char shown[SHOWN_MAX + 4];

	describe(arg, &wanted);
	if (!given)
		return error_set(err, ERROR_INVALID, "%s is missing: it must be %s", arg->name,
				 buf_text(&wanted));
	show_value(given, shown);
	return error_set(err, ERROR_INVALID, "%s must be %s, but it is %s %s", arg->name,
			 buf_text(&wanted), json_type_name(given), shown);
}

static bool read_text(const struct arg *arg, const struct json *given, struct arg_value *ret_value,
		      struct error *err)
{
	int64_t most = arg->most ? arg->most : ARG_TEXT_MAX;
	const char *text = json_text(given);
	size_t len;

	if (!text)
		return complain(arg, given, err);
	len = strlen(text);
	if ((int64_t)len < arg->least)
		return complain(arg, given, err);
	if ((int64_t)len > most)
		return error_set(err, ERROR_INVALID, "%s has %zu bytes; at most %lld are taken",
				 arg->name, len, (long long)most);
	ret_value->text = text;
	return true;
}

static bool read_choice(const struct arg *arg, const struct json *given,
			struct arg_value *ret_value, struct error *err)
{
	const char *text = json_text(given);

	for (const char *const *choice = arg->choices; text && *choice; choice++) {
		if (strcmp(text, *choice) == 0) {
			ret_value->text = *choice;
			return true;
		}
	}
	return complain(arg, given, err);
}

static bool read_value(const struct arg *arg, const struct json *given, struct arg_value *ret_value,
		       struct error *err)
{
	switch (arg->type) {
	case ARG_TEXT:
		return read_text(arg, given, ret_value, err);
	case ARG_CHOICE:
		return read_choice(arg, given, ret_value, err);
	case ARG_INT:
		return (json_whole(given, &ret_value->number) && ret_value->number >= arg->least &&
			ret_value->number <= arg->most) ||
		       complain(arg, given, err);
	case ARG_NUMBER:
		ret_value->real = json_double(given);
		return (json_type(given) == JSON_NUMBER && isfinite(ret_value->real) &&
			ret_value->real >= (double)arg->least &&
			ret_value->real <= (double)arg->most) ||
		       complain(arg, given, err);
	case ARG_BOOL:
		ret_value->flag = json_is_true(given);
		return json_type(given) == JSON_BOOL || complain(arg, given, err);
	case ARG_OBJECT:
		ret_value->object = given;
		return json_type(given) == JSON_OBJECT || complain(arg, given, err);
	case ARG_LIST:
		ret_value->object = given;
		return (json_type(given) == JSON_ARRAY && (int64_t)json_size(given) >= arg->least &&
			(int64_t)json_size(given) <= arg->most) ||
		       complain(arg, given, err);
	}
	return complain(arg, given, err);
}

/* null says the same as absence: many clients send it for what was left out. */
static const struct json *get_given(const struct json *args, const char *name)
{
	const struct json *given = json_get(args, name);

	return given && json_type(given) != JSON_NULL ? given : NULL;
}

static const struct json *find_given(const struct json *args, const struct arg *arg)
{
	const struct json *given = get_given(args, arg->name);

	for (const char *const *alias = arg->aliases; !given && alias && *alias; alias++)
		given = get_given(args, *alias);
	return given;
}

static bool is_name_of(const struct arg *arg, const char *key)
{
	if (strcmp(arg->name, key) == 0)
		return true;
	for (const char *const *alias = arg->aliases; alias && *alias; alias++)
		if (strcmp(*alias, key) == 0)
			return true;
	return false;
}

static void warn_unknown(struct call *call, const char *key, const struct arg *table, size_t count)
{
	auto_buf names = BUF_INIT(1024);

	for (size_t i = 0; i < count; i++)
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", table[i].name);
	call_warn(call, "the argument \"%.*s\" is unknown and was ignored; known are: %s",
		  (int)utf8_whole(key, strnlen(key, SHOWN_MAX)), key, buf_text(&names));
}

/* Names that nothing stands for, and second names of what was already given. */
static void warn_unused(struct call *call, const struct json *args, const struct arg *table,
			size_t count)
{
	enum { WARNINGS_MAX = 10 };
	int warnings = 0;

	for (const struct json *m = json_first(args); m && warnings < WARNINGS_MAX;
	     m = json_next(m)) {
		size_t i = 0;

		while (i < count && !is_name_of(&table[i], json_key(m)))
			i++;
		if (i == count) {
			warn_unknown(call, json_key(m), table, count);
			warnings++;
		} else if (find_given(args, &table[i]) != m && json_type(m) != JSON_NULL) {
			call_warn(call, "\"%s\" was ignored, because it is another name of %s",
				  json_key(m), table[i].name);
			warnings++;
		}
	}
}

bool args_read(struct call *call, const struct json *args, const struct arg *table, size_t count,
	       struct arg_value *ret_values)
{
	struct error err;

	warn_unused(call, args, table, count);
	for (size_t i = 0; i < count; i++) {
		const struct json *given = find_given(args, &table[i]);
		bool good = given != NULL;

		ret_values[i] = (struct arg_value){ .given = good };
		if (good)
			good = read_value(&table[i], given, &ret_values[i], &err);
		else
			good = !table[i].required || complain(&table[i], NULL, &err);
		if (!good) {
			call_fail(call, &err, "correct the arguments and call again");
			return false;
		}
	}
	return true;
}
