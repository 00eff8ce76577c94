/* What run_code and run_once have in common. */
#ifndef TOOLS_RUN_CODE_H
#define TOOLS_RUN_CODE_H

#include "code.h"
#include "execution.h"

enum { KILL_AFTER_LEAST_MS = 100 };

/* clang-format off */
#define CODE_ARGUMENTS SCHEMA( \
		"code": {"type": "string", "minLength": 1, "maxLength": 1048576, "description": "The code"}, \
		"language": {"type": "string", "enum": ["python", "javascript", "sh"], "default": "python", "description": "Where the image has python3, node, or a shell (bash before sh)"})
/* clang-format on */

extern const char *const code_aliases[];
extern const char *const context_aliases[];
extern const char *const fresh_aliases[];
extern const char *const kill_after_aliases[];
/* Those of the schema, and what they are called otherwise. */
extern const char *const language_choices[];
const char *language_of(const struct arg_value *value);
bool kill_after_of(const struct arg_value *value, int64_t *ret_ms, struct error *err) must_check;
/* wait_seconds (by default wait_ms), kill_after_seconds, max_output_bytes. */
bool bind_run(struct json *property, const char *name, const struct tools_context *tools,
	      int64_t wait_ms);
/* execution_kind's, of a struct code_request. */
struct sandbox_op *code_start(struct sandboxes *all, const void *request, int64_t wait_ms,
			      command_view_fn *done, void *ctx, struct error *err) must_check;

#endif
