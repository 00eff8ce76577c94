/* app_main: settings in, the steps of start.c, the loop, and everything closed in reverse. */
#include "internal.h"
#include <signal.h>
#include <stdio.h>
#include "log.h"

/* The engine goes before the data directory's lock, so that no second server meets our service. */
static void close_all(struct app *app)
{
	front_close(app);
	sandbox_part_close(app);
	engine_close(app);
	images_close(app);
	data_dir_close(app);
	stop_close(app);
	loop_free(app->loop);
	config_release(&app->config);
}

/* Doctor's table says what is wrong; the log would only stand between its rows. */
static enum log_level least_level(const struct app *app)
{
	if (app->options.mode == APP_DOCTOR && app->config.log_level > LOG_DEBUG)
		return LOG_ERROR;
	return app->config.log_level;
}

static bool prepare(struct app *app, struct error *err)
{
	if (!config_read(&app->config, err))
		return false;
	log_open(least_level(app), app->config.log_format);
	app->loop = loop_new(err);
	return app->loop && stop_listen(app, err);
}

int app_main(const struct app_options *options)
{
	struct app app = { .options = *options, .lock_fd = -1 };
	struct error err;

	signal(SIGPIPE, SIG_IGN);
	if (!prepare(&app, &err)) {
		fprintf(stderr, "sandpod: %s\n", err.text);
		config_release(&app.config);
		return 1;
	}
	start_run(&app);
	loop_run(app.loop);
	close_all(&app);
	return app.status;
}
