/* The end of an install's output, where its script says what came of each package.  A line that
 * nobody could know in advance stands before it: what packages print while they are installed
 * cannot pass for the report.  It is a tenant's text all the same, bounded and cleaned. */
#include <string.h>
#include "packages.h"
#include "utf8.h"

enum { REPORT_MAX = 128 * 1024, ROWS_MAX = 1000 };

static const char before_mark[] = ": ";
static const char after_mark[] = "; eval \"$SANDPOD_INSTALL\"";

/* The mark is an id of ours: nothing in it means anything to a shell. */
char *package_command(const char *mark)
{
	auto_buf text = BUF_INIT(256);

	(void)(buf_add_text(&text, before_mark) && buf_add_text(&text, mark) &&
	       buf_add_text(&text, after_mark));
	return buf_take(&text);
}

bool package_mark(const char *command, char **ret_mark)
{
	auto_str mark = NULL;
	const char *end;

	if (strncmp(command, before_mark, strlen(before_mark)) != 0)
		return false;
	command += strlen(before_mark);
	end = strstr(command, after_mark);
	mark = end ? mem_strndup(command, (size_t)(end - command)) : NULL;
	if (!mark || strcmp(end, after_mark) != 0 || !id_is_formed("report-", mark))
		return false;
	*ret_mark = take(mark);
	return true;
}

/* The next of the line's fields, NUL-terminated in place; "" past the last. */
static char *next_field(char **at)
{
	char *field = *at;
	char *tab = strchr(field, '\t');

	*at = tab ? tab + 1 : field + strlen(field);
	if (tab)
		*tab = '\0';
	return field;
}

static void add_row(struct package_row **rows, size_t *count, char *rest)
{
	struct package_row row = { .name = next_field(&rest) };

	row.text = next_field(&rest);
	if (*count == ROWS_MAX || !row.name[0])
		return;
	if (!*rows)
		*rows = mem_array(struct package_row, ROWS_MAX);
	(*rows)[(*count)++] = row;
}

static void read_line(char *line, struct package_report *report)
{
	char *rest = line;
	const char *word = next_field(&rest);

	if (strcmp(word, "manager") == 0 || strcmp(word, "missing") == 0)
		report->manager = next_field(&rest);
	else if (strcmp(word, "here") == 0)
		report->here = next_field(&rest);
	else if (strcmp(word, "installed") == 0)
		add_row(&report->installed, &report->installed_count, rest);
	else if (strcmp(word, "failed") == 0)
		add_row(&report->failed, &report->failed_count, rest);
}

void package_report_parse(char *text, const char *mark, struct package_report *ret_report)
{
	struct package_report report = { .text = text };
	auto_str wanted = mem_format("\n%s\n", mark);
	char *at = strstr(text, wanted);

	for (char *line = at ? at + strlen(wanted) : NULL; line && *line;) {
		char *end = strchr(line, '\n');
		char *next = end ? end + 1 : line + strlen(line);

		if (end)
			*end = '\0';
		read_line(line, &report);
		line = next;
	}
	*ret_report = report;
}

/* What is kept of the last bytes of stdout. */
static bool read_end(const struct command_view *view, struct buf *data, struct error *err)
{
	int64_t total = view->row->stdout_bytes;
	int64_t from = total > REPORT_MAX ? total - REPORT_MAX : 0;

	if (view->kept[COMMAND_STDOUT] < total && from < view->tail_from[COMMAND_STDOUT])
		from = view->tail_from[COMMAND_STDOUT];
	return from >= total || command_output(view, COMMAND_STDOUT, from, total - from, data, err);
}

bool package_report(const struct command_view *view, struct package_report *ret_report,
		    struct error *err)
{
	auto_buf data = BUF_INIT(REPORT_MAX);
	auto_buf text = BUF_INIT((size_t)3 * REPORT_MAX);
	auto_str mark = NULL;
	bool replaced;

	if (!package_mark(view->row->command, &mark)) {
		*ret_report = (struct package_report){ 0 };
		return true;
	}
	if (!read_end(view, &data, err))
		return error_wrap(err, "reading the report");
	if (data.len > 0 && !utf8_clean(data.data, data.len, &text, &replaced))
		return error_set(err, ERROR_INTERNAL, "the report is larger than its buffer");
	package_report_parse(buf_take(&text), mark, ret_report);
	return true;
}

size_t package_said_len(const struct command_view *view, const char *printed)
{
	auto_str mark = NULL;
	auto_str line = NULL;
	const char *at;

	if (!package_mark(view->row->command, &mark))
		return strlen(printed);
	line = mem_format("\n%s\n", mark);
	at = strstr(printed, line);
	return at ? (size_t)(at - printed) : strlen(printed);
}

void package_report_release(struct package_report *report)
{
	free(report->installed);
	free(report->failed);
	free(report->text);
	*report = (struct package_report){ 0 };
}
