/* What the tools need of the server: the object that mcp_options.tool_ctx points to and that every
 * tool gets from call_context().  mcp/ passes it on without knowing it. */
#ifndef TOOLS_H
#define TOOLS_H

#include <stdint.h>
#include "loop.h"
#include "prompt.h"
#include "resource.h"
#include "sandbox.h"
#include "tool.h"

struct web_grants;

/* What the web tools need; texts are borrowed. */
struct tools_web {
	const char *image;           /* by its name; NULL: there is none */
	const char *allowed_domains; /* as in WEB_ALLOWED_DOMAINS */
	const char *network_allow;   /* as in NETWORK_ALLOW; NULL: nothing */
	int64_t timeout_ms;
	int64_t size; /* bytes that a page may load, at most */
	int64_t memory, cpu_milli, pids;
	const char *search; /* "none", "searxng", "brave", "duckduckgo" */
	const char *searxng_url;
	const char *brave_api_key;
	struct web_grants *grants;
};

/* Domains that persons allowed to callers, kept while the server lives. */
struct web_grants *web_grants_new(void);
void web_grants_free(struct web_grants *grants);

/* The policies of the drop-in set compat-container-mcp. */
struct tools_compat {
	const char *commands; /* separated by commas; NULL: all */
	int64_t command_ms;   /* how long a command, or Python code, may take */
	int64_t python_ms;
	int64_t memory; /* bytes of a sandbox, where containers may have so much */
	int64_t file_bytes;
	const char *extensions; /* separated by commas; "*": all */
};

struct tools_context {
	struct sandboxes *sandboxes;
	struct loop *loop; /* whose helper threads read what is long */
	/* What the schemas say of this server: defaults and maxima.  Borrowed. */
	const struct sandbox_settings *settings;
	int64_t output_limit;    /* bytes of each stream inside a result */
	int64_t command_wait_ms; /* how long execute_command waits when nothing is said */
	int64_t max_wait_ms;     /* no call waits longer: 45000 */
	struct tools_web web;
	struct tools_compat compat;
};

/* What is offered beside the tools. */
extern const struct resource_template *const tools_templates[];
extern const struct prompt *const tools_prompts[];
/* The URI of a command, whose end is told by mcp_resource_updated; the caller owns it. */
char *command_uri(const char *command_id);
/* What clients are told of the server, for the sets of tools that are offered; the caller owns it.
 */
char *tools_instructions(const char *sets);
void tools_list_resources(struct call *call, const struct json *args);

#endif
