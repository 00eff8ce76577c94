/* Birth, in steps: a container made by Podman, its start, the first link, the walls measured.  One
 * that was ready and is to have other limits goes through the last of them again.  Whatever fails,
 * the container is destroyed. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum {
	BIRTH_MS = 34000,       /* with 10 s of waiting for an absent Podman still below 45 s */
	PODMAN_AWAY_MS = 10000, /* how long a birth waits for a Podman that is being restarted */
};

enum step_result { STEP_NEXT, STEP_WAIT, STEP_DONE };

struct birth {
	struct sandbox *sb;       /* NULL: abandoned; freed when the call comes back */
	struct podman_call *call; /* under way, or NULL */
	bool over;                /* only the call is waited for */
	struct timer *deadline;
	struct creations waiting;
	struct deferred *soon; /* its first step */
	int64_t most_ms;       /* from when Podman is asked */
	bool counted;          /* in line: it takes one of the places for births */
	enum step_result (*step)(struct birth *birth);
	struct line *line;
	int64_t begun_mono;
	int64_t made_mono; /* when Podman was first asked */
};

static enum step_result step_make(struct birth *birth);
static enum step_result step_put_agent(struct birth *birth);
static enum step_result step_start(struct birth *birth);
static enum step_result step_isolate(struct birth *birth);
static enum step_result step_link(struct birth *birth);
static enum step_result step_limit(struct birth *birth);
static enum step_result step_remeasure(struct birth *birth);
static enum step_result step_settle(struct birth *birth);

/* --- the birth ----------------------------------------------------------------------------- */

static void birth_run(struct birth *birth)
{
	while (birth->step(birth) == STEP_NEXT)
		;
}

struct creations *birth_waiting(struct sandbox *sb)
{
	return &sb->birth->waiting;
}

/* Gives its place to the next.  What failed says nothing about how long births take. */
static void leave_line(struct birth *birth, bool well)
{
	if (!birth->counted)
		return;
	birth->counted = false;
	line_birth_over(birth->line, well ? clock_mono_ms() - birth->made_mono : -1);
}

/* Nothing is made of it any more.  A call under way is waited for, because what Podman makes after
 * we looked the other way would stay. */
void birth_end(struct sandbox *sb, const struct error *err)
{
	struct birth *birth = sb->birth;

	if (!birth || birth->over)
		return;
	birth->over = true;
	creations_end(&birth->waiting, err);
	leave_line(birth, !err);
	deferred_cancel(take(birth->soon));
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
	assert(!birth->waiting.first);
	leave_line(birth, false);
	deferred_cancel(take(birth->soon));
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
	if (sb->row.shape)
		pool_birth_failed(sb->all);
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
		line_wake(sb->all->line); /* it can be given away now */
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
	/* Less than the usual time proves nothing. */
	if (birth->most_ms >= BIRTH_MS && all->on_wedged)
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
	struct error err;

	if (!all->podman_up)
		return STEP_WAIT;
	timer_reset(birth->deadline, birth->most_ms);
	birth->made_mono = clock_mono_ms();
	if (spec_has_place(all) && !link_place_make(birth->sb, &err))
		return birth_fail(birth, &err);
	birth->step = podman_is_local(all->podman) ? step_start : step_put_agent;
	room = spec_room_new();
	spec_build(all, &birth->sb->row, room, &spec);
	podman_start_is_near(all->podman);
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
	link_expect(birth->sb);
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

/* Goes on in sandbox_linked, unless that is over. */
static enum step_result step_link(struct birth *birth)
{
	birth->step = step_settle;
	link_keep(birth->sb);
	return link_is_up(birth->sb) ? STEP_NEXT : STEP_WAIT;
}

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

/* A wall is what is measured, not what Podman was asked for. */
static enum step_result step_settle(struct birth *birth)
{
	struct sandbox *sb = birth->sb;
	enum sandbox_state to = sb->row.shape ? SANDBOX_WARM : SANDBOX_RUNNING;
	struct error err;

	if (!settle_posture(sb, &err) || !sandbox_move(sb, to, &err))
		return birth_fail(birth, &err);
	sb->running_mono = clock_mono_ms();
	log_info(sb->row.id, "is ready after %lld ms",
		 (long long)(sb->running_mono - birth->begun_mono));
	if (sb->pid == 0)
		learn_pid(birth);
	if (to == SANDBOX_WARM)
		pool_born(sb);
	birth_end(sb, NULL);
	return STEP_DONE;
}

/* --- other limits for one that is ready ---------------------------------------------------- */

/* Then others with limits of their own take the slow road, and this caller may come again. */
static void on_limited(void *ctx, const struct error *err)
{
	struct birth *birth = ctx;
	struct error own;

	if (!err || !birth->sb || birth->over) {
		on_called(ctx, err);
		return;
	}
	pool_cannot_fit(birth->sb->all);
	error_set(&own, ERROR_UNAVAILABLE, "%s", err->text);
	error_advise(&own, "make the same call again", true);
	on_called(ctx, &own);
}

static enum step_result step_limit(struct birth *birth)
{
	const struct container_row *row = &birth->sb->row;
	const struct podman_limits limits = { row->memory, row->cpu_milli, row->pids };

	birth->step = step_remeasure;
	birth->call = podman_container_limit(birth->sb->all->podman, row->podman_id, &limits,
					     on_limited, birth);
	return STEP_WAIT;
}

/* Goes on in birth_frame, or when it links again. */
static enum step_result step_remeasure(struct birth *birth)
{
	birth->step = step_settle;
	(void)link_send(birth->sb, WIRE_MEASURE, 0, NULL, 0);
	return STEP_WAIT;
}

bool birth_frame(struct sandbox *sb, const struct wire_frame *frame)
{
	struct wire_hello hello;

	if (frame->stream != 0 || !wire_get_hello(frame, &hello) || hello.boot != sb->hello.boot ||
	    sb->state != SANDBOX_CREATING || sb->birth->step != step_settle)
		return false;
	sb->hello = hello;
	clean_runtimes(sb->hello.runtimes);
	birth_run(sb->birth);
	return true;
}

void birth_podman_up(struct sandbox *sb)
{
	if (sb->state == SANDBOX_CREATING && sb->birth->step == step_make && !sb->birth->call &&
	    !sb->birth->soon)
		birth_run(sb->birth);
}

/* Not from inside the call that began it: whoever that is may still have to say who waits. */
static void on_soon(void *ctx)
{
	struct birth *birth = ctx;

	birth->soon = NULL;
	birth_run(birth);
}

static struct birth *birth_new(struct sandbox *sb, enum step_result (*first)(struct birth *birth))
{
	struct birth *birth = mem_new(struct birth);

	birth->sb = sb;
	birth->line = sb->all->line;
	birth->step = first;
	birth->most_ms = BIRTH_MS;
	birth->soon = loop_defer(sb->all->loop, on_soon, birth);
	birth->begun_mono = clock_mono_ms();
	birth->deadline = timer_start(sb->all->loop, PODMAN_AWAY_MS, 0, on_deadline, birth);
	sb->birth = birth;
	return birth;
}

void birth_begin(struct sandbox *sb, int64_t waited_ms)
{
	struct birth *birth = birth_new(sb, step_make);

	birth->most_ms -= waited_ms;
	birth->counted = true;
	line_birth_begun(birth->line);
}

void birth_fit(struct sandbox *sb)
{
	struct birth *birth = birth_new(sb, step_limit);

	timer_reset(birth->deadline, birth->most_ms);
}

/* --- what the link says -------------------------------------------------------------------- */

void sandbox_linked(struct sandbox *sb)
{
	struct error err;

	clean_runtimes(sb->hello.runtimes);
	reaper_tell(sb);
	if (sb->state == SANDBOX_CREATING) {
		if (sb->birth->step == step_settle)
			birth_run(sb->birth);
	} else if (!settle_posture(sb, &err)) {
		log_error(sb->row.id, "linked again, and: %s", err.text);
		if (sb->state == SANDBOX_WARM)
			destroy_begin(sb, REASON_SPARE);
	} else if (sb->state == SANDBOX_WARM) {
		pool_born(sb);
	}
}

void sandbox_link_failed(struct sandbox *sb, const struct error *err)
{
	struct error own = *err;

	if (sb->state == SANDBOX_WARM)
		destroy_begin(sb, REASON_SPARE);
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
