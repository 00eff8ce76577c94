/* The data directory: made if it is missing, locked so that two servers never share one, and the
 * database in it. */
#include "internal.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PLACES_MAX = 64, REMOVE_FDS = 32 };

/* Makes the directory with its parents, readable for nobody else. */
static bool make_dirs(const char *path, struct error *err)
{
	auto_str copy = mem_strdup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0711) < 0 && errno != EEXIST)
			return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot make %s",
					       copy);
		*p = '/';
	}
	if (mkdir(copy, 0711) < 0 && errno != EEXIST)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot make %s", copy);
	return true;
}

/* Takes the directory for us alone.  ERROR_CONFLICT when another server has it. */
static bool lock_dir(struct app *app, const char *path, struct error *err)
{
	auto_str lock_path = mem_format("%s/lock", path);
	auto_fd fd = -1;

	if (!make_dirs(path, err))
		return false;
	fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot write in %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, ERROR_CONFLICT, "another sandpod is using %s", path);
	app->lock_fd = take_fd(fd);
	app->data_dir = mem_strdup(path);
	return true;
}

/* Desktop programs start one `sandpod stdio` for each window, so stdio takes the first free place
 * beside the configured one.  Doctor always works in a place of its own, not to disturb a server.
 */
static bool lock_some_dir(struct app *app, struct error *err)
{
	const char *suffix = app->options.mode == APP_DOCTOR ? "doctor" : "stdio";

	if (app->options.mode != APP_DOCTOR && lock_dir(app, app->config.data_dir, err))
		return true;
	if (app->options.mode == APP_SERVE ||
	    (app->options.mode == APP_STDIO && err->kind != ERROR_CONFLICT))
		return false;
	for (int i = 1; i <= PLACES_MAX; i++) {
		auto_str path = mem_format("%s/%s-%d", app->config.data_dir, suffix, i);

		if (lock_dir(app, path, err))
			return true;
		if (err->kind != ERROR_CONFLICT)
			return false;
	}
	return false;
}

bool step_data_dir(struct app *app, struct error *err)
{
	if (!lock_some_dir(app, err))
		return false;
	step_done(app, NULL);
	return true;
}

bool step_store(struct app *app, struct error *err)
{
	auto_str path = mem_format("%s/sandpod.db", app->data_dir);

	app->store = store_open(path, err);
	if (!app->store || !store_probe(app->store, err))
		return false;
	step_done(app, NULL);
	return true;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

/* Doctor's place held an image, a database and a service; none is needed again. */
static void remove_place(const char *dir)
{
	(void)nftw(dir, remove_entry, REMOVE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void data_dir_close(struct app *app)
{
	if (app->store)
		store_close(take(app->store));
	if (app->options.mode == APP_DOCTOR && app->data_dir)
		remove_place(app->data_dir);
	if (app->lock_fd >= 0)
		close(app->lock_fd);
	app->lock_fd = -1;
	free(take(app->data_dir));
}

char *program_dir(void)
{
	char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (len <= 0)
		return mem_strdup(".");
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	return mem_strdup(path);
}
