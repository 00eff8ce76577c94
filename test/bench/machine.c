/* Where the figures come from: without this they mean nothing. */
#include "bench.h"
#include "proc.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

enum { VERSION_MS = 20000 };

/* The value behind "name : " in /proc/cpuinfo. */
static char *cpu_model(void)
{
	auto_str text = proc_read("/proc/cpuinfo");
	const char *line = strstr(text, "model name");
	const char *value = line ? strchr(line, ':') : NULL;

	if (!value)
		return mem_strdup("unknown");
	value += 1 + strspn(value + 1, " ");
	return mem_strndup(value, strcspn(value, "\n"));
}

static void add_hardware(struct json *machine)
{
	auto_str model = cpu_model();
	auto_str meminfo = proc_read("/proc/meminfo");
	struct utsname names;

	uname(&names);
	json_put_text(machine, "cpu", model);
	json_put_int(machine, "cores", sysconf(_SC_NPROCESSORS_ONLN));
	json_put_int(machine, "memory_mib", field_of(meminfo, "MemTotal") / 1024);
	json_put_text(machine, "kernel", names.release);
	json_put_text(machine, "architecture", names.machine);
}

/* "crun version 1.8\n…" to its first line. */
static void put_line(struct json *machine, const char *name, const char *text)
{
	auto_str line = mem_strndup(text ? text : "unknown", strcspn(text ? text : "", "\n"));

	json_put_text(machine, name, text ? line : "unknown");
}

static bool add_podman(struct json *machine, const struct server *server, struct error *err)
{
	auto_rest rest = { 0 };
	auto_json info = NULL;
	const struct json *host, *store, *runtime;

	rest_open(&rest, server);
	info = rest_get(&rest, "/info", err);
	if (!info)
		return false;
	host = json_get_object(info, "host");
	store = json_get_object(info, "store");
	runtime = json_get_object(host, "ociRuntime");
	put_line(machine, "podman", json_get_text(json_get_object(info, "version"), "Version"));
	put_line(machine, "runtime", json_get_text(runtime, "name"));
	put_line(machine, "runtime_version", json_get_text(runtime, "version"));
	put_line(machine, "conmon", json_get_text(json_get_object(host, "conmon"), "version"));
	put_line(machine, "cgroups", json_get_text(host, "cgroupVersion"));
	put_line(machine, "storage_driver", json_get_text(store, "graphDriverName"));
	put_line(machine, "storage_on",
		 json_get_text(json_get_object(store, "graphStatus"), "Backing Filesystem"));
	put_line(machine, "image", server->image);
	return true;
}

static bool add_version(struct json *machine, const struct bench *bench, struct error *err)
{
	auto_buf output = BUF_INIT(4096);
	struct process_run run = {
		.argv = (const char *const[]){ bench->sandpod, "version", NULL },
		.deadline_ns = ns_in(VERSION_MS),
		.output = &output,
	};

	if (!process_run(&run, err))
		return false;
	put_line(machine, "sandpod", buf_text(&output));
	return true;
}

bool machine_report(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	auto_json machine = json_object();

	add_hardware(machine);
	if (!add_version(machine, bench, err) ||
	    !server_start(&server, bench->sandpod, NULL, err) ||
	    !add_podman(machine, &server, err) || !cli_choose(&server, &bench->cli, err))
		return false;
	json_put_text(machine, "podman_command_line", bench->cli.remote ? "remote" : "local");
	json_put_int(machine, "command_line_local_ms", (int64_t)bench->cli.local_ms);
	json_put_int(machine, "command_line_remote_ms", (int64_t)bench->cli.remote_ms);
	report_machine(&bench->report, take(machine));
	return true;
}
