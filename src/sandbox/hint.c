/* What can be done about the way a command ended: a missing program names its package and how to
 * get it, a limit names the argument that raises it.  Only where we know something.  What the
 * command printed is hostile text: a program's name is taken from it only if it looks like one. */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum { PROGRAM_SIZE = 48, NOT_FOUND = 127 };

/* Programs whose package is called otherwise; the others are called as they are. */
static const struct {
	const char *program, *apk, *apt;
} packages[] = {
	{ "python", "python3", "python3" },
	{ "pip", "py3-pip", "python3-pip" },
	{ "pip3", "py3-pip", "python3-pip" },
	{ "node", "nodejs", "nodejs" },
	{ "npx", "npm", "npm" },
	{ "gcc", "build-base", "build-essential" },
	{ "cc", "build-base", "build-essential" },
	{ "g++", "build-base", "build-essential" },
	{ "java", "openjdk17-jre", "default-jre-headless" },
	{ "javac", "openjdk17-jdk", "default-jdk-headless" },
	{ "rustc", "rust", "rustc" },
	{ "go", "go", "golang-go" },
	{ "sqlite3", "sqlite", "sqlite3" },
	{ "ssh", "openssh-client", "openssh-client" },
	{ "psql", "postgresql-client", "postgresql-client" },
	{ "rg", "ripgrep", "ripgrep" },
	{ "convert", "imagemagick", "imagemagick" },
};

/* Those that are worth naming a package for; what is not here may be a spelling mistake. */
static const char *const common[] = {
	"python3", "npm",  "git",    "curl",  "wget", "make",   "bash",  "cmake", "cargo",
	"ruby",    "perl", "php",    "jq",    "zip",  "unzip",  "rsync", "tree",  "file",
	"vim",     "nano", "ffmpeg", "patch", "tmux", "strace", "gawk",  "lua",
};

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static const char *manager_of(const struct container_row *container, const char *runtimes)
{
	const char *image = container->image ? container->image : "";

	if (has_word(runtimes, "apk") || strstr(image, "alpine"))
		return "apk";
	if (has_word(runtimes, "apt-get") || strstr(image, "debian") || strstr(image, "ubuntu"))
		return "apt";
	return NULL;
}

/* The package that brings a program; NULL when nothing is known of it. */
static const char *package_of(const char *program, const char *manager)
{
	bool apk = strcmp(manager, "apk") == 0;

	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strcmp(program, packages[i].program) == 0)
			return apk ? packages[i].apk : packages[i].apt;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (strcmp(program, common[i]) == 0)
			return common[i];
	return NULL;
}

static bool is_program_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == '+';
}

/* "sh: 1: NAME: not found", "bash: line 1: NAME: command not found", "sh: NAME: not found". */
static bool missing_program(const char *said, char ret_program[PROGRAM_SIZE])
{
	const char *end = strstr(said, ": command not found");
	const char *at;
	size_t len;

	if (!end)
		end = strstr(said, ": not found");
	if (!end)
		return false;
	for (at = end; at > said && is_program_char(at[-1]);)
		at--;
	len = (size_t)(end - at);
	if (len == 0 || len >= PROGRAM_SIZE || at - said < 2 || at[-1] != ' ' || at[-2] != ':')
		return false;
	memcpy(ret_program, at, len);
	ret_program[len] = '\0';
	return true;
}

static char *hint_missing(const struct container_row *container, const char *runtimes,
			  const char *program)
{
	const char *manager = manager_of(container, runtimes);
	const char *package = manager ? package_of(program, manager) : NULL;
	bool offline = container->network && strcmp(container->network, "none") == 0;

	if (package && offline)
		return mem_format("%s is not in this image, and this container has no network to "
				  "install it from (create_container takes network); there are: %s",
				  program, runtimes);
	if (package)
		return mem_format(
			"%s is not in this image; execute_command \"%s %s\" installs it", program,
			strcmp(manager, "apk") == 0 ? "apk add"
						    : "apt-get update && apt-get install -y",
			package);
	if (runtimes[0])
		return mem_format("%s is not in this image; there are: %s", program, runtimes);
	return NULL;
}

/* Whether a bigger container can be had at all. */
static const char *advice(int64_t have, int64_t most, const char *raise)
{
	return have < most ? raise : "that is the most this server gives";
}

static char *hint_memory(const struct container_row *container,
			 const struct sandbox_settings *settings)
{
	return mem_format(
		"the container's memory limit of %lld MiB was hit: use less at a time (%s)",
		(long long)(container->memory >> 20),
		advice(container->memory, settings->memory,
		       "create_container takes a larger memory_mb"));
}

static char *hint_pids(const struct container_row *container,
		       const struct sandbox_settings *settings)
{
	/* kill is built into every shell: it needs no process of its own. */
	return mem_format(
		"all %lld processes that the container may have were in use: end some with "
		"kill_command, or all of them with execute_command \"kill -9 -1\" (%s)",
		(long long)container->pids,
		advice(container->pids, settings->pids, "create_container takes a larger pids"));
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* As a command's own end, or as its shell tells it. */
static bool ended_by(const struct command_row *row, int signal)
{
	return (is(row->state, "killed") && row->signal == signal) ||
	       (is(row->state, "exited") && row->exit_code == 128 + signal);
}

char *hint_make(const struct command_row *row, const struct container_row *container,
		const struct sandbox_settings *settings, const char *runtimes, const char *said)
{
	char program[PROGRAM_SIZE];

	if (is(row->state, "timed_out"))
		return mem_format("it was killed after %lld ms; kill_after_seconds gives a command "
				  "more time, within the container's life",
				  (long long)row->kill_after_ms);
	if (is(row->state, "oom_killed") || is(row->reason, REASON_OOM))
		return hint_memory(container, settings);
	if (is(row->reason, REASON_PIDS))
		return hint_pids(container, settings);
	/* All that the filter ends a program for; what else it forbids only fails. */
	if (ended_by(row, SIGSYS))
		return mem_strdup("it made a system call of another kind of machine, as 32-bit "
				  "programs do: they do not run here, a 64-bit build does");
	if (is(row->state, "exited") && row->exit_code == NOT_FOUND &&
	    missing_program(said, program))
		return hint_missing(container, runtimes, program);
	return NULL;
}
