/* Private to src/sandbox: the objects of the domain, and which file does what to them.  Below
 *stands the whole; the rest is in life.h, link.h, command.h, interpreter.h, input.h, output.h and
 *files.h.
 *
 * The whole
 *	sandboxes.c   open, close, Podman up and down    registry.c    look-ups by id and owner
 *	state.c       states and the one move function   op.c          operations that wait
 *	view.c        what is told of a container        tombstone.c   what is said of the gone
 * A container's life
 *	create.c      the wish for one                   limits.c      a wish against the maxima
 *	line.c        wishes wait for their turn         creation.c    callers wait for a container
 *	pool.c        containers made ahead of need      shape.c       what makes two of them equal
 *	birth.c       making it, in steps                spec.c        a row into a Podman spec
 *	posture.c     what was measured, and the row     etc_files.c   /etc/passwd of all of them
 *	check.c       a look at a living one             destroy.c     the end, tried until gone
 *	direct_kill.c killing without Podman             gone.c        waiting for the end
 *	reaper.c      two hours, and the sweep           reconcile.c   the database and Podman
 *	image.c       what a wish may name
 *	prove.c       are the walls there at all?        default.c     a caller's own, by label
 *	once.c        those for one command
 * The link to process 1
 *	link.c        kept open                          link_talk.c   frames in and out
 *	link_socket.c by a local socket                  link_place.c  where that socket is
 *	link_exec.c   by an exec session of Podman's
 * Commands
 *	command.c, command_start.c, command_frames.c, command_view.c   a command's life
 *	watch.c       waiting for it                     input.c       its standard input; its end
 *	spool.c       its output on disk                 input_file.c  its input on disk
 *	grep.c        the lines that match               regex.c       matching
 *	hint.c        what its end tells us              program_index.c which package has what
 *	code.c, code_turn.c, code_frames.c, code_outcome.c   a command that is code
 *	drivers.c     the languages
 * Files
 *	file_share.c  links to them                      file_reader.c reading one
 *	upload_offer.c links to put one there            file_writer.c writing one
 *	file_edit.c   exact text for other text          edit.c        the same, in memory
 *	diff.c        what differs                       file_op.c     questions about paths
 *	file_list.c   a folder                           file_stat.c   one path
 *	file_write.c  a whole file                       file_delete.c a file or tree less
 *	file_move.c   to elsewhere                       file_watch.c  told of its changes
 *	path_error.c  why one cannot be had
 */
#ifndef SANDBOX_INTERNAL_H
#define SANDBOX_INTERNAL_H

#include <uthash.h>
#include "clock.h"
#include "code.h"
#include "log.h"
#include "file.h"
#include "sandbox.h"
#include "wire.h"

enum sandbox_state {
	SANDBOX_CREATING,
	SANDBOX_WARM, /* made ahead of need, nobody's yet */
	SANDBOX_RUNNING,
	SANDBOX_FAILED,
	SANDBOX_DESTROYING,
	SANDBOX_GONE,
};

struct link;
struct command;
struct command_wait;
struct file_op;
struct file_watch;
struct birth;
struct check;

/* A living container.  Made by registry_add, freed by registry_remove once it is gone; operations
 * keep its id, not a pointer, across anything that waits. */
struct sandbox {
	struct sandboxes *all;
	struct container_row row; /* row.id is the key */
	enum sandbox_state state;
	struct link *link;       /* NULL before the first link_keep and after link_drop */
	struct wire_hello hello; /* valid when measured */
	bool measured;
	struct command *commands;    /* those the agent may still speak of, by stream */
	struct file_reader *readers; /* files being read, by stream */
	struct deferred *code_turn;  /* code that waits is looked at soon */
	struct deferred *once_turn;  /* whether it has served is looked at soon */
	int64_t streams_end; /* numbers for commands from row.next_stream to here are taken */
	struct file_writer *writers;     /* files being written, by stream */
	struct file_op *file_ops;        /* questions about paths, by stream */
	struct file_watch *file_watches; /* paths being watched, by stream */
	uint32_t next_file_stream;       /* of readers, writers and questions */
	struct programs *programs; /* which packages have what it has not; NULL: nothing yet */
	struct birth *birth;       /* while it is being made */
	struct destroy *destroy;   /* while it is being removed */
	struct check *checks;      /* looks at it that wait for USED */
	/* The wall clock may step; what decides is the monotonic one. */
	int64_t born_mono, expires_mono;
	int64_t running_mono; /* when it became running; 0 before */
	int64_t pid;          /* of its process 1, on this machine; 0 while unknown */
	UT_hash_handle hh;
};

struct sandboxes {
	struct loop *loop;
	struct store *store;
	struct podman *podman;
	struct sandbox_settings settings;
	char instance[ID_SIZE];
	int spool_dir;                      /* directory descriptor; spool_dir_open */
	const struct link_carrier *carrier; /* NULL: the one that fits */
	int sockets_missed;     /* new containers in a row that did not come to theirs */
	int64_t clear_after_ms; /* of failing links, before the carrier's clear */
	int64_t line_late_ms;   /* how long a wish may wait for its birth to begin */
	struct sandbox *living; /* hash by row.id */
	struct sandbox_op *ops; /* list of operations under way */
	bool podman_up;
	bool closing;
	bool leaving; /* everything is being destroyed: nothing is made any more */
	int removing; /* how many removals Podman has been asked for */
	struct line *line;
	struct pool *pool;
	struct reaper *reaper;
	struct reconcile *reconcile;  /* the one under way, or NULL */
	const struct driver *drivers; /* ended by one without a language; NULL: drivers.c */
	void (*on_wedged)(void *ctx);
	void *wedged_ctx;
	sandbox_ended_fn *on_command_end;
	void *command_end_ctx;
	size_t edit_bytes; /* of the files that are being edited */
};

/* --- registry.c ---------------------------------------------------------------------------- */

/* Takes the row over (it is left empty). */
struct sandbox *registry_add(struct sandboxes *all, struct container_row *row,
			     enum sandbox_state state);
/* Frees it, with what hangs on it (link, birth, destroy, checks; commands and readers must be
 * over). */
void registry_remove(struct sandbox *sb);
/* Sets how much of its life is over and left, from the times in its row. */
void registry_set_clocks(struct sandbox *sb);
/* How many are being made or running for somebody. */
int64_t registry_active(const struct sandboxes *all);
/* NULL when no living container has this id, or when owner is not NULL and not its owner. */
struct sandbox *registry_find(struct sandboxes *all, const char *owner, const char *id);
/* The row of one that is gone; else false, not found (also for another's). */
bool registry_tombstone(struct sandboxes *all, const char *owner, const char *id,
			struct container_row *ret_row, struct error *err) must_check;
/* As registry_find for one that can be used, else false with the right words: not found (also for
 * another's), the tombstone's sentence, or "is being created/destroyed". */
bool registry_use(struct sandboxes *all, const char *owner, const char *id, struct sandbox **ret_sb,
		  struct error *err) must_check;

/* --- state.c ------------------------------------------------------------------------------- */

const char *sandbox_state_name(enum sandbox_state state);
/* False for a word that is no state. */
bool sandbox_state_parse(const char *word, enum sandbox_state *ret_state);
bool sandbox_may_become(enum sandbox_state from, enum sandbox_state to);
/* The only place where a sandbox changes state: checks the table, writes the row, logs. */
bool sandbox_move(struct sandbox *sb, enum sandbox_state to, struct error *err) must_check;
/* The move out of `warm`, to running or (when its limits are still to be changed) creating: row,
 * which becomes the container's, says whose it is from now on, and both are written in one change.
 * On failure nothing has changed, and row is still the caller's. */
bool sandbox_give(struct sandbox *sb, struct container_row *row, enum sandbox_state to,
		  struct error *err) must_check;
/* The same towards the end, which must come even when the database cannot be written: then the next
 * start finds the row as it was, and no container to it. */
void sandbox_move_anyway(struct sandbox *sb, enum sandbox_state to);

/* --- tombstone.c --------------------------------------------------------------------------- */

/* Sets err to ERROR_GONE: "container c-… was destroyed at 10:02 UTC because its two hours were
 * over", and what to do about it.  Returns false. */
bool tombstone_error(const struct container_row *row, struct error *err);
/* "not found" in the one form for all: nothing says whether it exists. */
bool not_found_error(const char *what, const char *id, struct error *err);

/* Reasons, as the gone_reason column holds them. */
#define REASON_ASKED   "destroyed on request"
#define REASON_EXPIRED "its time was over"
#define REASON_LOST    "Podman no longer had it"
#define REASON_FAILED  "it could not be started"
#define REASON_STOPPED "its process 1 ended"
#define REASON_SPARE   "it was made ahead of need and not needed"
#define REASON_ONCE    "the one command that it was made for was over"
#define REASON_CLOSING "the server was told to destroy everything when it stopped"

/* --- view ---------------------------------------------------------------------------------- */

/* What is known of a living one without asking the agent (usage fields -1). */
void view_fill(const struct sandbox *sb, struct sandbox_view *ret_view);
void view_fill_row(const struct container_row *row, struct sandbox_view *ret_view);

/* --- op.c: operations that wait ------------------------------------------------------------ */

/* Embedded first in each operation's struct (made by mem_new, so zeroed).  on_end delivers `done`
 * with this error (NULL: success) and frees the operation; it is called exactly once, from the loop
 * (or from sandboxes_close), when op.c has already taken it off its lists and timers. */
struct sandbox_op {
	struct sandboxes *all;
	void (*on_end)(struct sandbox_op *op, const struct error *err);
	void (*on_deadline)(void *op);
	struct error err;
	bool ended; /* on_end is on its way: what is learned now comes too late */
	struct deferred *deferred;
	struct timer *deadline;
	struct sandbox_op *next, *prev;
};
/* Links it in.  Never ends it by itself. */
void op_begin(struct sandbox_op *op, struct sandboxes *all,
	      void (*on_end)(struct sandbox_op *op, const struct error *err));
/* When ms have passed: op_end with ERROR_TIMEOUT, or, where on_deadline is not NULL, what that does
 * with the operation (which it gets as its argument).  Replaces an earlier deadline; ms 0: none. */
void op_deadline(struct sandbox_op *op, int64_t ms, void (*on_deadline)(void *op));
/* Ends it, deferred, so that nobody is called from inside its own call.  Later calls do nothing. */
void op_end(struct sandbox_op *op, const struct error *err);
/* At sandboxes_close: ends all with ERROR_CANCELLED, now. */
void op_end_all(struct sandboxes *all);

/* The other subjects of the folder. */
#include "command.h"
#include "files.h"
#include "input.h"
#include "interpreter.h"
#include "life.h"
#include "link.h"
#include "output.h"
#include "program.h"

#endif
