/* The answer to a call about a command.  What the driver of code has said beside the output can be
 * long (pictures), and comes out of a container: when it is, a helper thread reads it. */
#include "code.h"
#include "outcome.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 16 * 1024 * 1024, FOOTER_MAX = 64 * 1024 };

struct shaping {
	struct call *call; /* NULL: it was answered meanwhile */
	char command_id[ID_SIZE];
	size_t limit;
	struct json *(*reshape)(const struct json *structured);
	struct json *structured;
	struct buf text, footer;
	struct code_outcome lines;
	struct outcome outcome;
};

static void shaping_free(struct shaping *shaping)
{
	json_free(shaping->structured);
	buf_release(&shaping->text);
	buf_release(&shaping->footer);
	code_outcome_close(&shaping->lines);
	outcome_release(&shaping->outcome);
	free(shaping);
}

static void warn(const struct shaping *shaping)
{
	const struct outcome *outcome = &shaping->outcome;

	if (outcome->pictures_left_out > 0)
		call_warn(shaping->call,
			  "%lld of the pictures are left out, because they are too large or too "
			  "many: save them to files, and call get_file_url or read_file",
			  (long long)outcome->pictures_left_out);
	if (outcome->not_understood > 0)
		call_warn(shaping->call,
			  "%lld of the things that the interpreter said beside the output could "
			  "not be understood (does the code write to its descriptors?)",
			  (long long)outcome->not_understood);
	if (shaping->lines.cut)
		call_warn(shaping->call, "the results and pictures are more than is kept: the last "
					 "are lost");
}

static void add_pictures(struct shaping *shaping)
{
	const struct json *list = shaping->outcome.pictures;

	for (const struct json *block = json_first(list); block; block = json_next(block))
		call_add_block(shaping->call, json_copy(block));
}

static struct json *structured_of(struct shaping *shaping)
{
	auto_json structured = take(shaping->structured);

	outcome_put(&shaping->outcome, structured);
	return shaping->reshape ? shaping->reshape(structured) : take(structured);
}

static void finish(struct shaping *shaping)
{
	struct call *call = shaping->call;
	struct buf *text = &shaping->text;
	struct json *structured;

	warn(shaping);
	structured = structured_of(shaping);
	buf_add(text, buf_text(&shaping->outcome.text), shaping->outcome.text.len);
	outcome_count_pictures(&shaping->outcome, text);
	buf_add(text, buf_text(&shaping->footer), shaping->footer.len);
	call_add_text(call, buf_text(text));
	add_pictures(shaping);
	shaping_free(shaping);
	call_answer(call, structured);
}

/* --- in a helper thread -------------------------------------------------------------------- */

static void on_read(void *ctx)
{
	struct shaping *shaping = ctx;

	outcome_read(&shaping->lines, shaping->command_id, shaping->limit, &shaping->outcome);
}

static void on_was_read(void *ctx)
{
	struct shaping *shaping = ctx;

	if (shaping->call)
		finish(shaping);
	else
		shaping_free(shaping);
}

static void on_cancel(void *ctx)
{
	struct shaping *shaping = ctx;
	struct call *call = take(shaping->call);
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the call was taken back");
	tool_fail(call, &err);
}

/* --- beginning ----------------------------------------------------------------------------- */

/* A page of the output, or a part of the search, is that alone. */
static bool has_outcome(const struct command_view *view, const struct command_wish *wish)
{
	return view->row->language && strcmp(view->row->state, "running") != 0 &&
	       wish->streams != 0 && wish->output.mode == OUTPUT_ENDS;
}

static bool shape(struct shaping *shaping, const struct command_view *view,
		  const struct command_wish *wish, struct error *err)
{
	shaping->text = BUF_INIT(TEXT_MAX);
	shaping->footer = BUF_INIT(FOOTER_MAX);
	shaping->lines = CODE_OUTCOME_NONE;
	shaping->limit = (size_t)wish->output.limit;
	shaping->reshape = wish->reshape;
	snprintf(shaping->command_id, sizeof(shaping->command_id), "%s", view->row->id);
	if (!command_forms(view, wish, &shaping->structured, &shaping->text, &shaping->footer, err))
		return false;
	return !has_outcome(view, wish) || code_outcome_open(view, &shaping->lines, err);
}

static void add_more(struct shaping *shaping, const struct command_more *more)
{
	json_put_text(shaping->structured, more->key, more->value);
	buf_addf(&shaping->footer, "\n[%s]", more->line);
}

void command_answer_more(struct call *call, const struct command_view *view,
			 const struct error *err, const struct command_wish *wish,
			 const struct command_more *more)
{
	struct shaping *shaping;
	struct error failure;

	if (err) {
		tool_fail(call, err);
		return;
	}
	shaping = mem_new(struct shaping);
	shaping->call = call;
	if (!shape(shaping, view, wish, &failure)) {
		shaping_free(shaping);
		tool_fail(call, &failure);
		return;
	}
	if (more)
		add_more(shaping, more);
	if (shaping->lines.fd < 0) {
		on_read(shaping);
		finish(shaping);
		return;
	}
	call_on_cancel(call, on_cancel, shaping);
	loop_work(tools_of(call)->loop, on_read, on_was_read, shaping);
}

void command_answer(struct call *call, const struct command_view *view, const struct error *err,
		    const struct command_wish *wish)
{
	command_answer_more(call, view, err, wish, NULL);
}

void command_answer_as_checked(void *ctx, const struct command_view *view, const struct error *err)
{
	struct waiting *waiting = ctx;
	struct call *call = waiting->call;
	struct command_wish wish = {
		.output = { .limit = fitting_limit(call) },
		.streams = COMMAND_STDOUT | COMMAND_STDERR,
		.with_offsets = true,
	};

	free(waiting);
	command_answer(call, view, err, &wish);
}
