/* Private to src/sandbox: commands that are code, and the languages there are. */
#ifndef SANDBOX_INTERPRETER_H
#define SANDBOX_INTERPRETER_H

#include "command.h"

/* --- drivers.c ----------------------------------------------------------------------------- */

struct driver {
	const char *language;
	const char *program; /* what the image must have, as in HELLO's runtimes; NULL: anything */
	const char *command; /* for the image's shell; it finds source in SANDPOD_DRIVER */
	const char *source;  /* "": none */
};
/* NULL with err when there is no such language. */
const struct driver *driver_find(const struct sandboxes *all, const char *language,
				 struct error *err) must_check;

/* --- code.c, code_turn.c, code_frames.c: a command that is code ----------------------------- */

/* What a command has more.  The call is PENDING until it is its turn, which is when no call that
 * came before is left in its context, and until the interpreter that is to go has gone. */
struct code {
	const struct driver *driver; /* NULL after a restart of the server: it was sent */
	size_t len;
	bool has_turn;
	bool patient; /* whoever began it does not want to hear that it waits for its turn */
	bool retire;  /* the interpreter is to end first */
	bool retired; /* once is enough */
};

/* Writes the payload of CALL. */
void code_put_call(const struct command *command, const struct wire_start *start,
		   struct wire_writer *writer);
/* It waits for others of its context. */
bool code_is_queued(const struct command *command);
/* Whether CALL is what follows; does what has to be done before. */
bool code_may_start(struct command *command);
/* Begins the time that it may wait for its turn. */
void code_queue(struct command *command, int64_t turn_ms);
/* A call is over: whose turn it is now is started soon. */
void code_wake(struct sandbox *sb);
/* FAILED: true when it is tried again. */
bool code_refused(struct command *command, const struct wire_failed *failed);
void code_began(struct command *command, const struct wire_began *began);
/* BEGAN, ENDED, RETIRED. */
bool code_frame_is_ours(const struct wire_frame *frame);
/* It was not run, for want of command->missing: turns its hint, if any, into why. */
void code_explain_missing(struct command *command);
bool code_frame(struct command *command, const struct wire_frame *frame);

#endif
