/* Birth, in steps: a container made by Podman, its start, the first link, the walls measured.
 * Two objects: the birth is the work and belongs to the container; an operation waits for it and
 * belongs to a caller.  So a caller who leaves takes nothing down, and a second call with the same
 * request id waits for the same birth.  Whatever fails, the container is destroyed. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum {
	BIRTH_MS = 34000,       /* with 10 s of waiting for an absent Podman still below 45 s */
	PODMAN_AWAY_MS = 10000, /* how long a birth waits for a Podman that is being restarted */
};

enum step_result { STEP_NEXT, STEP_WAIT, STEP_DONE };

struct create_op {
	struct sandbox_op op; /* first */
	struct birth *birth;  /* NULL once it is over */
	struct create_op *next;
	char id[ID_SIZE];
	char owner[STORE_OWNER_SIZE];
	sandbox_view_fn *done;
	void *ctx;
};

struct birth {
	struct sandbox *sb;       /* NULL: abandoned; freed when the call comes back */
	struct podman_call *call; /* under way, or NULL */
	bool over;                /* only the call is waited for */
	struct timer *deadline;
	struct create_op *waiting;
	enum step_result (*step)(struct birth *birth);
	int64_t begun_mono;
};

static enum step_result step_make(struct birth *birth);
static enum step_result step_put_agent(struct birth *birth);
static enum step_result step_start(struct birth *birth);
static enum step_result step_isolate(struct birth *birth);
static enum step_result step_link(struct birth *birth);
static enum step_result step_measure(struct birth *birth);

/* --- the operation that waits -------------------------------------------------------------- */

static void forget_birth(struct create_op *op)
{
	struct create_op **at;

	if (!op->birth)
		return;
	for (at = &op->birth->waiting; *at != op; at = &(*at)->next)
		;
	*at = op->next;
	op->birth = NULL;
}

static void create_end(struct sandbox_op *base, const struct error *err)
{
	struct create_op *op = (struct create_op *)base;
	struct sandbox_view view;
	struct sandbox *sb;
	struct error own;

	forget_birth(op);
	if (!err && !registry_use(base->all, op->owner, op->id, &sb, &own))
		err = &own;
	if (err) {
		op->done(op->ctx, NULL, err);
	} else {
		view_fill(sb, &view);
		op->done(op->ctx, &view, NULL);
	}
	free(op);
}

struct sandbox_op *birth_wait(struct sandbox *sb, sandbox_view_fn *done, void *ctx)
{
	struct create_op *op = mem_new(struct create_op);

	snprintf(op->id, sizeof(op->id), "%s", sb->row.id);
	snprintf(op->owner, sizeof(op->owner), "%s", sb->row.owner);
	op->done = done;
	op->ctx = ctx;
	op_begin(&op->op, sb->all, create_end);
	if (sb->state == SANDBOX_CREATING) {
		op->birth = sb->birth;
		op->next = sb->birth->waiting;
		sb->birth->waiting = op;
	} else {
		op_end(&op->op, NULL);
	}
	return &op->op;
}

/* --- the birth ----------------------------------------------------------------------------- */

static void birth_run(struct birth *birth)
{
	while (birth->step(birth) == STEP_NEXT)
		;
}

/* Nothing is made of it any more.  A call under way is waited for, because what Podman makes after
 * we looked the other way would stay. */
void birth_end(struct sandbox *sb, const struct error *err)
{
	struct birth *birth = sb->birth;

	if (!birth || birth->over)
		return;
	birth->over = true;
	while (birth->waiting) {
		struct create_op *op = birth->waiting;

		forget_birth(op);
		op_end(&op->op, err);
	}
	timer_stop(take(birth->deadline));
	if (birth->call)
		return;
	sb->birth = NULL;
	free(birth);
}

void birth_abandon(struct sandbox *sb)
{
	struct birth *birth = sb->birth;

	if (!birth)
		return;
	assert(!birth->waiting);
	birth->sb = NULL;
	sb->birth = NULL;
	timer_stop(take(birth->deadline));
	if (birth->call)
		podman_cancel(birth->call);
	else
		free(birth);
}

static enum step_result birth_fail(struct birth *birth, const struct error *err)
{
	struct sandbox *sb = birth->sb;

	log_warn(sb->row.id, "could not be made: %s", err->text);
	birth_end(sb, err);
	destroy_begin(sb, REASON_FAILED);
	return STEP_DONE;
}

/* A call of the birth is back.  False when nothing is made of it any more. */
static bool call_is_back(struct birth *birth)
{
	struct sandbox *sb = birth->sb;

	birth->call = NULL;
	if (sb && !birth->over)
		return true;
	if (sb) {
		sb->birth = NULL;
		destroy_wake(sb);
	}
	free(birth);
	return false;
}

static void on_called(void *ctx, const struct error *err)
{
	struct birth *birth = ctx;
	struct error own;

	if (!call_is_back(birth))
		return;
	if (!err) {
		birth_run(birth);
		return;
	}
	own = *err;
	/* The caller named no such thing, and may well get a container next time. */
	if (err->kind == ERROR_NOT_FOUND || err->kind == ERROR_CONFLICT)
		error_set(&own, ERROR_UNAVAILABLE, "%s", err->text);
	birth_fail(birth, &own);
}

static void on_deadline(void *ctx)
{
	struct birth *birth = ctx;
	struct sandboxes *all = birth->sb->all;
	bool podman_hangs = birth->call != NULL;
	struct error err;

	if (!all->podman_up)
		error_set(&err, ERROR_UNAVAILABLE,
			  "Podman does not answer at the moment; try again in a few seconds");
	else
		error_set(&err, ERROR_TIMEOUT,
			  "the container was not ready after %lld seconds (%s); try again",
			  (long long)((clock_mono_ms() - birth->begun_mono) / 1000),
			  podman_hangs ? "Podman did not answer" : "its agent did not answer");
	birth_fail(birth, &err);
	if (!podman_hangs)
		return;
	podman_cancel(birth->call);
	if (all->on_wedged)
		all->on_wedged(all->wedged_ctx);
}

static void explain_missing_image(const char *image, const struct error *err, struct error *ret_err)
{
	*ret_err = *err;
	if (err->kind != ERROR_NOT_FOUND) {
		error_wrap(ret_err, "making the container");
		return;
	}
	error_set(ret_err, ERROR_UNAVAILABLE,
		  "the image %.200s is not on this server; its operator has to pull or build it "
		  "(`sandpod doctor` says how)",
		  image);
	error_advise(ret_err, "tell the operator of this server", false);
}

static void on_made(void *ctx, const char *podman_id, const struct error *err)
{
	struct birth *birth = ctx;
	struct error own;
	struct sandbox *sb;

	if (!call_is_back(birth))
		return;
	sb = birth->sb;
	if (err) {
		explain_missing_image(sb->row.image, err, &own);
		birth_fail(birth, &own);
		return;
	}
	free(sb->row.podman_id);
	sb->row.podman_id = mem_strdup(podman_id);
	if (!store_container_set_podman_id(sb->all->store, sb->row.id, podman_id, &own)) {
		birth_fail(birth, &own);
		return;
	}
	birth_run(birth);
}

static enum step_result step_make(struct birth *birth)
{
	struct sandboxes *all = birth->sb->all;
	struct spec_room *room;
	struct podman_spec spec;

	if (!all->podman_up)
		return STEP_WAIT;
	timer_reset(birth->deadline, BIRTH_MS);
	birth->step = podman_is_local(all->podman) ? step_start : step_put_agent;
	room = spec_room_new();
	spec_build(all, &birth->sb->row, room, &spec);
	birth->call = podman_container_create(all->podman, &spec, on_made, birth);
	spec_room_free(room);
	return STEP_WAIT;
}

static enum step_result step_put_agent(struct birth *birth)
{
	struct sandboxes *all = birth->sb->all;

	birth->step = step_start;
	birth->call = podman_archive_put(all->podman, birth->sb->row.podman_id, "/.sandpod",
					 "agent", all->settings.agent_path, on_called, birth);
	return STEP_WAIT;
}

static enum step_result step_start(struct birth *birth)
{
	birth->step = step_isolate;
	birth->call = podman_container_start(birth->sb->all->podman, birth->sb->row.podman_id,
					     on_called, birth);
	return STEP_WAIT;
}

/* Only our agent runs in it so far: nobody has been reached yet. */
static enum step_result step_isolate(struct birth *birth)
{
	const struct sandbox *sb = birth->sb;
	const char *bridge = sb->all->settings.bridge;
	struct error err;

	if (bridge && strcmp(sb->row.network, "none") != 0 &&
	    (!podman_ports_isolate(bridge, &err) || !podman_bridge_keep_address(bridge, &err))) {
		error_wrap(&err, "connecting the container to its network");
		return birth_fail(birth, &err);
	}
	birth->step = step_link;
	return STEP_NEXT;
}

/* Goes on in sandbox_linked. */
static enum step_result step_link(struct birth *birth)
{
	birth->step = step_measure;
	link_keep(birth->sb);
	return STEP_WAIT;
}

/* Writes what was measured; a wall that is missing is an error. */
static bool settle_posture(struct sandbox *sb, struct error *err)
{
	struct posture_terms terms = posture_terms(sb->all);
	auto_str posture = posture_json(&sb->row, &sb->hello, &terms);

	if (!posture_check(&sb->row, &sb->hello, &terms, err) ||
	    !store_container_set_posture(sb->all->store, sb->row.id, posture, err))
		return false;
	free(sb->row.posture);
	sb->row.posture = take(posture);
	return true;
}

static void on_looked(void *ctx, const struct podman_container *container, const struct error *err)
{
	struct birth *birth = ctx;

	if (!err && birth->sb)
		birth->sb->pid = container->pid;
	(void)call_is_back(birth);
}

/* For killing it without Podman.  Nobody waits for this. */
static void learn_pid(struct birth *birth)
{
	struct sandbox *sb = birth->sb;

	birth->call =
		podman_container_inspect(sb->all->podman, sb->row.podman_id, on_looked, birth);
}

static enum step_result step_measure(struct birth *birth)
{
	struct sandbox *sb = birth->sb;
	struct error err;

	if (!settle_posture(sb, &err) || !sandbox_move(sb, SANDBOX_RUNNING, &err))
		return birth_fail(birth, &err);
	sb->running_mono = clock_mono_ms();
	log_info(sb->row.id, "is ready after %lld ms",
		 (long long)(sb->running_mono - birth->begun_mono));
	learn_pid(birth);
	birth_end(sb, NULL);
	return STEP_DONE;
}

void birth_podman_up(struct sandbox *sb)
{
	if (sb->state == SANDBOX_CREATING && sb->birth->step == step_make && !sb->birth->call)
		birth_run(sb->birth);
}

void birth_begin(struct sandbox *sb)
{
	struct birth *birth = mem_new(struct birth);

	birth->sb = sb;
	birth->step = step_make;
	birth->begun_mono = clock_mono_ms();
	birth->deadline = timer_start(sb->all->loop, PODMAN_AWAY_MS, 0, on_deadline, birth);
	sb->birth = birth;
	birth_run(birth);
}

/* --- what the link says -------------------------------------------------------------------- */

/* The names of programs, from inside a container: whatever is not a plain name goes. */
static void clean_runtimes(char *runtimes)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789._+- ";
	char *to = runtimes;

	for (const char *from = runtimes; *from; from++)
		if (strchr(plain, *from))
			*to++ = *from;
	*to = '\0';
}

void sandbox_linked(struct sandbox *sb)
{
	struct error err;

	clean_runtimes(sb->hello.runtimes);
	if (sb->state == SANDBOX_CREATING) {
		if (sb->birth->step == step_measure)
			birth_run(sb->birth);
	} else if (!settle_posture(sb, &err)) {
		log_error(sb->row.id, "linked again, and: %s", err.text);
	}
}

void sandbox_link_failed(struct sandbox *sb, const struct error *err)
{
	struct error own = *err;

	if (sb->state != SANDBOX_CREATING)
		return;
	error_wrap(&own, "reaching the new container's agent");
	birth_fail(sb->birth, &own);
}

void sandbox_died(struct sandbox *sb)
{
	struct error err;

	if (sb->state == SANDBOX_CREATING) {
		error_set(&err, ERROR_UNAVAILABLE, "the new container ended by itself");
		birth_fail(sb->birth, &err);
	} else {
		destroy_begin(sb, REASON_STOPPED);
	}
}

void sandbox_doubted(struct sandbox *sb)
{
	if (sb->state == SANDBOX_CREATING)
		sandbox_died(sb);
	else
		reconcile_begin(sb->all);
}
