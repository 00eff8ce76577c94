/* A command in both forms.  The text reads like a terminal: what was printed, then one line that
 * says how it ended, or how to go on. */
#include "internal.h"
#include <stdio.h>
#include <string.h>
#include "utf8.h"

enum { FOOTER_MAX = 64 * 1024, COMMAND_SHOWN_MAX = 200, SIGNAL_SIZE = 24 };

/* --- facts --- */

static bool is_in(const struct command_row *row, const char *state)
{
	return strcmp(row->state, state) == 0;
}

static void signal_name(int64_t number, char ret_text[SIGNAL_SIZE])
{
	const char *name = sigabbrev_np((int)number);

	if (name)
		snprintf(ret_text, SIGNAL_SIZE, "SIG%s", name);
	else
		snprintf(ret_text, SIGNAL_SIZE, "signal %d", (int)number);
}

static int64_t duration_of(const struct command_row *row)
{
	int64_t now;

	if (!is_in(row, "running"))
		return row->duration_ms;
	now = clock_wall_ms();
	return now > row->started_at ? now - row->started_at : 0;
}

static const char *stream_name(enum command_stream stream)
{
	return stream == COMMAND_STDOUT ? "stdout" : "stderr";
}

static int64_t stream_total(const struct command_row *row, enum command_stream stream)
{
	return stream == COMMAND_STDOUT ? row->stdout_bytes : row->stderr_bytes;
}

/* --- reading the output --- */

struct stream_reader {
	const struct command_view *view;
	enum command_stream stream;
};

static bool read_stream(void *ctx, int64_t offset, int64_t len, struct buf *ret_data,
			struct error *err)
{
	const struct stream_reader *reader = ctx;

	return command_output(reader->view, reader->stream, offset, len, ret_data, err);
}

static bool take_stream(const struct command_view *view, const struct command_wish *wish,
			enum command_stream stream, struct output_piece *ret_piece,
			struct error *err)
{
	const struct command_row *row = view->row;
	struct stream_reader reader = { view, stream };
	struct output_source source = { .read = read_stream,
					.ctx = &reader,
					.command_id = row->id,
					.stream = stream_name(stream),
					.kept = view->kept[stream],
					.tail_from = view->tail_from[stream],
					.total = stream_total(row, stream),
					.limit = view->spool_limit,
					.is_over = !is_in(row, "running") };

	return output_take(&source, &wish->output, ret_piece, err);
}

/* --- the structured form --- */

/* Puts an object or array only if something is in it. */
static void put_filled(struct json *object, const char *key, struct json *item)
{
	if (json_size(item) > 0)
		json_put(object, key, item);
	else
		json_free(item);
}

static void put_context(struct json *out, const struct command_row *row)
{
	if (!row->language)
		return;
	json_put_text(out, "language", row->language);
	json_put_text(out, "context", row->context);
	if (row->state_lost)
		json_put_text(out, "state_lost", row->state_lost);
	if (row->context_over)
		json_put_bool(out, "context_over", true);
}

static void put_state(struct json *out, const struct command_row *row)
{
	char name[SIGNAL_SIZE];

	json_put_text(out, "command_id", row->id);
	json_put_text(out, "container_id", row->container_id);
	json_put_text(out, "state", row->state);
	if (is_in(row, "exited"))
		json_put_int(out, "exit_code", row->exit_code);
	if (is_in(row, "killed")) {
		signal_name(row->signal, name);
		json_put_text(out, "signal", name);
	}
	if (row->reason)
		json_put_text(out, "reason", row->reason);
	put_context(out, row);
}

static void put_usage(struct json *out, const struct command_row *row)
{
	struct json *usage = json_object();

	json_put_int(out, "duration_ms", duration_of(row));
	if (is_in(row, "running") || is_in(row, "lost")) {
		json_free(usage);
		return;
	}
	json_put_int(usage, "cpu_ms", row->cpu_ms);
	json_put_int(usage, "memory_peak_bytes", row->memory_peak);
	json_put(out, "usage", usage);
}

/* What can be called for one that runs; the caller owns it. */
static char *go_on_with(const struct command_row *row)
{
	return mem_format("check_command(command_id=\"%s\", wait_seconds=30)%s or kill_command",
			  row->id, row->language ? "" : ", send_input");
}

/* The text form says it in its footer. */
static void put_hint(struct json *out, const struct command_view *view)
{
	auto_str ways = go_on_with(view->row);
	auto_str go_on = mem_format("it is still running; go on with %s", ways);

	if (view->hint)
		json_put_text(out, "hint", view->hint);
	else if (is_in(view->row, "running"))
		json_put_text(out, "hint", go_on);
}

/* --- the text form --- */

static void begin_line(struct buf *text)
{
	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_add(text, "\n", 1);
}

static void add_end(const struct command_row *row, struct buf *text)
{
	/* An interpreter that heeds an interrupt lives on. */
	const char *killed = row->language && !row->context_over ? "interrupted" : "killed";
	char duration[FORMAT_SIZE], name[SIGNAL_SIZE];

	format_duration(duration_of(row), duration);
	signal_name(row->signal, name);
	if (is_in(row, "exited"))
		buf_addf(text, "exit %lld · %s", (long long)row->exit_code, duration);
	else if (is_in(row, "killed"))
		buf_addf(text, "%s by %s · %s", killed, name, duration);
	else if (is_in(row, "timed_out"))
		buf_addf(text, "timed out and was %s after %s", killed, duration);
	else if (is_in(row, "oom_killed"))
		buf_addf(text, "out of memory and killed after %s", duration);
	else if (is_in(row, "running"))
		buf_addf(text, "still running after %s", duration);
	else
		buf_addf(text, "%s · %s", row->state, duration);
}

static void add_usage(const struct command_row *row, struct buf *text)
{
	char cpu[FORMAT_SIZE], memory[FORMAT_SIZE];

	if (is_in(row, "running") || is_in(row, "lost"))
		return;
	format_duration(row->cpu_ms, cpu);
	format_size(row->memory_peak, memory);
	buf_addf(text, " · cpu %s · peak %s", cpu, memory);
}

static void add_context(const struct command_row *row, struct buf *text)
{
	if (!row->language)
		return;
	buf_addf(text, " · %s, context %s", row->language, row->context);
	if (row->state_lost)
		buf_addf(text, " (its state was lost: %s)", row->state_lost);
	if (row->context_over)
		buf_add_text(text, ", which has ended: the next call begins a new one");
}

static void add_offsets(const struct json *offsets, struct buf *text)
{
	const struct json *first = json_first(offsets);

	if (!first)
		return;
	if (!json_next(first)) {
		buf_addf(text, " · next_offset=%.0f", json_double(first));
		return;
	}
	buf_add_text(text, " · next_offset");
	for (const struct json *o = first; o; o = json_next(o))
		buf_addf(text, " %s=%.0f", json_key(o), json_double(o));
}

static void add_footer(const struct command_view *view, const struct command_wish *wish,
		       const struct json *offsets, struct buf *text)
{
	const struct command_row *row = view->row;
	auto_str go_on = go_on_with(row);

	begin_line(text);
	if (view->hint)
		buf_addf(text, "hint: %s\n", view->hint);
	buf_add_text(text, "[");
	add_end(row, text);
	if (row->reason)
		buf_addf(text, " · %s", row->reason);
	add_usage(row, text);
	if (!wish->hides_context)
		add_context(row, text);
	buf_addf(text, " · %s", row->id);
	if (wish->with_offsets) {
		buf_addf(text, " in %s", row->container_id);
		add_offsets(offsets, text);
	}
	if (wish->with_match)
		buf_add_text(text, view->matched ? " · wait_for has appeared"
						 : " · wait_for has not appeared");
	if (is_in(row, "running"))
		buf_addf(text, " · go on with %s", go_on);
	buf_add_text(text, "]");
}

/* --- both --- */

struct forms {
	struct json *out;
	struct json *truncated, *not_utf8, *offsets;
	struct buf *text;
};

static void add_output(struct buf *text, enum command_stream stream,
		       const struct command_wish *wish, const struct buf *output)
{
	begin_line(text);
	if (stream == COMMAND_STDERR || wish->output.base64)
		buf_addf(text, "[%s%s]\n", stream_name(stream),
			 wish->output.base64 ? ", base64" : "");
	buf_add(text, output->data, output->len);
}

static void add_piece(struct forms *forms, const struct command_wish *wish,
		      enum command_stream stream, const struct output_piece *piece)
{
	const char *name = stream_name(stream);

	json_put_text(forms->out, name, buf_text(&piece->text));
	json_put(forms->truncated, name, output_omission_json(piece));
	json_put_int(forms->offsets, name, piece->next_offset);
	if (piece->replaced)
		json_append(forms->not_utf8, json_new_text(name));
	if (piece->text.len > 0)
		add_output(forms->text, stream, wish, &piece->text);
	if (piece->notes.len > 0) {
		begin_line(forms->text);
		buf_add(forms->text, piece->notes.data, piece->notes.len);
	}
	if (piece->replaced) {
		begin_line(forms->text);
		buf_addf(forms->text,
			 "[%s has bytes that are not UTF-8, shown as \uFFFD; check_command with "
			 "encoding=\"base64\" gives them as they are]\n",
			 name);
	}
}

static bool add_streams(const struct command_view *view, const struct command_wish *wish,
			struct forms *forms, struct error *err)
{
	static const enum command_stream streams[] = { COMMAND_STDOUT, COMMAND_STDERR };

	for (size_t i = 0; i < 2; i++) {
		auto_output_piece piece = { .text = BUF_INIT(0) };

		if (!(wish->streams & streams[i]))
			continue;
		if (!take_stream(view, wish, streams[i], &piece, err))
			return false;
		add_piece(forms, wish, streams[i], &piece);
	}
	return true;
}

/* A number where one stream was asked for, an object for both. */
static void put_offsets(struct json *out, struct json *offsets)
{
	const struct json *first = json_first(offsets);

	if (json_size(offsets) != 1) {
		put_filled(out, "next_offset", offsets);
		return;
	}
	json_put_int(out, "next_offset", (int64_t)json_double(first));
	json_free(offsets);
}

bool command_forms(const struct command_view *view, const struct command_wish *wish,
		   struct json **ret_structured, struct buf *ret_text, struct buf *ret_footer,
		   struct error *err)
{
	auto_json out = json_object();
	auto_json offsets = json_object();
	struct forms forms = { out, json_object(), json_array(), offsets, ret_text };
	bool good;

	put_state(out, view->row);
	good = add_streams(view, wish, &forms, err);
	put_filled(out, "truncated", forms.truncated);
	put_filled(out, "not_utf8", forms.not_utf8);
	if (!good)
		return false;
	if (wish->output.base64)
		json_put_text(out, "encoding", "base64");
	put_usage(out, view->row);
	put_hint(out, view);
	begin_line(ret_text);
	add_footer(view, wish, offsets, ret_footer);
	if (wish->with_match)
		json_put_bool(out, "matched", view->matched);
	if (wish->with_offsets)
		put_offsets(out, take(offsets));
	*ret_structured = take(out);
	return true;
}

bool command_result(const struct command_view *view, const struct command_wish *wish,
		    struct json **ret_structured, struct buf *ret_text, struct error *err)
{
	auto_buf footer = BUF_INIT(FOOTER_MAX);

	if (!command_forms(view, wish, ret_structured, ret_text, &footer, err))
		return false;
	buf_add(ret_text, buf_text(&footer), footer.len);
	return true;
}

/* --- rows of lists --- */

/* The front of a command line. */
static char *shown_command(const char *command)
{
	size_t len = strlen(command);
	size_t shown = len;

	if (len > COMMAND_SHOWN_MAX)
		shown = utf8_whole(command, COMMAND_SHOWN_MAX);
	return mem_format("%.*s%s", (int)shown, command, shown < len ? "…" : "");
}

struct json *command_row_json(const struct command_row *row)
{
	struct json *out = json_object();
	auto_str command = shown_command(row->command);
	char name[SIGNAL_SIZE];

	json_put_text(out, "command_id", row->id);
	json_put_text(out, "command", command);
	json_put_text(out, "state", row->state);
	if (is_in(row, "exited"))
		json_put_int(out, "exit_code", row->exit_code);
	if (is_in(row, "killed")) {
		signal_name(row->signal, name);
		json_put_text(out, "signal", name);
	}
	if (row->reason)
		json_put_text(out, "reason", row->reason);
	put_context(out, row);
	json_put(out, "started_at", time_json(row->started_at));
	json_put_int(out, "duration_ms", duration_of(row));
	return out;
}

void command_row_text(const struct command_row *row, struct buf *text)
{
	auto_str command = shown_command(row->command);
	char started[CLOCK_TEXT_SIZE];

	clock_format(row->started_at, started);
	for (char *c = command; *c; c++)
		if (*c == '\n')
			*c = ' ';
	buf_addf(text, "%s  %s  ", row->id, started);
	add_end(row, text);
	if (row->reason)
		buf_addf(text, " · %s", row->reason);
	add_context(row, text);
	buf_addf(text, "  %s\n", command);
}
