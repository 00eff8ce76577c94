/* The server that the official conformance suite is run against: the real mcp/ and http/, with the
 * tools, resources and prompts whose names the suite knows.  It has no sandbox.  Not shipped. */
#ifndef CONFORMANCE_FIXTURE_H
#define CONFORMANCE_FIXTURE_H

#include "json.h"
#include "loop.h"
#include "mcp.h"
#include "own.h"

/* What call_context gives. */
struct fixture {
	struct loop *loop;
	struct mcp *mcp;
};

extern const struct tool *const fixture_tools[];
extern const struct resource *const fixture_resources[];
extern const struct resource_template *const fixture_templates[];
extern const struct prompt *const fixture_prompts[];

/* asking.c, tasks.c */
extern const struct tool tool_sampling, tool_elicitation, tool_defaults, tool_enums;
extern const struct tool tool_ask_elicitation, tool_ask_sampling, tool_ask_roots, tool_ask_state,
	tool_ask_many, tool_ask_rounds, tool_ask_tampered, tool_ask_capabilities,
	tool_streaming_elicitation, tool_missing_capability;
extern const struct tool tool_greet, tool_slow_compute, tool_failing_job, tool_protocol_error_job,
	tool_confirm_delete, tool_multi_input, tool_task_after_input;
extern const struct prompt prompt_asking;

/* A literal as JSON. */
struct json *literal(const char *text);
struct json *text_json(const char *text);
struct json *image_json(void);
struct json *resource_json(const char *uri, const char *text);
struct fixture *fixture_of(const struct call *call);
/* Ends a call with one text. */
void answer_text(struct call *call, const char *text);
/* Has next run after a while; a call that is taken back ends instead. */
void run_later(struct call *call, int64_t ms, void (*next)(struct call *call, int step), int step);

#define NO_ARGUMENTS  "{\"type\":\"object\",\"additionalProperties\":false}"
#define ANY_ARGUMENTS "{\"type\":\"object\"}"

/* A pixel, and a moment of silence. */
#define PNG                                                                                        \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E" \
	"rkJggg=="
#define WAV "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

#endif
