/* How a command begins: checked, written down, sent.  While the link is down it waits for it a
 * while; one whose START was sent when the link broke is settled by the agent's list
 * (command_frames.c). */
#include <errno.h>
#include <string.h>
#include "internal.h"
#include "json.h"

enum { RUNNING_MAX = 64, ENV_MAX = 256, START_WAIT_MS = 10000, STREAMS_AT_ONCE = 64 };

/* --- the environment: the container's, then the command's own ------------------------------ */

struct env {
	const char **list;
	uint32_t count;
	char **made; /* those of the container, to be freed */
	uint32_t made_count;
};

static void env_release(struct env *env)
{
	for (uint32_t i = 0; i < env->made_count; i++)
		free(env->made[i]);
	free(env->made);
	free(env->list);
}

static bool env_add(struct env *env, const char *entry, struct error *err)
{
	if (env->count == ENV_MAX)
		return error_set(err, ERROR_LIMIT,
				 "env: a command may be given %d variables at most", ENV_MAX);
	env->list[env->count++] = entry;
	return true;
}

static bool env_has(const char *const *list, const char *name)
{
	size_t len = strlen(name);

	for (; list && *list; list++)
		if (strncmp(*list, name, len) == 0 && (*list)[len] == '=')
			return true;
	return false;
}

/* The container's are a JSON object that limits_apply made. */
static bool env_build(const struct sandbox *sb, const char *const *own, struct env *env,
		      struct error *err)
{
	const char *text = sb->row.env;
	auto_json defaults = text ? json_parse(text, strlen(text), err) : NULL;

	env->list = mem_array(const char *, ENV_MAX);
	env->made = mem_array(char *, ENV_MAX);
	if (text && !defaults)
		return error_wrap(err, "reading the environment of container %s", sb->row.id);
	for (const struct json *m = defaults ? json_first(defaults) : NULL; m; m = json_next(m)) {
		if (!json_text(m) || env_has(own, json_key(m)))
			continue;
		if (env->made_count == ENV_MAX)
			return env_add(env, "", err);
		env->made[env->made_count] = mem_format("%s=%s", json_key(m), json_text(m));
		if (!env_add(env, env->made[env->made_count++], err))
			return false;
	}
	for (; own && *own; own++) {
		if (!strchr(*own, '=') || **own == '=')
			return error_set(err, ERROR_INVALID,
					 "env: \"%.60s\" is not of the form NAME=value", *own);
		if (!env_add(env, *own, err))
			return false;
	}
	return true;
}

/* --- START --------------------------------------------------------------------------------- */

static bool write_payload(struct command *command, const struct wire_start *start,
			  struct error *err)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	size_t size = strlen(start->command) + strlen(start->workdir);

	for (uint32_t i = 0; i < start->env_count; i++)
		size += strlen(start->env[i]);
	if (command->code)
		code_put_call(command, start, &writer);
	else
		wire_put_start(&writer, start);
	if (size > WIRE_START_MAX || writer.full || !buf_add(&command->start, payload, writer.len))
		return error_set(err, ERROR_LIMIT,
				 "command, workdir and env have %zu bytes together, and may have "
				 "%d; feed a long script through stdin (sh -s) instead",
				 size, WIRE_START_MAX);
	return true;
}

/* A relative one starts at the container's. */
static char *workdir_of(const struct sandbox *sb, const char *wish)
{
	const char *base = sb->row.workdir ? sb->row.workdir : "/";

	if (!wish || !wish[0])
		return mem_strdup(base);
	return wish[0] == '/' ? mem_strdup(wish) : mem_format("%s/%s", base, wish);
}

static bool build_start(struct command *command, const struct sandbox *sb,
			const struct command_request *request, struct error *err)
{
	struct env env = { 0 };
	struct wire_start start = {
		.command = request->command,
		.workdir = command->workdir,
		.kill_after_ms = (uint64_t)command->row.kill_after_ms,
	};
	bool built = env_build(sb, request->env, &env, err);

	start.env = env.list;
	start.env_count = env.count;
	built = built && write_payload(command, &start, err);
	env_release(&env);
	return built;
}

void command_send_start(struct command *command)
{
	enum wire_type type = command->code ? WIRE_CALL : WIRE_START;

	if (command->phase != COMMAND_PENDING || (command->code && !code_may_start(command)))
		return;
	if (link_send(command->sb, type, command->stream, command->start.data, command->start.len))
		command->phase = COMMAND_SENT;
	else
		command_watch_start(command);
}

static void on_start_late(void *ctx)
{
	struct command *command = ctx;
	struct error err;

	timer_stop(take(command->timer));
	if (command->phase == COMMAND_SENT) {
		command->start_late = true;
		waits_look(command);
		return;
	}
	error_set(&err, ERROR_UNAVAILABLE,
		  "container %s could not be reached in %d seconds, so the command was not "
		  "started; try again",
		  command->sb->row.id, START_WAIT_MS / 1000);
	command_end(command, "lost", "it was never started: its container could not be reached",
		    &err);
}

void command_watch_start(struct command *command)
{
	int64_t left = command->begun_mono_ms + START_WAIT_MS - clock_mono_ms();

	if (!command->timer)
		command->timer = timer_start(command->all->loop, left > 0 ? left : 0, 0,
					     on_start_late, command);
}

/* For a limit that commands under way use up: it is free again when one of them ends. */
static bool advise_waiting(struct error *err)
{
	return error_advise(err,
			    "wait for a command with check_command, or end one with kill_command; "
			    "then call again",
			    true);
}

bool command_start_error(const struct command *command, const struct wire_failed *failed,
			 struct error *err)
{
	const struct container_row *container = &command->sb->row;

	if (strcmp(failed->where, "chdir") == 0)
		return error_set(err, ERROR_INVALID,
				 "workdir: %.200s cannot be entered in container %s: %s; make it "
				 "first (mkdir -p), or give another",
				 command->workdir ? command->workdir : "its working directory",
				 container->id, strerror((int)(failed->number & 0xfff)));
	if (strcmp(failed->where, "commands") == 0) {
		error_set(err, ERROR_LIMIT, "container %s has too many commands under way",
			  container->id);
		return advise_waiting(err);
	}
	if (strcmp(failed->where, "contexts") == 0) {
		error_set(err, ERROR_LIMIT,
			  "container %s keeps %d interpreters, the most there may be; use one of "
			  "their contexts",
			  container->id, WIRE_CONTEXTS);
		return error_advise(err,
				    "run the code in a context that is there, or end one with code "
				    "that exits (os._exit(0), process.exit(), exit); then call "
				    "again",
				    false);
	}
	if (failed->number == EAGAIN) {
		error_set(err, ERROR_LIMIT,
			  "all %lld processes of container %s are in use; kill_command ends a "
			  "command with all its processes, destroy_container everything",
			  (long long)container->pids, container->id);
		return advise_waiting(err);
	}
	if (failed->number == ENOMEM) {
		error_set(err, ERROR_LIMIT,
			  "the %lld MiB of memory of container %s are in use; kill_command "
			  "ends a command, destroy_container everything",
			  (long long)(container->memory >> 20), container->id);
		return advise_waiting(err);
	}
	return error_set_errno(err, ERROR_CONFLICT, (int)(failed->number & 0xfff),
			       "the command could not be started (%s)", failed->where);
}

/* --- command_start ------------------------------------------------------------------------- */

bool command_has_room(const struct sandbox *sb, struct error *err)
{
	if (command_running_count(sb) >= RUNNING_MAX) {
		error_set(err, ERROR_LIMIT, "%d commands run in container %s already", RUNNING_MAX,
			  sb->row.id);
		return advise_waiting(err);
	}
	return true;
}

/* How long it may run: never past the end of its container. */
static int64_t kill_after(const struct sandbox *sb, int64_t wish_ms)
{
	int64_t left = sb->expires_mono - clock_mono_ms();
	int64_t ms = wish_ms > 0 ? wish_ms : sb->all->settings.command_timeout_ms;

	if (left < 1)
		left = 1;
	return ms < left ? ms : left;
}

struct command *command_make(struct sandbox *sb, const char *shown, int64_t kill_after_ms)
{
	struct command_row row = {
		.command = mem_strdup(shown),
		.state = "running",
		.started_at = clock_wall_ms(),
		.kill_after_ms = kill_after(sb, kill_after_ms),
	};

	id_new("x-", row.id);
	memcpy(row.container_id, sb->row.id, ID_SIZE);
	return command_new(sb->all, &row);
}

/* Taken many at once, which costs a write only now and then; what a restart leaves over is not
 * used.
 */
static bool take_stream(struct sandbox *sb, int64_t *ret_stream, struct error *err)
{
	int64_t first;

	if (sb->row.next_stream >= sb->streams_end) {
		if (!store_container_take_streams(sb->all->store, sb->row.id, STREAMS_AT_ONCE,
						  &first, err))
			return false;
		sb->row.next_stream = first;
		sb->streams_end = first + STREAMS_AT_ONCE;
	}
	*ret_stream = sb->row.next_stream++;
	return true;
}

bool command_prepare(struct command *command, struct sandbox *sb,
		     const struct command_request *request, const struct given_input *input,
		     struct error *err)
{
	if (input->data && !input_add(&command->input, input->data, input->len, err))
		return false;
	command->input.eof = input->data != NULL;
	command->row.input_closed =
		input->data && input_file_write(sb->all, command->row.id, input->data, input->len);
	command->workdir = workdir_of(sb, request->workdir);
	if (!build_start(command, sb, request, err) || !take_stream(sb, &command->row.stream, err))
		return false;
	command->stream = (uint32_t)command->row.stream;
	return store_command_add(sb->all->store, &command->row, err);
}

void command_discard(struct command *command)
{
	input_file_remove(command->all, command->row.id);
	command->phase = COMMAND_OVER;
	command_unref(command);
}

struct sandbox_op *command_start(struct sandboxes *all, const struct command_request *request,
				 command_view_fn *done, void *ctx, struct error *err)
{
	const char *text = request->stdin_text;
	const struct given_input input = { text, text ? strlen(text) : 0 };
	struct command *command;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err))
		return NULL;
	if (!request->command || !request->command[0]) {
		error_set(err, ERROR_INVALID, "command: it must not be empty");
		return NULL;
	}
	if (!command_has_room(sb, err))
		return NULL;
	command = command_make(sb, request->command, request->kill_after_ms);
	if (!command_prepare(command, sb, request, &input, err)) {
		command_discard(command);
		return NULL;
	}
	command_attach(command, sb);
	command_send_start(command);
	return &wait_begin(command, WAIT_START, request->wait_ms, done, ctx)->op;
}

const char *command_op_id(const struct sandbox_op *op)
{
	return ((const struct command_wait *)op)->command->row.id;
}
