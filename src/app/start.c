/* Start-up as a list of steps.  Each must succeed before the next is begun; serve and stdio stop at
 * the first that fails and say why, doctor prints what each found. */
#include "internal.h"
#include <stdio.h>
#include "log.h"

enum {
	STEP_DEADLINE_MS = 20 * 60 * 1000
}; /* pulling an image can take long; the rest has its own */

const struct app_step app_steps[] = {
	{ .name = "data directory",
	  .begin = step_data_dir,
	  .means = "nothing can be kept",
	  .mend = "set DATA_DIR to a directory that this user may write, one for each server" },
	{ .name = "database",
	  .begin = step_store,
	  .means = "containers, commands and links cannot be remembered",
	  .mend = "look at DATA_DIR/sandpod.db and the free space beside it" },
	{ .name = "Podman",
	  .begin = step_engine,
	  .means = "no container can be made",
	  .mend = "install podman and runc (apt-get install podman runc), run as root, and in a "
		  "container run it privileged; or set PODMAN_SOCKET to a Podman elsewhere" },
	{ .name = "engine",
	  .begin = step_engine_info,
	  .means = "it is not known what Podman can do here",
	  .mend = "try `podman info` on the machine that runs Podman" },
	{ .name = "image",
	  .begin = step_image,
	  .means = "there is nothing to make containers of",
	  .mend = "set SANDBOX_IMAGE to an image that can be pulled from here, or to `builtin` "
		  "after "
		  "`make image`" },
	{ .name = "images",
	  .begin = step_images,
	  .means = "create_container can make none of the further images",
	  .mend = "look at SANDBOX_IMAGES and IMAGE_STORE" },
	{ .name = "network",
	  .begin = step_network,
	  .means = "containers have no network (mode none)",
	  .mend = "install nftables and iptables, and run where bridges can be made" },
	{ .name = "containers",
	  .begin = step_sandboxes,
	  .means = "containers of earlier runs cannot be taken up, and no new ones made",
	  .mend = "keep the files `agent` and `builtin.tar` of the build beside the program, and "
		  "look "
		  "at the free space of DATA_DIR" },
	{ .name = "isolation",
	  .begin = step_prove,
	  .means = "a limit would only exist on paper",
	  .mend = "run on a machine whose cgroups can be written (in a container: privileged), or "
		  "name "
		  "the limit in ALLOW_UNENFORCED if you accept that" },
	{ .name = "pool",
	  .begin = step_pool,
	  .means = "every container is made when it is asked for",
	  .mend = "look at the settings SANDBOX_… and POOL_SIZE",
	  .server_only = true },
	{ .name = "front",
	  .begin = step_front,
	  .means = "nobody can connect",
	  .mend = "choose another PORT or HOST",
	  .server_only = true },
	{ .name = NULL },
};

static void on_step_deadline(void *ctx)
{
	struct app *app = ctx;
	struct error err;

	error_set(&err, ERROR_TIMEOUT, "it did not finish in %d minutes",
		  STEP_DEADLINE_MS / 60 / 1000);
	step_done(app, &err);
}

static bool is_wanted(const struct app *app, const struct app_step *step)
{
	return !(step->server_only && app->options.mode == APP_DOCTOR);
}

static void begin_step(struct app *app)
{
	struct error err;

	log_debug("start", "%s", app->step->name);
	app->step_deadline = timer_start(app->loop, STEP_DEADLINE_MS, 0, on_step_deadline, app);
	if (!app->step->begin(app, &err))
		step_done(app, &err);
}

static void finish(struct app *app)
{
	app->started = true;
	if (app->options.mode == APP_DOCTOR) {
		doctor_end(app, true);
		stop_begin(app);
	}
}

static void fail(struct app *app, const struct error *err)
{
	app->status = 1;
	if (app->options.mode == APP_DOCTOR) {
		for (const struct app_step *s = app->step + 1; s->name; s++)
			if (is_wanted(app, s))
				doctor_not_tried(s);
		doctor_end(app, false);
	} else {
		log_error("start", "%s: %s", app->step->name, err->text);
		fprintf(stderr,
			"sandpod cannot start. %s: %s\n  so: %s\n  do: %s\n"
			"`sandpod doctor` tries everything and prints a table.\n",
			app->step->name, err->text, app->step->means, app->step->mend);
	}
	stop_begin(app);
}

void step_done(struct app *app, const struct error *err)
{
	if (app->started || app->stopping || !app->step_deadline)
		return; /* a late answer of a step that was given up */
	timer_stop(app->step_deadline);
	app->step_deadline = NULL;
	if (app->options.mode == APP_DOCTOR)
		doctor_row(app, app->step, err);
	if (err) {
		fail(app, err);
		return;
	}
	do
		app->step++;
	while (app->step->name && !is_wanted(app, app->step));
	if (app->step->name)
		begin_step(app);
	else
		finish(app);
}

void start_run(struct app *app)
{
	app->step = app_steps;
	begin_step(app);
}
