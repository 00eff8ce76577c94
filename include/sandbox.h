/* The domain: containers that agents asked for, the commands in them and the links to their files.
 *
 * A container's life (state.c has the table, and the one function that moves it):
 *
 *	creating ──> (warm) ──> running ──> destroying ──> gone
 *	    │                      │            ^
 *	    └───────────────────> failed ───────┘
 *
 * Each move is written to the database before its effect.  `gone` rows stay for 48 hours as
 * tombstones that say when, why and what to do.
 *
 * Every function takes the owner that asks; what belongs to another owner is not found, in the
 * same words as what never existed.  Functions with a `done` callback start an operation: done runs
 * exactly once, from the loop, never before the function has returned; views and errors in it are
 * borrowed.  Functions returning bool answer at once. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "error.h"
#include "loop.h"
#include "own.h"
#include "podman.h"
#include "store.h"

struct sandboxes;

/* A further image that a wish may name. */
struct sandbox_image {
	const char *name;      /* a short word, as callers say it; NULL: the end of a list */
	const char *reference; /* what Podman calls it */
	const char *missing;   /* why it cannot be used at present; NULL: it can */
};

/* What is needed to make containers; texts are borrowed and must outlive the sandboxes. */
struct sandbox_settings {
	const char *data_dir;   /* command output lies in data_dir/spool */
	const char *agent_path; /* the static program that becomes process 1 */
	const char *base_url;   /* of file links, without a slash at its end */
	const char *image;
	/* What may be named beside it, ended by one without a name; they may come and go missing.
	 * NULL: nothing. */
	const struct sandbox_image *images;
	int64_t memory, cpu_milli, pids, disk; /* defaults and maxima; disk 0: not bounded */
	int64_t ttl_ms;                        /* default and maximum */
	const char *network;      /* the widest mode allowed here: "none" or "internet" */
	const char *network_name; /* Podman's network for "internet" */
	const char *bridge;       /* its interface, on this machine; NULL without "internet" */
	int64_t open_files_max, processes_max;
	const char *seccomp_profile; /* NULL: Podman's default */
	bool installs;               /* install_packages is offered: hints name it */
	bool exec_links; /* commands by exec sessions even where a local socket would do */
	int64_t command_timeout_ms;
	int64_t output_limit;
	int64_t output_spool;
	int64_t upload_limit; /* bytes of an upload, at most */
	/* Where packages come from; NULL: where the manager of the image looks by itself. */
	const char *pip_index, *npm_registry, *apk_mirror, *apt_mirror;
	int64_t max_containers;
	int64_t births_most;          /* at once; 0: two.  More only make each slower */
	int64_t pool_size;            /* containers kept ready when it is quiet; 0: no pool */
	const char *allow_unenforced; /* "memory,pids": limits that may be missing */
};

/* Reads what the database knows and makes the spool directory.  Does not talk to Podman yet. */
struct sandboxes *sandboxes_open(struct loop *loop, struct store *store, struct podman *podman,
				 const struct sandbox_settings *settings,
				 struct error *err) must_check;
/* Containers live on; links are closed.  Operations under way end with ERROR_CANCELLED first. */
void sandboxes_close(struct sandboxes *all);

/* Podman answers (again): reconcile both ways and link every living container. */
void sandboxes_podman_up(struct sandboxes *all);
/* Podman is away: links are broken; commands run on; new work waits or is refused. */
void sandboxes_podman_down(struct sandboxes *all);
bool sandboxes_podman_is_up(const struct sandboxes *all);
/* Called when Podman seems to hang (a deadline passed on a call that never takes long). */
void sandboxes_on_wedged(struct sandboxes *all, void (*on_wedged)(void *ctx), void *ctx);
/* Called when a command has ended and its row says how.  It must not call back. */
typedef void sandbox_ended_fn(void *ctx, const char *owner, const char *command_id);
void sandboxes_on_command_end(struct sandboxes *all, sandbox_ended_fn *on_end, void *ctx);
/* Destroys every living container; done when all are gone. */
typedef void sandbox_done_fn(void *ctx, const struct error *err);
void sandboxes_destroy_all(struct sandboxes *all, sandbox_done_fn *done, void *ctx);
/* How many are not gone yet, in whatever state. */
int64_t sandboxes_count(const struct sandboxes *all);

/* Makes one container with the default shape, has its walls measured and destroys it.  An error
 * says which limit is not enforced on this machine and what to do. */
void sandboxes_prove(struct sandboxes *all, sandbox_done_fn *done, void *ctx);

/* Begins to keep containers of the default shape ready, made ahead of need.  Those of an earlier
 * run are taken up, or thrown away when their shape or image is out of date. */
bool sandboxes_pool_open(struct sandboxes *all, struct error *err) must_check;
/* No more are made and none is given away; those there are stay (for the next start). */
void sandboxes_pool_close(struct sandboxes *all);
/* How many are ready, and how many there should be. */
void sandboxes_pool_status(const struct sandboxes *all, int64_t *ret_warm, int64_t *ret_target);

/* Those who wait for a birth to begin. */
struct sandbox_line {
	int64_t length;  /* all of them */
	int64_t before;  /* how many would have their turn before one more of this owner … */
	int64_t wait_ms; /* … and about how long that takes */
};
struct sandbox_line sandboxes_line(const struct sandboxes *all, const char *owner);

/* --- containers --------------------------------------------------------------------------- */

/* A wish; 0 and NULL mean the default.  Texts are copied. */
struct sandbox_request {
	const char *owner;
	const char *name;
	const char *request_id;
	const char *image;
	int64_t memory, cpu_milli, pids, disk;
	bool by_operator; /* memory, cpu_milli and pids are a setting's, not held to the maxima */
	int64_t ttl_ms;
	const char *network;
	const char *workdir;
	const char *const *env; /* "NAME=value" …, NULL-terminated; may be NULL */
};

/* What is known of a container: its row, and what was measured in it. */
struct sandbox_view {
	const struct container_row *row;
	bool linked;
	int64_t uptime_ms;
	int64_t commands_running;
	int64_t files_shared;
	const char *runtimes; /* space-separated; "" before the first link */
	int64_t extended_ms;  /* by how much sandbox_check made its life longer */
	int64_t waited_ms;    /* how long sandbox_create waited for its turn */
	/* Only after sandbox_default, when it had to make a new one: what became of the one before,
	 * as a sentence; else NULL. */
	const char *replaces;
	/* Only after sandbox_check; -1 where it cannot be read. */
	int64_t memory_bytes, memory_peak_bytes, cpu_ms, pids, disk_bytes;
};

/* No wish may be for less, unless the settings are. */
enum {
	SANDBOX_MEMORY_LEAST = 16 * 1024 * 1024, /* the agent, a shell and /etc */
	SANDBOX_CPU_LEAST = 10,                  /* thousandths */
	SANDBOX_PIDS_LEAST = 8,
	SANDBOX_DISK_LEAST = 1024 * 1024,
	SANDBOX_TTL_LEAST_MS = 1000,
};

struct sandbox_op; /* an operation under way */
/* Cancelling stops waiting, not the work: done follows with ERROR_CANCELLED. */
void sandbox_cancel(struct sandbox_op *op);

typedef void sandbox_view_fn(void *ctx, const struct sandbox_view *view, const struct error *err);

/* NULL with err when refused at once (over a maximum, too many containers); done is not called. */
struct sandbox_op *sandbox_create(struct sandboxes *all, const struct sandbox_request *request,
				  sandbox_view_fn *done, void *ctx, struct error *err) must_check;
/* For tools that are called without a container: the owner's living one of this label, or, where
 * there is none (yet, or any more), one made with `wish`; view->replaces then tells of an earlier
 * one that is lost with all that was in it, to the call that began the new one.  Calls that come
 * together share one, and it is found again after a restart.  A label is short and names a purpose
 * ("default", "web"); wish->request_id is not looked at. */
enum { SANDBOX_LABEL_MAX = 64 };
struct sandbox_op *sandbox_default(struct sandboxes *all, const struct sandbox_request *wish,
				   const char *label, sandbox_view_fn *done, void *ctx,
				   struct error *err) must_check;
/* One that is destroyed when no command of its own runs any more, whichever server is there then
 * (and at the start of one that finds none running); wish->request_id is not looked at.  Whoever
 * makes it has a command begun before the callback returns, or destroys it. */
struct sandbox_op *sandbox_create_once(struct sandboxes *all, const struct sandbox_request *wish,
				       sandbox_view_fn *done, void *ctx,
				       struct error *err) must_check;
/* A label that begins so is a name that its owner gave: what stands behind it is taken wherever the
 * id of a living container is asked for. */
#define SANDBOX_SESSION "session/"
/* That name; NULL: it has none. */
const char *sandbox_session(const struct container_row *row);
/* A living container with its usage.  ERROR_GONE with the tombstone's sentence when it is over. */
struct sandbox_op *sandbox_check(struct sandboxes *all, const char *owner, const char *id,
				 int64_t extend_ms, sandbox_view_fn *done, void *ctx,
				 struct error *err) must_check;
/* Each of the owner's containers, oldest first; returning false ends the walk. */
typedef bool sandbox_each_fn(void *ctx, const struct sandbox_view *view);
bool sandbox_each(struct sandboxes *all, const char *owner, bool include_gone,
		  sandbox_each_fn *on_view, void *ctx, struct error *err) must_check;
/* Answers at once and finishes in the background; a tombstone answers the same.  *ret_destroyed_at
 * is wall milliseconds. */
bool sandbox_destroy(struct sandboxes *all, const char *owner, const char *id,
		     int64_t *ret_destroyed_at, struct error *err) must_check;

/* --- commands ----------------------------------------------------------------------------- */

struct command_request {
	const char *owner;
	const char *container_id;
	const char *command;
	const char *workdir;    /* NULL: the container's */
	const char *const *env; /* NULL-terminated; may be NULL */
	const char *stdin_text; /* fed and closed; NULL: stays open for send_input */
	int64_t wait_ms;        /* how long to wait before handing it back running */
	int64_t kill_after_ms;  /* 0: the default */
};

enum command_stream { COMMAND_STDOUT = 1, COMMAND_STDERR = 2 };

/* A command's row and the way to its output, valid inside the callback. */
struct command_view {
	const struct command_row *row;
	struct sandboxes *all;
	int64_t spool_limit;  /* how much of a stream is kept from its start */
	int64_t kept[3];      /* by command_stream: bytes that can be read, from the start */
	int64_t tail_from[3]; /* from here to the end they can be read too; the total: no tail */
	const char *hint;     /* NULL unless we know something */
	bool matched;         /* wait_for was found */
	const struct command *command; /* private */
};

typedef void command_view_fn(void *ctx, const struct command_view *view, const struct error *err);

/* done when the command ended or wait_ms passed, whichever is first. */
struct sandbox_op *command_start(struct sandboxes *all, const struct command_request *request,
				 command_view_fn *done, void *ctx, struct error *err) must_check;
/* The id of the command that an operation of command_start has begun. */
const char *command_op_id(const struct sandbox_op *op);

struct command_watch {
	const char *owner;
	const char *command_id;
	int64_t wait_ms;      /* 0: answer at once */
	const char *wait_for; /* a regular expression (PCRE2); NULL: wait for the end */
};
/* done when it ended, when wait_for appeared in new or old output, or when wait_ms passed. */
struct sandbox_op *command_check(struct sandboxes *all, const struct command_watch *watch,
				 command_view_fn *done, void *ctx, struct error *err) must_check;
/* text may be NULL with eof.  done when the agent took all of it, or after wait_ms. */
struct sandbox_op *command_input(struct sandboxes *all, const char *owner, const char *command_id,
				 const char *text, size_t len, bool eof, command_view_fn *done,
				 void *ctx, struct error *err) must_check;
/* Ends the whole tree: signal first, SIGKILL after two seconds; done when it ended (or after
 * wait_ms).  One that is over answers as it is. */
struct sandbox_op *command_kill(struct sandboxes *all, const char *owner, const char *command_id,
				int signal, int64_t wait_ms, command_view_fn *done, void *ctx,
				struct error *err) must_check;
typedef bool command_each_fn(void *ctx, const struct command_row *row);
bool command_each(struct sandboxes *all, const char *owner, const char *container_id,
		  command_each_fn *on_row, void *ctx, struct error *err) must_check;

/* Reads what is kept of a stream: up to len bytes from offset on.  Inside a command callback.
 * Appends to ret_data. */
bool command_output(const struct command_view *view, enum command_stream stream, int64_t offset,
		    int64_t len, struct buf *ret_data, struct error *err) must_check;

/* Lines that match, found in a helper thread. */
struct command_grep {
	const char *owner;
	const char *command_id;
	const char *pattern; /* PCRE2 */
	enum command_stream stream;
	size_t most; /* bytes of result */
};
struct command_matches {
	/* Each "NUMBER:line\n"; behind a hole nobody knows the number: "?:line\n". */
	const char *lines;
	size_t len;
	int64_t count;               /* of all, also of those that found no room */
	int64_t lost_from, lost_end; /* the hole: not kept, so not searched; equal: none */
	int64_t kept_most;           /* how much of a stream is kept from its start */
};
typedef void command_grep_fn(void *ctx, const struct command_matches *found,
			     const struct error *err);
struct sandbox_op *command_grep(struct sandboxes *all, const struct command_grep *grep,
				command_grep_fn *done, void *ctx, struct error *err) must_check;

#endif
