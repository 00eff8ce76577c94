/* How a call of code begins: checked, written down like every command, and sent when it is its turn
 * (code_turn.c). */
#include <stdio.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

enum { SHOWN_MAX = 1000, SHOWN_ROOM = 4 * SHOWN_MAX, MARGIN_MS = 50 };

/* --- the wish ------------------------------------------------------------------------------ */

static bool check_context(const char *context, struct error *err)
{
	size_t len = strlen(context);

	if (len < 1 || len > CODE_CONTEXT_MAX)
		return error_set(err, ERROR_INVALID,
				 "context: a name has 1 to %d bytes, this one has %zu",
				 CODE_CONTEXT_MAX, len);
	for (const char *at = context; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return error_set(err, ERROR_INVALID,
					 "context: a name must not hold control characters");
	return true;
}

static bool check_code(const struct code_request *request, struct error *err)
{
	if (request->len == 0)
		return error_set(err, ERROR_INVALID, "code: it must not be empty");
	if (request->len > CODE_MAX)
		return error_set(err, ERROR_LIMIT,
				 "code: it may have %d bytes, and has %zu; put the data into a "
				 "file, and read that",
				 CODE_MAX, request->len);
	return true;
}

/* The front of the code, for lists. */
static char *shown_code(const struct code_request *request)
{
	size_t len = request->len < SHOWN_MAX ? request->len : utf8_whole(request->code, SHOWN_MAX);
	auto_buf shown = BUF_INIT(SHOWN_ROOM);
	bool replaced;

	(void)!utf8_clean(request->code, len, &shown, &replaced);
	return buf_take(&shown);
}

/* How long it may wait for its turn.  Who waits longer than for one answer looks again until then:
 * its last look is to find that it was in vain, not that it waits. */
static int64_t turn_of(const struct code_request *request)
{
	int64_t most = request->turn_ms - MARGIN_MS;

	return most > request->wait_ms ? most : request->wait_ms;
}

static struct command *make(struct sandbox *sb, const struct code_request *request,
			    const struct driver *driver)
{
	auto_str shown = shown_code(request);
	struct command *command = command_make(sb, shown, request->kill_after_ms);

	command->row.language = mem_strdup(driver->language);
	command->row.context = mem_strdup(request->context ? request->context : "default");
	command->code = mem_new(struct code);
	command->code->driver = driver;
	command->code->len = request->len;
	command->code->retire = request->fresh;
	command->code->patient = turn_of(request) > request->wait_ms;
	return command;
}

void code_put_call(const struct command *command, const struct wire_start *start,
		   struct wire_writer *writer)
{
	struct wire_call call = { .code_len = command->code->len, .start = *start };

	snprintf(call.language, sizeof(call.language), "%s", command->row.language);
	snprintf(call.context, sizeof(call.context), "%s", command->row.context);
	wire_put_call(writer, &call);
}

struct sandbox_op *code_run(struct sandboxes *all, const struct code_request *request,
			    command_view_fn *done, void *ctx, struct error *err)
{
	const struct driver *driver = driver_find(all, request->language, err);
	const struct given_input code = { request->code, request->len };
	struct command_request world = { .workdir = request->workdir, .env = request->env };
	struct command_wait *wait;
	struct command *command;
	struct sandbox *sb;

	if (!driver || !registry_use(all, request->owner, request->container_id, &sb, err) ||
	    (request->context && !check_context(request->context, err)) ||
	    !check_code(request, err) || !command_has_room(sb, err))
		return NULL;
	world.command = driver->command;
	command = make(sb, request, driver);
	if (!command_prepare(command, sb, &world, &code, err)) {
		command_discard(command);
		return NULL;
	}
	command_attach(command, sb);
	code_queue(command, turn_of(request));
	/* The wait first: sending can end a command that nobody waits for. */
	wait = wait_begin(command, WAIT_START, request->wait_ms, done, ctx);
	command_send_start(command);
	return &wait->op;
}
