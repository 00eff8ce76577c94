/* Podman's REST API (libpod, pinned to /v4.0.0/, served by Podman 4.3 to 5.x) over a Unix socket or
 * TCP.  libcurl is inside and visible nowhere else.  This module knows containers, images and
 * execs; it has never heard of a sandbox.
 *
 * Every call has a deadline.  Each `start a call` function returns at once; its callback runs
 * exactly once, from the loop, with err NULL on success.  Results in callbacks are borrowed. */
#ifndef PODMAN_H
#define PODMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "loop.h"
#include "own.h"

struct podman;

/* address: "/path/of.sock" or "tcp://host:port".  Does not connect yet. */
struct podman *podman_open(struct loop *loop, const char *address, struct error *err) must_check;
/* Calls under way end with ERROR_CANCELLED before this returns.  NULL is allowed. */
void podman_close(struct podman *podman);
/* Whether Podman runs on this machine, so that it sees our files (bind mounts work). */
bool podman_is_local(const struct podman *podman);

/* A call under way.  Cancelling ends it soon, through its callback, with ERROR_CANCELLED. */
struct podman_call;
void podman_cancel(struct podman_call *call);

typedef void podman_done_fn(void *ctx, const struct error *err);
/* id: of the thing made or found. */
typedef void podman_id_fn(void *ctx, const char *id, const struct error *err);

/* --- the service (service.c of the API: _ping, info) -------------------------------------- */

struct podman_call *podman_ping(struct podman *podman, podman_done_fn *done, void *ctx);

struct podman_info {
	const char *version; /* "4.3.1" */
	const char *runtime; /* "runc" */
	const char *runtime_version;
	const char *storage_driver; /* "overlay" */
	const char *network_backend;
	const char *cgroup_version;     /* "v1", "v2" */
	const char *cgroup_controllers; /* comma-separated */
	bool rootless;
	bool seccomp;
};
typedef void podman_info_fn(void *ctx, const struct podman_info *info, const struct error *err);
struct podman_call *podman_get_info(struct podman *podman, podman_info_fn *done, void *ctx);

/* --- images ------------------------------------------------------------------------------- */

/* ERROR_NOT_FOUND when there is no such image. */
struct podman_call *podman_image_find(struct podman *podman, const char *name, podman_done_fn *done,
				      void *ctx);
/* Gives its id, which changes when it is pulled or built anew. */
struct podman_call *podman_image_identify(struct podman *podman, const char *name,
					  podman_id_fn *done, void *ctx);
/* A line of progress, without its newline. */
typedef void podman_progress_fn(void *ctx, const char *line);
struct podman_call *podman_image_pull(struct podman *podman, const char *name,
				      podman_progress_fn *on_progress, podman_done_fn *done,
				      void *ctx);
/* Makes an image of a root file system in a (perhaps compressed) tar file on our disk. */
struct podman_call *podman_image_import(struct podman *podman, const char *name,
					const char *tar_path, podman_done_fn *done, void *ctx);

/* --- containers --------------------------------------------------------------------------- */

struct podman_pair {
	const char *name;
	const char *value;
};

struct podman_mount {
	const char *type; /* "bind" or "tmpfs" */
	const char *source;
	const char *destination;
	const char *const *options; /* NULL-terminated */
};

struct podman_spec {
	const char *name;
	const char *image;
	const char *const *entrypoint; /* NULL-terminated; nothing of the image's own is run */
	const char *hostname;
	const char *workdir;
	const struct podman_pair *labels; /* ended by a pair with a NULL name */
	const struct podman_pair *env;    /* likewise */
	const struct podman_mount *mounts;
	size_t mount_count;
	int64_t memory; /* bytes, memory and swap together */
	int64_t cpu_milli;
	int64_t pids;
	int64_t shm_size;  /* bytes */
	int64_t disk;      /* bytes of the writable layer; 0: not bounded */
	uint32_t uid_base; /* the host's id of the container's root */
	uint32_t uid_count;
	const char *network;         /* a network's name; NULL: none at all */
	const char *const *dns;      /* NULL-terminated; with a network only */
	const char *seccomp_profile; /* a path on Podman's machine; NULL: Podman's default */
	int64_t open_files_max;      /* rlimits: 4.3.1 ignores containers.conf for API creates */
	int64_t processes_max;   /* counts per host id over all containers: the pids cgroup is the
				    limit */
	int64_t timeout_seconds; /* conmon kills it then, whoever else is dead */
};

/* All capabilities dropped, no-new-privileges, own user, ipc, pid and cgroup namespaces, no log, no
 * restart: always.  A non-empty "Warnings" in the answer is an error: it means that some limit was
 * ignored.  ERROR_NOT_FOUND when the image is missing, ERROR_CONFLICT when the name is in use. */
struct podman_call *podman_container_create(struct podman *podman, const struct podman_spec *spec,
					    podman_id_fn *done, void *ctx);
/* A container is being created and will be started: has the kernel ready for it.  Never fails. */
void podman_start_is_near(const struct podman *podman);
/* A container is started once in its life, never again (a tenant may have changed its files). */
struct podman_call *podman_container_start(struct podman *podman, const char *id,
					   podman_done_fn *done, void *ctx);
/* One that is not running: success. */
struct podman_call *podman_container_kill(struct podman *podman, const char *id,
					  podman_done_fn *done, void *ctx);
/* Sends a signal ("USR1") to its process 1; ERROR_CONFLICT when it does not run. */
struct podman_call *podman_container_signal(struct podman *podman, const char *id, const char *name,
					    podman_done_fn *done, void *ctx);
/* Changes the limits of one that runs, at once. */
struct podman_limits {
	int64_t memory; /* bytes, memory and swap together */
	int64_t cpu_milli;
	int64_t pids;
};
struct podman_call *podman_container_limit(struct podman *podman, const char *id,
					   const struct podman_limits *limits, podman_done_fn *done,
					   void *ctx);
/* By force, at once, with its anonymous volumes.  One that does not exist: success.  After an
 * error the thing may be gone all the same: look again. */
struct podman_call *podman_container_remove(struct podman *podman, const char *id,
					    podman_done_fn *done, void *ctx);

struct podman_container {
	const char *id;
	const char *name;
	const char *state; /* "created", "running", "exited", "stopped", "paused" … */
	int64_t pid;       /* of its process 1, as Podman's machine counts; 0 unless running */
	/* The value of one of its labels; NULL when it has no such label. */
	const struct json *labels;
};
struct json;
const char *podman_container_label(const struct podman_container *container, const char *name);

typedef void podman_container_fn(void *ctx, const struct podman_container *container,
				 const struct error *err);
struct podman_call *podman_container_inspect(struct podman *podman, const char *id,
					     podman_container_fn *done, void *ctx);

/* All, running or not, that carry the label name=value. */
typedef void podman_list_fn(void *ctx, const struct podman_container *containers, size_t count,
			    const struct error *err);
struct podman_call *podman_container_list(struct podman *podman, const char *label,
					  const char *value, podman_list_fn *done, void *ctx);

/* Puts one executable file into a container that was not started yet: for a Podman elsewhere,
 * which cannot bind-mount our agent. */
struct podman_call *podman_archive_put(struct podman *podman, const char *id, const char *directory,
				       const char *name, const char *file_path,
				       podman_done_fn *done, void *ctx);

/* --- networks ----------------------------------------------------------------------------- */

/* A bridge with the given interface name and subnet ("10.88.7.0/24"); exists already: success. */
struct podman_call *podman_network_create(struct podman *podman, const char *name,
					  const char *interface_name, const char *subnet,
					  podman_done_fn *done, void *ctx);
/* One that is not there: success.  One that a container uses stays: an error. */
struct podman_call *podman_network_remove(struct podman *podman, const char *name,
					  podman_done_fn *done, void *ctx);

/* A gap in the fence around a bridge: what may be reached all the same. */
struct podman_gap {
	const char *network; /* of IPv4: "10.1.2.0/24" */
	int port;            /* of TCP and UDP; 0: everything */
};
/* Fences a bridge in: one nft table that drops, for what comes out of that bridge, everything to
 * this machine, everything that is not a public address, all IPv6, and all frames from one port of
 * the bridge to another.  gaps (ended by one without network; NULL: none) are exceptions to the
 * first two.  Replaces an older fence of the same bridge.  Runs nft as a child. */
bool podman_fence_raise(struct loop *loop, const char *interface_name,
			const struct podman_gap *gaps, podman_done_fn *done, void *ctx,
			struct error *err) must_check;
/* Takes that fence away again, if it is there: for a bridge that is gone. */
bool podman_fence_lower(struct loop *loop, const char *interface_name, podman_done_fn *done,
			void *ctx, struct error *err) must_check;
/* Keeps the bridge's present ports apart by the kernel's own flag, which works also where nft knows
 * no bridges (CONFIG_NFT_BRIDGE_META).  To be called after each start of a container on that bridge
 * and before anything untrusted runs in it.  Quick; only for a Podman on this machine. */
bool podman_ports_isolate(const char *interface_name, struct error *err) must_check;
/* Makes the bridge keep the hardware address that it has.  Otherwise it takes the lowest one of its
 * ports, and whenever a container comes or goes the others may lose their gateway for seconds.  To
 * be called likewise. */
bool podman_bridge_keep_address(const char *interface_name, struct error *err) must_check;

/* --- exec links: a byte stream to a program inside a container ----------------------------- */

struct podman_link;

struct podman_link_events {
	/* It runs: bytes may be written. */
	void (*on_open)(void *ctx);
	/* What the program wrote to standard output. */
	void (*on_data)(void *ctx, const void *data, size_t len);
	/* Everything queued by podman_link_write has been handed to the kernel. */
	void (*on_room)(void *ctx);
	/* It failed, or it is over.  Exactly once, last; podman_link_close must still be called.
	 * The sentence holds what the program or Podman wrote to standard error. */
	void (*on_over)(void *ctx, const struct error *err);
};

/* Runs argv (NULL-terminated) in the container by an exec session with attached stdin and stdout,
 * and an impossible list of detach keys (the default ones eat binary input; an empty list does
 * not disable them, Podman issue 27414).  events must outlive the link. */
struct podman_link *podman_link_open(struct podman *podman, const char *container_id,
				     const char *const *argv,
				     const struct podman_link_events *events, void *ctx,
				     struct error *err) must_check;
/* Queues a copy.  Returns how much is queued and not yet taken by the kernel. */
size_t podman_link_write(struct podman_link *link, const void *data, size_t len);
/* Closes the connection; the program sees the end of its input.  No callback comes any more.
 * Allowed inside a callback.  NULL is allowed. */
void podman_link_close(struct podman_link *link);

/* Splits an exec stream without a terminal into its frames: eight bytes (stream, three zeros, big-
 * endian length) and data.  Pure; fuzzed. */
struct podman_demux {
	unsigned char header[8];
	size_t header_have;
	uint32_t left; /* of the present frame's data */
	int stream;    /* 1 standard output, 2 standard error */
};
typedef void podman_demux_fn(void *ctx, int stream, const void *data, size_t len);
/* False when the stream is malformed. */
bool podman_demux_feed(struct podman_demux *demux, const void *data, size_t len,
		       podman_demux_fn *on_data, void *ctx);

/* --- a private service --------------------------------------------------------------------- */

/* What Podman needs to know of this machine, found by looking (blocking, at start only). */
struct podman_machine {
	char runtime[16];        /* "crun" or "runc": crun 1.8 refuses mixed cgroup layouts */
	char storage_driver[24]; /* "overlay", "fuse-overlayfs" or "vfs" */
	char cgroup_layout[8];   /* "v1", "v2", "mixed" */
	int64_t open_files_max;  /* hard limits of this process; a container's may not be higher */
	int64_t processes_max;
	bool bridge;          /* nft and bridges work: the mode "internet" can be fenced in */
	char bridge_why[160]; /* when they do not: the reason */
	char firewall[12];    /* what netavark shall use: "iptables" or "nftables" */
	/* Not found by looking but set by the caller: another storage, whose images a private
	 * service uses, read only.  NULL: none. */
	const char *image_store;
};
bool podman_machine_probe(const char *data_dir, struct podman_machine *ret_machine,
			  struct error *err) must_check;

/* Runs `podman system service` as our child, on a socket, storage and configuration of its own
 * under data_dir, and again whenever it dies.  It is killed when we die; containers live on. */
struct podman_service;

struct podman_service_events {
	void (*on_up)(void *ctx);   /* it answers a ping; each time anew */
	void (*on_down)(void *ctx); /* it died or was restarted; on_up follows */
	/* It could not be brought up; the sentence says why and what to do.  Nothing follows. */
	void (*on_failed)(void *ctx, const struct error *err);
};

struct podman_service *podman_service_start(struct loop *loop, const char *data_dir,
					    const struct podman_machine *machine,
					    const struct podman_service_events *events, void *ctx,
					    struct error *err) must_check;
const char *podman_service_socket(const struct podman_service *service);
/* Kills it because it does not answer any more; it comes back by itself. */
void podman_service_restart(struct podman_service *service);
/* Ends it for good; blocks until it is dead (at most two seconds, then SIGKILL). */
void podman_service_stop(struct podman_service *service);

#endif
