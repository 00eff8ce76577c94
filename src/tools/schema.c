/* What the input schemas say of this server in particular: its maxima and its defaults, from its
 * settings, so that a model asks for what it can get. */
#include "internal.h"
#include <string.h>

/* An "integer" must not be offered a fraction: both ends are taken inwards. */
static void put_number(struct json *property, const char *key, int64_t number, int64_t per_unit)
{
	const char *type = json_get_text(property, "type");

	if (type && strcmp(type, "integer") == 0)
		number -= number % per_unit;
	json_put(property, key, ratio_json(number, per_unit));
}

bool bind_number(struct json *property, const char *name, const struct argument_bound *table,
		 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct argument_bound *bound = &table[i];

		if (strcmp(bound->name, name) != 0)
			continue;
		/* A maximum below the usual minimum is what the operator wanted. */
		put_number(property, "minimum",
			   bound->least < bound->most ? bound->least : bound->most,
			   bound->per_unit);
		put_number(property, "maximum", bound->most, bound->per_unit);
		if (bound->fallback >= 0)
			put_number(property, "default", bound->fallback, bound->per_unit);
		return true;
	}
	return false;
}

void bind_choice(struct json *property, const char *const *words, const char *fallback)
{
	struct json *list = json_array();

	for (; *words; words++)
		json_append(list, json_new_text(*words));
	json_put(property, "enum", list);
	json_put_text(property, "default", fallback);
}

bool bind_output(struct json *property, const char *name, const struct tools_context *tools)
{
	int64_t limit = tools->output_limit < OUTPUT_MOST ? tools->output_limit : OUTPUT_MOST;
	const struct argument_bound table[] = {
		{ "max_output_bytes", 1, OUTPUT_LEAST, OUTPUT_MOST, limit },
	};

	return bind_number(property, name, table, 1);
}
