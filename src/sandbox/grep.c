/* The lines of an output that match an expression, found in a helper thread over a descriptor of
 * its own.  Lines longer than REGEX_PIECE are searched in pieces and shown cut; what is held at a
 * time is one piece and the result, which has a cap. */
#include <errno.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

enum { READ_SIZE = 128 * 1024, SHOWN_MAX = 2000, TIME_MAX_MS = 10000 };

/* What the thread works on; op is cleared when nobody waits any more. */
struct grep_job {
	struct grep_op *op;
	struct regex *regex;
	int fd; /* -1: the output is in `head` */
	struct buf head;
	struct buf tail; /* what is kept behind a hole */
	int64_t kept;
	int64_t lost_end; /* the hole is [kept, lost_end) */
	int64_t kept_most;
	struct buf line;   /* the piece being gathered */
	bool line_goes_on; /* it is not the first piece of its line */
	bool line_matched;
	int64_t number; /* of the line; 0: nobody knows, behind a hole */
	int64_t matches;
	struct buf result;
	bool result_full;
	int64_t deadline_ms;
	struct error err; /* kind ERROR_NONE: all went well */
};

struct grep_op {
	struct sandbox_op op; /* first */
	struct grep_job *job; /* NULL once it has come back */
	struct grep_job *over;
	command_grep_fn *done;
	void *ctx;
};

static void job_free(struct grep_job *job)
{
	if (!job)
		return;
	if (job->fd >= 0)
		close(job->fd);
	regex_free(job->regex);
	buf_release(&job->head);
	buf_release(&job->tail);
	buf_release(&job->line);
	buf_release(&job->result);
	free(job);
}

/* --- in the thread ------------------------------------------------------------------------- */

static void show_line(struct grep_job *job)
{
	bool cut = job->line.len > SHOWN_MAX;
	size_t len = utf8_whole(job->line.data, cut ? SHOWN_MAX : job->line.len);
	auto_buf text = BUF_INIT(SHOWN_MAX + 64);

	if ((job->number > 0 ? buf_addf(&text, "%lld:", (long long)job->number)
			     : buf_add_text(&text, "?:")) &&
	    buf_add(&text, job->line.data, cut ? len : job->line.len) &&
	    buf_add_text(&text, cut ? " […]\n" : "\n") && !job->result_full)
		job->result_full = !buf_add(&job->result, text.data, text.len);
}

static bool too_hard(struct grep_job *job, const char *why)
{
	if (job->number > 0)
		error_set(&job->err, ERROR_LIMIT, "%s (line %lld was reached)", why,
			  (long long)job->number);
	else
		error_set(&job->err, ERROR_LIMIT, "%s (near the end of the output)", why);
	return error_advise(&job->err, "make the expression simpler, and call again", false);
}

/* False when it has to stop. */
static bool search_line(struct grep_job *job)
{
	enum regex_result result;

	if (job->line_matched)
		return true;
	if (clock_mono_ms() > job->deadline_ms)
		return too_hard(job, "searching took longer than 10 seconds");
	result = regex_search(job->regex, buf_text(&job->line), job->line.len, !job->line_goes_on);
	if (result == REGEX_TOO_HARD)
		return too_hard(job, "the regular expression takes too long");
	if (result == REGEX_NO)
		return true;
	job->line_matched = true;
	job->matches++;
	show_line(job);
	return true;
}

static bool end_line(struct grep_job *job)
{
	bool good;

	if (job->line.len > 0 && job->line.data[job->line.len - 1] == '\r')
		job->line.data[--job->line.len] = '\0';
	good = search_line(job);
	buf_clear(&job->line);
	job->line_goes_on = job->line_matched = false;
	job->number += job->number > 0;
	return good;
}

static bool take_bytes(struct grep_job *job, const char *data, size_t len)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t some = end ? (size_t)(end - data) : len;
		size_t room = REGEX_PIECE - job->line.len;

		if (some > room)
			some = room;
		(void)buf_add(&job->line, data, some); /* fits: room */
		data += some;
		len -= some;
		if (len > 0 && *data == '\n') {
			data++;
			len--;
			if (!end_line(job))
				return false;
		} else if (job->line.len == REGEX_PIECE) {
			if (!search_line(job))
				return false;
			buf_clear(&job->line);
			job->line_goes_on = true;
		}
	}
	return true;
}

static bool read_all(struct grep_job *job)
{
	auto_str room = mem_array(char, READ_SIZE);
	int64_t at = 0;

	if (job->fd < 0)
		return take_bytes(job, buf_text(&job->head), job->head.len);
	while (at < job->kept) {
		int64_t want = job->kept - at < READ_SIZE ? job->kept - at : READ_SIZE;
		ssize_t got = pread(job->fd, room, (size_t)want, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(&job->err, ERROR_UNAVAILABLE, errno,
					       "reading the output");
		if (got == 0)
			break;
		if (!take_bytes(job, room, (size_t)got))
			return false;
		at += got;
	}
	return true;
}

static bool end_last_line(struct grep_job *job)
{
	return (job->line.len == 0 && !job->line_goes_on) || end_line(job);
}

static void run(void *ctx)
{
	struct grep_job *job = ctx;

	if (!read_all(job))
		return;
	if (job->lost_end > job->kept) {
		if (!end_last_line(job))
			return;
		job->number = 0;
		job->line_goes_on = true; /* its front is lost */
	}
	if (take_bytes(job, buf_text(&job->tail), job->tail.len))
		(void)end_last_line(job);
}

/* --- in the loop --------------------------------------------------------------------------- */

static void on_job_over(void *ctx)
{
	struct grep_job *job = ctx;
	struct grep_op *op = job->op;

	if (!op) {
		job_free(job);
		return;
	}
	op->job = NULL;
	op->over = job;
	op_end(&op->op, job->err.kind == ERROR_NONE ? NULL : &job->err);
}

static void give(struct grep_op *op, const struct grep_job *job)
{
	struct command_matches found = { .lines = buf_text(&job->result),
					 .len = job->result.len,
					 .count = job->matches,
					 .lost_from = job->kept,
					 .lost_end = job->lost_end,
					 .kept_most = job->kept_most };

	op->done(op->ctx, &found, NULL);
}

static void on_end(struct sandbox_op *base, const struct error *err)
{
	struct grep_op *op = (struct grep_op *)base;

	if (err || !op->over)
		op->done(op->ctx, NULL, err);
	else
		give(op, op->over);
	if (op->job)
		op->job->op = NULL;
	job_free(op->over);
	free(op);
}

static bool take_output(struct grep_job *job, const struct spool *spool, struct error *err)
{
	int64_t tail_from = spool_tail_from(spool);

	job->kept = spool_readable(spool);
	job->lost_end = job->kept < tail_from ? tail_from : job->kept;
	job->kept_most = spool->limit;
	job->tail = BUF_INIT(spool->tail.len);
	if (tail_from < spool->total &&
	    !spool_read(spool, tail_from, spool->total - tail_from, &job->tail, err))
		return false;
	if (job->kept == 0)
		return true;
	if (job->kept <= SPOOL_MEMORY)
		return spool_read(spool, 0, job->kept, &job->head, err);
	job->fd = spool_open_file(spool);
	if (job->fd < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno,
				       "this output cannot be read any more");
	return true;
}

static struct grep_job *make_job(struct sandboxes *all, const struct command_grep *grep,
				 struct error *err)
{
	struct grep_job *job = mem_new(struct grep_job);
	struct command *command = NULL;
	bool good;

	job->fd = -1;
	job->head = BUF_INIT(SPOOL_MEMORY);
	job->line = BUF_INIT(REGEX_PIECE);
	job->result = BUF_INIT(grep->most);
	job->number = 1;
	job->deadline_ms = clock_mono_ms() + TIME_MAX_MS;
	job->regex = regex_new(grep->pattern, err);
	if (job->regex)
		command = command_get(all, grep->owner, grep->command_id, err);
	good = command && take_output(job, &command->spools[grep->stream], err);
	if (command)
		command_unref(command);
	if (good)
		return job;
	job_free(job);
	return NULL;
}

struct sandbox_op *command_grep(struct sandboxes *all, const struct command_grep *grep,
				command_grep_fn *done, void *ctx, struct error *err)
{
	struct grep_job *job = make_job(all, grep, err);
	struct grep_op *op;

	if (!job)
		return NULL;
	op = mem_new(struct grep_op);
	op->job = job;
	op->done = done;
	op->ctx = ctx;
	job->op = op;
	op_begin(&op->op, all, on_end);
	loop_work(all->loop, run, on_job_over, job);
	return &op->op;
}
