/* Private to src/sandbox: a command's life, waiting for it, and what its end tells. */
#ifndef SANDBOX_COMMAND_H
#define SANDBOX_COMMAND_H

#include "input.h"
#include "internal.h"
#include "output.h"
#include "program.h"
#include "wire_call.h"

/* --- command.c: a command's life ----------------------------------------------------------- */

enum command_phase {
	COMMAND_STRAY,   /* listed by the agent, unknown to us: killed, and forgotten at its end */
	COMMAND_PENDING, /* START was not sent, or did not arrive */
	COMMAND_SENT,    /* neither STARTED nor FAILED has come */
	COMMAND_RUNNING,
	COMMAND_OVER,
};

/* Freed when it is over, its row says so, and no wait looks at it. */
struct command {
	struct sandboxes *all;
	struct sandbox *sb; /* NULL once it is over and written down */
	uint32_t stream;    /* the key in sb->commands */
	struct command_row row;
	enum command_phase phase;
	bool listed;       /* by the agent of this link */
	bool agent_over;   /* of a stray: it has ended already */
	bool agent_calls;  /* of a stray: it is code */
	bool start_late;   /* START was sent long ago: do not wait for its answer */
	struct buf start;  /* payload of START or CALL until the agent has it */
	struct code *code; /* NULL: a command line */
	char *workdir;     /* where it starts; NULL when that was before this server did */
	int64_t begun_mono_ms;
	struct spool spools[3]; /* by enum command_stream, and COMMAND_OUTCOME */
	struct wire_call_offsets acked;
	struct input input;
	struct wire_kill order; /* signal 0: none */
	bool order_sent;
	char *hint;
	const char *missing; /* the program that its code needs and the image has not; else NULL */
	struct program_search *search; /* for the hint of its end; that is told when it is over */
	struct error *failure;         /* why it could not be started, for who wanted it started */
	struct timer *timer;           /* the start's deadline; later: writing its end down again */
	struct command_wait *waits;
	UT_hash_handle hh;
};

/* The command of this id if owner may see it, else not found, in the one form for all.  A living
 * one is the object itself; one that is over is made from its row and freed by command_unref. */
struct command *command_get(struct sandboxes *all, const char *owner, const char *id,
			    struct error *err) must_check;
/* Frees it when nobody needs it any more. */
void command_unref(struct command *command);
/* The view; brings the row of a running one up to date. */
void command_view_fill(struct command *command, struct command_view *ret_view);
/* Ends it as lost or killed, or, with failure, as never started. */
void command_end(struct command *command, const char *state, const char *reason,
		 const struct error *failure);
/* EXITED, after its last output. */
void command_exited(struct command *command, const struct wire_exited *exited);
/* hint_make for this command; sb is NULL once the container is gone. */
char *command_hint(struct command *command, const struct container_row *container,
		   const struct sandbox *sb);
/* Its row says how it ended; the agent may forget it, its waits end. */
void command_settle(struct command *command);
/* Adds an object for a row, which is taken over. */
struct command *command_new(struct sandboxes *all, struct command_row *row);
/* Puts it among its container's. */
void command_attach(struct command *command, struct sandbox *sb);
/* NULL when there is none; strays are not found. */
struct command *command_find(struct sandbox *sb, uint32_t stream);

/* input.c: sends of its input what the window allows, and the end of it. */
void command_feed(struct command *command);

/* command_start.c: sends START or CALL if the link is up and it is its turn, else waits for that.
 */
void command_send_start(struct command *command);
/* The parts of command_start, for code too.  A command that is shown as this text: */
struct command *command_make(struct sandbox *sb, const char *shown, int64_t kill_after_ms);
/* Gives it what request says (but its stdin) and an input that ends, and writes it down. */
struct given_input {
	const char *data; /* NULL: none; its input stays open */
	size_t len;
};
bool command_prepare(struct command *command, struct sandbox *sb,
		     const struct command_request *request, const struct given_input *input,
		     struct error *err) must_check;
bool command_has_room(const struct sandbox *sb, struct error *err) must_check;
/* It was never begun. */
void command_discard(struct command *command);
/* START was sent and not answered: not for ever. */
void command_watch_start(struct command *command);
/* FAILED, as a sentence for who wanted it started. */
bool command_start_error(const struct command *command, const struct wire_failed *failed,
			 struct error *err);

/* command_frames.c: sends its KILL order if the link is up; one that was not started ends. */
void command_deliver_order(struct command *command);

/* command_frames.c: the agent has it. */
void command_become_running(struct command *command);
/* STARTED or its like: it runs. */
bool command_started(struct command *command);

/* Frames of commands, dispatched by link.c.  False: the frame is out of place, the link ends. */
bool command_frame(struct sandbox *sb, const struct wire_frame *frame);
/* The agent begins to list what it knows. */
void command_list_begin(struct sandbox *sb);
/* A COMMAND frame of that list. */
bool command_listed(struct sandbox *sb, const struct wire_frame *frame);
/* LISTED: those we think run and the agent does not know are lost; the others go on. */
void command_list_complete(struct sandbox *sb);
/* The container goes: all its commands end (`lost`, or `killed` when it was destroyed), waits end.
 */
void command_container_over(struct sandbox *sb, const char *reason);
/* At start: the rows still running of this container become commands waiting for the link. */
bool command_load(struct sandbox *sb, struct error *err) must_check;
int64_t command_running_count(const struct sandbox *sb);
/* A waiting START is sent, or fails, when the link comes up (it waits at most until its deadline).
 */
void command_link_up(struct sandbox *sb);
/* Forgets the strays of a list that was not completed. */
void command_drop_strays(struct sandbox *sb);
/* At sandboxes_close, after the operations have ended: frees them; they run on. */
void command_abandon(struct sandbox *sb);

/* --- watch.c: waiting for a command -------------------------------------------------------- */

enum wait_for {
	WAIT_START, /* its end, after it has begun */
	WAIT_END,
	WAIT_MATCH, /* a match in its output, or its end */
	WAIT_INPUT, /* its input taken, or its end */
};

struct search;
struct command_wait {
	struct sandbox_op op; /* first */
	struct command *command;
	enum wait_for what;
	bool due;              /* wait_ms has passed */
	struct search *search; /* with WAIT_MATCH */
	command_view_fn *done;
	void *ctx;
	struct command_wait *next, *prev;
};

/* Starts waiting; the command belongs to its waits from now on. */
struct command_wait *wait_begin(struct command *command, enum wait_for what, int64_t wait_ms,
				command_view_fn *done, void *ctx);
/* Something happened to the command: ends the waits that have what they wanted. */
void waits_look(struct command *command);

/* --- hint.c -------------------------------------------------------------------------------- */

struct hint_facts {
	const struct command_row *row;
	const struct container_row *container;
	const struct sandbox_settings *settings;
	const char *runtimes; /* of the container; may be "" */
	const char *said;     /* the first bytes of standard error */
	const char *missing;  /* the program it ended for want of, where that is known; or NULL */
	enum program_found found;
	const char *package; /* that has the missing program, with PROGRAM_IN_PACKAGE */
};
/* What an agent can do about how a command ended; NULL when the end speaks for itself.  The caller
 * owns the result. */
char *hint_make(const struct hint_facts *facts);
/* Whether it ended for want of a program, and which, by row, said and missing. */
bool hint_wants_program(const struct hint_facts *facts, char ret_program[PROGRAM_SIZE]);
/* Reasons that hint_make knows again. */
#define REASON_PIDS "a process could not be started: the container's process limit was reached"
#define REASON_OOM  "the memory limit killed one of its processes"

#endif
