/* CSV and its kin (RFC 4180) as a table: quotes, doubled quotes, ends of lines inside of quotes.
 * The separator is the one that cuts the first records into the same number of fields, more than
 * one.  The first record is taken as the head. */
#include <ctype.h>
#include <string.h>
#include "preview.h"
#include "utf8.h"

enum { SAMPLE = 20, CELL_MAX = 2000 };

struct reader {
	const char *at, *end;
	char separator;
};

/* One field, with its quotes undone (into ret_field unless that is NULL).  False: it was the last
 * of its record. */
static bool read_field(struct reader *reader, struct buf *ret_field)
{
	bool quoted = reader->at < reader->end && *reader->at == '"';
	bool inside = quoted;

	reader->at += quoted;
	for (; reader->at < reader->end; reader->at++) {
		char c = *reader->at;

		if (!inside && (c == reader->separator || c == '\n'))
			break;
		if (quoted && c == '"') {
			bool doubled =
				inside && reader->at + 1 < reader->end && reader->at[1] == '"';

			if (!doubled) {
				inside = !inside;
				continue;
			}
			reader->at++;
		}
		if (ret_field)
			(void)buf_add(ret_field, &c, 1);
	}
	if (reader->at == reader->end)
		return false;
	return *reader->at++ == reader->separator;
}

static size_t count_fields(struct reader *reader)
{
	size_t count = 1;

	while (read_field(reader, NULL))
		count++;
	return count;
}

/* How well a separator fits: the number of fields of the first record times the number of records
 * that have as many.  0: it cuts nothing. */
static size_t fit_of(const char *text, size_t len, char separator)
{
	struct reader reader = { .at = text, .end = text + len, .separator = separator };
	size_t fields = count_fields(&reader);
	size_t same = 1;

	for (size_t i = 1; i < SAMPLE && reader.at < reader.end; i++)
		same += count_fields(&reader) == fields;
	return fields > 1 ? fields * same * same : 0;
}

static char find_separator(const char *text, size_t len)
{
	static const char separators[] = ",;\t|";
	char best = ',';
	size_t most = 0;

	for (const char *separator = separators; *separator; separator++) {
		size_t fit = fit_of(text, len, *separator);

		if (fit > most) {
			most = fit;
			best = *separator;
		}
	}
	return best;
}

/* Looks like a number, in any country's way of writing one: then it stands at the right. */
static bool is_number(const char *text)
{
	size_t digits = 0;

	text += *text == '-' || *text == '+';
	for (; *text; text++) {
		if (isdigit((unsigned char)*text))
			digits++;
		else if (!strchr(".,% ", *text))
			return false;
	}
	return digits > 0;
}

static void add_cell(struct html *html, const struct buf *field, bool head, bool number)
{
	if (head)
		html_rawf(html, "<th scope=\"col\"%s>", number ? " class=\"number\"" : "");
	else
		html_raw(html, number ? "<td class=\"number\">" : "<td>");
	html_text(html, buf_text(field), utf8_whole(buf_text(field), field->len));
	html_raw(html, head ? "</th>" : "</td>");
}

/* Which columns of the next record hold numbers.  A copy of the reader: nothing is consumed. */
static void find_numbers(struct reader reader, bool ret_numbers[PREVIEW_COLUMNS])
{
	auto_buf field = BUF_INIT(CELL_MAX);
	bool more = true;

	for (size_t i = 0; i < PREVIEW_COLUMNS && more; i++) {
		buf_clear(&field);
		more = read_field(&reader, &field);
		ret_numbers[i] = is_number(buf_text(&field));
	}
}

/* numbers: of the columns, for the head; NULL: each cell for itself. */
static void add_record(struct html *html, struct reader *reader, size_t columns,
		       const bool *numbers)
{
	auto_buf field = BUF_INIT(CELL_MAX);
	size_t count = 0;
	bool more = true;

	html_raw(html, "<tr>");
	for (; more; count++) {
		bool shown = count < PREVIEW_COLUMNS && !html->full;

		buf_clear(&field);
		more = read_field(reader, shown ? &field : NULL);
		if (shown)
			add_cell(html, &field, numbers != NULL,
				 numbers ? numbers[count] : is_number(buf_text(&field)));
	}
	for (; count < columns && count < PREVIEW_COLUMNS && !html->full; count++)
		html_raw(html, numbers ? "<th></th>" : "<td></td>");
	html_raw(html, "</tr>\n");
}

/* The widest of the records that are shown. */
static size_t count_columns(struct reader reader)
{
	size_t most = 1;

	for (size_t i = 0; i < PREVIEW_ROWS && reader.at < reader.end; i++) {
		size_t count = count_fields(&reader);

		if (count > most)
			most = count;
	}
	return most;
}

void table_body(struct html *html, const char *text, size_t len, struct preview_left *ret_left)
{
	struct reader reader = { .at = text, .end = text + len };
	bool numbers[PREVIEW_COLUMNS] = { false };
	struct reader second;
	size_t columns;
	size_t rows = 0;

	reader.separator = find_separator(text, len);
	columns = count_columns(reader);
	second = reader;
	(void)count_fields(&second);
	find_numbers(second, numbers);
	html_raw(html, "<div class=\"sheet table\" tabindex=\"0\"><table>\n<thead>");
	add_record(html, &reader, columns, numbers);
	html_raw(html, "</thead>\n<tbody>");
	for (; rows < PREVIEW_ROWS && reader.at < reader.end && !html->full; rows++)
		add_record(html, &reader, columns, NULL);
	html_raw(html, "</tbody></table></div>");
	if (reader.at < reader.end)
		ret_left->rows = rows;
	if (columns > PREVIEW_COLUMNS)
		ret_left->columns = PREVIEW_COLUMNS;
}
