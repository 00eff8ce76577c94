/* Small files by path: what an agent does most.  A file of 4 KiB goes in by write_file and comes
 * back by read_file; beside it `podman cp` in and out, and two exec sessions over REST.  edit_file
 * and list_files stand alone: podman has no such thing. */
#include "bench.h"
#include "transfer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { BLOCKS = 5, WARM_UP = 5, FILE_BYTES = 4096, LINE_BYTES = 64, ENTRIES = 1000 };
#define FOLDER "/tmp/many"
#define NOTES  "/tmp/notes"
#define TARGET "/tmp/target"

struct scene {
	struct bench *bench;
	const struct server *server;
	struct caller caller;
	struct rest rest;
	char ours[CONTAINER_ID_SIZE];
	char bare[PODMAN_ID_SIZE];
	char *in, *out; /* on the machine, for podman cp */
	struct buf write, read, list;
	struct buf edit[2]; /* there and back */
	struct samples pair, writes, reads, edits, lists, cli, api;
};

static void auto_scene_(struct scene *scene)
{
	struct buf *bufs[] = { &scene->write, &scene->read, &scene->list, &scene->edit[0],
			       &scene->edit[1] };
	struct samples *all[] = { &scene->pair,  &scene->writes, &scene->reads, &scene->edits,
				  &scene->lists, &scene->cli,    &scene->api };

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_release(bufs[i]);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		samples_release(all[i]);
	caller_close(&scene->caller);
	rest_close(&scene->rest);
	free(scene->in);
	free(scene->out);
}

/* --- one turn of each -------------------------------------------------------------------- */

static bool turn_pair(struct scene *scene, int count, struct error *err)
{
	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();
		double write_ms;

		if (!caller_expect(&scene->caller, &scene->write, "\"written\":4096", err))
			return false;
		write_ms = ms_since(start_ns);
		if (!caller_expect(&scene->caller, &scene->read, "\"size\":4096", err))
			return false;
		samples_add(&scene->pair, ms_since(start_ns));
		samples_add(&scene->writes, write_ms);
		samples_add(&scene->reads, ms_since(start_ns) - write_ms);
	}
	return true;
}

static bool turn_edit(struct scene *scene, int count, struct error *err)
{
	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!caller_expect(&scene->caller, &scene->edit[i % 2], "\"replacements\":1", err))
			return false;
		samples_add(&scene->edits, ms_since(start_ns));
	}
	return true;
}

static bool turn_list(struct scene *scene, int count, struct error *err)
{
	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!caller_expect(&scene->caller, &scene->list, "\"" FOLDER "/1999\"", err))
			return false;
		samples_add(&scene->lists, ms_since(start_ns));
	}
	return true;
}

static bool turn_cli(struct scene *scene, int count, struct error *err)
{
	struct cli cli = { .server = scene->server, .remote = scene->bench->cli.remote };
	auto_str inside = mem_format("%s:" TARGET, scene->bare);

	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!cli_copy(&cli, scene->in, inside, err) ||
		    !cli_copy(&cli, inside, scene->out, err))
			return false;
		samples_add(&scene->cli, ms_since(start_ns));
	}
	return true;
}

static bool turn_rest(struct scene *scene, int count, struct error *err)
{
	for (int i = 0; i < count; i++) {
		int64_t start_ns = now_ns();

		if (!transfer_exec_in(&scene->rest, scene->bare, "/tmp/fed", FILE_BYTES, err) ||
		    !transfer_exec_out(&scene->rest, scene->bare, NOTES, FILE_BYTES, err))
			return false;
		samples_add(&scene->api, ms_since(start_ns));
	}
	return true;
}

static bool all_turns(struct scene *scene, struct error *err)
{
	int many = pick(scene->bench, 100, 20), few = pick(scene->bench, 10, 3);

	for (int block = 0; block < BLOCKS; block++)
		if (!turn_pair(scene, many, err) || !turn_cli(scene, few, err) ||
		    !turn_edit(scene, many, err) || !turn_rest(scene, few, err) ||
		    !turn_list(scene, few, err))
			return false;
	return true;
}

/* --- the scene --------------------------------------------------------------------------- */

static struct json *path_args(const struct scene *scene, const char *path)
{
	struct json *args = json_object();

	json_put_text(args, "container_id", scene->ours);
	json_put_text(args, "path", path);
	return args;
}

static struct buf prepare_edit(struct scene *scene, const char *old_text, const char *new_text)
{
	struct json *args = path_args(scene, NOTES);

	json_put_text(args, "old_text", old_text);
	json_put_text(args, "new_text", new_text);
	return caller_prepare_tool(&scene->caller, "edit_file", args);
}

/* Lines that begin with a number of their own. */
static void fill_lines(char ret_text[FILE_BYTES + 1])
{
	for (int i = 0; i < FILE_BYTES / LINE_BYTES; i++)
		snprintf(ret_text + i * LINE_BYTES, LINE_BYTES + 1, "%04d %-58s\n", i,
			 "what an agent writes down");
}

static void prepare(struct scene *scene, const char *text)
{
	struct json *write = path_args(scene, NOTES), *list = path_args(scene, FOLDER);

	json_put_text(write, "content", text);
	json_put_int(list, "limit", ENTRIES);
	scene->write = caller_prepare_tool(&scene->caller, "write_file", write);
	scene->read = caller_prepare_tool(&scene->caller, "read_file", path_args(scene, NOTES));
	scene->list = caller_prepare_tool(&scene->caller, "list_files", list);
	scene->edit[0] = prepare_edit(scene, "0032 what", "0032 WHAT");
	scene->edit[1] = prepare_edit(scene, "0032 WHAT", "0032 what");
}

/* The same bytes come back as went in. */
static bool check_pair(struct scene *scene, const char *text, struct error *err)
{
	auto_json answer = caller_tool(&scene->caller, "read_file", path_args(scene, NOTES), err);
	const char *content = json_get_text(answer, "content");

	return answer &&
	       ((content && strcmp(content, text) == 0) ||
		error_set(err, ERROR_INTERNAL, "read_file gave other bytes than went in"));
}

static bool make_file(const char *path, const char *text, struct error *err)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	return (fd >= 0 && write(fd, text, FILE_BYTES) == FILE_BYTES) ||
	       error_set(err, ERROR_UNAVAILABLE, "cannot write %s", path);
}

static bool set(struct scene *scene, double cpus, struct error *err)
{
	static const char fill[] =
		"mkdir " FOLDER " && cd " FOLDER " && seq 1000 1999 | xargs touch";
	char text[FILE_BYTES + 1];

	fill_lines(text);
	/* Both go with the server's directory. */
	scene->in = mem_format("%s/copied-in", scene->server->dir);
	scene->out = mem_format("%s/copied-out", scene->server->dir);
	rest_open(&scene->rest, scene->server);
	scene->rest.cpus = cpus;
	if (!server_caller(scene->server, &scene->caller, err) ||
	    !caller_create(&scene->caller, cpus, scene->ours, err) ||
	    !rest_create(&scene->rest, scene->bare, err) || !make_file(scene->in, text, err) ||
	    !caller_run(&scene->caller, scene->ours, fill, NULL, err) ||
	    !rest_exec(&scene->rest, scene->bare, "head -c 4096 /dev/zero >" NOTES, NULL, err))
		return false;
	prepare(scene, text);
	/* The first of each pays for what later ones share. */
	if (!turn_pair(scene, WARM_UP, err) || !check_pair(scene, text, err) ||
	    !turn_edit(scene, 2, err) || !turn_list(scene, 1, err) || !turn_cli(scene, 1, err) ||
	    !turn_rest(scene, 1, err))
		return false;
	samples_release(&scene->pair);
	samples_release(&scene->writes);
	samples_release(&scene->reads);
	samples_release(&scene->edits);
	samples_release(&scene->lists);
	samples_release(&scene->cli);
	samples_release(&scene->api);
	return true;
}

static void report_scene(const struct scene *scene)
{
	struct report *report = &scene->bench->report;
	struct summary cli = samples_summary(&scene->cli), api = samples_summary(&scene->api);
	const struct versus against[] = {
		{ "podman cp in and out", cli.p50 },
		{ "exec sessions over REST, in and out", api.p50 },
		{ NULL, 0 },
	};
	const struct {
		const char *what;
		const struct samples *samples;
		const struct versus *against;
	} rows[] = {
		{ "write_file + read_file of 4 KiB", &scene->pair, against },
		{ "  write_file", &scene->writes, NULL },
		{ "  read_file", &scene->reads, NULL },
		{ "  podman cp in and out", &scene->cli, NULL },
		{ "  exec sessions over REST, in and out", &scene->api, NULL },
		{ "edit_file of 4 KiB", &scene->edits, NULL },
		{ "list_files of 1 000 entries", &scene->lists, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct summary times = samples_summary(rows[i].samples);

		report_times(report, rows[i].what, &times, rows[i].against);
	}
}

static bool measure(struct bench *bench, const struct server *server, double cpus,
		    struct error *err)
{
	AUTO(scene) struct scene scene = { .bench = bench, .server = server };

	if (!set(&scene, cpus, err) || !all_turns(&scene, err))
		return false;
	report_scene(&scene);
	return true;
}

bool part_files(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
	auto_str cpus = mem_format("SANDBOX_CPUS=%g", cores);

	report_part(&bench->report, "files", "small files by path");
	return server_start(&server, bench->sandpod, (const char *const[]){ cpus, NULL }, err) &&
	       measure(bench, &server, cores, err);
}
