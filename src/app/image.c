/* The image that containers are made of: found, else pulled, else (when nobody asked for a
 * particular one) made of the root file system that `make image` builds from the distribution's own
 * packages. */
#include "internal.h"
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include "log.h"

#define BUILTIN "builtin" /* SANDBOX_IMAGE=builtin: do not try to pull anything */

/* The tar file beside the program, or where a package puts it; NULL when there is none. */
static char *find_builtin(struct stat *ret_stat)
{
	auto_str dir = program_dir();
	char *candidates[] = { mem_format("%s/builtin.tar", dir),
			       mem_format("%s/../share/sandpod/builtin.tar", dir) };
	char *found = NULL;

	for (size_t i = 0; i < 2; i++) {
		if (!found && stat(candidates[i], ret_stat) == 0 && S_ISREG(ret_stat->st_mode))
			found = take(candidates[i]);
		free(candidates[i]);
	}
	return found;
}

/* Ends the step unless the image is only missing. */
static bool is_settled(struct app *app, const struct error *err)
{
	if (err && err->kind == ERROR_NOT_FOUND)
		return false;
	step_done(app, err);
	return true;
}

static void on_imported(void *ctx, const struct error *err)
{
	step_done(ctx, err);
}

static void on_builtin_found(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	if (is_settled(app, err))
		return;
	log_info("image", "making %s of the built-in root file system", app->image);
	podman_image_import(app->podman, app->image, app->import_path, on_imported, app);
}

/* The tag names the file's size and time, so that a rebuilt one is imported anew. */
static bool use_builtin(struct app *app, struct error *err)
{
	struct stat st;

	app->import_path = find_builtin(&st);
	if (!app->import_path)
		return error_set(err, ERROR_NOT_FOUND,
				 "there is no built-in root file system beside the program");
	free(app->image);
	app->image = mem_format("localhost/sandpod-builtin:%" PRIx64 "-%" PRIx64,
				(uint64_t)st.st_size, (uint64_t)st.st_mtime);
	podman_image_find(app->podman, app->image, on_builtin_found, app);
	return true;
}

static void on_progress(void *ctx, const char *line)
{
	const struct app *app = ctx;

	log_info("image", "%s: %s", app->image, line);
}

static void on_pulled(void *ctx, const struct error *err)
{
	struct app *app = ctx;
	struct error problem;

	if (!err) {
		step_done(app, NULL);
		return;
	}
	if (!app->config.sandbox_image_is_default) {
		step_done(app, err);
		return;
	}
	log_warn("image", "%s cannot be pulled (%s); using the built-in one", app->image,
		 err->text);
	if (!use_builtin(app, &problem)) {
		problem = *err;
		error_wrap(&problem, "%s cannot be pulled and there is no built-in image",
			   app->image);
		step_done(app, &problem);
	}
}

static void on_found(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	if (is_settled(app, err))
		return;
	log_info("image", "pulling %s", app->image);
	podman_image_pull(app->podman, app->image, on_progress, on_pulled, app);
}

bool step_image(struct app *app, struct error *err)
{
	if (strcmp(app->config.sandbox_image, BUILTIN) == 0)
		return use_builtin(app, err);
	app->image = mem_strdup(app->config.sandbox_image);
	podman_image_find(app->podman, app->image, on_found, app);
	return true;
}
