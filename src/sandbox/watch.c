/* Waiting for a command: for its end, for a match in its output, for its input to be taken.  A wait
 * never outlives its time, and taking it back does not touch the command.
 *
 * Output is searched in helper threads only, a piece at a time, each with some of what came before
 * it, so that a match across two pieces is found. */
#include <string.h>
#include "internal.h"

enum { OVERLAP = 4096, SEARCH_MOST_MS = 5000 };

struct piece;

/* A search through both streams of a command as they grow. */
struct search {
	struct regex *regex; /* lent to the piece under way */
	int64_t from[3];     /* searched up to, by enum command_stream */
	int64_t until[3];    /* what was there at first is searched even if the time is up */
	struct piece *piece; /* under way, or NULL */
	int64_t spent_ms;
	bool found;
};

/* What a helper thread works on; it belongs to nobody else. */
struct piece {
	struct command_wait *wait; /* NULL once the wait is over */
	struct regex *regex;
	enum command_stream stream;
	struct buf data;
	bool line_start;
	int64_t end;
	int64_t took_ms;
	enum regex_result result;
};

/* --- pieces -------------------------------------------------------------------------------- */

static void search_piece(void *ctx)
{
	struct piece *piece = ctx;
	int64_t begun = clock_mono_ms();

	piece->result =
		regex_search(piece->regex, piece->data.data, piece->data.len, piece->line_start);
	piece->took_ms = clock_mono_ms() - begun;
}

static void look(struct command_wait *wait);

static void too_hard(struct command_wait *wait)
{
	struct error err;

	error_set(&err, ERROR_LIMIT, "the regular expression takes too long on this output");
	error_advise(&err, "make the expression simpler, and call again", false);
	op_end(&wait->op, &err);
}

static void on_searched(void *ctx)
{
	struct piece *piece = ctx;
	struct command_wait *wait = piece->wait;

	buf_release(&piece->data);
	if (!wait) {
		regex_free(piece->regex);
		free(piece);
		return;
	}
	wait->search->piece = NULL;
	wait->search->from[piece->stream] = piece->end;
	wait->search->spent_ms += piece->took_ms;
	if (piece->result == REGEX_YES)
		wait->search->found = true;
	if (piece->result == REGEX_TOO_HARD || wait->search->spent_ms > SEARCH_MOST_MS)
		too_hard(wait);
	free(piece);
	look(wait);
}

/* Reads the next bytes of a stream, and what stands before them.  False when there are none. */
static bool read_piece(struct piece *piece, const struct spool *spool, int64_t from)
{
	/* One byte more than is searched tells whether a line begins there. */
	int64_t start = from > OVERLAP ? from - OVERLAP : 0;
	struct error err;

	if (!spool_read(spool, start, REGEX_PIECE, &piece->data, &err))
		return false;
	if (start + (int64_t)piece->data.len <= from && from > start) {
		start = from;
		buf_clear(&piece->data);
		if (!spool_read(spool, start, REGEX_PIECE, &piece->data, &err))
			return false;
	}
	piece->end = start + (int64_t)piece->data.len;
	piece->line_start = start == 0;
	if (start > 0 && piece->data.len > 0) {
		piece->line_start = piece->data.data[0] == '\n';
		buf_drop(&piece->data, 1);
	}
	return piece->end > from && piece->data.len > 0;
}

/* Where reading can go on: past what was not kept. */
static int64_t skip_gap(const struct spool *spool, int64_t from)
{
	int64_t tail = spool_tail_from(spool);

	return from >= spool_readable(spool) && from < tail ? tail : from;
}

/* Sends the next piece to a thread.  False when all that can be searched has been. */
static bool search_on(struct command_wait *wait)
{
	struct search *search = wait->search;

	for (int stream = COMMAND_STDOUT; stream <= COMMAND_STDERR; stream++) {
		const struct spool *spool = &wait->command->spools[stream];
		int64_t from = skip_gap(spool, search->from[stream]);
		struct piece *piece;

		search->from[stream] = from;
		if (from >= spool->total)
			continue;
		piece = mem_new(struct piece);
		piece->data = BUF_INIT(REGEX_PIECE);
		piece->stream = (enum command_stream)stream;
		if (read_piece(piece, spool, from)) {
			piece->wait = wait;
			piece->regex = search->regex;
			search->piece = piece;
			loop_work(wait->op.all->loop, search_piece, on_searched, piece);
			return true;
		}
		search->from[stream] = spool->total;
		buf_release(&piece->data);
		free(piece);
	}
	return false;
}

static bool first_output_searched(const struct search *search)
{
	return search->from[COMMAND_STDOUT] >= search->until[COMMAND_STDOUT] &&
	       search->from[COMMAND_STDERR] >= search->until[COMMAND_STDERR];
}

static void search_free(struct search *search)
{
	if (!search)
		return;
	if (search->piece)
		search->piece->wait = NULL; /* it frees the expression when it comes back */
	else
		regex_free(search->regex);
	free(search);
}

/* --- waits --------------------------------------------------------------------------------- */

static bool match_is_decided(struct command_wait *wait)
{
	struct search *search = wait->search;

	if (search->found)
		return true;
	if (search->piece)
		return false;
	if (wait->due && first_output_searched(search))
		return true;
	if (search_on(wait))
		return false;
	return wait->due || wait->command->phase == COMMAND_OVER;
}

static bool start_is_decided(struct command_wait *wait)
{
	struct command *command = wait->command;

	if (!wait->due)
		return false;
	if (command->phase == COMMAND_RUNNING || command->start_late)
		return true;
	if (code_is_queued(command)) /* if it must not wait longer, its own timer says so */
		return command->code->patient;
	command_watch_start(command);
	return false;
}

static bool is_decided(struct command_wait *wait)
{
	bool over = wait->command->phase == COMMAND_OVER;

	switch (wait->what) {
	case WAIT_START:
		return over || start_is_decided(wait);
	case WAIT_END:
		return over || wait->due;
	case WAIT_MATCH:
		return match_is_decided(wait);
	case WAIT_INPUT:
		return over || wait->due || input_is_done(&wait->command->input);
	}
	return true;
}

static void look(struct command_wait *wait)
{
	struct command *command = wait->command;

	if (wait->op.ended || !is_decided(wait))
		return;
	op_end(&wait->op, wait->what == WAIT_START ? command->failure : NULL);
}

void waits_look(struct command *command)
{
	for (struct command_wait *wait = command->waits; wait; wait = wait->next)
		look(wait);
}

static void on_due(void *op)
{
	struct command_wait *wait = op;

	wait->due = true;
	look(wait);
}

static void on_end(struct sandbox_op *op, const struct error *err)
{
	struct command_wait *wait = (struct command_wait *)op;
	struct command *command = wait->command;
	struct command_view view;

	command_view_fill(command, &view);
	view.matched = wait->search && wait->search->found;
	wait->done(wait->ctx, err ? NULL : &view, err);
	if (wait->prev)
		wait->prev->next = wait->next;
	else
		command->waits = wait->next;
	if (wait->next)
		wait->next->prev = wait->prev;
	search_free(wait->search);
	free(wait);
	command_unref(command);
}

struct command_wait *wait_begin(struct command *command, enum wait_for what, int64_t wait_ms,
				command_view_fn *done, void *ctx)
{
	struct command_wait *wait = mem_new(struct command_wait);

	wait->command = command;
	wait->what = what;
	wait->done = done;
	wait->ctx = ctx;
	wait->next = command->waits;
	if (command->waits)
		command->waits->prev = wait;
	command->waits = wait;
	op_begin(&wait->op, command->all, on_end);
	wait->due = wait_ms <= 0;
	op_deadline(&wait->op, wait_ms, on_due);
	if (what != WAIT_MATCH)
		look(wait);
	return wait;
}

struct sandbox_op *command_check(struct sandboxes *all, const struct command_watch *watch,
				 command_view_fn *done, void *ctx, struct error *err)
{
	auto_regex regex = watch->wait_for ? regex_new(watch->wait_for, err) : NULL;
	struct command *command;
	struct command_wait *wait;

	if (watch->wait_for && !regex)
		return NULL;
	command = command_get(all, watch->owner, watch->command_id, err);
	if (!command)
		return NULL;
	wait = wait_begin(command, regex ? WAIT_MATCH : WAIT_END, watch->wait_ms, done, ctx);
	if (!regex)
		return &wait->op;
	wait->search = mem_new(struct search);
	wait->search->regex = take(regex);
	for (int stream = COMMAND_STDOUT; stream <= COMMAND_STDERR; stream++)
		wait->search->until[stream] = command->spools[stream].total;
	look(wait);
	return &wait->op;
}
