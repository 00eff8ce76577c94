/* Private to src/sandbox: a container's life, from the wish for one to its end. */
#ifndef SANDBOX_LIFE_H
#define SANDBOX_LIFE_H

#include "internal.h"

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

/* --- check.c ------------------------------------------------------------------------------- */

/* USED frames. */
bool check_frame(struct sandbox *sb, const struct wire_frame *frame);
/* It goes: looks that wait end with the tombstone's sentence. */
void check_container_over(struct sandbox *sb);

#endif
