/* The images that create_container may name beside the default one.  Those that are there are found
 * before anybody connects; the others are brought one after another while the server serves, and
 * tried again later: one that cannot be had keeps nobody from the rest. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include "log.h"

enum { RETRY_MS = 5 * 60 * 1000 };

static const char coming[] = "it is still being fetched";

struct images {
	struct app *app;
	struct sandbox_image list[CONFIG_IMAGES_MAX + 1];
	char *references[CONFIG_IMAGES_MAX]; /* what list points to, each the list's own */
	char *names[CONFIG_IMAGES_MAX];
	char *tars[CONFIG_IMAGES_MAX]; /* the file of one that is imported; NULL: pulled */
	char *problems[CONFIG_IMAGES_MAX];
	size_t count;
	size_t at; /* the one under way */
	struct timer *retry;
};

static void set_missing(struct images *images, size_t at, const char *why)
{
	char *problem = why ? mem_strdup(why) : NULL;

	free(images->problems[at]);
	images->problems[at] = problem;
	images->list[at].missing = problem;
}

/* The tag names the file's size and time, so that a rebuilt one is imported anew. */
static char *reference_of_tar(const char *name, const char *path)
{
	struct stat st = { 0 };

	(void)stat(path, &st);
	return mem_format("localhost/sandpod-%s:%" PRIx64 "-%" PRIx64, name, (uint64_t)st.st_size,
			  (uint64_t)st.st_mtime);
}

static void add_image(struct images *images, const struct config_image *image)
{
	size_t at = images->count++;
	bool is_tar = image->reference[0] == '/';

	images->names[at] = mem_strdup(image->name);
	images->tars[at] = is_tar ? mem_strdup(image->reference) : NULL;
	images->references[at] = is_tar ? reference_of_tar(image->name, image->reference)
					: mem_strdup(image->reference);
	images->list[at].name = images->names[at];
	images->list[at].reference = images->references[at];
	set_missing(images, at, coming);
}

static struct images *images_new(struct app *app)
{
	struct images *images = mem_new(struct images);
	const char *list = app->config.sandbox_images;
	struct config_image image;

	images->app = app;
	while (images->count < CONFIG_IMAGES_MAX && config_image_next(&list, &image))
		add_image(images, &image);
	return images;
}

/* --- bringing those that are not there --- */

static void bring_next(struct images *images);

static void on_retry(void *ctx)
{
	struct images *images = ctx;

	images->retry = NULL;
	images->at = 0;
	bring_next(images);
}

static void on_brought(void *ctx, const struct error *err)
{
	struct images *images = ctx;
	size_t at = images->at;

	if (err && err->kind == ERROR_CANCELLED)
		return; /* the end of everything */
	set_missing(images, at, err ? err->text : NULL);
	if (err)
		log_warn("image", "%s cannot be had (tried again later): %s", images->names[at],
			 err->text);
	else
		log_info("image", "%s is ready", images->names[at]);
	images->at++;
	bring_next(images);
}

static void on_progress(void *ctx, const char *line)
{
	const struct images *images = ctx;

	log_info("image", "%s: %s", images->names[images->at], line);
}

static void bring_next(struct images *images)
{
	struct podman *podman = images->app->podman;
	bool all_here = true;

	while (images->at < images->count && !images->list[images->at].missing)
		images->at++;
	if (images->at < images->count && images->tars[images->at]) {
		log_info("image", "making %s of %s", images->names[images->at],
			 images->tars[images->at]);
		podman_image_import(podman, images->references[images->at],
				    images->tars[images->at], on_brought, images);
		return;
	}
	if (images->at < images->count) {
		log_info("image", "pulling %s", images->references[images->at]);
		podman_image_pull(podman, images->references[images->at], on_progress, on_brought,
				  images);
		return;
	}
	for (size_t i = 0; i < images->count; i++)
		all_here = all_here && !images->list[i].missing;
	if (!all_here)
		images->retry = timer_start(images->app->loop, RETRY_MS, 0, on_retry, images);
}

/* --- finding those that are --- */

static void find_next(struct images *images);

static void on_found(void *ctx, const struct error *err)
{
	struct images *images = ctx;

	if (err && err->kind == ERROR_CANCELLED)
		return;
	if (!err || err->kind != ERROR_NOT_FOUND)
		set_missing(images, images->at, err ? err->text : NULL);
	images->at++;
	find_next(images);
}

static void find_next(struct images *images)
{
	struct app *app = images->app;

	if (images->at < images->count) {
		podman_image_find(app->podman, images->references[images->at], on_found, images);
		return;
	}
	images->at = 0;
	if (app->options.mode != APP_DOCTOR)
		bring_next(images);
	step_done(app, NULL);
}

bool step_images(struct app *app, struct error *err)
{
	(void)err;
	app->images = images_new(app);
	find_next(app->images);
	return true;
}

const struct sandbox_image *images_list(const struct app *app)
{
	return app->images->list;
}

void images_close(struct app *app)
{
	struct images *images = take(app->images);

	if (!images)
		return;
	timer_stop(images->retry);
	for (size_t i = 0; i < images->count; i++) {
		free(images->names[i]);
		free(images->references[i]);
		free(images->tars[i]);
		free(images->problems[i]);
	}
	free(images);
}
