/* The graceful stop: refuse what is new, finish what is under way (for a while), and leave the
 * containers to the next start or, when asked to, remove them.  A second signal ends it at once. */
#include "internal.h"
#include <signal.h>
#include "clock.h"
#include "log.h"

enum {
	POLL_MS = 20,
	FINISH_MS = 10 * 1000,  /* what is under way may take this long */
	DESTROY_MS = 30 * 1000, /* with --destroy-on-exit, without one that is gone */
};

static void on_destroyed(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	if (err) {
		log_error("server", "not every container could be removed: %s", err->text);
		app->status = 1;
		loop_stop(app->loop);
		return;
	}
	network_remove(app);
}

void stop_network_removed(struct app *app)
{
	loop_stop(app->loop);
}

/* The doctor has a database of its own, whose containers nobody else would ever remove. */
static bool leaves_nothing(const struct app *app)
{
	return app->options.destroy_on_exit || app->options.mode == APP_DOCTOR;
}

static void end(struct app *app)
{
	if (!leaves_nothing(app) || !app->sandboxes || app->destroying) {
		loop_stop(app->loop);
		return;
	}
	app->destroying = true;
	app->stop_deadline_ms = clock_mono_ms() + DESTROY_MS;
	sandboxes_destroy_all(app->sandboxes, on_destroyed, app);
}

/* Two hundred containers take a while; what counts is that they become fewer. */
static bool is_stuck(struct app *app)
{
	int64_t left = sandboxes_count(app->sandboxes);

	if (left != app->stop_left) {
		app->stop_left = left;
		app->stop_deadline_ms = clock_mono_ms() + DESTROY_MS;
	}
	return clock_mono_ms() >= app->stop_deadline_ms;
}

static bool is_idle(const struct app *app)
{
	return (!app->mcp || mcp_pending(app->mcp) == 0) &&
	       (!app->http || http_pending(app->http) == 0);
}

static void on_poll(void *ctx)
{
	struct app *app = ctx;
	bool late = clock_mono_ms() >= app->stop_deadline_ms;

	if (app->destroying) {
		if (!is_stuck(app))
			return;
		log_error("server", "containers remain: Podman did not remove them in time");
		app->status = 1;
		loop_stop(app->loop);
	} else if (late || is_idle(app)) {
		end(app);
	}
}

void stop_begin(struct app *app)
{
	if (app->stopping)
		return;
	app->stopping = true;
	timer_stop(app->step_deadline);
	app->step_deadline = NULL;
	log_info("server", "stopping");
	app->web.draining = true;
	if (app->http)
		http_drain(app->http);
	if (app->mcp)
		mcp_drain(app->mcp);
	if (app->sandboxes)
		sandboxes_pool_close(app->sandboxes);
	app->stop_deadline_ms = clock_mono_ms() + FINISH_MS;
	app->stop_poll = timer_start(app->loop, 0, POLL_MS, on_poll, app);
}

static void on_signal(void *ctx, int number)
{
	struct app *app = ctx;

	(void)number;
	if (app->stopping)
		loop_stop(app->loop);
	else
		stop_begin(app);
}

bool stop_listen(struct app *app, struct error *err)
{
	app->on_term = signal_open(app->loop, SIGTERM, on_signal, app, err);
	if (!app->on_term)
		return false;
	app->on_int = signal_open(app->loop, SIGINT, on_signal, app, err);
	return app->on_int != NULL;
}

void stop_close(struct app *app)
{
	timer_stop(app->stop_poll);
	app->stop_poll = NULL;
	if (app->on_term)
		signal_close(take(app->on_term));
	if (app->on_int)
		signal_close(take(app->on_int));
}
