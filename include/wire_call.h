/* The records inside the frames about calls of code (wire.h has the frames, and the talk). */
#ifndef WIRE_CALL_H
#define WIRE_CALL_H

#include "wire.h"

/* DRIVER: the source text (the whole payload) for the CALL that is the next frame.  It comes to the
 * interpreter as the environment variable SANDPOD_DRIVER. */

/* CALL.  The code follows as INPUT.  What stands in start (the interpreter's command line and its
 * world) only counts where an interpreter is begun, except kill_after_ms, which is the call's. */
struct wire_call {
	char language[WIRE_NAME_MAX + 1];
	char context[WIRE_NAME_MAX + 1];
	uint64_t code_len;
	struct wire_start start;
};
void wire_put_call(struct wire_writer *writer, const struct wire_call *call);
/* As wire_get_start. */
bool wire_get_call(const struct wire_frame *frame, char *room, const char **env, uint32_t env_max,
		   struct wire_call *ret_call);

/* RETIRE: ends the interpreter of that context with its whole tree. */
struct wire_retire {
	char language[WIRE_NAME_MAX + 1];
	char context[WIRE_NAME_MAX + 1];
};
void wire_put_retire(struct wire_writer *writer, const struct wire_retire *retire);
bool wire_get_retire(const struct wire_frame *frame, struct wire_retire *ret_retire);

/* CALL_RESUME, CALL_ACK */
struct wire_call_offsets {
	struct wire_offsets output;
	uint64_t outcome;
};
void wire_put_call_offsets(struct wire_writer *writer, const struct wire_call_offsets *offsets);
bool wire_get_call_offsets(const struct wire_frame *frame, struct wire_call_offsets *ret_offsets);

/* BEGAN: whether the call began a new interpreter, and how the one before ended. */
struct wire_began {
	uint8_t fresh;
	uint8_t lost;  /* 1: there was one before, and it ended by: */
	uint8_t cause; /* enum wire_cause; with NONE by the two below */
	uint32_t exit_code;
	uint32_t signal;
};
void wire_put_began(struct wire_writer *writer, const struct wire_began *began);
bool wire_get_began(const struct wire_frame *frame, struct wire_began *ret_began);

/* CALLED */
struct wire_called {
	struct wire_command command;
	uint64_t outcome_kept;
	struct wire_began began;
};
void wire_put_called(struct wire_writer *writer, const struct wire_called *called);
bool wire_get_called(const struct wire_frame *frame, struct wire_called *ret_called);

/* Why an interpreter was ended with WIRE_CAUSE_DRIVER. */
enum wire_fault {
	WIRE_FAULT_NONE,
	WIRE_FAULT_LINE,   /* a line is neither a JSON object nor "done STATUS" */
	WIRE_FAULT_LONG,   /* a line is longer than WIRE_LINE_MAX */
	WIRE_FAULT_FLOOD,  /* the lines have more than WIRE_OUTCOME_MAX bytes */
	WIRE_FAULT_EARLY,  /* "done" before all of the code was taken */
	WIRE_FAULT_STALE,  /* something behind "done" */
	WIRE_FAULT_CLOSED, /* no outcomes can come any more, and the interpreter lives on */
};

/* ENDED: exit_code is the STATUS of "done" where that ended the call. */
struct wire_ended {
	struct wire_exited exited;
	uint64_t outcome_total;
	uint8_t alive; /* 1: the interpreter is; else how it ended is how the call did */
	uint8_t fault; /* enum wire_fault */
};
void wire_put_ended(struct wire_writer *writer, const struct wire_ended *ended);
bool wire_get_ended(const struct wire_frame *frame, struct wire_ended *ret_ended);

#endif
