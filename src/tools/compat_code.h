/* Private to src/tools: code under the names of other servers. */
#ifndef TOOLS_COMPAT_CODE_H
#define TOOLS_COMPAT_CODE_H

#include "code.h"
#include "compat.h"
#include "execution.h"

/* --- compat_logs.c: what compat-code-sandbox says of code ------------------------------------- */

/* clang-format off */
#define LOGS_PROPERTIES SCHEMA( \
	"logs": {"type": "object", "properties": { \
		"stdout": {"type": "array", "items": {"type": "string"}}, \
		"stderr": {"type": "array", "items": {"type": "string"}}}, "required": ["stdout", "stderr"]}, \
	"error": {"description": "What the code raised, or how it was ended; null: nothing", "anyOf": [{"type": "null"}, {"type": "object", "properties": { \
		"name": {"type": "string"}, "value": {"type": "string"}, "traceback": {"type": "string"}}, "required": ["name", "value", "traceback"]}]}, \
	"result": {"description": "The value of the last expression, as JSON or as text; absent: none", "anyOf": [ \
		{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "object"}, {"type": "array"}, {"type": "null"}]})
/* clang-format on */

/* How long code may run: as long as a call waits. */
enum { LOGS_CODE_MS = 300000 };
/* execution_kind's, of a struct code_request. */
struct sandbox_op *compat_code_start(struct sandboxes *all, const void *request, int64_t wait_ms,
				     command_view_fn *done, void *ctx,
				     struct error *err) must_check;
/* The call's part of a request, and the plan that answers by logs_of. */
void compat_code_plan(const struct call *call, struct code_request *request,
		      struct execution_plan *plan);
/* A command_wish's reshape. */
struct json *logs_of(const struct json *structured);
/* Why code did not come to its end, as a word and a sentence; false: it did, or raised an error. */
bool logs_cut_short(const struct json *structured, const char **ret_name, struct buf *ret_sentence);

#endif
