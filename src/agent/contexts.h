/* Private to src/agent: commands that are code, and the interpreters that run them. */
#ifndef AGENT_CONTEXTS_H
#define AGENT_CONTEXTS_H

#include "commands.h"

struct agent;
struct box;

enum { CONTEXTS_MAX = WIRE_CONTEXTS };

enum context_state {
	CONTEXT_FREE,     /* the slot is not in use */
	CONTEXT_BUSY,     /* its process and descriptors belong to the call */
	CONTEXT_SETTLING, /* the call is done, and has the rest of the output still to read */
	CONTEXT_IDLE,
	CONTEXT_DYING,
	CONTEXT_GONE, /* all that is known is how it ended */
};

/* An interpreter, and what it keeps between two calls. */
struct context {
	enum context_state state;
	char language[WIRE_NAME_MAX + 1];
	char name[WIRE_NAME_MAX + 1];
	struct tree tree;
	int reports; /* these are -1 while a call has them */
	int requests;
	int out;
	int err;
	int outcome;
	uint64_t used_ms;
	struct wire_began ended; /* of one that is gone */
	uint32_t retirer;        /* who is to be told of its end; 0: nobody */
};

/* --- call.c, context.c ----------------------------------------------------------------------- */

/* Looks at the `len` bytes that have come last into the ring of outcomes.  False when it takes no
 * more. */
bool call_scan(struct agent *agent, struct command *command, size_t len);
/* Its outcomes are closed. */
void call_closed(struct command *command);
void call_tick(struct agent *agent, struct command *command, uint64_t now);
/* Its process has ended, as command->exited says. */
void call_lost(struct agent *agent, struct command *command);
/* Tells the interpreter that code follows. */
void call_request(struct agent *agent, struct command *command);
struct wire_ended call_ended(const struct command *command);

/* Gives the call its context: an interpreter that waits, or a place for one that is to be begun
 * (began.fresh).  False: it has failed. */
bool context_lend(struct agent *agent, struct command *command, const struct wire_call *order);
/* The call is done: its process goes back … */
void context_take_process(struct agent *agent, struct command *command);
/* … and when all of its output is here, the rest. */
void context_take_output(struct agent *agent, struct command *command);
/* The call ends without giving anything back; ended NULL: there was no process at all. */
void context_lost(struct agent *agent, struct command *command, const struct wire_began *ended);
void context_reported(struct agent *agent, struct context *context);
void context_printed(struct agent *agent, struct context *context);
bool context_retire(struct agent *agent, const struct wire_frame *frame);
/* RETIRED, where it is due. */
void contexts_tell(struct agent *agent, struct box *box);
/* The link is gone, and with it those who wanted to be told. */
void contexts_unlinked(struct agent *agent);
void contexts_tick(struct agent *agent, uint64_t now);
uint64_t contexts_deadline(const struct agent *agent);

#endif
