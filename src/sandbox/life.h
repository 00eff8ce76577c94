/* Private to src/sandbox: a container's life, from the wish for one to its end. */
#ifndef SANDBOX_LIFE_H
#define SANDBOX_LIFE_H

#include "internal.h"

/* --- limits.c, spec.c, posture.c ----------------------------------------------------------- */

/* Fills the limits, network, image, workdir and expiry of ret_row from a wish and the settings; a
 * value over a maximum is ERROR_LIMIT with the maximum in the sentence. */
bool limits_apply(const struct sandboxes *all, const struct sandbox_request *request,
		  struct container_row *ret_row, struct error *err) must_check;

/* The image that a wish names (NULL: the default) as a row keeps it; one that is not offered, or is
 * missing at present, is refused with what there is. */
bool image_choose(const struct sandbox_settings *settings, const char *wish, char **ret_image,
		  struct error *err) must_check;
/* What Podman calls the image of a row. */
const char *image_reference(const struct sandbox_settings *settings, const char *name);

/* The spec borrows from row, settings and spec_room. */
struct spec_room;
struct spec_room *spec_room_new(void);
void spec_room_free(struct spec_room *room);
void spec_build(const struct sandboxes *all, const struct container_row *row,
		struct spec_room *room, struct podman_spec *ret_spec);
/* Whether it has a directory to meet its process 1 in (link_place.c). */
bool spec_has_place(const struct sandboxes *all);
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

/* --- creation.c: callers wait for a container ---------------------------------------------- */

struct creation;
/* Those who wait for one thing. */
struct creations {
	struct creation *first;
};
/* Waits until creations_follow or creations_end is called with the list. */
struct sandbox_op *creation_wait(struct sandboxes *all, const char *owner, struct creations *list,
				 sandbox_view_fn *done, void *ctx);
/* Waits for the birth of this container; ends soon when that is over. */
struct sandbox_op *creation_of(struct sandbox *sb, sandbox_view_fn *done, void *ctx);
/* Everybody on the list waits for this container from now on.  The list is empty afterwards. */
void creations_follow(struct creations *list, struct sandbox *sb);
/* Ends all with err; NULL: their container runs. */
void creations_end(struct creations *list, const struct error *err);

/* --- line.c: wishes wait for their turn ---------------------------------------------------- */

struct line *line_new(struct sandboxes *all);
/* Puts a wish without an id in line, taking the row over.  ret_waiting is where callers wait, and
 * valid until the loop runs.  ERROR_LIMIT, with the time to wait in the sentence, when that would
 * be too long. */
bool line_join(struct line *line, struct container_row *row, struct creations **ret_waiting,
	       struct error *err) must_check;
/* The callers of a wish that is in line; NULL: there is none with this request id. */
struct creations *line_find(struct line *line, const char *owner, const char *request_id);
int64_t line_length(const struct line *line);
/* A birth may begin at once, without being unfair to anybody. */
bool line_has_place(const struct line *line);
/* Nobody waits and nothing is being born. */
bool line_is_idle(const struct line *line);
/* A place became free or a container ready: serves who is next, soon. */
void line_wake(struct line *line);
void line_birth_begun(struct line *line);
/* took_ms: -1 when it says nothing about how long births take. */
void line_birth_over(struct line *line, int64_t took_ms);
/* Everybody in line gets err. */
void line_end(struct line *line, const struct error *err);
void line_free(struct line *line);

/* --- pool.c, shape.c: containers made ahead of need ---------------------------------------- */

enum { SHAPE_SIZE = 65 };
/* image_id: as Podman has it now. */
void shape_of(const struct sandboxes *all, const char *image_id, char ret_shape[SHAPE_SIZE]);

struct pool *pool_new(struct sandboxes *all);
void pool_free(struct pool *pool);
/* A container for this wish, running or (while its limits are being changed) creating; NULL when
 * none is ready or none suits.  On success the wish is left with nothing. */
struct sandbox *pool_give(struct sandboxes *all, struct container_row *wish);
/* The same for somebody who has just come: counts for how many are kept, and nobody in line is
 * overtaken. */
struct sandbox *pool_ask(struct sandboxes *all, struct container_row *wish);
/* Begins a birth if one is wanted and nobody is in its way. */
void pool_refill(struct sandboxes *all);
/* One of its births ended, well or badly. */
void pool_born(struct sandbox *sb);
void pool_birth_failed(struct sandboxes *all);
/* Podman could not change the limits of one that runs. */
void pool_cannot_fit(struct sandboxes *all);
/* Asks Podman which image it is now. */
void pool_look(struct sandboxes *all);
/* Every half minute: less is kept when less was asked for. */
void pool_sweep(struct sandboxes *all);

/* --- create.c, default.c, birth.c, destroy.c, reaper.c, reconcile.c ------------------------ */

/* Writes a row, which is taken over, with an id and a life from now on, and begins its birth. */
struct sandbox *create_born(struct sandboxes *all, struct container_row *row, int64_t waited_ms,
			    struct error *err) must_check;
/* sandbox_create, without a look at what the request id gave before; who is in line with it is
 * joined. */
struct sandbox_op *create_anew(struct sandboxes *all, const struct sandbox_request *request,
			       sandbox_view_fn *done, void *ctx, struct error *err) must_check;
/* default.c: whether a request id has the form that default containers have. */
bool default_has_form(const char *request_id);
/* once.c: likewise; and looks soon whether one has served. */
bool once_has_form(const char *request_id);
void once_look(struct sandbox *sb);
/* The owner's living one whose label is SANDBOX_SESSION and this name; NULL: there is none. */
struct sandbox *default_of_session(struct sandboxes *all, const char *owner, const char *name);
/* As sandbox_create for a request of our own: by a birth, at once, whoever waits or lives. */
struct sandbox_op *create_uncounted(struct sandboxes *all, const struct sandbox_request *request,
				    sandbox_view_fn *done, void *ctx, struct error *err) must_check;
/* The row is written: makes what it promises, soon.  waited_ms: what its caller has waited already,
 * so that the answer comes in time. */
void birth_begin(struct sandbox *sb, int64_t waited_ms);
/* A ready one was given to somebody whose row has other limits: has Podman set them, and measures
 * them.  The state is creating meanwhile. */
void birth_fit(struct sandbox *sb);
/* Those who wait for the birth under way. */
struct creations *birth_waiting(struct sandbox *sb);
/* MEASURED frames. */
bool birth_frame(struct sandbox *sb, const struct wire_frame *frame);
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
/* A descriptor for the life of its process 1 (pidfd), readable once that has ended; -1 when it has.
 * sb->pid must be known. */
int direct_life(const struct sandbox *sb);
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
/* Tells process 1 when to end by itself, should nobody else do it. */
void reaper_tell(struct sandbox *sb);
/* To be called before a time is taken from the wall clock for a row: when that clock was set since
 * the last look, the times of the rows that there are are set with it first. */
void reaper_follow_clock(struct reaper *reaper);
void reconcile_begin(struct sandboxes *all);
void reconcile_cancel(struct sandboxes *all);

/* --- check.c ------------------------------------------------------------------------------- */

/* USED frames. */
bool check_frame(struct sandbox *sb, const struct wire_frame *frame);
/* It goes: looks that wait end with the tombstone's sentence. */
void check_container_over(struct sandbox *sb);

#endif
