/* The domain of files, played by the test: what was asked is noted, and the test answers.  A reader
 * gives what is asked of it from domain_file, in pieces. */
#ifndef FAKE_FILES_H
#define FAKE_FILES_H

#include "loop.h"

static struct domain_files {
	file_list_fn *on_list;
	file_write_fn *on_write;
	file_edit_fn *on_edit;
	file_move_fn *on_move;
	file_delete_fn *on_delete;
	file_stat_fn *on_stat;
	char data[4096]; /* that was written */
	size_t len;
	/* the reader */
	const struct file_events *events;
	void *ctx;
	uint64_t offset, length;
	size_t taken;
	bool open, asked;
	timer_fn *on_late;
	void *late_ctx;
	int64_t late_ms;
} domain_files;

struct file_reader;

struct file_reader *file_reader_open_path(struct sandboxes *all, const struct file_request *r,
					  const struct file_events *events, void *ctx,
					  struct error *err)
{
	(void)all;
	note("open %s %s path=%s", r->owner, r->container_id, r->path);
	if (domain.refusal.kind != ERROR_NONE) {
		*err = domain.refusal;
		return NULL;
	}
	domain_files.events = events;
	domain_files.ctx = ctx;
	domain_files.open = true;
	domain_files.asked = false;
	return (struct file_reader *)&domain_files;
}

void file_reader_read(struct file_reader *reader, uint64_t offset, uint64_t length)
{
	assert_ptr_equal(reader, &domain_files);
	assert_true(length > 0);
	domain_files.asked = true;
	domain_files.offset = offset;
	domain_files.length = length;
}

void file_reader_taken(struct file_reader *reader, size_t len)
{
	assert_ptr_equal(reader, &domain_files);
	domain_files.taken += len;
}

void file_reader_close(struct file_reader *reader)
{
	if (!reader)
		return;
	assert_true(domain_files.open);
	domain_files.open = false;
}

/* Only readers have timers here. */
struct timer *timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms, timer_fn *on_due,
			  void *ctx)
{
	(void)loop;
	assert_int_equal(repeat_ms, 0);
	assert_null(domain_files.on_late);
	domain_files.on_late = on_due;
	domain_files.late_ctx = ctx;
	domain_files.late_ms = delay_ms;
	return (struct timer *)&domain_files;
}

void timer_stop(struct timer *timer)
{
	if (timer)
		domain_files.on_late = NULL;
}

struct sandbox_op *file_list(struct sandboxes *all, const struct file_list_request *r,
			     file_list_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("list %s %s path=%s pattern=%s recursive=%d limit=%lld", r->owner, r->container_id,
	     r->path, r->pattern, r->recursive, (long long)r->limit);
	domain_files.on_list = done;
	return start(ctx, err);
}

struct sandbox_op *file_write(struct sandboxes *all, const struct file_write_request *r,
			      file_write_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("write %s %s path=%s mode=%o append=%d parents=%d if=%llu", r->owner, r->container_id,
	     r->path, (unsigned)r->mode, r->append, r->create_parents,
	     (unsigned long long)r->only_if);
	assert_true(r->len <= sizeof(domain_files.data));
	if (r->len > 0)
		memcpy(domain_files.data, r->data, r->len);
	domain_files.len = r->len;
	domain_files.on_write = done;
	return start(ctx, err);
}

struct sandbox_op *file_edit(struct sandboxes *all, const struct file_edit_request *r,
			     file_edit_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("edit %s %s path=%s old=%s new=%s count=%lld most=%zu", r->owner, r->container_id,
	     r->path, r->old_text, r->new_text, (long long)r->count, r->diff_most);
	domain_files.on_edit = done;
	return start(ctx, err);
}

struct sandbox_op *file_move(struct sandboxes *all, const struct file_move_request *r,
			     file_move_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("move %s %s source=%s destination=%s overwrite=%d", r->owner, r->container_id,
	     r->source, r->destination, r->overwrite);
	domain_files.on_move = done;
	return start(ctx, err);
}

struct sandbox_op *file_stat(struct sandboxes *all, const struct file_path_request *r,
			     file_stat_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("stat %s %s path=%s no_follow=%d", r->owner, r->container_id, r->path, r->no_follow);
	domain_files.on_stat = done;
	return start(ctx, err);
}

struct sandbox_op *file_delete(struct sandboxes *all, const struct file_path_request *r,
			       file_delete_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("delete %s %s path=%s recursive=%d", r->owner, r->container_id, r->path, r->recursive);
	domain_files.on_delete = done;
	return start(ctx, err);
}

#endif
