/* What can be done about the way a command ended: a missing program names its package and how to
 * get it, a limit names the argument that raises it.  Only where we know something.  What the
 * command printed is hostile text: a program's name is taken from it only if it looks like one. */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum { NOT_FOUND = 127 };

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* By what the container has; the index is of its kind. */
static const char *manager_of(const char *runtimes)
{
	if (has_word(runtimes, "apk"))
		return "apk";
	return has_word(runtimes, "apt-get") ? "apt" : NULL;
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
	return program_is_plain(ret_program);
}

bool hint_wants_program(const struct hint_facts *facts, char ret_program[PROGRAM_SIZE])
{
	const struct command_row *row = facts->row;

	if (facts->missing) {
		snprintf(ret_program, PROGRAM_SIZE, "%s", facts->missing);
		return true;
	}
	return strcmp(row->state, "exited") == 0 && row->exit_code == NOT_FOUND &&
	       missing_program(facts->said, ret_program);
}

/* The call that installs it; the caller owns it. */
static char *install_call(const struct hint_facts *facts, const char *manager, const char *package)
{
	if (facts->settings->installs)
		return mem_format("install_packages(container_id=\"%s\", manager=\"%s\", "
				  "packages=[\"%s\"])",
				  facts->container->id, manager, package);
	return mem_format("execute_command \"%s %s\"",
			  strcmp(manager, "apk") == 0 ? "apk add"
						      : "apt-get update && apt-get install -y",
			  package);
}

/* What makes the call possible where there is no network. */
static const char *without_network(const struct hint_facts *facts)
{
	if (strcmp(facts->settings->network, "internet") == 0)
		return "this container has no network to fetch it from; one made with "
		       "create_container(network=\"internet\") has, and there ";
	return "no container has a network here to fetch it from; once the server's operator "
	       "allows it (SANDBOX_NETWORK=internet), ";
}

static char *hint_package(const struct hint_facts *facts, const char *program, const char *manager)
{
	const char *network = facts->container->network;
	bool offline = network && strcmp(network, "none") == 0;
	auto_str by_name = NULL;
	auto_str call = NULL;
	bool known = facts->found == PROGRAM_IN_PACKAGE;

	/* Where nothing is known: apk finds the package that has a command, apt one of its name. */
	if (!known && strcmp(manager, "apk") == 0)
		by_name = mem_format("cmd:%s", program);
	call = install_call(facts, manager, known ? facts->package : by_name ? by_name : program);
	return mem_format("%s is not in this image; %s%s %s", program,
			  offline ? without_network(facts) : "", call,
			  known     ? "brings it"
			  : by_name ? "brings it if any package has it"
				    : "brings it if its package is called the same");
}

static char *hint_missing(const struct hint_facts *facts, const char *program)
{
	const char *manager = manager_of(facts->runtimes);

	if (manager && facts->found != PROGRAM_NOWHERE)
		return hint_package(facts, program, manager);
	if (facts->runtimes[0])
		return mem_format("%s is not in this image%s; there are: %s", program,
				  facts->found == PROGRAM_NOWHERE
					  ? ", nor in any package of its distribution"
					  : "",
				  facts->runtimes);
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

char *hint_make(const struct hint_facts *facts)
{
	const struct command_row *row = facts->row;
	char program[PROGRAM_SIZE];

	if (is(row->state, "timed_out"))
		return mem_format("it was killed after %lld ms; kill_after_seconds gives a command "
				  "more time, within the container's life",
				  (long long)row->kill_after_ms);
	if (is(row->state, "oom_killed") || is(row->reason, REASON_OOM))
		return hint_memory(facts->container, facts->settings);
	if (is(row->reason, REASON_PIDS))
		return hint_pids(facts->container, facts->settings);
	/* All that the filter ends a program for; what else it forbids only fails. */
	if (ended_by(row, SIGSYS))
		return mem_strdup("it made a system call of another kind of machine, as 32-bit "
				  "programs do: they do not run here, a 64-bit build does");
	if (hint_wants_program(facts, program))
		return hint_missing(facts, program);
	return NULL;
}
