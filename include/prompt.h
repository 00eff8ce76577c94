/* What a prompt is: messages for a model, made from arguments.  Seen by mcp/, which dispatches, and
 * by whoever offers prompts. */
#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>
#include "tool.h"

struct prompt_argument {
	const char *name; /* NULL ends the list */
	const char *description;
	bool required;
};

struct prompt {
	const char *name;
	const char *title; /* may be NULL */
	const char *description;
	const struct prompt_argument *arguments; /* NULL: none */
	call_run_fn *run; /* args: texts by name; call_add_message, then call_end */
	/* Suggests values (call_add_value, call_end); args has name, value and maybe context.
	 * NULL: there are none. */
	call_run_fn *complete;
};

#endif
