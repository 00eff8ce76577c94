/* What the tools need of the server: the object that mcp_options.tool_ctx points to and that every
 * tool gets from call_context().  mcp/ passes it on without knowing it. */
#ifndef TOOLS_H
#define TOOLS_H

#include <stdint.h>
#include "prompt.h"
#include "resource.h"
#include "sandbox.h"
#include "tool.h"

struct tools_context {
	struct sandboxes *sandboxes;
	struct loop *loop; /* whose helper threads read what is long */
	/* What the schemas say of this server: defaults and maxima.  Borrowed. */
	const struct sandbox_settings *settings;
	int64_t output_limit;    /* bytes of each stream inside a result */
	int64_t command_wait_ms; /* how long execute_command waits when nothing is said */
	int64_t max_wait_ms;     /* no call waits longer: 45000 */
};

/* What is offered beside the tools. */
extern const struct resource_template *const tools_templates[];
extern const struct prompt *const tools_prompts[];
/* The URI of a command, whose end is told by mcp_resource_updated; the caller owns it. */
char *command_uri(const char *command_id);
void tools_list_resources(struct call *call, const struct json *args);

#endif
