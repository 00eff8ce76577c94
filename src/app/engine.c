/* Podman for the program: a private service of our own, or the socket that PODMAN_SOCKET names; and
 * the pulse that notices when it goes away, comes back or hangs. */
#include "internal.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "log.h"

enum { PULSE_MS = 5000, PULSES_A_MINUTE = 12 };

static void set_up(struct app *app, bool up)
{
	if (app->podman_up == up)
		return;
	app->podman_up = up;
	log_write(up ? LOG_INFO : LOG_WARN, "podman", up ? "it answers" : "it does not answer");
	if (app->sandboxes && up)
		sandboxes_podman_up(app->sandboxes);
	if (app->sandboxes && !up)
		sandboxes_podman_down(app->sandboxes);
}

/* --- the private service --- */

static void on_service_up(void *ctx)
{
	struct app *app = ctx;

	set_up(app, true);
	if (!app->started && app->step && app->step->begin == step_engine)
		step_done(app, NULL);
}

static void on_service_down(void *ctx)
{
	set_up(ctx, false);
}

static void on_service_failed(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	if (!app->started) {
		step_done(app, err);
		return;
	}
	log_error("podman", "%s", err->text);
	app->status = 1;
	stop_begin(app);
}

/* One that is not there would be made, or make each of Podman's answers an error. */
static bool check_image_store(const struct app *app, struct error *err)
{
	auto_str images = NULL;
	struct stat st;

	if (!app->config.image_store)
		return true;
	images = mem_format("%s/%s-images", app->config.image_store,
			    strcmp(app->machine.storage_driver, "vfs") == 0 ? "vfs" : "overlay");
	if (stat(images, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return error_set(err, ERROR_INVALID,
			 "IMAGE_STORE is \"%.200s\", where there is no storage of Podman's for %s",
			 app->config.image_store, app->machine.storage_driver);
}

static bool start_service(struct app *app, struct error *err)
{
	static const struct podman_service_events events = {
		.on_up = on_service_up,
		.on_down = on_service_down,
		.on_failed = on_service_failed,
	};

	app->service =
		podman_service_start(app->loop, app->data_dir, &app->machine, &events, app, err);
	if (!app->service)
		return false;
	app->podman = podman_open(app->loop, podman_service_socket(app->service), err);
	return app->podman != NULL;
}

/* --- the pulse: _ping takes no lock, so it tells whether the service lives --- */

static void on_pulse(void *ctx);

static void on_pong(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	app->ping = NULL;
	if (err && err->kind == ERROR_CANCELLED)
		return;
	if (!app->started && app->step && app->step->begin == step_engine && !app->service) {
		set_up(app, err == NULL);
		step_done(app, err);
		return;
	}
	if (err && app->service && app->podman_up && err->kind == ERROR_TIMEOUT) {
		log_warn("podman", "it hangs and is restarted: %s", err->text);
		podman_service_restart(app->service);
		return;
	}
	if (!app->service)
		set_up(app, err == NULL);
}

static void on_pulse(void *ctx)
{
	struct app *app = ctx;

	if (++app->pulses % PULSES_A_MINUTE == 0)
		mem_give_back();
	if (!app->ping && !app->stopping)
		app->ping = podman_ping(app->podman, on_pong, app);
}

bool step_engine(struct app *app, struct error *err)
{
	if (!podman_machine_probe(app->data_dir, &app->machine, err) && !app->config.podman_socket)
		return false;
	app->machine.image_store = app->config.image_store;
	if (app->config.podman_socket) {
		app->podman = podman_open(app->loop, app->config.podman_socket, err);
		if (!app->podman)
			return false;
		on_pulse(app);
	} else if (!check_image_store(app, err) || !start_service(app, err)) {
		return false;
	}
	app->pulse = timer_start(app->loop, PULSE_MS, PULSE_MS, on_pulse, app);
	return true;
}

/* --- what it can do --- */

static void on_info(void *ctx, const struct podman_info *info, const struct error *err)
{
	struct app *app = ctx;
	struct error problem;

	if (err) {
		step_done(app, err);
		return;
	}
	app->engine_text = mem_format("Podman %s, %.*s, storage %s, cgroups %s%s", info->version,
				      (int)strcspn(info->runtime_version, "\r\n"),
				      info->runtime_version, info->storage_driver,
				      info->cgroup_version, info->rootless ? ", rootless" : "");
	log_info("podman", "%s", app->engine_text);
	if (info->rootless && app->machine.bridge) {
		app->machine.bridge = false;
		snprintf(app->machine.bridge_why, sizeof(app->machine.bridge_why),
			 "Podman is rootless: its bridges are out of our reach");
	}
	if (!info->seccomp) {
		error_set(&problem, ERROR_UNAVAILABLE,
			  "Podman runs without seccomp on this kernel");
		step_done(app, &problem);
		return;
	}
	step_done(app, NULL);
}

bool step_engine_info(struct app *app, struct error *err)
{
	(void)err;
	podman_get_info(app->podman, on_info, app);
	return true;
}

void engine_close(struct app *app)
{
	timer_stop(app->pulse);
	app->pulse = NULL;
	podman_close(app->podman);
	app->podman = NULL;
	if (app->service)
		podman_service_stop(take(app->service));
	free(take(app->engine_text));
}
