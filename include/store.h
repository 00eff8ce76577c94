/* The database: SQLite in DATA_DIR/sandpod.db, called from the loop thread (about 10 µs a write in
 * WAL mode with synchronous=NORMAL).  One file per table holds its SQL and fills its row struct.
 *
 * The store knows rows, not what they mean: states are words, times are wall milliseconds.
 * Podman is the truth about which containers exist; the database holds intent and history. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>
#include "error.h"
#include "id.h"
#include "own.h"

struct store;

/* Opens or makes the file (":memory:" for tests) and brings its schema up to date.  Refuses a
 * database of a newer program. */
struct store *store_open(const char *path, struct error *err) must_check;
void store_close(struct store *store);
/* A read and a write that reach the file: for /ready and for a full disk. */
bool store_probe(struct store *store, struct error *err) must_check;

enum { STORE_OWNER_SIZE = 80, STORE_STATE_SIZE = 16 };

/* --- instance ---------------------------------------------------------------------------- */

/* A random id made when the database was made; labels on containers carry it. */
bool store_instance_id(struct store *store, char ret_id[ID_SIZE], struct error *err) must_check;

/* --- containers -------------------------------------------------------------------------- */

struct container_row {
	char id[ID_SIZE];
	char owner[STORE_OWNER_SIZE];
	char *name;       /* speakable label; may be NULL */
	char *request_id; /* the caller's, for idempotent creation; may be NULL */
	char *image;
	char state[STORE_STATE_SIZE]; /* creating running destroying gone failed warm */
	char *podman_id;              /* 64 hexadecimal digits; NULL until created */
	int64_t uid_slot; /* which range of host user ids; unique among those not gone */
	int64_t memory;   /* bytes */
	int64_t cpu_milli;
	int64_t pids;
	int64_t disk;  /* bytes; 0: not bounded */
	char *network; /* none, internet */
	char *workdir;
	char *env;           /* JSON object of the defaults for commands; may be NULL */
	char *posture;       /* JSON object: what the agent found in force; NULL until linked */
	char *shape;         /* of one made ahead of need; NULL: made for, or given to, its owner */
	int64_t next_stream; /* from here on, no number was taken for a command's stream */
	int64_t created_at;
	int64_t expires_at;
	int64_t gone_at;   /* 0 while it lives */
	char *gone_reason; /* "destroyed", "expired", …; NULL while it lives */
};

void container_row_release(struct container_row *row);
OWNED_BY_SCOPE(container_row, struct container_row *, container_row_release)
#define auto_container_row AUTO(container_row_value) struct container_row
static inline void auto_container_row_value_(struct container_row *row)
{
	container_row_release(row);
}

/* ERROR_CONFLICT when id, (owner, request_id) or uid_slot is taken. */
bool store_container_add(struct store *store, const struct container_row *row,
			 struct error *err) must_check;
bool store_container_set_state(struct store *store, const char *id, const char *state,
			       struct error *err) must_check;
bool store_container_set_podman_id(struct store *store, const char *id, const char *podman_id,
				   struct error *err) must_check;
bool store_container_set_posture(struct store *store, const char *id, const char *posture,
				 struct error *err) must_check;
bool store_container_set_expiry(struct store *store, const char *id, int64_t expires_at,
				struct error *err) must_check;
/* Moves both its times: the clock that they are told by was set. */
bool store_container_shift(struct store *store, const char *id, int64_t step_ms,
			   struct error *err) must_check;
/* One made ahead of need gets an owner: writes owner, name, request_id, state, limits, workdir,
 * env, posture and both times from row, and clears its shape; nothing else.  ERROR_NOT_FOUND when
 * it is not in the state "warm", ERROR_CONFLICT when (owner, request_id) is taken. */
bool store_container_give(struct store *store, const struct container_row *row,
			  struct error *err) must_check;
/* Takes the next count stream numbers, so that no two commands of a container ever share one. */
bool store_container_take_streams(struct store *store, const char *id, int64_t count,
				  int64_t *ret_first, struct error *err) must_check;
/* Why it is ending; written when the end begins. */
bool store_container_set_reason(struct store *store, const char *id, const char *reason,
				struct error *err) must_check;
/* Makes it a tombstone: state gone, gone_at as given.  One that is a tombstone keeps its time. */
bool store_container_gone(struct store *store, const char *id, int64_t gone_at,
			  struct error *err) must_check;
/* ERROR_NOT_FOUND when there is no such row (living or tombstone). */
bool store_container_find(struct store *store, const char *id, struct container_row *ret_row,
			  struct error *err) must_check;
/* The living one; where there is none, the newest tombstone (look at gone_at). */
bool store_container_find_request(struct store *store, const char *owner, const char *request_id,
				  struct container_row *ret_row, struct error *err) must_check;
/* Its request id is free for another one. */
bool store_container_forget_request(struct store *store, const char *id,
				    struct error *err) must_check;

/* Called for each row, which is borrowed for that call; returning false ends the walk.  It may
 * write to the store: the walk shows the rows as they were when it began. */
typedef bool store_container_fn(void *ctx, const struct container_row *row);
/* owner NULL: everybody's.  Oldest first. */
bool store_container_each(struct store *store, const char *owner, bool include_gone,
			  store_container_fn *on_row, void *ctx, struct error *err) must_check;

/* --- commands ---------------------------------------------------------------------------- */

struct command_row {
	char id[ID_SIZE];
	char container_id[ID_SIZE];
	int64_t stream;
	char *command;
	char state[STORE_STATE_SIZE]; /* running exited killed timed_out oom_killed lost */
	int64_t exit_code;            /* with exited */
	int64_t signal;               /* with killed; 0 otherwise */
	char *reason; /* a sentence, where the state alone does not say it; may be NULL */
	int64_t started_at;
	int64_t ended_at; /* 0 while it runs */
	int64_t duration_ms;
	int64_t cpu_ms;
	int64_t memory_peak;  /* bytes */
	int64_t stdout_bytes; /* all that it printed; may exceed what the spool holds */
	int64_t stderr_bytes;
	int64_t kill_after_ms;
	bool input_closed;
	/* Of code; language NULL: a command line. */
	char *language;
	char *context;
	int64_t outcome_bytes;
	bool fresh;        /* an interpreter was begun for it */
	char *state_lost;  /* why the one before had ended: "it ended with exit code 3" …; NULL:
			    * there was none */
	bool context_over; /* the interpreter ended with it */
};

void command_row_release(struct command_row *row);
#define auto_command_row AUTO(command_row_value) struct command_row
static inline void auto_command_row_value_(struct command_row *row)
{
	command_row_release(row);
}

bool store_command_add(struct store *store, const struct command_row *row,
		       struct error *err) must_check;
/* Writes all that the end of a command fixes: state … stderr_bytes, started_at excepted. */
bool store_command_end(struct store *store, const struct command_row *row,
		       struct error *err) must_check;
/* Its input is closed, and nothing of it is still to be delivered. */
bool store_command_set_input_closed(struct store *store, const char *id,
				    struct error *err) must_check;
bool store_command_find(struct store *store, const char *id, struct command_row *ret_row,
			struct error *err) must_check;

typedef bool store_command_fn(void *ctx, const struct command_row *row);
/* Oldest first. */
bool store_command_each(struct store *store, const char *container_id, bool running_only,
			store_command_fn *on_row, void *ctx, struct error *err) must_check;

/* --- file links -------------------------------------------------------------------------- */

struct file_row {
	char id[ID_SIZE];
	char container_id[ID_SIZE];
	char *path;        /* inside the container, absolute */
	char *name;        /* what the download is called */
	char *disposition; /* "attachment", "inline" or "auto" */
	int64_t created_at;
	int64_t expires_at;
};

void file_row_release(struct file_row *row);
#define auto_file_row AUTO(file_row_value) struct file_row
static inline void auto_file_row_value_(struct file_row *row)
{
	file_row_release(row);
}

bool store_file_add(struct store *store, const struct file_row *row, struct error *err) must_check;
bool store_file_find(struct store *store, const char *id, struct file_row *ret_row,
		     struct error *err) must_check;
/* The links of a container that work at `now`, the oldest first; returning false ends the walk. */
typedef bool store_file_fn(void *ctx, const struct file_row *row);
bool store_file_each(struct store *store, const char *container_id, int64_t now,
		     store_file_fn *on_row, void *ctx, struct error *err) must_check;
bool store_file_count(struct store *store, const char *container_id, int64_t now,
		      int64_t *ret_count, struct error *err) must_check;

/* --- upload links ------------------------------------------------------------------------ */

struct upload_row {
	char id[ID_SIZE];
	char container_id[ID_SIZE];
	char *path; /* inside the container, absolute */
	int64_t max_bytes;
	int64_t created_at;
	int64_t expires_at;
};

void upload_row_release(struct upload_row *row);
#define auto_upload_row AUTO(upload_row_value) struct upload_row
static inline void auto_upload_row_value_(struct upload_row *row)
{
	upload_row_release(row);
}

bool store_upload_add(struct store *store, const struct upload_row *row,
		      struct error *err) must_check;
/* ERROR_NOT_FOUND unless it may be used at `now`: known, not expired, not used and not taken. */
bool store_upload_find(struct store *store, const char *id, int64_t now, struct upload_row *ret_row,
		       struct error *err) must_check;
/* Claims it for one transfer; ERROR_NOT_FOUND as store_upload_find, also for the second of two. */
bool store_upload_take(struct store *store, const char *id, int64_t now,
		       struct error *err) must_check;
/* One that is taken is used up. */
bool store_upload_use(struct store *store, const char *id, struct error *err) must_check;
/* The transfer failed: it may be used again. */
bool store_upload_free(struct store *store, const char *id, struct error *err) must_check;
/* No transfer outlives the server: at its start those that are taken become free. */
bool store_upload_free_taken(struct store *store, struct error *err) must_check;
/* Those of a container that have not expired. */
bool store_upload_count(struct store *store, const char *container_id, int64_t now,
			int64_t *ret_count, struct error *err) must_check;

/* --- sessions and keys ------------------------------------------------------------------- */

/* Of the name that a client gives itself; longer ones are cut. */
enum { STORE_CLIENT_NAME_SIZE = 64 };

struct session_row {
	char id_hash[65];
	char owner[STORE_OWNER_SIZE];
	char protocol_version[16];
	char client_name[STORE_CLIENT_NAME_SIZE];
	int64_t client_can; /* bits of what its client can be asked; mcp/ knows which */
	int64_t created_at;
	int64_t seen_at;
};

bool store_session_add(struct store *store, const struct session_row *row,
		       struct error *err) must_check;
bool store_session_find(struct store *store, const char *id_hash, struct session_row *ret_row,
			struct error *err) must_check;
bool store_session_seen(struct store *store, const char *id_hash, int64_t seen_at,
			struct error *err) must_check;
bool store_session_remove(struct store *store, const char *id_hash, struct error *err) must_check;

struct key_row {
	char id[ID_SIZE];
	char salt[65];
	char hash[65];
	int64_t created_at;
};

bool store_key_add(struct store *store, const struct key_row *row, struct error *err) must_check;
typedef bool store_key_fn(void *ctx, const struct key_row *row);
bool store_key_each(struct store *store, store_key_fn *on_row, void *ctx,
		    struct error *err) must_check;

/* --- tasks ------------------------------------------------------------------------------- */

struct task_row {
	char id[ID_SIZE];
	char owner[STORE_OWNER_SIZE];
	char *tool;                   /* its name */
	char *handle;                 /* how its work is found again; may be NULL */
	char state[STORE_STATE_SIZE]; /* working input_required completed failed cancelled */
	char *message;                /* a sentence for people; may be NULL */
	char *answer; /* JSON: {"result": …} or {"error": …}; NULL before the end */
	int64_t created_at;
	int64_t updated_at;
	int64_t expires_at;
};

void task_row_release(struct task_row *row);
#define auto_task_row AUTO(task_row_value) struct task_row
static inline void auto_task_row_value_(struct task_row *row)
{
	task_row_release(row);
}

bool store_task_add(struct store *store, const struct task_row *row, struct error *err) must_check;
/* Writes handle, state, message, answer and updated_at. */
bool store_task_set(struct store *store, const struct task_row *row, struct error *err) must_check;
bool store_task_find(struct store *store, const char *id, struct task_row *ret_row,
		     struct error *err) must_check;
/* Oldest first; returning false ends the walk. */
typedef bool store_task_fn(void *ctx, const struct task_row *row);
bool store_task_each(struct store *store, const char *owner, int64_t now, store_task_fn *on_row,
		     void *ctx, struct error *err) must_check;
/* Those that have not ended, of everybody. */
bool store_task_each_open(struct store *store, store_task_fn *on_row, void *ctx,
			  struct error *err) must_check;
/* owner NULL: those of everybody. */
bool store_task_count(struct store *store, const char *owner, int64_t *ret_count,
		      struct error *err) must_check;
bool store_task_sweep(struct store *store, int64_t now, struct error *err) must_check;

/* --- upkeep ------------------------------------------------------------------------------ */

/* Called with the id of each command that is about to be forgotten, so that its spool can go.  It
 * must not write to the store. */
typedef void store_forget_fn(void *ctx, const char *command_id);
/* Removes tombstones older than the given time with their commands and links, and sessions not
 * seen since.  At most a thousand containers and ten thousand commands a call; the rest is for the
 * next. */
bool store_sweep(struct store *store, int64_t before, store_forget_fn *on_command, void *ctx,
		 struct error *err) must_check;

#endif
