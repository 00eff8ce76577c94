/* The domain: opened over the database, told about Podman, and its walls measured once before
 * anybody is let in. */
#include "internal.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"

/* The rlimits of a container.  The pids cgroup is the real bound of processes; 4096 is a value that
 * runc may set without CAP_SYS_RESOURCE (it was refused 96343, which is this machine's own). */
enum { OPEN_FILES_MAX = 65536, OPEN_FILES_USUAL = 4096, PROCESSES_MAX = 4096 };

static int64_t at_most(int64_t number, int64_t most)
{
	return number < most ? number : most;
}

/* Podman's own limits are the highest that it can give.  Those of one that we did not start may be
 * lower than ours: the usual ones of Linux are to be had everywhere. */
static void fill_rlimits(const struct app *app, struct sandbox_settings *settings)
{
	settings->open_files_max = OPEN_FILES_USUAL;
	settings->processes_max = PROCESSES_MAX;
	if (!app->service)
		return;
	settings->open_files_max = at_most(app->machine.open_files_max, OPEN_FILES_MAX);
	settings->processes_max = at_most(app->machine.processes_max, PROCESSES_MAX);
}

/* Two births keep two processors busy; one alone waits half of its time. */
static int64_t births_most(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 2 ? cores : 2;
}

static void fill_settings(struct app *app)
{
	app->settings = (struct sandbox_settings){
		.data_dir = app->data_dir,
		.agent_path = app->agent_path,
		.base_url = app->base_url,
		.image = app->image,
		.images = images_list(app),
		.memory = app->config.sandbox_memory,
		.cpu_milli = app->config.sandbox_cpu_milli,
		.pids = app->config.sandbox_pids,
		.disk = app->config.sandbox_disk,
		.ttl_ms = app->config.sandbox_ttl_ms,
		.network = app->fenced ? "internet" : "none",
		.network_name = app->network_name,
		.bridge = app->fenced ? app->interface_name : NULL,
		.command_timeout_ms = app->config.command_timeout_ms,
		.output_limit = app->config.output_limit,
		.output_spool = app->config.output_spool,
		.upload_limit = app->config.upload_limit,
		.pip_index = app->config.pip_index,
		.npm_registry = app->config.npm_registry,
		.apk_mirror = app->config.apk_mirror,
		.apt_mirror = app->config.apt_mirror,
		.max_containers = app->config.max_containers,
		.pool_size = app->config.pool_size,
		.births_most = births_most(),
		.installs = config_list_has(app->config.tool_sets, "code"),
		.exec_links = strcmp(app->config.sandbox_link, "exec") == 0,
		.allow_unenforced = app->config.allow_unenforced,
	};
	fill_rlimits(app, &app->settings);
}

static void on_wedged(void *ctx)
{
	struct app *app = ctx;

	if (!app->service || app->stopping)
		return;
	log_warn("podman", "a call that is always quick did not come back; restarting the service");
	podman_service_restart(app->service);
}

bool step_sandboxes(struct app *app, struct error *err)
{
	auto_str dir = program_dir();
	struct stat st;

	app->agent_path = mem_format("%s/agent", dir);
	if (stat(app->agent_path, &st) < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno,
				       "%s, the program that becomes process 1, cannot be found",
				       app->agent_path);
	fill_settings(app);
	app->sandboxes = sandboxes_open(app->loop, app->store, app->podman, &app->settings, err);
	if (!app->sandboxes)
		return false;
	sandboxes_on_wedged(app->sandboxes, on_wedged, app);
	if (app->podman_up)
		sandboxes_podman_up(app->sandboxes);
	step_done(app, NULL);
	return true;
}

static void on_proved(void *ctx, const struct error *err)
{
	step_done(ctx, err);
}

bool step_prove(struct app *app, struct error *err)
{
	(void)err;
	log_info("start", "making a throw-away container, to measure its walls from inside");
	sandboxes_prove(app->sandboxes, on_proved, app);
	return true;
}

bool step_pool(struct app *app, struct error *err)
{
	if (!sandboxes_pool_open(app->sandboxes, err))
		return false;
	step_done(app, NULL);
	return true;
}

void sandbox_part_close(struct app *app)
{
	if (app->sandboxes)
		sandboxes_close(take(app->sandboxes));
	free(take(app->agent_path));
	free(take(app->image));
	free(take(app->import_path));
	free(take(app->network_name));
	free(take(app->interface_name));
	free(take(app->network_note));
}
