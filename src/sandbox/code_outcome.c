/* What a driver has said, line by line from the file in which it is kept: never more of it is held
 * than a line, because many calls may be answered at once, and each can have said much. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "internal.h"

enum { READ_SIZE = 64 * 1024 };

bool code_outcome_open(const struct command_view *view, struct code_outcome *ret_outcome,
		       struct error *err)
{
	const struct spool *spool = &view->command->spools[COMMAND_OUTCOME];
	struct code_outcome outcome = { .fd = -1,
					.held = BUF_INIT(CODE_LINE_MAX + READ_SIZE),
					.cut = spool->cut };
	int64_t len = spool_readable(spool);

	if (len <= SPOOL_MEMORY) {
		if (!spool_read(spool, 0, len, &outcome.held, err)) {
			buf_release(&outcome.held);
			return error_wrap(err, "reading the outcome of %s", view->row->id);
		}
	} else {
		outcome.left = len;
		outcome.fd = spool_open_file(spool);
		if (outcome.fd < 0)
			return error_set_errno(err, ERROR_UNAVAILABLE, errno,
					       "the outcome of %s cannot be read any more",
					       view->row->id);
	}
	*ret_outcome = outcome;
	return true;
}

/* False: there is no more, or nobody can read it. */
static bool read_more(struct code_outcome *outcome)
{
	char piece[READ_SIZE];
	size_t want = outcome->left < READ_SIZE ? (size_t)outcome->left : READ_SIZE;
	ssize_t got;

	if (outcome->fd < 0 || want == 0)
		return false;
	do
		got = pread(outcome->fd, piece, want, outcome->offset);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		outcome->cut = true;
		return false;
	}
	outcome->offset += got;
	outcome->left -= got;
	buf_drop(&outcome->held, outcome->at);
	outcome->at = 0;
	return buf_add(&outcome->held, piece, (size_t)got); /* fits: a line and a piece */
}

const char *code_outcome_line(struct code_outcome *outcome, size_t *ret_len)
{
	struct buf *held = &outcome->held;
	bool too_long = false;
	size_t seen = 0; /* of the line, without its end */

	for (;;) {
		size_t have = held->len - outcome->at;
		char *line = have > 0 ? held->data + outcome->at : NULL;
		char *end = have > seen ? memchr(line + seen, '\n', have - seen) : NULL;

		if (end) {
			*end = '\0';
			outcome->at = (size_t)(end + 1 - held->data);
			*ret_len = too_long ? 0 : (size_t)(end - line);
			return end - *ret_len;
		}
		seen = have;
		if (have > CODE_LINE_MAX) {
			too_long = true;
			outcome->at = held->len;
			seen = 0;
		}
		if (!read_more(outcome))
			return NULL;
	}
}

void code_outcome_close(struct code_outcome *outcome)
{
	if (outcome->fd >= 0)
		close(outcome->fd);
	buf_release(&outcome->held);
	*outcome = CODE_OUTCOME_NONE;
}
