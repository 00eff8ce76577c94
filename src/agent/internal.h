/* What the files of the agent share.  One process, one thread, one epoll loop (init.c): every
 * descriptor is non-blocking, every buffer has a fixed size, and nothing is ever allocated with a
 * size that somebody else chooses.  All state hangs on one struct agent.
 *
 *	main.c       which role
 *	init.c       process 1: the loop, signals, timers
 *	meet.c       the way out to a server on this machine
 *	door.c       how a link comes in: the abstract socket, who may, and the role `agent link`
 *	link.c       bytes from and to the server; which frame goes next
 *	orders.c     what each frame of the server does
 *	command.c    the life of a command
 *	call.c       a command that is code; context.c the interpreters that run it
 *	spawn.c      pipes, the two forks, the new program's world
 *	supervise.c  the process between process 1 and a command
 *	output.c     stdout and stderr; input.c stdin
 *	kill.c       ending a whole tree; tree.c finding it
 *	file.c       files being read; upload.c files being written; place.c where those go
 *	task.c       long work on files, in steps; walk.c through a tree (tasks.h)
 *	list.c       what is in a folder; stat.c what is at a path
 *	watch.c      paths that are watched
 *	spot.c       what is to be taken away; remove.c a tree; move.c, copy.c to elsewhere
 *	hello.c      what is in force here; cgroup.c limits and counters; kernel.c small kernel
 *files */
#ifndef AGENT_INTERNAL_H
#define AGENT_INTERNAL_H

#include "tasks.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
	COMMANDS_MAX = 128, /* running and remembered ones together */
	FILES_MAX = 32,
	UPLOADS_MAX = 16,
	OBSERVERS_MAX = 32,
	DRAINS_MAX = 256,
	CONTEXTS_MAX = WIRE_CONTEXTS,
	GUESTS_MAX = 4,
	ENV_MAX = 512,
	CGROUP_PATH_MAX = 256,
	OUT_ROOM = 2 * (WIRE_HEADER + WIRE_PAYLOAD_MAX),
	CONTROL_ROOM = 16 * 1024,
	ANSWER_MAX = WIRE_HEADER + 2 * WIRE_PATH_MAX + 64, /* the largest answer to one order */
	STARTED_MS = 2,                                    /* how long STARTED waits for company */
	DRAIN_MS = 200,      /* how long a background child can still add to the output */
	CLOSED_MS = 1000,    /* for an interpreter to end that has closed its outcomes */
	INTERRUPT_MS = 2000, /* for an interpreter to heed an interrupt */
	WORD_MAX = 9,        /* "done 255" and a newline */
};

/* --- kernel.c ------------------------------------------------------------------------------ */

/* Milliseconds of CLOCK_BOOTTIME. */
uint64_t now_ms(void);
/* Reads a small kernel file into text, NUL-terminated; false when that failed. */
bool kernel_read(const char *path, char *ret_text, size_t size);
/* As kernel_read, through a descriptor that stays open, from the start of the file. */
bool kernel_reread(int fd, char *ret_text, size_t size);
bool kernel_write(const char *path, const char *text);
/* The number behind `key` and blanks at the start of a line of text; UINT64_MAX when there is none.
 */
uint64_t text_number(const char *text, const char *key, int base);
/* The only number in a file; UINT64_MAX when there is none ("max"). */
uint64_t kernel_number(const char *dir, const char *name);

/* Calls on_line for each line of a file of any length; lines are cut after 1023 bytes. */
typedef void line_fn(void *ctx, char *line);
void kernel_lines(const char *path, line_fn *on_line, void *ctx);

/* --- cgroup.c ------------------------------------------------------------------------------ */

/* The folders of our own cgroup; "" where there is none. */
struct cgroup {
	char memory[CGROUP_PATH_MAX];
	char cpu[CGROUP_PATH_MAX];
	char cpuacct[CGROUP_PATH_MAX];
	char pids[CGROUP_PATH_MAX];
	char unified[CGROUP_PATH_MAX];
	int oom_fd;  /* the file with the line "oom_kill N"; -1: none */
	int pids_fd; /* pids.events */
};
void cgroup_find(struct cgroup *cgroup);
/* How often the memory limit killed, and how often the pids limit refused, up to now. */
uint64_t cgroup_oom_count(const struct cgroup *cgroup);
uint64_t cgroup_pids_count(const struct cgroup *cgroup);
void cgroup_limits(const struct cgroup *cgroup, struct wire_hello *hello);
void cgroup_usage(const struct cgroup *cgroup, struct wire_used *used);

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

/* --- commands ------------------------------------------------------------------------------ */

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

/* --- the agent ------------------------------------------------------------------------------- */

struct file {
	uint32_t stream; /* 0: the slot is free */
	int fd;
	bool reading;
	uint64_t next;
	uint64_t end;
	uint64_t acked;
};

/* Where a file is to be written. */
struct place {
	int dir;        /* -1: none */
	char name[256]; /* in dir; neither "." nor a symbolic link */
	bool replaces;  /* a regular file is there */
	mode_t mode;    /* that the new one gets */
	uid_t uid;      /* whose it is now, with `replaces` */
	gid_t gid;
};

enum upload_state {
	UPLOAD_FREE,
	UPLOAD_WRITING,
	UPLOAD_SYNCING,
	UPLOAD_SETTLING, /* it is in place; the folder is being synced */
	UPLOAD_SAVED,    /* to be told */
	UPLOAD_FAILED,   /* to be told */
	UPLOAD_OVER,
};

struct upload {
	enum upload_state state;
	uint32_t stream; /* 0: the slot is free */
	int fd;          /* of the temporary file */
	int sync;        /* from the child that waits for the disk; -1: none */
	struct place place;
	char temporary[32]; /* its name, in place.dir */
	bool renamed;       /* it has taken the place */
	bool append;        /* no temporary one: what comes goes to the end of the file there */
	bool composed;      /* by COMPOSE */
	uint64_t version;   /* of the file that must be there; 0: any or none */
	uint64_t written;
	uint64_t told; /* up to here TAKEN was sent */
	int number;    /* of a failure: errno, and the place */
	const char *where;
};

/* A path that is watched. */
struct observer {
	uint32_t stream; /* 0: the slot is free */
	int folder;      /* the kernel's number of the folder that is watched; 0: none */
	int file;        /* of the file, where a link leads to it */
	char name[256];  /* in that folder: the next part of the path … */
	bool is_last;    /* … which is its last */
	bool changed;
	bool due;            /* CHANGED has yet to be sent */
	uint64_t version;    /* what was there last time; 0: nothing */
	uint64_t look_at_ms; /* when to look again; 0: not by itself */
};

/* Frames waiting in memory. */
struct box {
	uint8_t *data;
	size_t room;
	size_t len;
};

struct link_memory {
	struct wire_reader reader;
	uint8_t piece[WIRE_PAYLOAD_MAX + WIRE_HEADER];
	uint8_t out[OUT_ROOM];
	uint8_t control[CONTROL_ROOM];
};

struct link {
	uint32_t generation; /* so that an event of an earlier link is known as such */
	int in;              /* -1: there is no link */
	int out;
	int session; /* to the link process, which ends when this is closed; -1: there is none */
	bool readable;
	bool writable;
	struct link_memory *memory;
	struct box control; /* answers, in order */
	struct box sending; /* whole frames on their way out */
	size_t sent;        /* how much of that */
	unsigned turn;      /* whose data goes first next time */
};

/* Where the server of this machine is met. */
struct meeting {
	int dir;              /* a path descriptor; -1: nowhere */
	int bell;             /* -1 while it cannot be had */
	uint64_t again_at_ms; /* a call without a bell; 0: none */
	char name[72];
};

struct agent {
	int epoll;
	int door;
	int signals;
	uint64_t boot;
	uint64_t started_ms;
	uint64_t ends_ms; /* by LIFE; UINT64_MAX before the first */
	bool leaving;
	struct cgroup cgroup;
	struct link link;
	struct meeting meeting;
	int guests[GUESTS_MAX]; /* accepted, their descriptors not here yet; -1: free */
	unsigned next_guest;
	unsigned commands_top; /* no slot from here on is in use */
	struct command commands[COMMANDS_MAX];
	struct context contexts[CONTEXTS_MAX];
	struct file files[FILES_MAX];
	struct upload uploads[UPLOADS_MAX];
	struct observer observers[OBSERVERS_MAX];
	char observed[OBSERVERS_MAX][WIRE_PATH_MAX + 1]; /* their paths */
	int inotify;                                     /* -1: nothing is watched */
	struct task tasks[TASKS_MAX];
	unsigned task_turn;
	int drains[DRAINS_MAX]; /* -1: free */
	uint8_t *spare_rings;   /* of a command that was forgotten; NULL: none */
};

/* --- init.c ---------------------------------------------------------------------------------- */

enum source {
	FROM_DOOR,
	FROM_GUEST,
	FROM_BELL,
	FROM_SIGNALS,
	FROM_LINK_IN,
	FROM_LINK_OUT,
	FROM_LINK_SESSION,
	FROM_REPORTS,
	FROM_STDIN,
	FROM_STDOUT,
	FROM_STDERR,
	FROM_OUTCOME,
	FROM_CONTEXT,
	FROM_CONTEXT_OUTPUT,
	FROM_DRAIN,
	FROM_SYNC,
	FROM_INOTIFY,
};

int init_run(void);
/* `number` is checked against the owner of `index` when the event comes: a command's stream or a
 * link's generation. */
bool watch(struct agent *agent, int fd, uint32_t events, enum source source, unsigned index,
	   uint32_t number);
/* Closes *fd and sets it to -1.  The explicit removal matters: a child between fork and close holds
 * a copy, and with it epoll would go on reporting. */
void unwatch_close(struct agent *agent, int *fd);
/* From here on the events of a descriptor that was watched go nowhere. */
void unwatch(struct agent *agent, int fd);
void set_nonblocking(int fd);
/* Gives a descriptor out of a place that holds none (-1) afterwards. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* --- meet.c ---------------------------------------------------------------------------------- */

/* Before anything else runs inside. */
void meeting_init(struct agent *agent);
/* Calls the server, and has it ring when it cannot be reached.  An older link is closed if it can.
 */
void meeting_seek(struct agent *agent);
void meeting_tick(struct agent *agent, uint64_t now);
/* When meeting_tick has something to do; UINT64_MAX: not by itself. */
uint64_t meeting_deadline(const struct agent *agent);

/* --- door.c ---------------------------------------------------------------------------------- */

int link_run(void);
bool door_open(struct agent *agent);
void door_ready(struct agent *agent);
void guest_ready(struct agent *agent, unsigned index);

/* --- link.c ---------------------------------------------------------------------------------- */

bool link_init(struct agent *agent);
/* Takes the three descriptors (session may be -1); a link that was there is closed. */
void link_open(struct agent *agent, int in, int out, int session);
void link_close(struct agent *agent);
bool link_is_open(const struct agent *agent);
void link_read(struct agent *agent);
void link_flush(struct agent *agent);
/* Whether link_read stopped although more is there to be read. */
bool link_has_work(const struct agent *agent);

/* Writes a frame into a box: begin, put fields, end.  End is false when it did not fit. */
struct wire_writer box_begin(const struct box *box);
bool box_end(struct box *box, const struct wire_writer *writer, enum wire_type type,
	     uint32_t stream);
/* A frame of bytes at an offset; returns where at most *len of them go (*len is made smaller), or
 * NULL when there is no room worth the while. */
uint8_t *box_chunk_begin(const struct box *box, size_t *len);
void box_chunk_end(struct box *box, enum wire_type type, uint32_t stream, uint64_t offset,
		   size_t len);
void put_failed(struct box *box, enum wire_type type, uint32_t stream, int number,
		const char *where);

/* --- orders.c -------------------------------------------------------------------------------- */

/* False when the frame is malformed or out of place. */
bool order_obey(struct agent *agent, const struct wire_frame *frame);

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

/* --- file.c ---------------------------------------------------------------------------------- */

void files_init(struct agent *agent);
bool file_open(struct agent *agent, const struct wire_frame *frame);
bool file_read(struct agent *agent, const struct wire_frame *frame);
bool file_acked(struct agent *agent, uint32_t stream, const struct wire_offsets *offsets);
void file_close(struct agent *agent, uint32_t stream);
void files_close(struct agent *agent);
/* Puts one DATA or END into the box; false when there was nothing to send or no room. */
bool file_send(struct file *file, struct box *box);
bool file_is_open(struct agent *agent, uint32_t stream);
/* As openat, but never through a link of /proc into somewhere else. */
int open_plainly(int dir, const char *path, int flags);
/* The same for a path of the server's: one that is relative begins at base. */
int open_ordered(const char *base, const char *path, int flags);
/* A folder to be read, never through a link, nor into another mount where that is not wanted. */
int open_folder(int dir, const char *name, bool same_mount);
/* Whether it lies in a file system of the kernel's own. */
bool is_kernel_file(int fd);
/* The path of what is open. */
bool fd_path(int fd, char path[WIRE_PATH_MAX + 1]);

/* --- place.c, upload.c ----------------------------------------------------------------------- */

/* Walks to the place, makes folders that are missing if it may, and gives its path without symbolic
 * links.  0, or an errno value and where it belongs; then ret_place->dir is -1. */
int place_find(const struct wire_compose *order, struct place *ret_place,
	       char path[WIRE_PATH_MAX + 1], const char **ret_where);

void uploads_init(struct agent *agent);
bool upload_is_open(struct agent *agent, uint32_t stream);
bool upload_create(struct agent *agent, const struct wire_frame *frame);
bool upload_compose(struct agent *agent, const struct wire_frame *frame);
bool upload_write(struct agent *agent, const struct wire_frame *frame);
bool upload_save(struct agent *agent, const struct wire_frame *frame);
/* Throws away what was not saved. */
void upload_close(struct agent *agent, uint32_t stream);
void uploads_close(struct agent *agent);
/* The child that waits for the disk said something, or ended. */
void upload_synced(struct agent *agent, unsigned index, uint32_t stream);
/* Puts one TAKEN, SAVED or FAILED into the box; false when there was nothing to say or no room. */
bool upload_send(struct upload *upload, struct box *box);

/* --- watch.c --------------------------------------------------------------------------------- */

bool observer_is_there(struct agent *agent, uint32_t stream);
bool observe_order(struct agent *agent, const struct wire_frame *frame);
void observer_close(struct agent *agent, uint32_t stream);
void observers_close(struct agent *agent);
void inotify_ready(struct agent *agent);
void observers_tick(struct agent *agent, uint64_t now);
/* When observers_tick has something to do; UINT64_MAX: not by itself. */
uint64_t observers_deadline(const struct agent *agent);
void observers_tell(struct agent *agent, struct box *box);

/* --- hello.c --------------------------------------------------------------------------------- */

void hello_measure(const struct agent *agent, struct wire_hello *ret_hello);

#endif
