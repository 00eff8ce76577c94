/* Private to src/sandbox: what waits for the standard input of a command. */
#ifndef SANDBOX_INPUT_H
#define SANDBOX_INPUT_H

#include "buf.h"
#include "sandbox.h"
#include "wire.h"

/* --- input.c: what waits for the standard input of a command ------------------------------- */

struct input {
	struct buf queue; /* from offset `base` on: what the agent has not taken yet */
	uint64_t base;
	uint64_t taken; /* by the command; before `base` only after a restart of the server */
	uint64_t sent;
	bool whole;    /* after a restart of the server: the queue begins at offset 0 */
	bool eof;      /* nothing will be added */
	bool eof_sent; /* on this link */
};

void input_init(struct input *input);
bool input_add(struct input *input, const char *text, size_t len, struct error *err) must_check;
/* All that was added has been taken. */
bool input_is_done(const struct input *input);
/* TAKEN; false when the number is impossible. */
bool input_taken(struct input *input, uint64_t offset);
/* A new link, whose agent says how much it has. */
bool input_resume(struct input *input, const struct wire_command *listed);

/* input_file.c: what was given with the start, in the spool directory.  False when the disk refuses
 * it (then there is no file). */
bool input_file_write(const struct sandboxes *all, const char *command_id, const char *text,
		      size_t len) must_check;
/* After a restart of the server: fills the queue if there is a file. */
void input_file_load(const struct sandboxes *all, const char *command_id, struct input *input);
void input_file_remove(const struct sandboxes *all, const char *command_id);

#endif
