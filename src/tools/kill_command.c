/* kill_command: a signal for the whole process tree of a command. */
#include "internal.h"
#include <signal.h>
#include <string.h>

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"command_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From execute_command"},
		"signal": {"type": "string", "enum": ["TERM", "KILL", "INT", "HUP", "QUIT", "USR1", "USR2", "STOP", "CONT"], "default": "TERM", "description": "TERM and INT are followed by KILL after two seconds; the others are only sent"}
	},
	"required": ["command_id"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {)
	COMMAND_PROPERTIES "," NEXT_OFFSET_PROPERTY "," FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "stdout", "stderr", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

static const struct {
	const char *name;
	int number;
	int64_t wait_ms; /* for the end; SIGKILL follows SIGTERM after two seconds */
} signals[] = {
	{ "TERM", SIGTERM, 5000 }, { "KILL", SIGKILL, 5000 }, { "INT", SIGINT, 5000 },
	{ "HUP", SIGHUP, 1000 },   { "QUIT", SIGQUIT, 1000 }, { "USR1", SIGUSR1, 200 },
	{ "USR2", SIGUSR2, 200 },  { "STOP", SIGSTOP, 0 },    { "CONT", SIGCONT, 0 },
};

/* With and without SIG, because models write both. */
static const char *const signal_choices[] = { "TERM",    "KILL",    "INT",     "HUP",     "QUIT",
					      "USR1",    "USR2",    "STOP",    "CONT",    "SIGTERM",
					      "SIGKILL", "SIGINT",  "SIGHUP",  "SIGQUIT", "SIGUSR1",
					      "SIGUSR2", "SIGSTOP", "SIGCONT", NULL };

enum { A_COMMAND, A_SIGNAL, A_COUNT };

static const struct arg args_table[A_COUNT] = {
	[A_COMMAND] = { "command_id", ARG_TEXT, .required = true, .least = 1,
			.aliases = command_id_aliases },
	[A_SIGNAL] = { .name = "signal", .type = ARG_CHOICE, .choices = signal_choices },
};

static size_t signal_index(const char *name)
{
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (strcmp(signals[i].name, name) == 0)
			return i;
	return 0;
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	struct waiting *waiting;
	struct sandbox_op *op;
	struct error err;
	size_t s;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	s = values[A_SIGNAL].given ? signal_index(values[A_SIGNAL].text) : 0;
	waiting = waiting_new(call);
	op = command_kill(tools_of(call)->sandboxes, call_owner(call), values[A_COMMAND].text,
			  signals[s].number, signals[s].wait_ms, command_answer_as_checked, waiting,
			  &err);
	waiting_began(waiting, op, &err);
}

const struct tool tool_kill_command = {
	.name = "kill_command",
	.title = "Kill a command",
	.description =
		"Use this to end a running command with everything it started. A command that is "
		"over is reported as it ended.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.destructive = true,
	.idempotent = true,
	.set = "commands",
	.run = run,
};
