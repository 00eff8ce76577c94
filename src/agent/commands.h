/* Private to src/agent: commands, their processes, and what goes in and out of them. */
#ifndef AGENT_COMMANDS_H
#define AGENT_COMMANDS_H

#include "kernel.h"
#include "wire_call.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct agent;
struct box;
struct context;

enum {
	COMMANDS_MAX = 128, /* running and remembered ones together */
	DRAINS_MAX = 256,
	ENV_MAX = 512,
	STARTED_MS = 2,      /* how long STARTED waits for company */
	DRAIN_MS = 200,      /* how long a background child can still add to the output */
	CLOSED_MS = 1000,    /* for an interpreter to end that has closed its outcomes */
	INTERRUPT_MS = 2000, /* for an interpreter to heed an interrupt */
	WORD_MAX = 9,        /* "done 255" and a newline */
};

/* --- rings ----------------------------------------------------------------------------------- */

/* The bytes from offset start to offset end of a stream, in WIRE_WINDOW bytes of memory. */
struct ring {
	uint8_t *data;
	uint64_t start;
	uint64_t end;
};

static inline size_t ring_used(const struct ring *ring)
{
	return (size_t)(ring->end - ring->start);
}

static inline size_t ring_room(const struct ring *ring)
{
	return WIRE_WINDOW - ring_used(ring);
}

/* One or two pieces that are `len` bytes from offset on; returns how many. */
int ring_pieces(const struct ring *ring, uint64_t offset, size_t len, struct iovec pieces[2]);

/* --- commands --------------------------------------------------------------------------------- */

enum command_state {
	COMMAND_FREE,     /* the slot is not in use */
	COMMAND_STARTING, /* the program has not been replaced yet */
	COMMAND_RUNNING,
	COMMAND_ENDED,  /* the main process is gone; its output is still coming in */
	COMMAND_OVER,   /* all output is here */
	COMMAND_FAILED, /* never ran */
};

/* stdout or stderr: kept from the last acknowledged byte on. */
struct output {
	int fd; /* -1 once closed */
	struct ring ring;
	uint64_t sent;
	uint64_t owed; /* bytes that were in the pipe when the main process ended */
	bool readable;
};

struct input {
	int fd;
	struct ring ring; /* its start is how much the command took */
	uint64_t told;    /* up to here TAKEN was sent */
	bool writable;
	bool ended; /* no more will come */
};

struct killing {
	bool ordered;         /* to end the tree, by whatever signal */
	uint32_t last_signal; /* of a KILL that was only a signal */
	uint64_t hard_at_ms;  /* when SIGKILL comes; 0: never */
	uint64_t pass_at_ms;  /* the next SIGKILL pass; 0: none */
	unsigned passes;
};

/* The processes of a command or an interpreter: all below the supervisor. */
struct tree {
	pid_t supervisor; /* 0: there are none */
	pid_t main;       /* 0 before it has started */
	struct killing killing;
};

/* What a command has more when it is code. */
struct call {
	bool is_code;            /* else there is nothing here */
	struct context *context; /* NULL: it was refused */
	struct wire_began began;
	uint64_t code_len;
	uint64_t cpu_before;
	uint64_t line_len;   /* so much of a line of outcomes has come */
	char word[WORD_MAX]; /* so much of "done STATUS" */
	unsigned word_len;
	uint64_t closed_by_ms; /* the outcomes are closed: its process has to end until then */
	bool done;
	enum wire_fault fault;
};

struct command {
	enum command_state state;
	uint32_t stream;
	struct tree tree;
	int reports; /* from the supervisor; -1 once it is gone */
	struct input input;
	struct output out;
	struct output err;
	struct output outcome;
	struct call call;
	uint64_t started_ms;
	uint64_t kill_at_ms; /* 0: never */
	uint64_t drain_until_ms;
	uint64_t oom_before;
	uint64_t pids_before;
	struct wire_exited exited;
	struct wire_failed failed;
	bool resumed;           /* frames may flow on this link */
	bool started_due;       /* STARTED has yet to be sent */
	uint64_t started_by_ms; /* and by then it is, even alone */
	bool end_due;           /* EXITED or FAILED has yet to be sent on this link */
};

/* What a supervisor says.  Written in one piece: a pipe keeps it whole. */
enum report_kind { REPORT_STARTED = 1, REPORT_FAILED, REPORT_ENDED };
enum report_where { AT_FORK, AT_CHDIR, AT_EXEC };
enum { REPORTS_MAX = 2 }; /* of one supervisor, mostly */
struct report {
	enum report_kind kind;
	pid_t main;
	int number; /* errno */
	enum report_where where;
	int status; /* as waitpid gives it */
	uint64_t cpu_us;
	uint64_t memory_peak;
};

/* --- command.c ------------------------------------------------------------------------------- */

struct command *command_find(struct agent *agent, uint32_t stream);
/* A free slot, or the one of a command that failed long ago; NULL: all are in use. */
struct command *command_new(struct agent *agent, uint32_t stream);
void command_forget(struct agent *agent, struct command *command);
void command_fail(struct agent *agent, struct command *command, int number, const char *where);
void command_reported(struct agent *agent, struct command *command);
/* What a report says of the end, in numbers; with the counters of the cgroup since its begin. */
void command_measure(struct agent *agent, struct command *command, const struct report *report);
/* It is over but for its output: up to drain_until_ms more can come. */
void command_finish(struct agent *agent, struct command *command, uint64_t drain_until_ms);
bool command_is_running(const struct command *command);
/* Takes what became of an ended command's output into account. */
void command_settle(struct agent *agent, struct command *command);
bool command_resume(struct agent *agent, struct command *command,
		    const struct wire_call_offsets *offsets);
bool command_acked(struct agent *agent, struct command *command,
		   const struct wire_call_offsets *offsets);
void command_list(struct agent *agent, struct command *command);
/* Frames that are due and carry no data. */
void command_tell(struct command *command, struct box *box);
void command_tick(struct agent *agent, struct command *command, uint64_t now);
/* When command_tick has something to do; UINT64_MAX: not by itself. */
uint64_t command_deadline(const struct command *command);

/* --- spawn.c, env.c, supervise.c ------------------------------------------------------------- */

/* False: the frame is malformed.  Failures of another kind make a failed command. */
bool command_start(struct agent *agent, const struct wire_frame *frame);
/* Its driver comes with a frame of its own, before. */
bool call_start(struct agent *agent, const struct wire_frame *frame);
bool driver_take(struct agent *agent, const struct wire_frame *frame);
/* Watches what has become the command's own. */
bool command_watch(struct agent *agent, struct command *command);

/* The ends of the pipes between us and a command: ours, and those of its supervisor. */
enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_REPORTS, PIPE_OUTCOME, PIPES };
struct plan {
	const struct wire_start *start;
	const char *driver; /* an entry of the environment; NULL: it is no interpreter */
	int fds[PIPES];
};
/* The life of a supervisor: never returns. */
void supervise(const struct plan *plan) __attribute__((noreturn));
/* Asks a supervisor to stay until its whole tree is gone. */
void supervisor_linger(pid_t supervisor);

const char *shell_path(void);
/* Takes a variable out of our environment, so that no command inherits it; NULL: it is not there.
 */
const char *env_take(const char *name);
/* The environment of a command: defaults, then process 1's own, then the command's.  extra may be
 * NULL. */
char **env_build(const struct wire_start *start, const char *shell, const char *extra);

/* --- output.c, input.c ----------------------------------------------------------------------- */

/* Remembers what is in the pipe at the moment when the main process is gone. */
void output_owes(struct output *output);
/* Reads what is there and fits. */
void output_fill(struct agent *agent, struct command *command, struct output *output);
/* Puts one chunk into the box; false when there was nothing to send or no room. */
bool output_send(struct command *command, struct output *output, struct box *box);
/* Whether everything that belongs to the command was read. */
bool output_is_complete(const struct command *command, const struct output *output);
/* Stops collecting; what still writes is drained, so that it does not die of SIGPIPE. */
void output_leave(struct agent *agent, int *fd);
void drain_ready(struct agent *agent, unsigned index);

bool input_take(struct agent *agent, struct command *command, const struct wire_frame *frame);
void input_end(struct agent *agent, struct command *command);
void input_drain(struct agent *agent, struct command *command);
void input_close(struct agent *agent, struct command *command);

/* --- kill.c, tree.c -------------------------------------------------------------------------- */

/* Sends signal to every process of the command; SIGKILL follows after escalate_ms unless that is 0.
 */
void command_kill(struct command *command, uint32_t signal, uint64_t escalate_ms);
/* Begins to kill all of it; tree_tick goes on with that. */
void tree_kill(struct tree *tree, uint64_t now);
void tree_tick(struct tree *tree, uint64_t now);
/* When tree_tick has something to do; UINT64_MAX: not by itself. */
uint64_t tree_deadline(const struct tree *tree);
/* The supervisor died before the main process did: takes along what is known of the tree. */
void tree_kill_orphans(const struct tree *tree);
void kill_everything(void);

/* The processes below `supervisor`, or in the session of `session` where there is no supervisor
 * (0).  Returns how many of them live; pids points to memory that the next call uses again. */
size_t tree_find(pid_t supervisor, pid_t session, const pid_t **ret_pids);
/* The parent of a process; -1 when it is gone. */
pid_t process_parent(pid_t pid);
/* The processor time of a process and of those of its children that have ended; 0 when it is gone.
 */
uint64_t process_cpu_us(pid_t pid);
uint64_t process_memory_peak(pid_t pid);

#endif
