/* An install: a command whose line is constant and whose script (packages.sh) travels in its
 * environment; what to install comes on standard input.  So nothing that a caller or an operator
 * writes is ever read by a shell. */
#include <stdio.h>
#include <string.h>
#include "buf.h"
#include "packages.h"

/* The limit on literals is the standard's least; every compiler here takes far longer ones. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

static const char script[] =
#include "packages.inc"
	;

const char *const package_managers[] = { "pip", "npm", "apk", "apt", NULL };

enum { LIST_MAX = PACKAGES_MAX * (2 * PACKAGE_TEXT_MAX + 2) };

/* The program of each manager, as process 1 found it: perhaps with a version behind it. */
static bool has_program(const char *runtimes, const char *manager)
{
	const char *program = strcmp(manager, "pip") == 0   ? "pip3"
			      : strcmp(manager, "apt") == 0 ? "apt-get"
							    : manager;
	size_t len = strlen(program);

	for (const char *at = strstr(runtimes, program); at; at = strstr(at + 1, program))
		if ((at == runtimes || at[-1] == ' ') && strchr(" .", at[len]))
			return true;
	return false;
}

static const char *choose_manager(const struct sandbox *sb, const char *wish, struct error *err)
{
	const char *runtimes = sb->hello.runtimes;

	if (wish)
		return wish;
	for (const char *const *manager = package_managers; *manager; manager++)
		if (has_program(runtimes, *manager))
			return *manager;
	error_set(err, ERROR_INVALID,
		  "the image of container %s has none of pip, npm, apk and apt; there are: %s",
		  sb->row.id, runtimes);
	error_advise(err,
		     "name the manager if one was added since, or make a container with "
		     "another image",
		     false);
	return NULL;
}

static const char *index_of(const struct sandbox_settings *settings, const char *manager)
{
	const char *index = settings->apt_mirror;

	if (strcmp(manager, "pip") == 0)
		index = settings->pip_index;
	else if (strcmp(manager, "npm") == 0)
		index = settings->npm_registry;
	else if (strcmp(manager, "apk") == 0)
		index = settings->apk_mirror;
	return index ? index : "";
}

static bool check_network(const struct sandbox *sb, struct error *err)
{
	if (strcmp(sb->row.network, "none") != 0)
		return true;
	error_set(err, ERROR_CONFLICT,
		  "container %s has no network (network \"none\"), so packages cannot be fetched",
		  sb->row.id);
	if (strcmp(sb->all->settings.network, "internet") == 0)
		return error_advise(
			err,
			"make a container with create_container(network=\"internet\") and "
			"install there; or give paths of package files in this one",
			false);
	return error_advise(err,
			    "no container has a network here: the server's operator can allow it "
			    "with SANDBOX_NETWORK=internet (sandpod doctor says what that needs); "
			    "or give paths of package files in the container",
			    false);
}

/* The lines of standard input. */
static bool list_packages(const struct package_request *request, const char *manager,
			  struct buf *list, bool *ret_local, struct error *err)
{
	size_t count = 0;

	*ret_local = true;
	for (const char *const *package = request->packages; *package; package++) {
		auto_str name = NULL;
		bool local;

		if (++count > PACKAGES_MAX)
			return error_set(err, ERROR_LIMIT,
					 "packages: at most %d can be installed by one call",
					 PACKAGES_MAX);
		if (!package_name(manager, *package, &name, &local, err))
			return false;
		*ret_local = *ret_local && local;
		if (!buf_addf(list, "%s\t%s\n", *package, name))
			return error_set(err, ERROR_INTERNAL, "the list is larger than its buffer");
	}
	return count > 0 || error_set(err, ERROR_INVALID, "packages: it must not be empty");
}

static struct sandbox_op *start(struct sandboxes *all, const struct package_request *request,
				const char *manager, const char *list, command_view_fn *done,
				void *ctx, struct error *err)
{
	char mark[ID_SIZE];
	auto_str command = NULL;
	auto_str install = mem_format("SANDPOD_INSTALL=%s", script);
	auto_str use = mem_format("SANDPOD_MANAGER=%s", manager);
	auto_str index = mem_format("SANDPOD_INDEX=%s", index_of(&all->settings, manager));
	auto_str report = NULL;
	const char *env[] = { install, use, index, NULL, NULL };
	struct command_request wish = {
		.owner = request->owner,
		.container_id = request->container_id,
		.env = env,
		.stdin_text = list,
		.wait_ms = request->wait_ms,
		.kill_after_ms = request->kill_after_ms,
	};

	id_new("report-", mark);
	report = mem_format("SANDPOD_REPORT=%s", mark);
	env[3] = report;
	command = package_command(mark);
	wish.command = command;
	return command_start(all, &wish, done, ctx, err);
}

struct sandbox_op *package_install(struct sandboxes *all, const struct package_request *request,
				   command_view_fn *done, void *ctx, struct error *err)
{
	auto_buf list = BUF_INIT(LIST_MAX);
	struct sandbox *sb;
	const char *manager;
	bool local;

	if (!registry_use(all, request->owner, request->container_id, &sb, err))
		return NULL;
	manager = choose_manager(sb, request->manager, err);
	if (!manager || !list_packages(request, manager, &list, &local, err))
		return NULL;
	if (!local && !check_network(sb, err))
		return NULL;
	return start(all, request, manager, buf_text(&list), done, ctx, err);
}
