/* Command lines of podman. */
#include "cli.h"
#include "rest.h"
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CALL_MS = 120000, WORDS_MAX = 64, ENV_COUNT = 8, TRIES = 3 };

/* A command line or an environment: words that it owns. */
struct words {
	char *list[WORDS_MAX + 1];
	size_t count;
};

static void add(struct words *words, char *word)
{
	if (words->count < WORDS_MAX)
		words->list[words->count++] = word;
	else
		free(word);
}

static void add_texts(struct words *words, const char *const *texts)
{
	for (; *texts; texts++)
		add(words, mem_strdup(*texts));
}

static void auto_words_(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i]);
}
#define auto_words AUTO(words) struct words

/* What the service has: the configuration that the server wrote. */
static void add_env(struct words *env, const char *dir)
{
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			add(env, mem_strdup(*entry));
	add(env, mem_format("HOME=%s/podman/home", dir));
	add(env, mem_format("TMPDIR=%s/tmp", dir));
	add(env, mem_format("CONTAINERS_CONF=%s/podman/containers.conf", dir));
	add(env, mem_format("CONTAINERS_STORAGE_CONF=%s/podman/storage.conf", dir));
	add(env, mem_format("CONTAINERS_REGISTRIES_CONF=%s/podman/registries.conf", dir));
	add(env, mem_strdup("PODMAN_IGNORE_CGROUPSV1_WARNING=1"));
}

static void add_podman(struct words *argv, const struct cli *cli)
{
	const char *dir = cli->server->dir;

	add(argv, mem_strdup("podman"));
	if (cli->remote) {
		add(argv, mem_strdup("--url"));
		add(argv, mem_format("unix://%s", cli->server->socket));
		return;
	}
	add(argv, mem_format("--root=%s/storage", dir));
	add(argv, mem_format("--runroot=%s/run/containers", dir));
	add(argv, mem_format("--tmpdir=%s/run/libpod", dir));
}

static bool call(const struct cli *cli, struct words *argv, struct buf *output, int64_t *ret_bytes,
		 struct error *err)
{
	auto_words env = { 0 };
	struct process_run run = {
		.argv = (const char *const *)argv->list,
		.deadline_ns = ns_in(CALL_MS),
		.output = output,
	};

	add_env(&env, cli->server->dir);
	run.env = (const char *const *)env.list;
	if (!process_run(&run, err))
		return false;
	if (ret_bytes)
		*ret_bytes = run.bytes;
	return true;
}

bool cli_run(const struct cli *cli, char ret_id[CLI_ID_SIZE], struct error *err)
{
	static const char *const walls[] = {
		"run",
		"-d",
		"--label",
		"bench=1",
		"--network",
		"none",
		"--memory",
		"256m",
		"--memory-swap",
		"256m",
		"--pids-limit",
		"100",
		"--cap-drop",
		"ALL",
		"--security-opt",
		"no-new-privileges",
		"--ulimit",
		"nofile=1024:1024",
		"--ulimit",
		"nproc=4096:4096",
		"--log-driver",
		"none",
		"--entrypoint",
		"/bin/sleep",
		NULL,
	};
	auto_words argv = { 0 };
	auto_buf output = BUF_INIT(4096);
	int64_t base = bare_uid_base();

	add_podman(&argv, cli);
	add_texts(&argv, walls);
	add(&argv, mem_format("--cpus=%g", cli->cpus > 0 ? cli->cpus : 0.5));
	add(&argv, mem_format("--uidmap=0:%" PRId64 ":65536", base));
	add(&argv, mem_format("--gidmap=0:%" PRId64 ":65536", base));
	add(&argv, mem_strdup(cli->server->image));
	add(&argv, mem_strdup("3600"));
	if (!call(cli, &argv, &output, NULL, err))
		return false;
	snprintf(ret_id, CLI_ID_SIZE, "%.*s", (int)strcspn(buf_text(&output), "\n"),
		 buf_text(&output));
	return true;
}

bool cli_exec(const struct cli *cli, const char *id, const char *command, int64_t *ret_bytes,
	      struct error *err)
{
	auto_words argv = { 0 };

	add_podman(&argv, cli);
	add_texts(&argv, (const char *const[]){ "exec", id, "sh", "-c", command, NULL });
	return call(cli, &argv, NULL, ret_bytes, err);
}

bool cli_copy(const struct cli *cli, const char *from, const char *to, struct error *err)
{
	auto_words argv = { 0 };

	add_podman(&argv, cli);
	add_texts(&argv, (const char *const[]){ "cp", from, to, NULL });
	return call(cli, &argv, NULL, NULL, err);
}

bool cli_remove(const struct cli *cli, const char *id, struct error *err)
{
	auto_words argv = { 0 };

	add_podman(&argv, cli);
	add_texts(&argv, (const char *const[]){ "rm", "-f", "-t", "0", id, NULL });
	return call(cli, &argv, NULL, NULL, err);
}

bool cli_remove_everything(const struct server *server, struct error *err)
{
	const struct cli local = { .server = server };
	auto_words argv = { 0 };

	add_podman(&argv, &local);
	add_texts(&argv, (const char *const[]){ "rm", "-f", "-a", "-t", "0", NULL });
	return call(&local, &argv, NULL, NULL, err);
}

/* --- which of the two -------------------------------------------------------------------- */

static bool try_once(const struct cli *cli, struct samples *samples, struct error *err)
{
	int64_t start_ns = now_ns();
	char id[CLI_ID_SIZE];

	if (!cli_run(cli, id, err) || !cli_exec(cli, id, "true", NULL, err))
		return false;
	samples_add(samples, ms_since(start_ns));
	return cli_remove(cli, id, err);
}

bool cli_choose(const struct server *server, struct cli_choice *ret_choice, struct error *err)
{
	struct cli local = { .server = server }, remote = { .server = server, .remote = true };
	auto_samples local_samples = { 0 }, remote_samples = { 0 };

	for (int i = 0; i < TRIES; i++)
		if (!try_once(&local, &local_samples, err) ||
		    !try_once(&remote, &remote_samples, err))
			return error_wrap(err, "trying podman's command line");
	ret_choice->local_ms = samples_summary(&local_samples).p50;
	ret_choice->remote_ms = samples_summary(&remote_samples).p50;
	ret_choice->remote = ret_choice->remote_ms < ret_choice->local_ms;
	ret_choice->made = true;
	return true;
}
