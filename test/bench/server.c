/* Starting and ending the server under test. */
#include "server.h"
#include "cli.h"
#include "data_dir.h"
#include "rest.h"
#include "stats.h"
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	START_MS = 60000,
	END_MS = 120000, /* with hundreds of containers to remove */
	ENV_MAX = 32,
	LEAVE_MS = 10000,
	POLL_MS = 50,
};

extern char **environ;

/* What every server of the bench has; a later setting of the same name wins. */
static const char *const common[] = {
	"PORT=0",
	"HOST=127.0.0.1",
	"SANDBOX_IMAGE=builtin",
	"LOG_LEVEL=warn",
	"SANDBOX_NETWORK=none",
	"POOL_SIZE=0",
	"MAX_CONTAINERS=1000",
	NULL,
};

static bool same_name(const char *left, const char *right)
{
	size_t len = strcspn(left, "=");

	return strncmp(left, right, len + 1) == 0;
}

static void env_put(char **env, const char *entry)
{
	size_t i = 0;

	while (env[i] && !same_name(env[i], entry))
		i++;
	if (i >= ENV_MAX)
		return;
	free(env[i]);
	env[i] = mem_strdup(entry);
}

/* Nothing of ours but what finds programs: a POOL_SIZE in the shell must not change a figure. */
static char **make_env(const char *dir, const char *const *settings)
{
	char **env = mem_array(char *, ENV_MAX + 1);
	auto_str data_dir = mem_format("DATA_DIR=%s", dir);

	for (char **entry = environ; *entry; entry++)
		if (same_name("PATH=", *entry) || same_name("HOME=", *entry))
			env_put(env, *entry);
	for (const char *const *entry = common; *entry; entry++)
		env_put(env, *entry);
	env_put(env, data_dir);
	for (; settings && *settings; settings++)
		env_put(env, *settings);
	return env;
}

/* --- starting ---------------------------------------------------------------------------- */

/* The end of what it logged, for the sentence about its failure. */
static void add_log(const struct server *server, struct error *err)
{
	auto_str path = mem_format("%s/bench.log", server->dir);
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[257] = "";
	off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	ssize_t len = fd >= 0 ? pread(fd, text, 256, size > 256 ? size - 256 : 0) : 0;

	text[len > 0 ? len : 0] = '\0';
	error_wrap(err, "starting the server (it logged: … %s)", text);
}

static bool read_port(struct server *server, int fd, struct error *err)
{
	static const char words[] = "listening on http://127.0.0.1:";
	auto_buf text = BUF_INIT(65536);
	int64_t deadline_ns = ns_in(START_MS);

	for (;;) {
		const char *line = strstr(buf_text(&text), words);
		char chunk[512];
		ssize_t len;

		if (line && strchr(line, '\n')) {
			server->port = (int)strtol(line + strlen(words), NULL, 10);
			return true;
		}
		if (!wait_for_fd(fd, POLLIN, deadline_ns, err))
			return false;
		len = read(fd, chunk, sizeof(chunk));
		if (len <= 0)
			return error_set(err, ERROR_UNAVAILABLE, "it ended before it was ready");
		(void)buf_add(&text, chunk, (size_t)len);
	}
}

static bool launch(struct server *server, bool keep, struct error *err)
{
	const char *const argv[] = { server->program, "serve", keep ? NULL : "--destroy-on-exit",
				     NULL };
	auto_str log_path = mem_format("%s/bench.log", server->dir);
	auto_fd log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int64_t start_ns = now_ns();
	int out[2];
	bool done;

	if (log < 0 || pipe2(out, O_CLOEXEC) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot start the server");
	server->leaves_containers = keep;
	done = process_start(&(struct process_options){ .argv = argv,
							.env = (const char *const *)server->env,
							.out = out[1],
							.errors = log,
							.death_signal = SIGTERM },
			     &server->process, err);
	close(out[1]);
	done = done && read_port(server, out[0], err);
	server->start_ms = ms_since(start_ns);
	/* It says nothing more on it. */
	close(out[0]);
	if (!done)
		add_log(server, err);
	return done;
}

/* The image under its full name, which only a container tells. */
static bool learn_image(struct server *server, struct error *err)
{
	auto_caller caller = { 0 };
	auto_json result = NULL;

	if (!caller_open(&caller, server->port, NULL, err))
		return false;
	memcpy(server->session, caller.session, SESSION_SIZE);
	result = caller_tool(&caller, "create_container", json_object(), err);
	if (!result)
		return false;
	server->image = mem_strdup(json_get_text(result, "image"));
	return caller_destroy(&caller, json_get_text(result, "container_id"), err);
}

bool server_start(struct server *server, const char *program, const char *const *settings,
		  struct error *err)
{
	char dir[] = P_tmpdir "/spb-XXXXXX";

	*server = (struct server){ .program = program };
	if (!mkdtemp(dir))
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "no temporary directory");
	server->dir = mem_strdup(dir);
	/* The root of a user namespace has to pass through it. */
	(void)chmod(dir, 0711);
	server->env = make_env(dir, settings);
	server->socket = mem_format("%s/run/podman.sock", dir);
	return launch(server, false, err) && learn_image(server, err);
}

bool server_again(struct server *server, bool keep, struct error *err)
{
	return launch(server, keep, err);
}

/* --- ending ------------------------------------------------------------------------------ */

bool server_end(struct server *server, int signal, struct error *err)
{
	int status;

	if (server->process.pid <= 0 || kill(server->process.pid, signal) != 0)
		return error_set_errno(err, ERROR_INTERNAL, errno, "signalling the server");
	if (!process_wait(&server->process, ns_in(END_MS), &status, err))
		return error_wrap(err, "waiting for the server to end");
	return true;
}

static bool is_running(const struct server *server)
{
	struct pollfd poll_fd = { .fd = server->process.pidfd, .events = POLLIN };

	return server->process.pid > 0 && poll(&poll_fd, 1, 0) == 0;
}

/* Everything goes with a server that was told so when it started: one that was not, or that died,
 * is followed by one that is. */
static bool end_all(struct server *server, struct error *err)
{
	bool good = true;

	if (is_running(server))
		good = rest_remove_all(server, err);
	if (!is_running(server) || server->leaves_containers) {
		process_end(&server->process);
		good = launch(server, false, err) && rest_remove_all(server, err) && good;
	}
	good = server_end(server, SIGTERM, err) && good;
	process_end(&server->process);
	/* A server gives up after a while: with hundreds of containers on a busy machine it may. */
	if (!data_dir_wait(server->dir, LEAVE_MS, err))
		good = cli_remove_everything(server, err) && good;
	return data_dir_wait(server->dir, LEAVE_MS, err) && data_dir_remove(server->dir, err) &&
	       good;
}

void server_stop(struct server *server)
{
	struct error err;

	if (!server->dir)
		return;
	stop_ignore(true);
	if (!end_all(server, &err))
		fprintf(stderr, "bench: clearing up: %s\n", err.text);
	stop_ignore(false);
	for (char **entry = server->env; *entry; entry++)
		free(*entry);
	free(server->env);
	free(server->dir);
	free(server->socket);
	free(server->image);
	*server = (struct server){ 0 };
}

/* --- using ------------------------------------------------------------------------------- */

bool server_caller(const struct server *server, struct caller *ret_caller, struct error *err)
{
	return caller_open(ret_caller, server->port, server->session, err);
}

static struct json *ask_ready(const struct server *server, struct error *err)
{
	auto_caller caller = { 0 };
	struct exchange exchange = { .method = "GET",
				     .path = "/ready",
				     .deadline_ns = ns_in(START_MS) };
	struct json *reply = NULL;

	if (server_caller(server, &caller, err) && client_call(&caller.client, &exchange, err))
		reply = json_parse(exchange.answer.data, exchange.answer.len, err);
	buf_release(&exchange.answer);
	return reply;
}

bool server_wait_pool(const struct server *server, int64_t deadline_ns, enum pool_state *ret_state,
		      struct error *err)
{
	for (;;) {
		auto_json ready = ask_ready(server, err);
		const struct json *pool = json_get_object(ready, "pool");
		int64_t warm = 0, target = 0;

		if (!ready)
			return false;
		if (!json_get_int(pool, "warm", &warm) || !json_get_int(pool, "target", &target)) {
			*ret_state = POOL_NONE;
			return true;
		}
		if (target > 0 && warm >= target) {
			*ret_state = POOL_FULL;
			return true;
		}
		if (now_ns() > deadline_ns)
			return error_set(err, ERROR_TIMEOUT, "the pool has %lld of %lld in time",
					 (long long)warm, (long long)target);
		if (!wait_until(ns_in(POLL_MS), err))
			return false;
	}
}
