/* The ratios of what agents do most: code in an interpreter that is kept, and small files by path.
 * The interpreter is of sh, which every image has. */
#include "check.h"

enum { ROUNDS = 5, CODES = 10, FILES = 8, FILE_BYTES = 4096 };
#define NOTES "/tmp/notes"

static struct json *stage_args(const struct stage *stage, const char *name, const char *text)
{
	struct json *args = json_object();

	json_put_text(args, "container_id", stage->ours);
	json_put_text(args, name, text);
	return args;
}

/* --- code ---------------------------------------------------------------------------------- */

static bool time_code(struct stage *stage, double *ret_ms, struct error *err)
{
	struct json *args = stage_args(stage, "code", "true");
	auto_buf request = { 0 };
	int64_t start_ns;
	bool good;

	json_put_text(args, "language", "sh");
	request = caller_prepare_tool(&stage->caller, "run_code", args);
	start_ns = now_ns();
	good = caller_repeat(&stage->caller, &request, err);
	*ret_ms = ms_since(start_ns);
	return good;
}

bool ratio_code(struct stage *stage, double *ret_ratio, struct error *err)
{
	double ms;

	/* The first starts the interpreter. */
	return time_code(stage, &ms, err) &&
	       measure_pair(stage, &(struct pair){ time_command, time_code, ROUNDS, CODES, CODES },
			    ret_ratio, err);
}

/* --- files --------------------------------------------------------------------------------- */

static bool time_files(struct stage *stage, double *ret_ms, struct error *err)
{
	auto_str text = mem_format("%*s", FILE_BYTES, "\n");
	struct json *args = stage_args(stage, "path", NOTES);
	auto_buf write = { 0 };
	auto_buf read =
		caller_prepare_tool(&stage->caller, "read_file", stage_args(stage, "path", NOTES));
	int64_t start_ns;
	bool good;

	json_put_text(args, "content", text);
	write = caller_prepare_tool(&stage->caller, "write_file", args);
	start_ns = now_ns();
	good = caller_expect(&stage->caller, &write, "\"written\":4096", err) &&
	       caller_expect(&stage->caller, &read, "\"size\":4096", err);
	*ret_ms = ms_since(start_ns);
	return good;
}

static bool time_exec_files(struct stage *stage, double *ret_ms, struct error *err)
{
	int64_t start_ns = now_ns();
	bool good = transfer_exec_in(&stage->rest, stage->bare, "/tmp/fed", FILE_BYTES, err) &&
		    transfer_exec_out(&stage->rest, stage->bare, NOTES, FILE_BYTES, err);

	*ret_ms = ms_since(start_ns);
	return good;
}

bool ratio_files(struct stage *stage, double *ret_ratio, struct error *err)
{
	return rest_exec(&stage->rest, stage->bare, "head -c 4096 /dev/zero >" NOTES, NULL, err) &&
	       measure_pair(stage, &(struct pair){ time_files, time_exec_files, ROUNDS, FILES, 1 },
			    ret_ratio, err);
}
