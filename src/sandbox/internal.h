/* Private to src/sandbox: the objects of the domain, and which file does what to them.
 *
 * The whole
 *	sandboxes.c   open, close, Podman up and down    registry.c    look-ups by id and owner
 *	state.c       states and the one move function   op.c          operations that wait
 *	view.c        what is told of a container        tombstone.c   what is said of the gone
 * A container's life
 *	create.c      the wish for one                   limits.c      a wish against the maxima
 *	birth.c       making it, in steps                spec.c        a row into a Podman spec
 *	posture.c     what was measured, and the row     etc_files.c   /etc/passwd of all of them
 *	check.c       a look at a living one             destroy.c     the end, tried until gone
 *	direct_kill.c killing without Podman             gone.c        waiting for the end
 *	reaper.c      two hours, and the sweep           reconcile.c   the database and Podman
 *	prove.c       are the walls there at all?        link.c        frames to process 1 and back
 * Commands
 *	command.c, command_start.c, command_frames.c, command_view.c   a command's life
 *	watch.c       waiting for it                     input.c       its standard input; its end
 *	spool.c       its output on disk                 input_file.c  its input on disk
 *	grep.c        the lines that match               regex.c       matching
 *	hint.c        what its end tells us
 * Files
 *	file_share.c  links to them                      file_reader.c reading one
 *	path_error.c  why one cannot be had
 */
#ifndef SANDBOX_INTERNAL_H
#define SANDBOX_INTERNAL_H

#include <uthash.h>
#include "clock.h"
#include "log.h"
#include "sandbox.h"
#include "wire.h"

enum sandbox_state {
	SANDBOX_CREATING,
	SANDBOX_RUNNING,
	SANDBOX_FAILED,
	SANDBOX_DESTROYING,
	SANDBOX_GONE,
};

struct link;
struct command;
struct command_wait;
struct birth;
struct check;

/* A living container.  Made by registry_add, freed by registry_remove once it is gone; operations
 * keep its id, not a pointer, across anything that waits. */
struct sandbox {
	struct sandboxes *all;
	struct container_row row; /* row.id is the key */
	enum sandbox_state state;
	struct link *link;	 /* NULL before the first link_keep and after link_drop */
	struct wire_hello hello; /* valid when measured */
	bool measured;
	struct command *commands;    /* those the agent may still speak of, by stream */
	struct file_reader *readers; /* files being read, by stream */
	uint32_t next_file_stream;
	struct birth *birth;	 /* while it is being made */
	struct destroy *destroy; /* while it is being removed */
	struct check *checks;	 /* looks at it that wait for USED */
	/* The wall clock may step; what decides is the monotonic one. */
	int64_t born_mono, expires_mono;
	int64_t running_mono; /* when it became running; 0 before */
	int64_t pid;	      /* of its process 1, on this machine; 0 while unknown */
	UT_hash_handle hh;
};

struct sandboxes {
	struct loop *loop;
	struct store *store;
	struct podman *podman;
	struct sandbox_settings settings;
	char instance[ID_SIZE];
	int spool_dir;			    /* directory descriptor; spool_dir_open */
	const struct link_carrier *carrier; /* NULL: an exec session of Podman's */
	int64_t clear_after_ms;		    /* of failing links, before the carrier's clear */
	struct sandbox *living;		    /* hash by row.id */
	struct sandbox_op *ops;		    /* list of operations under way */
	bool podman_up;
	bool closing;
	int removing; /* how many removals Podman has been asked for */
	struct reaper *reaper;
	struct reconcile *reconcile; /* the one under way, or NULL */
	void (*on_wedged)(void *ctx);
	void *wedged_ctx;
};

/* --- registry.c ---------------------------------------------------------------------------- */

/* Takes the row over (it is left empty). */
struct sandbox *registry_add(struct sandboxes *all, struct container_row *row,
			     enum sandbox_state state);
/* Frees it, with what hangs on it (link, birth, destroy, checks; commands and readers must be
 * over). */
void registry_remove(struct sandbox *sb);
/* How many are being made or running. */
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
/* The same towards the end, which must come even when the database cannot be written: then the next
 * start finds the row as it was, and no container to it. */
void sandbox_move_anyway(struct sandbox *sb, enum sandbox_state to);

/* --- tombstone.c --------------------------------------------------------------------------- */

/* Sets err to ERROR_GONE: "container c-… was destroyed at 10:02 UTC because its two hours were
 * over; call create_container for a new one".  Returns false. */
bool tombstone_error(const struct container_row *row, struct error *err);
/* "not found" in the one form for all: nothing says whether it exists. */
bool not_found_error(const char *what, const char *id, struct error *err);

/* Reasons, as the gone_reason column holds them. */
#define REASON_ASKED   "destroyed on request"
#define REASON_EXPIRED "its time was over"
#define REASON_LOST    "Podman no longer had it"
#define REASON_FAILED  "it could not be started"
#define REASON_STOPPED "its process 1 ended"
#define REASON_CLOSING "the server was told to destroy everything when it stopped"

/* --- limits.c, spec.c, posture.c ----------------------------------------------------------- */

/* Fills the limits, network, image, workdir and expiry of ret_row from a wish and the settings; a
 * value over a maximum is ERROR_LIMIT with the maximum in the sentence. */
bool limits_apply(const struct sandboxes *all, const struct sandbox_request *request,
		  struct container_row *ret_row, struct error *err) must_check;

/* The spec borrows from row, settings and spec_room. */
struct spec_room;
struct spec_room *spec_room_new(void);
void spec_room_free(struct spec_room *room);
void spec_build(const struct sandboxes *all, const struct container_row *row,
		struct spec_room *room, struct podman_spec *ret_spec);
/* etc_files.c: writes data_dir/etc/passwd and group, which every container gets read-only. */
bool spec_prepare(const struct sandboxes *all, struct error *err) must_check;
/* The name that Podman knows it by: also before its id is known. */
enum { SPEC_NAME_SIZE = ID_SIZE + 16 };
void spec_name(const char *id, char ret_name[SPEC_NAME_SIZE]);

/* What is known of this machine beside the agent's measures. */
struct posture_terms {
	const char *allow_unenforced;
	bool swapless; /* no swap here at all: a missing limit on it lets nothing through */
};
struct posture_terms posture_terms(const struct sandboxes *all);
/* Whether every wall that the row promises was measured; a missing one is ERROR_UNAVAILABLE with
 * its name (memory, swap, cpu, pids, capabilities, privileges, seccomp, userns, proc), unless
 * allow_unenforced names it. */
bool posture_check(const struct container_row *row, const struct wire_hello *hello,
		   const struct posture_terms *terms, struct error *err) must_check;
/* The JSON object for the posture column; the caller owns it. */
char *posture_json(const struct container_row *row, const struct wire_hello *hello,
		   const struct posture_terms *terms);

/* --- create.c, birth.c, destroy.c, reaper.c, reconcile.c ----------------------------------- */

/* As sandbox_create for a request of our own, without a look at max_containers. */
struct sandbox_op *create_uncounted(struct sandboxes *all, const struct sandbox_request *request,
				    sandbox_view_fn *done, void *ctx, struct error *err) must_check;
/* The row is written: makes what it promises. */
void birth_begin(struct sandbox *sb);
/* Ends when the container's birth does; soon when that is over. */
struct sandbox_op *birth_wait(struct sandbox *sb, sandbox_view_fn *done, void *ctx);
/* Ends the birth: everybody who waits for it gets err (NULL: it runs).  Harmless when there is
 * none. sb->birth stays while a call of it is under way, and then wakes the destruction. */
void birth_end(struct sandbox *sb, const struct error *err);
/* Frees it; nobody may be waiting for it. */
void birth_abandon(struct sandbox *sb);
/* Podman is up: a birth that waited for it goes on. */
void birth_podman_up(struct sandbox *sb);
/* Begins the end: state destroying with this reason, links and waits end at once, then the
 * container is killed and removed, retried with back-off until Podman says it is gone (or later,
 * when Podman is up again).  Calling it twice is harmless. */
void destroy_begin(struct sandbox *sb, const char *reason);
/* Frees it without touching the container (at sandboxes_close). */
void destroy_abandon(struct sandbox *sb);
/* direct_kill.c: kills its process 1 if we know it for certain.  Returns whether it did. */
bool direct_kill(const struct sandbox *sb);
/* Kills whatever is about that container, by a look at every process of this machine
 * (milliseconds): for one whose start was cut short.  A service that is killed in a start knows
 * nothing of it afterwards, removes what it knows, and leaves conmon and `runc init` waiting. */
void direct_sweep(const struct sandbox *sb);
/* Kills the runtime's own processes that have been on their way into the container for seconds.
 * They have the container's user id by then, so that its processes can stop or starve them; and
 * Podman holds the container's lock meanwhile, which whoever lists containers waits for. */
void direct_unblock(const struct sandbox *sb);
/* Podman is up: tries at once what waits for its next try. */
void destroy_wake(struct sandbox *sb);
/* A row is gone: operations that wait for that look again (gone.c). */
void gone_look(struct sandboxes *all);
/* done when this container is gone (id "": when all are), or, with ERROR_TIMEOUT, after most_ms (0:
 * it waits for ever). */
void gone_wait(struct sandboxes *all, const char *id, int64_t most_ms, sandbox_done_fn *done,
	       void *ctx);
struct reaper *reaper_start(struct sandboxes *all);
/* Somebody's expiry changed or somebody was born: set the timer anew. */
void reaper_wake(struct reaper *reaper);
void reaper_stop(struct reaper *reaper);
void reconcile_begin(struct sandboxes *all);
void reconcile_cancel(struct sandboxes *all);

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

/* --- link.c: frames to and from process 1 -------------------------------------------------- */

/* Opens a link and opens a new one, with back-off, whenever it breaks, until link_drop.  The first
 * HELLO calls sandbox_linked (birth.c); a failure to get one within `link deadline` on a
 * container that was never linked calls sandbox_link_failed. */
void link_keep(struct sandbox *sb);
/* What carries the frames.  A second carrier (another engine's exec stream, a local socket) is one
 * more of these; the callbacks and their promises are those of podman_link_open. */
struct link_carrier {
	void *(*open)(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
		      struct error *err);
	size_t (*write)(void *stream, const void *data, size_t len);
	void (*close)(void *stream);
	/* Has process 1 kill everything but itself, without a link: the way back into a container
	 * whose processes are all in use, so that no link can be opened. */
	void (*clear)(struct sandbox *sb);
};
/* No link from now on; commands and readers are not told (command_container_over does that). */
void link_drop(struct sandbox *sb);
/* Podman is down or up again: closes it, or opens it at once. */
void link_pause(struct sandbox *sb);
/* HELLO and the list of commands have come: frames may be sent. */
bool link_is_up(const struct sandbox *sb);
/* Queues one frame.  False while the link is not up (the frame is not kept: what must not be lost
 * is sent again from the object's state when the link is up). */
bool link_send(struct sandbox *sb, enum wire_type type, uint32_t stream, const void *payload,
	       size_t len);
/* As link_send, the payload in two pieces. */
bool link_send_chunk(struct sandbox *sb, enum wire_type type, uint32_t stream, uint64_t offset,
		     const void *data, size_t len);
/* Called by link.c, once a link: sb->hello is measured, the list of commands is settled, frames may
 * be sent.  May drop the link (birth.c). */
void sandbox_linked(struct sandbox *sb);
void sandbox_link_failed(struct sandbox *sb, const struct error *err);
/* The container's process 1 is another one than before: it is over. */
void sandbox_died(struct sandbox *sb);
/* Podman said something as if it did not run, which may have been about an exec session only: a new
 * one fails, for an old one Podman's list decides. */
void sandbox_doubted(struct sandbox *sb);

/* --- spool.c: what a command printed, on disk ---------------------------------------------- */

/* Makes data_dir/spool and opens it (all->spool_dir). */
bool spool_dir_open(struct sandboxes *all, struct error *err) must_check;
void spool_dir_close(struct sandboxes *all);
/* Removes the files of a command whose row is being forgotten. */
void spool_forget(struct sandboxes *all, const char *command_id);

enum { SPOOL_MEMORY = 16 * 1024 };

/* One stream of one command.  The first bytes stay in memory until they are more than SPOOL_MEMORY
 * or the command is over: until then the agent has not been told that it may drop them, so a crash
 * loses nothing.  Past the limit (or a full disk) bytes are counted, and the last ones kept. */
struct spool {
	int dir;
	char name[ID_SIZE + 8]; /* x-….out */
	int64_t limit;
	int64_t total;	 /* all that was printed so far */
	int64_t kept;	 /* in the file, from its start */
	bool cut;	 /* later bytes are not kept: limit, full disk or a gap */
	bool stored;	 /* whatever is kept is in the file, not only in `head` */
	struct buf head; /* bytes 0 … when total ≤ SPOOL_MEMORY */
	struct buf tail; /* the last bytes, once cut */
};

void spool_init(struct spool *spool, int dir, const char *command_id, enum command_stream stream,
		int64_t limit);
void spool_release(struct spool *spool);
/* Takes what is on disk.  total: all that was printed; -1: it runs, the agent goes on from there.
 */
void spool_load(struct spool *spool, int64_t total);
/* Adds the bytes that follow at spool->total. */
void spool_write(struct spool *spool, const void *data, size_t len);
/* The stream goes on at offset; what lies before is lost. */
void spool_skip(struct spool *spool, int64_t offset);
/* Up to here the agent may forget. */
int64_t spool_safe(const struct spool *spool);
/* The command is over: all goes to disk. */
void spool_finish(struct spool *spool);
/* How many bytes from the start can be read, and from where to the end they can be read again. */
int64_t spool_readable(const struct spool *spool);
int64_t spool_tail_from(const struct spool *spool);
/* Appends what can be read of [offset, offset + len) up to the first byte that cannot. */
bool spool_read(const struct spool *spool, int64_t offset, int64_t len, struct buf *ret_data,
		struct error *err) must_check;
/* A descriptor of the kept bytes for another thread; -1 when they are in `head` or nowhere. */
int spool_open_file(const struct spool *spool);
/* A file of the spool directory; -1 with errno. */
int spool_open_named(int dir, const char *name, int flags);
/* Writes at an offset of a file; returns how much, less than len only if the disk refuses. */
size_t spool_write_at(int fd, const void *data, size_t len, int64_t offset);

/* --- regex.c ------------------------------------------------------------------------------- */

struct regex;
enum regex_result { REGEX_NO, REGEX_YES, REGEX_TOO_HARD };
enum { REGEX_PIECE = 64 * 1024 };

struct regex *regex_new(const char *pattern, struct error *err) must_check;
void regex_free(struct regex *regex);
OWNED_BY_SCOPE(regex, struct regex *, regex_free)
#define auto_regex AUTO(regex) struct regex *
/* Bounded in steps and memory.  Any thread, one at a time.  line_start: data begins a line. */
enum regex_result regex_search(struct regex *regex, const char *data, size_t len, bool line_start);

/* --- hint.c -------------------------------------------------------------------------------- */

/* What an agent can do about how a command ended; NULL when the end speaks for itself.  said: the
 * first bytes of standard error.  runtimes may be "".  The caller owns the result. */
char *hint_make(const struct command_row *row, const struct container_row *container,
		const struct sandbox_settings *settings, const char *runtimes, const char *said);
/* Reasons that hint_make knows again. */
#define REASON_PIDS "a process could not be started: the container's process limit was reached"
#define REASON_OOM  "the memory limit killed one of its processes"

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

/* --- command.c: a command's life ----------------------------------------------------------- */

enum command_phase {
	COMMAND_STRAY,	 /* listed by the agent, unknown to us: killed, and forgotten at its end */
	COMMAND_PENDING, /* START was not sent, or did not arrive */
	COMMAND_SENT,	 /* neither STARTED nor FAILED has come */
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
	bool listed;	  /* by the agent of this link */
	bool agent_over;  /* of a stray: it has ended already */
	bool start_late;  /* START was sent long ago: do not wait for its answer */
	struct buf start; /* payload of START until the agent has it */
	char *workdir;	  /* where it starts; NULL when that was before this server did */
	int64_t begun_mono_ms;
	struct spool spools[3]; /* by enum command_stream */
	struct wire_offsets acked;
	struct input input;
	struct wire_kill order; /* signal 0: none */
	bool order_sent;
	char *hint;
	struct error *failure; /* why it could not be started, for who wanted it started */
	struct timer *timer;   /* the start's deadline; later: writing its end down again */
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
/* hint_make for this command. */
char *command_hint(struct command *command, const struct container_row *container,
		   const char *runtimes);
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

/* command_start.c: sends START if the link is up, else waits a while for it. */
void command_send_start(struct command *command);
/* START was sent and not answered: not for ever. */
void command_watch_start(struct command *command);
/* FAILED, as a sentence for who wanted it started. */
bool command_start_error(const struct command *command, const struct wire_failed *failed,
			 struct error *err);

/* command_frames.c: sends its KILL order if the link is up; one that was not started ends. */
void command_deliver_order(struct command *command);

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
	bool due;	       /* wait_ms has passed */
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

/* --- path_error.c -------------------------------------------------------------------------- */

/* Says why a file cannot be opened or read, as the agent reported it. */
bool path_error(const struct wire_failed *failed, const char *path, struct error *err);

/* --- file_reader.c ------------------------------------------------------------------------- */

/* As file_reader_open, by container and path. */
struct file_reader *file_reader_begin(struct sandbox *sb, const char *path,
				      const struct file_events *events, void *ctx,
				      struct error *err) must_check;
bool file_frame(struct sandbox *sb, const struct wire_frame *frame);
/* The link broke, or the container goes: every reader of it ends with this error. */
void file_readers_end(struct sandbox *sb, const struct error *err);
/* Files that waited for the link are opened. */
void file_readers_link_up(struct sandbox *sb);

/* --- check.c ------------------------------------------------------------------------------- */

/* USED frames. */
bool check_frame(struct sandbox *sb, const struct wire_frame *frame);
/* It goes: looks that wait end with the tombstone's sentence. */
void check_container_over(struct sandbox *sb);

#endif
