/* A large file out of a container and into one, beside the exec stream of the same Podman, which is
 * what both go over; and what the server's memory does meanwhile. */
#include "proc.h"
#include "transfer.h"

#include <stdio.h>

enum { ROUNDS = 3 };
#define SOURCE "/tmp/source"
#define TARGET "/tmp/target"

struct field {
	struct bench *bench;
	const struct server *server;
	struct caller caller;
	struct rest rest;
	char ours[CONTAINER_ID_SIZE];
	char bare[PODMAN_ID_SIZE];
	int64_t bytes;
};

static void auto_field_(struct field *field)
{
	caller_close(&field->caller);
	rest_close(&field->rest);
}

static bool set(struct field *field, double cpus, struct error *err)
{
	auto_str make = mem_format("truncate -s %lld " SOURCE " && cat " SOURCE " >/dev/null",
				   (long long)field->bytes);

	if (!server_caller(field->server, &field->caller, err))
		return false;
	rest_open(&field->rest, field->server);
	field->rest.cpus = cpus;
	return caller_create(&field->caller, cpus, field->ours, err) &&
	       rest_create(&field->rest, field->bare, err) &&
	       caller_run(&field->caller, field->ours, make, NULL, err) &&
	       rest_exec(&field->rest, field->bare, make, NULL, err);
}

/* Both ways in turn, in one direction. */
struct direction {
	const char *name, *bare_name;
	bool in;
};

static bool move_ours(struct field *field, const struct direction *direction, struct error *err)
{
	return direction->in
		       ? transfer_upload(&field->caller, field->ours, TARGET, field->bytes, err)
		       : transfer_download(&field->caller, field->ours, SOURCE, field->bytes, err);
}

static bool move_bare(struct field *field, const struct direction *direction, struct error *err)
{
	return direction->in
		       ? transfer_exec_in(&field->rest, field->bare, TARGET, field->bytes, err)
		       : transfer_exec_out(&field->rest, field->bare, SOURCE, field->bytes, err);
}

static double speed(const struct field *field, const struct samples *samples)
{
	double ms = samples_summary(samples).p50;

	return ms > 0 ? (double)field->bytes / 1e6 / (ms / 1000) : 0;
}

static bool measure(struct field *field, const struct direction *direction, double cpus,
		    struct error *err)
{
	auto_samples ours = { 0 };
	auto_samples bare = { 0 };
	auto_str what = mem_format("%s, cpus %g", direction->name, cpus);
	auto_str bare_what = mem_format("  %s, cpus %g", direction->bare_name, cpus);
	int pid = field->server->process.pid;
	int64_t before = 0, peak = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int64_t start_ns = now_ns();

		if (!move_bare(field, direction, err))
			return error_wrap(err, "%s", direction->bare_name);
		samples_add(&bare, ms_since(start_ns));
		proc_reset_peak(pid);
		before = before ? before : proc_status_kib(pid, "VmRSS");
		start_ns = now_ns();
		if (!move_ours(field, direction, err))
			return error_wrap(err, "%s", direction->name);
		samples_add(&ours, ms_since(start_ns));
		if (proc_status_kib(pid, "VmHWM") > peak)
			peak = proc_status_kib(pid, "VmHWM");
	}
	report_value(&field->bench->report, what, speed(field, &ours), "MB/s", BETTER_MORE,
		     (const struct versus[]){ { direction->bare_name, speed(field, &bare) },
					      { NULL, 0 } });
	report_value(&field->bench->report, bare_what, speed(field, &bare), "MB/s", BETTER_MORE,
		     NULL);
	report_note(&field->bench->report,
		    "resident memory of the server: %.1f MiB before, %.1f at most, %.1f after",
		    (double)before / 1024, (double)peak / 1024,
		    (double)proc_status_kib(pid, "VmRSS") / 1024);
	return true;
}

static bool measure_size(struct bench *bench, const struct server *server, double cpus,
			 struct error *err)
{
	static const struct direction out = { "download through /files", "cat in an exec session",
					      false };
	static const struct direction in = { "upload by PUT /uploads",
					     "into an exec session's standard input", true };
	AUTO(field)
	struct field field = {
		.bench = bench,
		.server = server,
		.bytes = (int64_t)pick(bench, 1024, 128) << 20,
	};
	bool can_upload;

	if (!set(&field, cpus, err) || !measure(&field, &out, cpus, err) ||
	    !transfer_can_upload(&field.caller, &can_upload, err))
		return false;
	if (can_upload)
		return measure(&field, &in, cpus, err);
	report_note(&bench->report, "this server has no tool get_upload_url: no upload");
	return true;
}

bool part_transfer(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	auto_str cpus = mem_format("SANDBOX_CPUS=%ld", cores);
	auto_str title = mem_format("a file of %d MiB", pick(bench, 1024, 128));

	report_part(&bench->report, "transfer", title);
	return server_start(&server, bench->sandpod, (const char *const[]){ cpus, NULL }, err) &&
	       measure_size(bench, &server, (double)cores, err) &&
	       measure_size(bench, &server, 0.5, err);
}
