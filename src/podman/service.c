/* A Podman service of our own, as a child.
 *
 *   starting --ping answered--> up --died--> waiting --back-off over--> starting
 *
 * It ends with us (PR_SET_PDEATHSIG) and nothing that it started ends with it.  When it dies
 * several times in a row without having answered, we give up and hand on what it printed last. */
#include "internal.h"
#include "clock.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>

enum {
	PING_FIRST_MS = 20,
	PING_LAST_MS = 500,
	START_MAX_MS = 30000, /* from spawning to the first answer */
	YOUNG_MS = 10000,     /* one that dies before this is waited for longer each time */
	STILL_BIRTHS_MAX = 5,
	BACK_OFF_FIRST_MS = 100,
	BACK_OFF_LAST_MS = 5000,
	STOP_MS = 2000,
	LINE_MAX_BYTES = 4096,
};

enum service_state { SERVICE_STARTING, SERVICE_UP, SERVICE_WAITING, SERVICE_FAILED };

struct podman_service {
	struct loop *loop;
	struct service_paths paths;
	char *driver;       /* for --storage-driver */
	char *store_option; /* for --storage-opt; NULL: none */
	char **env;
	const struct podman_service_events *events;
	void *ctx;

	enum service_state state;
	struct child *child;
	int64_t born_ms;
	struct timer *timer; /* the next ping, or the end of the back-off */
	int64_t ping_wait_ms;
	struct podman *podman;
	struct podman_call *ping;
	int young_deaths; /* in a row: for the back-off */
	int still_births; /* in a row: it never answered */
	struct buf line;  /* being printed */
	char *last_words; /* the last line that was trouble */
};

/* --- the child ----------------------------------------------------------------------------- */

/* What a service may know of our environment: how to find programs and reach registries. */
static const char *const inherited[] = {
	"PATH=",     "LANG=",       "LC_ALL=",      "TZ=",       "HTTP_PROXY=",    "HTTPS_PROXY=",
	"NO_PROXY=", "http_proxy=", "https_proxy=", "no_proxy=", "SSL_CERT_FILE=", "SSL_CERT_DIR=",
};
enum { INHERITED_COUNT = sizeof(inherited) / sizeof(inherited[0]), OWN_COUNT = 7 };

extern char **environ;

static const char *inherited_value(const char *prefix)
{
	for (char **entry = environ; entry && *entry; entry++)
		if (strncmp(*entry, prefix, strlen(prefix)) == 0)
			return *entry;
	return NULL;
}

static char **make_env(const struct service_paths *paths)
{
	char **env = mem_array(char *, INHERITED_COUNT + OWN_COUNT + 1);
	size_t count = 0;

	for (size_t i = 0; i < INHERITED_COUNT; i++)
		if (inherited_value(inherited[i]))
			env[count++] = mem_strdup(inherited_value(inherited[i]));
	/* policy.json is looked for below HOME first, and there is no setting for it. */
	env[count++] = mem_format("HOME=%s", paths->home);
	env[count++] = mem_format("TMPDIR=%s", paths->tmp);
	env[count++] = mem_format("CONTAINERS_CONF=%s", paths->containers_conf);
	env[count++] = mem_format("CONTAINERS_STORAGE_CONF=%s", paths->storage_conf);
	env[count++] = mem_format("CONTAINERS_REGISTRIES_CONF=%s", paths->registries_conf);
	env[count++] = mem_strdup("PODMAN_IGNORE_CGROUPSV1_WARNING=1");
	return env;
}

static void free_env(char **env)
{
	for (char **entry = env; entry && *entry; entry++)
		free(*entry);
	free(env);
}

/* A line of logrus (time="…" level=warning msg="…"), a bare "Error: …", or the progress of an
 * image, which is nobody's trouble. */
static bool is_trouble(const char *line)
{
	/* Said of every link whose container was removed under it, as all of ours are. */
	if (strstr(line, "attaching to container") || strstr(line, "container not running"))
		return false;
	return strstr(line, "level=warn") || strstr(line, "level=error") ||
	       strstr(line, "level=fatal") || strncmp(line, "Error", 5) == 0 ||
	       strncmp(line, "setpriv", 7) == 0;
}

static void end_line(struct podman_service *service)
{
	const char *line = buf_text(&service->line);

	if (is_trouble(line)) {
		free(service->last_words);
		service->last_words = mem_strdup(line);
		log_warn("podman", "%s", line);
	} else if (*line) {
		log_debug("podman", "%s", line);
	}
	buf_clear(&service->line);
}

static void on_output(void *ctx, const char *data, size_t len)
{
	struct podman_service *service = ctx;

	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n')
			end_line(service);
		else
			(void)buf_add(&service->line, &data[i], 1);
	}
}

static void save_pid(const struct podman_service *service)
{
	auto_fd fd = open(service->paths.pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	/* Without it a leftover is only not found. */
	if (fd >= 0)
		(void)dprintf(fd, "%d\n", child_pid(service->child));
}

static void on_exit_of_service(void *ctx, int exit_code, int signal);

enum { ARGS_MAX = 24 };

/* What storage.conf says of further storages does not count beside --root (4.3.1). */
static void add_service(const struct podman_service *service, const char *uri,
			const char *argv[ARGS_MAX])
{
	size_t count = 0;

	while (argv[count])
		count++;
	if (service->store_option) {
		argv[count++] = "--storage-opt";
		argv[count++] = service->store_option;
	}
	argv[count++] = "system";
	argv[count++] = "service";
	argv[count++] = "--time=0";
	argv[count] = uri;
}

static bool spawn(struct podman_service *service, struct error *err)
{
	auto_str uri = mem_format("unix://%s", service->paths.socket);
	const char *argv[ARGS_MAX] = {
		"setpriv",
		"--pdeathsig",
		"KILL",
		"podman",
		"--root",
		service->paths.storage,
		"--runroot",
		service->paths.runroot,
		"--tmpdir",
		service->paths.tmpdir,
		"--storage-driver",
		service->driver,
		"--log-level",
		"warn",
	};
	const struct child_options options = {
		.argv = argv,
		.env = (const char *const *)service->env,
		.cwd = service->paths.run, /* conmon writes a file "oom" where it works */
		.on_output = on_output,
		.on_exit = on_exit_of_service,
		.ctx = service,
	};

	add_service(service, uri, argv);
	(void)unlink(service->paths.socket);
	service->child = child_spawn(service->loop, &options, err);
	if (!service->child)
		return error_wrap(err, "starting Podman's service");
	service->born_ms = clock_mono_ms();
	service->state = SERVICE_STARTING;
	service->ping_wait_ms = PING_FIRST_MS;
	save_pid(service);
	return true;
}

/* --- up and down --------------------------------------------------------------------------- */

static void stop_pinging(struct podman_service *service)
{
	timer_stop(service->timer);
	service->timer = NULL;
	/* With the call its callback goes: nothing of ours waits for it. */
	podman_close(service->podman);
	service->podman = NULL;
}

static void on_ping_due(void *ctx);

static void on_ping(void *ctx, const struct error *err)
{
	struct podman_service *service = ctx;

	service->ping = NULL;
	if (err && err->kind == ERROR_CANCELLED)
		return;
	if (!err) {
		service->state = SERVICE_UP;
		service->still_births = 0;
		log_info("podman", "the service is up after %lld ms",
			 (long long)(clock_mono_ms() - service->born_ms));
		service->events->on_up(service->ctx);
		return;
	}
	if (clock_mono_ms() - service->born_ms > START_MAX_MS) {
		child_signal(service->child, SIGKILL);
		return;
	}
	service->ping_wait_ms *= 2;
	if (service->ping_wait_ms > PING_LAST_MS)
		service->ping_wait_ms = PING_LAST_MS;
	timer_reset(service->timer, service->ping_wait_ms);
}

static void on_ping_due(void *ctx)
{
	struct podman_service *service = ctx;

	service->ping = podman_ping(service->podman, on_ping, service);
}

/* Spawns it and begins to ask whether it is there. */
static bool bring_up(struct podman_service *service, struct error *err)
{
	service->podman = podman_open(service->loop, service->paths.socket, err);
	if (!service->podman)
		return false;
	if (!spawn(service, err)) {
		podman_close(service->podman);
		service->podman = NULL;
		return false;
	}
	service->timer = timer_start(service->loop, service->ping_wait_ms, 0, on_ping_due, service);
	return true;
}

static void give_up(struct podman_service *service, const struct error *err)
{
	service->state = SERVICE_FAILED;
	service->events->on_failed(service->ctx, err);
}

/* The message inside of a logrus line, or the whole line. */
static const char *message_of(const char *line)
{
	const char *message = line ? strstr(line, "msg=") : NULL;

	return message ? message + strlen("msg=") : line;
}

static void give_up_after_deaths(struct podman_service *service)
{
	const char *words = message_of(service->last_words);
	char clean[300] = "nothing";
	struct error err;

	if (words)
		failure_clean(words, strlen(words), clean, sizeof(clean));
	error_set(&err, ERROR_UNAVAILABLE,
		  "Podman's service does not come up: it ended %d times in a row; it last said: %s",
		  service->still_births, clean);
	give_up(service, &err);
}

static void on_back_off_over(void *ctx)
{
	struct podman_service *service = ctx;
	struct error err;

	timer_stop(service->timer);
	service->timer = NULL;
	if (!bring_up(service, &err))
		give_up(service, &err);
}

static void wait_and_retry(struct podman_service *service)
{
	int64_t wait_ms = BACK_OFF_FIRST_MS;

	for (int i = 1; i < service->young_deaths && wait_ms < BACK_OFF_LAST_MS; i++)
		wait_ms *= 2;
	service->state = SERVICE_WAITING;
	service->timer = timer_start(service->loop, wait_ms, 0, on_back_off_over, service);
}

static void on_exit_of_service(void *ctx, int exit_code, int signal)
{
	struct podman_service *service = ctx;
	bool was_up = service->state == SERVICE_UP;
	bool was_young = clock_mono_ms() - service->born_ms < YOUNG_MS;

	service->child = NULL;
	end_line(service);
	stop_pinging(service);
	(void)unlink(service->paths.pid_file);
	service->young_deaths = was_young ? service->young_deaths + 1 : 1;
	if (!was_up)
		service->still_births++;
	log_warn("podman", "the service ended (status %d, signal %d)", exit_code, signal);
	service_orphans_kill(service->paths.socket);
	if (service->still_births >= STILL_BIRTHS_MAX) {
		give_up_after_deaths(service);
		return;
	}
	wait_and_retry(service);
	if (was_up)
		service->events->on_down(service->ctx);
}

/* --- ending ---------------------------------------------------------------------------------- */

/* Waits until a process is dead (it may stay a zombie for the loop to reap). */
static bool wait_for_death(int pid, int wait_ms)
{
	auto_fd pidfd = pidfd_open(pid, 0);
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };

	return pidfd < 0 || poll(&poll_fd, 1, wait_ms) > 0;
}

/* Whether the command line of a process has our socket in it: it is a service of this data
 * directory, and not somebody who was given its number. */
static bool is_our_service(int pid, const char *socket)
{
	auto_str path = mem_format("/proc/%d/cmdline", pid);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[8192];
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	return len > 0 && memmem(text, (size_t)len, socket, strlen(socket)) != NULL;
}

/* A service whose server was killed in the moment between its start and its pdeathsig. */
static void kill_leftover(const struct service_paths *paths)
{
	FILE *file = fopen(paths->pid_file, "re");
	int pid = 0;

	if (file) {
		if (fscanf(file, "%d", &pid) != 1)
			pid = 0;
		fclose(file);
	}
	if (pid <= 1 || !is_our_service(pid, paths->socket))
		return;
	log_warn("podman", "killing a leftover service, process %d", pid);
	if (kill(pid, SIGKILL) == 0)
		(void)wait_for_death(pid, STOP_MS);
}

/* Without the right to mount there will be no containers either: Podman says that better. */
static void share_mounts(const struct podman_service *service)
{
	struct error err;

	if (!mounts_share(&service->paths, &err))
		log_warn("podman", "%s", err.text);
}

static void service_free(struct podman_service *service)
{
	stop_pinging(service);
	service_paths_release(&service->paths);
	free(service->driver);
	free(service->store_option);
	free_env(service->env);
	buf_release(&service->line);
	free(service->last_words);
	free(service);
}
OWNED_BY_SCOPE(service, struct podman_service *, service_free)

struct podman_service *podman_service_start(struct loop *loop, const char *data_dir,
					    const struct podman_machine *machine,
					    const struct podman_service_events *events, void *ctx,
					    struct error *err)
{
	AUTO(service) struct podman_service *service = mem_new(struct podman_service);
	bool is_vfs = strcmp(machine->storage_driver, "vfs") == 0;

	service->loop = loop;
	service->events = events;
	service->ctx = ctx;
	service->line = BUF_INIT(LINE_MAX_BYTES);
	service->driver = mem_strdup(is_vfs ? "vfs" : "overlay");
	if (machine->image_store)
		service->store_option =
			mem_format("%s.imagestore=%s", service->driver, machine->image_store);
	service_paths_init(&service->paths, data_dir);
	service->env = make_env(&service->paths);
	if (strlen(service->paths.socket) >= SOCKET_PATH_MAX) {
		error_set(err, ERROR_INVALID,
			  "DATA_DIR is too long: the path of Podman's socket in it must be shorter "
			  "than %d bytes",
			  SOCKET_PATH_MAX);
		return NULL;
	}
	kill_leftover(&service->paths);
	service_orphans_kill(service->paths.socket);
	if (!service_files_write(&service->paths, machine, err))
		return NULL;
	share_mounts(service);
	if (!bring_up(service, err))
		return NULL;
	return take(service);
}

const char *podman_service_socket(const struct podman_service *service)
{
	return service->paths.socket;
}

void podman_service_restart(struct podman_service *service)
{
	if (service->child)
		child_signal(service->child, SIGKILL);
}

void podman_service_stop(struct podman_service *service)
{
	if (!service)
		return;
	if (service->child) {
		int pid = child_pid(service->child);

		child_signal(service->child, SIGTERM);
		if (!wait_for_death(pid, STOP_MS)) {
			child_signal(service->child, SIGKILL);
			(void)wait_for_death(pid, STOP_MS);
		}
		child_forget(service->child);
		service_orphans_kill(service->paths.socket);
		(void)unlink(service->paths.pid_file);
		(void)unlink(service->paths.socket);
	}
	mounts_unshare(&service->paths);
	service_free(service);
}
