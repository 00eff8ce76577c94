/* What process 1 finds in force around itself, and which programs the image offers.  Measured anew
 * for each link: it is what the server relies on when it says that the walls stand. */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static uint64_t zero_if_none(uint64_t value)
{
	return value == UINT64_MAX ? 0 : value;
}

static void measure_rights(struct wire_hello *hello)
{
	char text[4096];

	/* What cannot be read is reported as if the wall were missing. */
	if (!kernel_read("/proc/self/status", text, sizeof(text)))
		text[0] = '\0';
	hello->cap_bounding = text_number(text, "CapBnd:", 16);
	hello->cap_effective = text_number(text, "CapEff:", 16);
	hello->no_new_privs = text_number(text, "NoNewPrivs:", 10) == 1;
	hello->seccomp = (uint8_t)zero_if_none(text_number(text, "Seccomp:", 10));
}

/* The line of uid_map that holds our own root: "inside outside count". */
static void on_map_line(void *ctx, char *line)
{
	struct wire_hello *hello = ctx;
	char *at = line;
	uint64_t inside = strtoull(at, &at, 10);
	uint64_t outside = strtoull(at, &at, 10);
	uint64_t count = strtoull(at, &at, 10);

	if (inside == 0)
		hello->uid_host = outside;
	hello->uid_count += count;
}

static bool proc_is_writable(void)
{
	int fd = open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static const char *search_path(void)
{
	for (char **entry = environ; *entry; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0 && (*entry)[5])
			return *entry + 5;
	return default_path;
}

/* Where a program lies in PATH. */
static bool program_find(const char *name, char *ret_path, size_t size)
{
	for (const char *dir = search_path(); *dir;) {
		size_t len = strcspn(dir, ":");
		int need = snprintf(ret_path, size, "%.*s/%s", (int)len, dir, name);

		if (need > 0 && (size_t)need < size && access(ret_path, X_OK) == 0)
			return true;
		dir += len;
		dir += *dir == ':';
	}
	return false;
}

/* python3 is mostly a link to python3.11: that name tells more. */
static void name_with_version(const char *path, const char *name, char *ret_name, size_t size)
{
	char target[256];
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	const char *base;

	target[len > 0 ? len : 0] = '\0';
	base = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	if (strncmp(base, name, strlen(name)) == 0 && base[strlen(name)] == '.' &&
	    strspn(base + strlen(name), ".0123456789") == strlen(base + strlen(name)))
		name = base;
	snprintf(ret_name, size, "%s", name);
}

static void find_runtimes(char *text, size_t size)
{
	static const char *const names[] = { "sh",   "bash", "busybox", "python3", "pip3",
					     "node", "npm",  "perl",    "ruby",    "php",
					     "lua",  "gcc",  "cc",      "make",    "go",
					     "java", "git",  "curl",    "wget",    "jq",
					     "tar",  "apk",  "apt-get", "sqlite3" };
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[256];
		char name[256];
		int more;

		if (!program_find(names[i], path, sizeof(path)))
			continue;
		name_with_version(path, names[i], name, sizeof(name));
		more = snprintf(text + len, size - len, "%s%s", len > 0 ? " " : "", name);
		if (more < 0 || (size_t)more >= size - len)
			break;
		len += (size_t)more;
	}
	text[len] = '\0';
}

void hello_measure(const struct agent *agent, struct wire_hello *ret_hello)
{
	memset(ret_hello, 0, sizeof(*ret_hello));
	ret_hello->version = WIRE_VERSION;
	ret_hello->boot = agent->boot;
	cgroup_limits(&agent->cgroup, ret_hello);
	measure_rights(ret_hello);
	kernel_lines("/proc/self/uid_map", on_map_line, ret_hello);
	ret_hello->proc_writable = proc_is_writable();
	find_runtimes(ret_hello->runtimes, sizeof(ret_hello->runtimes));
}
