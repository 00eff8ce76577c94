/* The frames that the server and the agent exchange over one byte stream, and the records inside
 * them.  Pure code without allocation, compiled into both programs and fuzzed: everything that
 * comes out of a container is hostile input.  The records about calls of code and about files have
 * wire_call.h and wire_file.h.
 *
 * A frame is a 12-byte header (length u32, stream u32, type u8, three zero bytes; little endian)
 * and `length` bytes of payload.  Stream 0 is the container itself; a command has the stream number
 * that the server gave it, unique in the container's life; a file being read or written has one
 * with WIRE_FILE_STREAM set, unique in the life of one link.
 *
 * The talk on a link:
 *
 *	server                               agent (process 1 of the container)
 *	                                <-   HELLO       who I am and what is in force here
 *	                                <-   COMMAND *   each command I know, running or over
 *	                                <-   LISTED
 *	RESUME *  go on from these offsets
 *	FORGET *  that one I have whole
 *	START     run this              ->
 *	                                <-   STARTED or FAILED
 *	                                <-   STDOUT, STDERR *  offset and bytes
 *	ACK       I have up to here     ->
 *	INPUT *   bytes for stdin       ->
 *	                                <-   TAKEN       stdin taken up to here
 *	KILL      end the whole tree    ->
 *	                                <-   EXITED      always behind the last byte of output
 *	FORGET    I have written it down ->
 *	OPEN      a file                ->
 *	                                <-   OPENED or FAILED
 *	READ      this range            ->
 *	                                <-   DATA *, then END
 *	ACK       (first number only)   ->
 *	CLOSE                           ->
 *	CREATE    a file                ->
 *	                                <-   CREATED or FAILED
 *	WRITE *   bytes of it           ->
 *	                                <-   TAKEN       written up to here
 *	SAVE      that was all          ->
 *	                                <-   SAVED, or at any time FAILED
 *	CLOSE     (before SAVED: what came is thrown away)
 *	COMPOSE   as CREATE, with wishes ->
 *	LIST      a folder, or a tree   ->
 *	                                <-   ENTRIES *, LIST_END, or at any time FAILED
 *	BAR *     nothing from here on  ->
 *	STAT      one path              ->
 *	                                <-   STATED or FAILED
 *	REMOVE    a path                ->
 *	                                <-   REMOVED
 *	MOVE      a path                ->
 *	                                <-   MOVED or FAILED
 *	CLOSE     (of these: the rest is not done)
 *	OBSERVE   a path                ->
 *	                                <-   OBSERVED or FAILED
 *	                                <-   CHANGED *
 *	CLOSE                           ->
 *	PING                            ->
 *	                                <-   PONG
 *	USAGE                           ->
 *	                                <-   USED
 *	MEASURE                         ->
 *	                                <-   MEASURED    as HELLO
 *	LIFE      end in so many ms     ->
 *	DRIVER    source of a driver    ->
 *	CALL      run code in a context ->
 *	                                <-   BEGAN or FAILED
 *	INPUT *   bytes of the code     ->
 *	                                <-   STDOUT, STDERR, OUTCOME *
 *	CALL_ACK                        ->
 *	                                <-   ENDED       as EXITED
 *	FORGET                          ->
 *	RETIRE    end that interpreter  ->
 *	                                <-   RETIRED     there is none any more
 *
 * A call is a command whose process is a context's interpreter, which was there before or is begun
 * for it, and lives on.  On a new link it is listed as CALLED and goes on with CALL_RESUME; KILL
 * with SIGTERM or SIGINT and escalation is an interrupt of the interpreter first (SIGINT to its
 * process group), and its kill_after_ms likewise.
 *
 * Flow control: the agent sends at most WIRE_WINDOW bytes of a stream beyond the last ACK, and
 * keeps what is not acknowledged, so that a new link can go on where the old one broke; a command
 * whose buffers are full waits, and loses nothing.  Stdin and a file being written likewise, the
 * other way, with TAKEN.
 * Every other frame passes at once.  A malformed frame, an unknown type or one out of place ends
 * the link; nothing else. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_VERSION = 3,
	/* Containers outlive the server that made them: an older agent must not be sent what it
	 * does not know. */
	WIRE_VERSION_LEAST = 1,
	WIRE_VERSION_UPLOADS = 2, /* CREATE, WRITE, SAVE */
	WIRE_VERSION_FILES = 3,   /* LIST … OBSERVE */
	WIRE_VERSION_CALLS = 3,   /* DRIVER … RETIRE */
	WIRE_HEADER = 12,
	WIRE_PAYLOAD_MAX = 32 * 1024,
	WIRE_WINDOW = 64 * 1024,
	WIRE_START_MAX = 28 * 1024,    /* command, working directory and environment together */
	WIRE_FILE_WINDOW = 256 * 1024, /* not above HTTP_STREAM_ROOM */
	WIRE_UPLOAD_WINDOW = 512 * 1024,
	WIRE_PATH_MAX = 4096,
	WIRE_PATTERN_MAX = 1024,
	WIRE_NAME_MAX = 64,                  /* of a language or a context */
	WIRE_DRIVER_MAX = 31 * 1024,         /* source of a driver */
	WIRE_CONTEXTS = 16,                  /* interpreters of a container */
	WIRE_CODE_MAX = 1024 * 1024,         /* code of a call */
	WIRE_LINE_MAX = 4 * 1024 * 1024,     /* one line of outcomes */
	WIRE_OUTCOME_MAX = 64 * 1024 * 1024, /* all lines of a call */
};

#define WIRE_FILE_STREAM 0x80000000u

enum wire_type {
	/* server to agent */
	WIRE_START = 1,
	WIRE_RESUME,
	WIRE_FORGET,
	WIRE_ACK,
	WIRE_INPUT,
	WIRE_INPUT_END,
	WIRE_KILL,
	WIRE_OPEN,
	WIRE_READ,
	WIRE_CLOSE,
	WIRE_PING,
	WIRE_USAGE,
	WIRE_MEASURE,
	WIRE_LIFE,
	WIRE_CREATE,
	WIRE_WRITE,
	WIRE_SAVE,
	WIRE_LIST,
	WIRE_STAT,
	WIRE_REMOVE,
	WIRE_MOVE,
	WIRE_COMPOSE,
	WIRE_OBSERVE,
	WIRE_BAR,
	WIRE_DRIVER = 30,
	WIRE_CALL,
	WIRE_CALL_RESUME,
	WIRE_CALL_ACK,
	WIRE_RETIRE,
	/* agent to server */
	WIRE_HELLO = 64,
	WIRE_COMMAND,
	WIRE_LISTED,
	WIRE_STARTED,
	WIRE_FAILED,
	WIRE_STDOUT,
	WIRE_STDERR,
	WIRE_EXITED,
	WIRE_TAKEN,
	WIRE_OPENED,
	WIRE_DATA,
	WIRE_END,
	WIRE_PONG,
	WIRE_USED,
	WIRE_MEASURED,
	WIRE_CREATED,
	WIRE_SAVED,
	WIRE_ENTRIES,
	WIRE_LIST_END,
	WIRE_STATED,
	WIRE_REMOVED,
	WIRE_MOVED,
	WIRE_OBSERVED,
	WIRE_CHANGED,
	WIRE_CALLED = 93,
	WIRE_BEGAN,
	WIRE_OUTCOME,
	WIRE_ENDED,
	WIRE_RETIRED,
};

/* --- frames ------------------------------------------------------------------------------ */

struct wire_frame {
	enum wire_type type;
	uint32_t stream;
	const uint8_t *payload; /* borrowed */
	uint32_t length;
};

/* Puts whole frames together out of pieces of any size. */
struct wire_reader {
	uint8_t data[WIRE_HEADER + WIRE_PAYLOAD_MAX];
	size_t have;
	const char *fault; /* why the stream is broken; NULL while it is not */
};

void wire_reader_init(struct wire_reader *reader);

/* How many bytes more to feed so that the header, then the frame, is whole and nothing behind it is
 * read: for a receiver that must be able to pause between two frames.  Never 0 outside wire_feed.
 */
size_t wire_reader_wants(const struct wire_reader *reader);

/* Returning false stops the reading: the rest of this piece is not looked at. */
typedef bool wire_frame_fn(void *ctx, const struct wire_frame *frame);

/* Calls on_frame for each frame that data completes.  False once the stream is broken
 * (reader->fault says how) or when on_frame said stop. */
bool wire_feed(struct wire_reader *reader, const void *data, size_t len, wire_frame_fn *on_frame,
	       void *ctx);

void wire_put_header(uint8_t ret_header[WIRE_HEADER], enum wire_type type, uint32_t stream,
		     uint32_t length);

/* --- writing and reading payloads -------------------------------------------------------- */

/* Writes into memory of the caller; `full` is set once something did not fit. */
struct wire_writer {
	uint8_t *data;
	size_t room;
	size_t len;
	bool full;
};

void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
/* A u32 length and the bytes. */
void wire_put_bytes(struct wire_writer *writer, const void *data, size_t len);
void wire_put_text(struct wire_writer *writer, const char *text);

/* Reads from a payload; `bad` is set once something was missing or malformed, and then every
 * further read gives zeros. */
struct wire_cursor {
	const uint8_t *data;
	size_t len;
	size_t at;
	bool bad;
};

uint8_t wire_get_u8(struct wire_cursor *cursor);
uint32_t wire_get_u32(struct wire_cursor *cursor);
uint64_t wire_get_u64(struct wire_cursor *cursor);
const uint8_t *wire_get_bytes(struct wire_cursor *cursor, size_t *ret_len);
/* Text of at most max bytes without a NUL inside, copied with its NUL into ret_text[max + 1]. */
void wire_get_text(struct wire_cursor *cursor, char *ret_text, size_t max);
/* Whether all was read, and all of it well. */
bool wire_done(const struct wire_cursor *cursor);

/* --- records ----------------------------------------------------------------------------- */
/* Each has a pair: wire_put_X writes it into a writer, wire_get_X reads a whole payload and is
 * false when that is malformed. */

/* HELLO, MEASURED: what process 1 sees of its own walls.  UINT64_MAX: no limit found, or not
 * readable. */
struct wire_hello {
	uint32_t version;
	uint64_t boot;         /* random number of this process 1: a new one means a new life */
	uint64_t memory_limit; /* bytes */
	uint64_t swap_limit;   /* bytes of memory and swap together */
	uint64_t cpu_milli;
	uint64_t pids_limit;
	uint64_t cap_bounding; /* bits; 0: none */
	uint64_t cap_effective;
	uint64_t uid_host;  /* the outer id of root in here */
	uint64_t uid_count; /* how many ids are mapped */
	uint8_t no_new_privs;
	uint8_t seccomp;       /* 2: a filter is in force */
	uint8_t proc_writable; /* 1: /proc/sys could be written */
	char runtimes[512];    /* "sh bash python3.11 node": programs found in PATH */
};
void wire_put_hello(struct wire_writer *writer, const struct wire_hello *hello);
bool wire_get_hello(const struct wire_frame *frame, struct wire_hello *ret_hello);

/* COMMAND: one that the agent still remembers. */
struct wire_command {
	uint8_t over;      /* 1: EXITED will follow behind the rest of its output */
	uint64_t out_kept; /* offset of the first byte of output still kept */
	uint64_t err_kept;
	uint64_t in_taken; /* how much stdin was taken */
	uint64_t in_held;  /* how much the agent got: a server that forgot goes on there */
};
void wire_put_command(struct wire_writer *writer, const struct wire_command *command);
bool wire_get_command(const struct wire_frame *frame, struct wire_command *ret_command);

/* START.  env holds "NAME=value" texts, each behind a u32 length, `env_count` of them. */
struct wire_start {
	const char *command; /* given to the image's shell with -c; borrowed */
	const char *workdir;
	const char *const *env; /* added to the agent's defaults; env_count entries */
	uint32_t env_count;
	uint64_t kill_after_ms; /* the agent kills the tree then, server or not; 0: never */
};
void wire_put_start(struct wire_writer *writer, const struct wire_start *start);
/* The agent's side.  The texts are NUL-terminated copies inside `room`, which must hold
 * frame->length + 3 + env_max bytes; env points to env_max pointers. */
bool wire_get_start(const struct wire_frame *frame, char *room, const char **env, uint32_t env_max,
		    struct wire_start *ret_start);

/* RESUME, ACK, COMMAND's twin: absolute offsets.  For a file only `out` counts. */
struct wire_offsets {
	uint64_t out;
	uint64_t err;
};
void wire_put_offsets(struct wire_writer *writer, const struct wire_offsets *offsets);
bool wire_get_offsets(const struct wire_frame *frame, struct wire_offsets *ret_offsets);

/* STDOUT, STDERR, OUTCOME, INPUT, DATA, WRITE: the offset of the first byte, then bytes to the
 * payload's end. */
enum { WIRE_CHUNK_HEADER = 8, WIRE_CHUNK_MAX = WIRE_PAYLOAD_MAX - WIRE_CHUNK_HEADER };
void wire_put_chunk(uint8_t ret_header[WIRE_CHUNK_HEADER], uint64_t offset);
bool wire_get_chunk(const struct wire_frame *frame, uint64_t *ret_offset, const uint8_t **ret_data,
		    size_t *ret_len);

/* TAKEN: how much stdin, or of a file, was taken, absolute.  SAVE: how much was sent. */
void wire_put_taken(struct wire_writer *writer, uint64_t offset);
bool wire_get_taken(const struct wire_frame *frame, uint64_t *ret_offset);

/* LIFE: in how many milliseconds from now process 1 ends, and the container with it, unless another
 * LIFE comes before: also when neither the server nor Podman is left to end it. */
void wire_put_life(struct wire_writer *writer, uint64_t left_ms);
bool wire_get_life(const struct wire_frame *frame, uint64_t *ret_left_ms);

/* KILL: the signal, and after how long SIGKILL follows (0: it does not). */
struct wire_kill {
	uint32_t signal;
	uint64_t escalate_ms;
};
void wire_put_kill(struct wire_writer *writer, const struct wire_kill *order);
bool wire_get_kill(const struct wire_frame *frame, struct wire_kill *ret_order);

enum wire_cause {
	WIRE_CAUSE_NONE,    /* it ended by itself, or by a signal from inside */
	WIRE_CAUSE_KILL,    /* a KILL of ours */
	WIRE_CAUSE_TIMEOUT, /* kill_after_ms passed */
	WIRE_CAUSE_OOM,     /* the memory limit: the cgroup's counter moved and SIGKILL ended it */
	WIRE_CAUSE_DRIVER,  /* what came as its outcomes made no sense (enum wire_fault) */
	WIRE_CAUSE_RETIRED, /* a RETIRE of ours */
};

/* EXITED */
struct wire_exited {
	uint32_t exit_code; /* 0–255, when signal is 0 */
	uint32_t signal;
	uint8_t cause;     /* enum wire_cause */
	uint8_t oom_seen;  /* the cgroup's OOM counter moved while it ran */
	uint8_t pids_seen; /* the cgroup's pids.events counter moved while it ran */
	uint64_t duration_ms;
	uint64_t cpu_us;
	uint64_t memory_peak; /* bytes: the largest process */
	uint64_t out_total;
	uint64_t err_total;
};
void wire_put_exited(struct wire_writer *writer, const struct wire_exited *exited);
bool wire_get_exited(const struct wire_frame *frame, struct wire_exited *ret_exited);

/* FAILED, END: what went wrong (errno, 0: nothing) and where ("chdir", "fork", "open", …). */
struct wire_failed {
	uint32_t number;
	char where[64];
};
void wire_put_failed(struct wire_writer *writer, const struct wire_failed *failed);
bool wire_get_failed(const struct wire_frame *frame, struct wire_failed *ret_failed);

/* USED: the answer to USAGE.  UINT64_MAX: not readable. */
struct wire_used {
	uint64_t memory;
	uint64_t memory_peak;
	uint64_t cpu_us;
	uint64_t pids;
	uint64_t disk;
	uint64_t uptime_ms;
};
void wire_put_used(struct wire_writer *writer, const struct wire_used *used);
bool wire_get_used(const struct wire_frame *frame, struct wire_used *ret_used);

#endif
