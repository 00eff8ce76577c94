/* Replacing exact text in a file of a container:
 *
 *	read it ──> replace and compare, in a helper thread ──> write it, if nobody changed it
 *
 * What the reader found decides what is written: the path without symbolic links, and the version
 * that must still be there. */
#include <string.h>
#include "internal.h"
#include "diff.h"
#include "edit.h"

/* Each is held before and after the edit, so that all those under way take twice EDITS_MOST. */
enum { DIFF_MOST = 16 * 1024, EDIT_WAIT_MS = 45 * 1000, EDITS_MOST = 4 * FILE_EDIT_MAX };

/* What the thread works on; edit is cleared when nobody waits any more. */
struct edit_job {
	struct edit *edit;
	char *path, *old_text, *new_text;
	int64_t count;
	struct buf before, after, diff;
	struct error err; /* kind ERROR_NONE: all went well */
};

struct edit {
	struct sandbox_op op; /* first */
	struct file_reader *reader;
	struct edit_job *job;     /* owned, but for the time that it is in the thread */
	bool working;             /* it is in the thread */
	struct sandbox_op *write; /* under way */
	bool over;                /* done was called: whoever still works for it frees it */
	size_t charged;           /* bytes, of all->edit_bytes */
	char *owner;
	char container_id[ID_SIZE];
	uint64_t version;
	file_edit_fn *done;
	void *ctx;
};

static void job_free(struct edit_job *job)
{
	if (!job)
		return;
	free(job->path);
	free(job->old_text);
	free(job->new_text);
	buf_release(&job->before);
	buf_release(&job->after);
	buf_release(&job->diff);
	free(job);
}

static void edit_free(struct edit *edit)
{
	job_free(edit->job);
	free(edit->owner);
	free(edit);
}

static void on_end(struct sandbox_op *op, const struct error *err)
{
	struct edit *edit = (struct edit *)op;
	const struct file_edited edited = { .path = edit->job->path,
					    .replacements = edit->job->count,
					    .diff = buf_text(&edit->job->diff) };

	edit->done(edit->ctx, err ? NULL : &edited, err);
	edit->op.all->edit_bytes -= edit->charged;
	edit->over = true;
	file_reader_close(take(edit->reader));
	if (edit->working)
		take(edit->job)->edit = NULL;
	if (edit->write)
		sandbox_cancel(edit->write);
	else
		edit_free(edit);
}

/* --- writing -------------------------------------------------------------------------------- */

static void on_written(void *ctx, const struct file_wrote *wrote, const struct error *err)
{
	struct edit *edit = ctx;

	(void)wrote;
	edit->write = NULL;
	if (edit->over)
		edit_free(edit);
	else
		op_end(&edit->op, err);
}

static void write_back(struct edit *edit)
{
	struct edit_job *job = edit->job;
	const struct file_write_request request = { .owner = edit->owner,
						    .container_id = edit->container_id,
						    .path = job->path,
						    .data = buf_text(&job->after),
						    .len = job->after.len,
						    .mode = -1,
						    .only_if = edit->version };
	struct error err;

	edit->write = file_write(edit->op.all, &request, on_written, edit, &err);
	if (!edit->write)
		op_end(&edit->op, &err);
	buf_release(&job->after);
}

/* --- in the thread -------------------------------------------------------------------------- */

static void run(void *ctx)
{
	struct edit_job *job = ctx;
	const struct edit_wish wish = { job->path, job->old_text, job->new_text, job->count };
	const char *before = buf_text(&job->before);
	struct diff_text old_text, new_text;

	if (!edit_apply(&wish, before, job->before.len, &job->after, &job->err))
		return;
	old_text = (struct diff_text){ before, job->before.len };
	new_text = (struct diff_text){ buf_text(&job->after), job->after.len };
	(void)diff_unified(job->path, &old_text, &new_text, &job->diff);
}

static void on_job_over(void *ctx)
{
	struct edit_job *job = ctx;
	struct edit *edit = job->edit;

	buf_release(&job->before);
	if (!edit) {
		job_free(job);
		return;
	}
	edit->working = false;
	if (edit->op.ended)
		return;
	if (job->err.kind == ERROR_NONE)
		write_back(edit);
	else
		op_end(&edit->op, &job->err);
}

/* --- reading -------------------------------------------------------------------------------- */

static void work(struct edit *edit)
{
	file_reader_close(take(edit->reader));
	edit->working = true;
	loop_work(edit->op.all->loop, run, on_job_over, edit->job);
}

static bool has_room(struct edit *edit, uint64_t size, struct error *err)
{
	struct sandboxes *all = edit->op.all;

	if (size > FILE_EDIT_MAX) {
		error_set(err, ERROR_LIMIT, "the file has %llu bytes; at most %d can be edited",
			  (unsigned long long)size, FILE_EDIT_MAX);
		return error_advise(err, "change it with execute_command (sed, python)", false);
	}
	if (all->edit_bytes + size > EDITS_MOST) {
		error_set(err, ERROR_LIMIT, "too many large files are being edited at the moment");
		return error_advise(err, "make the same call again in a few seconds", true);
	}
	edit->charged = (size_t)size;
	all->edit_bytes += edit->charged;
	return true;
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct edit *edit = ctx;
	struct edit_job *job = edit->job;
	struct error large;

	if (edit->op.ended)
		return;
	if (err) {
		op_end(&edit->op, err);
		return;
	}
	if (!has_room(edit, file->size, &large)) {
		op_end(&edit->op, &large);
		return;
	}
	free(job->path);
	job->path = mem_strdup(file->path);
	job->diff.max += 2 * strlen(job->path) + DIFF_HEAD;
	edit->version = file->version;
	if (file->size > 0)
		file_reader_read(edit->reader, 0, file->size);
	else
		work(edit);
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct edit *edit = ctx;

	/* No more comes than was asked for, so that there is room. */
	(void)buf_add(&edit->job->before, data, len);
	file_reader_taken(edit->reader, len);
}

static void on_over(void *ctx, const struct error *err)
{
	struct edit *edit = ctx;

	if (edit->op.ended)
		return;
	if (err)
		op_end(&edit->op, err);
	else
		work(edit);
}

static const struct file_events edit_events = { on_open, on_data, on_over };

static bool is_sensible(const struct file_edit_request *request, struct error *err)
{
	if (request->old_text[0] == '\0')
		return error_set(err, ERROR_INVALID, "old_text is empty");
	if (strcmp(request->old_text, request->new_text) == 0)
		return error_set(err, ERROR_INVALID,
				 "old_text and new_text are the same: nothing would change");
	return true;
}

struct sandbox_op *file_edit(struct sandboxes *all, const struct file_edit_request *request,
			     file_edit_fn *done, void *ctx, struct error *err)
{
	struct edit *edit;
	struct edit_job *job;
	struct sandbox *sb;

	if (!is_sensible(request, err) ||
	    !registry_use(all, request->owner, request->container_id, &sb, err))
		return NULL;
	edit = mem_new(struct edit);
	edit->job = job = mem_new(struct edit_job);
	edit->reader = file_reader_begin(sb, request->path, &edit_events, edit, err);
	if (!edit->reader) {
		edit_free(edit);
		return NULL;
	}
	job->edit = edit;
	job->path = mem_strdup(request->path);
	job->old_text = mem_strdup(request->old_text);
	job->new_text = mem_strdup(request->new_text);
	job->count = request->count;
	job->before = BUF_INIT(FILE_EDIT_MAX);
	job->after = BUF_INIT(FILE_EDIT_MAX);
	job->diff = BUF_INIT(request->diff_most ? request->diff_most : DIFF_MOST);
	edit->owner = mem_strdup(request->owner);
	memcpy(edit->container_id, sb->row.id, ID_SIZE);
	edit->done = done;
	edit->ctx = ctx;
	op_begin(&edit->op, all, on_end);
	op_deadline(&edit->op, EDIT_WAIT_MS, NULL);
	return &edit->op;
}
