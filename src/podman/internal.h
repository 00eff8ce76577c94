/* What the files of this folder share.  client.c owns the multi handle and knows transfers; call.c
 * makes one HTTP request at a time out of a transfer; the other files say what is asked and read
 * the answers.  link.c uses a transfer of its own, for a connection that is no longer HTTP. */
#ifndef PODMAN_INTERNAL_H
#define PODMAN_INTERNAL_H

#include <curl/curl.h>
#include <sys/types.h>
#include "buf.h"
#include "json.h"
#include "podman.h"

/* Everything that Podman, or something that answers in its place, could make us keep. */
enum {
	ANSWER_MAX = 8 << 20,      /* an answer, or one line of a streamed answer */
	HEAD_MAX = 16 << 10,       /* the status line and header of a hijacked exec */
	LINK_QUEUE_MAX = 16 << 20, /* written to a link and not yet taken by the kernel */
	LINK_STDERR_MAX = 512,
	EXECUTABLE_MAX = 16 << 20, /* what podman_archive_put may carry */
	FILE_CHUNK = 256 << 10,
	INTERFACE_NAME_MAX = 15, /* IFNAMSIZ without its NUL */
	SOCKET_PATH_MAX = 104,   /* sockaddr_un holds 108 with the NUL; some tools stop earlier */
};

/* How long each kind of call may take. */
enum {
	CONNECT_MS = 5000,
	QUICK_MS = 15000,  /* look at one thing */
	CHANGE_MS = 60000, /* create, start, remove: they queue behind one another */
	PING_MS = 3000,
	IMPORT_MS = 600000,
	PULL_MS = 1800000,
	LINK_OPEN_MS = 20000,
	FENCE_MS = 10000,
};

#define API "/v4.0.0/libpod"

/* --- client.c ------------------------------------------------------------------------------ */

/* One easy handle inside the multi handle.  on_over runs outside of libcurl and must end with
 * transfer_end, now or later. */
struct transfer {
	CURL *easy; /* NULL: not under way */
	void (*on_over)(struct transfer *transfer, CURLcode code);
};

struct podman {
	struct loop *loop;
	CURLM *multi;
	struct timer *timer;
	char *socket_path; /* NULL with TCP */
	char *origin;      /* "http://podman" or "http://host:port" */
	char *host;        /* for a Host header that we write ourselves */
	struct podman_call *calls;
	struct podman_link *links;
	bool *ret_closed; /* set when podman_close runs inside a callback of ours */
};

/* Prepares transfer->easy for a path (with its query) of the API. */
void transfer_begin(struct podman *podman, struct transfer *transfer, const char *path);
/* Lets it run; the first callback comes from the loop. */
void transfer_run(struct podman *podman, struct transfer *transfer);
/* Takes it out of the multi handle and frees it.  Never inside a callback of libcurl. */
void transfer_end(struct podman *podman, struct transfer *transfer);

/* --- path.c -------------------------------------------------------------------------------- */

/* before + name + after, with the name percent-encoded.  The caller owns it. */
char *path_of(const char *before, const char *name, const char *after);
/* Appends key=value to a path that has its '?' already, value percent-encoded; takes over path. */
char *path_with(char *path, const char *key, const char *value);
/* Whether text is a name for a network interface that needs no quoting anywhere: [a-z0-9]. */
bool interface_name_is_plain(const char *text);

/* --- call.c -------------------------------------------------------------------------------- */

struct answer {
	long status; /* 0: there was none */
	const char *text;
	size_t len;
};

/* err: what went wrong in transport, or what an HTTP status of 400 and more means.  Returns
 * whether the call is over, the caller's callback having been called; otherwise it has sent the
 * next request with call_send (never after an err that is ERROR_CANCELLED). */
typedef bool answer_fn(struct podman_call *call, const struct answer *answer,
		       const struct error *err);
/* A whole line of a streamed answer; its text may be changed. */
typedef void line_fn(struct podman_call *call, char *line, size_t len);

struct podman_call {
	struct transfer transfer;
	struct podman *podman;
	struct podman_call *prev, *next;
	const char *what; /* "start the container", for sentences */
	answer_fn *on_answer;
	line_fn *on_line;
	union {
		podman_done_fn *done;
		podman_id_fn *id;
		podman_info_fn *info;
		podman_container_fn *container;
		podman_list_fn *list;
	} tell;
	podman_progress_fn *on_progress;
	void *ctx;

	/* the request under way */
	struct curl_slist *headers;
	void *sent;  /* the body, in memory */
	int sent_fd; /* or a file; -1 */
	struct buf body;
	bool is_too_long;
	int64_t deadline_ms;

	struct deferred *news;   /* lines have come */
	struct deferred *ending; /* ends soon, with ending_err */
	struct error ending_err;
	bool *ret_gone;

	/* what a call of several requests, or of several lines, has to remember */
	char *kept_id;
	struct error kept_err;
};

struct podman_call *call_new(struct podman *podman, const char *what, answer_fn *on_answer,
			     void *ctx);
/* Sends a request; takes over path and body (NULL: none). */
void call_send(struct podman_call *call, const char *method, char *path, struct json *body,
	       int64_t deadline_ms);
/* Likewise with a body of bytes in memory, or read from a file (fd is taken over). */
void call_send_bytes(struct podman_call *call, const char *method, char *path, struct buf *body);
void call_send_file(struct podman_call *call, char *path, int fd, int64_t size);
/* Ends the call soon with this error: for what is found out before anything was sent. */
void call_refuse(struct podman_call *call, const struct error *err);
/* Ends it now, through its callback. */
void call_abort(struct podman_call *call, const struct error *err);

/* The on_answer of a call whose callback is a podman_done_fn. */
bool answer_done(struct podman_call *call, const struct answer *answer, const struct error *err);
/* Likewise of a removal: what is not there is removed, and 200 may hide a refusal. */
bool answer_removed(struct podman_call *call, const struct answer *answer, const struct error *err);
/* The answer as JSON of the given type.  NULL with ERROR_UNAVAILABLE when it is something else. */
struct json *answer_json(const struct podman_call *call, const struct answer *answer,
			 enum json_type type, struct error *err) must_check;

/* --- failure.c ----------------------------------------------------------------------------- */

/* What an answer with a status of 400 or more means.  Returns false. */
bool failure_of_answer(struct error *err, const char *what, const struct answer *answer);
/* What a message of Podman's means (an error line of a pull, a warning).  Returns false. */
bool failure_of_message(struct error *err, const char *what, const char *message);
bool failure_of_transport(struct error *err, const struct podman_call *call, CURLcode code);
/* Makes foreign text fit for a sentence: one line of valid UTF-8 without control characters, paths
 * of the machine left out. */
void failure_clean(const char *text, size_t len, char *ret_text, size_t size);

/* --- containers.c -------------------------------------------------------------------------- */

struct json *container_create_body(const struct podman_spec *spec);

/* --- archive.c ----------------------------------------------------------------------------- */

enum { TAR_BLOCK = 512 };
/* The header of one executable file owned by root. */
void tar_header(char ret_block[TAR_BLOCK], const char *name, uint64_t size);

/* --- head.c: the answer to an upgrade ------------------------------------------------------ */

struct head {
	int status;
	size_t len;             /* of the head, with its blank line */
	int64_t content_length; /* -1: not given */
};
enum head_state { HEAD_MORE, HEAD_WHOLE, HEAD_BROKEN };
/* Pure.  Looks whether data begins with a whole head. */
enum head_state head_read(const char *data, size_t len, struct head *ret_head);

/* --- link.c -------------------------------------------------------------------------------- */

/* Ends a link because its podman closes; the owner still has to close the link. */
void link_abandon(struct podman_link *link);

/* --- fence.c ------------------------------------------------------------------------------- */

/* The rules for nft, as text; with_ports: also those that keep the bridge's ports apart, which
 * need a kernel with CONFIG_NFT_BRIDGE_META.  False when the name is not plain, or a gap's network.
 */
bool fence_text(const char *interface_name, const struct podman_gap *gaps, bool with_ports,
		struct buf *ret_text);
/* Likewise the removal of those rules, whether they are there or not. */
bool fence_removal_text(const char *interface_name, bool with_ports, struct buf *ret_text);

/* --- tool.c: a child that we wait for ------------------------------------------------------ */

/* Runs argv with input on its standard input and at most deadline_ms; appends what it prints to
 * ret_output (as much as fits).  False when it cannot be started or does not end in time.
 * Blocks: only for what is done before the loop runs. */
bool tool_run(const char *const *argv, const char *input, struct buf *ret_output, int *ret_exit,
	      int64_t deadline_ms);

/* --- service_files.c ----------------------------------------------------------------------- */

/* Where everything of a private service lies. */
struct service_paths {
	char *podman_dir; /* what we generate */
	char *home;
	char *containers_conf, *storage_conf, *registries_conf, *seccomp_json;
	char *storage; /* Podman's images and containers */
	char *run;     /* what must not outlive the boot */
	char *runroot, *tmpdir, *socket, *pid_file;
	char *tmp;
};
void service_paths_init(struct service_paths *ret_paths, const char *data_dir);
void service_paths_release(struct service_paths *paths);
/* Makes a directory and those above it. */
bool directory_make(const char *path, mode_t mode, struct error *err) must_check;
/* Makes the directories, empties run when the machine has begun a new life, writes the files. */
bool service_files_write(const struct service_paths *paths, const struct podman_machine *machine,
			 struct error *err) must_check;
/* orphans.c: kills what forked itself off a service on this socket that is dead. */
void service_orphans_kill(const char *socket);
/* orphans.c: kills what still watches over containers of this storage, all of which are gone. */
void service_janitors_kill(const char *storage);

/* --- seccomp.c ----------------------------------------------------------------------------- */

/* Pure.  A profile in Podman's form, for programs of the machine's own kind alone.  The caller owns
 * it; NULL when the text is no such profile. */
char *seccomp_narrow(const char *text, size_t len, struct error *err) must_check;
/* Likewise the first of these files that exists (a list that ends with NULL).  NULL: none, or none
 * that can be used, and Podman's default is in force as it is. */
char *seccomp_profile_read(const char *const *places);

/* --- mounts.c ------------------------------------------------------------------------------ */

/* Makes the storage and the directory of network namespaces shared mounts, unless they are. */
bool mounts_share(const struct service_paths *paths, struct error *err) must_check;
/* Takes away the mounts of the storage that no container needs any more. */
void mounts_unshare(const struct service_paths *paths);

#endif
