/* A whole file at once: what the caller hands over goes through a file_writer, piece by piece as
 * the agent takes it. */
#include <string.h>
#include "internal.h"

enum { WRITE_WAIT_MS = 40000 };

struct whole {
	struct sandbox_op op; /* first */
	struct file_writer *writer;
	char *data;
	size_t len, done_len;
	bool finished; /* it may be in place */
	char *path;
	struct file_wrote wrote;
	file_write_fn *done;
	void *ctx;
};

static void on_end(struct sandbox_op *op, const struct error *err)
{
	struct whole *whole = (struct whole *)op;

	file_writer_close(whole->writer);
	whole->wrote.path = whole->path;
	whole->done(whole->ctx, err ? NULL : &whole->wrote, err);
	free(whole->data);
	free(whole->path);
	free(whole);
}

static void go_on(struct whole *whole)
{
	if (whole->op.ended || whole->finished)
		return;
	whole->done_len += file_writer_write(whole->writer, whole->data + whole->done_len,
					     whole->len - whole->done_len);
	if (whole->done_len < whole->len)
		return;
	whole->finished = true;
	file_writer_finish(whole->writer);
}

static void on_open(void *ctx, const char *path, bool replaces)
{
	(void)path;
	(void)replaces;
	go_on(ctx);
}

static void on_room(void *ctx)
{
	go_on(ctx);
}

static void on_over(void *ctx, const struct file_written *written)
{
	struct whole *whole = ctx;

	if (whole->op.ended)
		return;
	if (!written->err) {
		whole->path = mem_strdup(written->path);
		whole->wrote.size = written->size;
		whole->wrote.replaced = written->replaced;
	}
	op_end(&whole->op, written->err);
}

static const struct file_writer_events whole_events = {
	.on_open = on_open,
	.on_room = on_room,
	.on_over = on_over,
};

static void on_late(void *ctx)
{
	struct whole *whole = ctx;
	struct error err;

	error_set(&err, ERROR_TIMEOUT, "the file was not written in %d seconds%s",
		  WRITE_WAIT_MS / 1000,
		  whole->finished ? ": whether it is in its place is not known" : "");
	op_end(&whole->op, &err);
}

static bool request_fits(const struct file_write_request *request, struct error *err)
{
	if (request->len > FILE_WRITE_MAX) {
		error_set(err, ERROR_LIMIT, "at most %d bytes can be written at once",
			  FILE_WRITE_MAX);
		return error_advise(err, "use get_upload_url, or write it in parts (append)",
				    false);
	}
	if (request->mode < -1 || request->mode > 07777)
		return error_set(err, ERROR_INVALID, "a mode is between 0 and 07777 (octal)");
	return file_path_fits(request->path, err);
}

static void begin(struct whole *whole, struct sandbox *sb, const struct file_write_request *request)
{
	struct file_wish wish = {
		.mode = request->mode < 0 ? WIRE_MODE_KEPT : (uint32_t)request->mode,
		.append = request->append,
		.create_parents = request->create_parents,
		.version = request->only_if,
	};

	op_begin(&whole->op, sb->all, on_end);
	op_deadline(&whole->op, WRITE_WAIT_MS, on_late);
	whole->writer = file_writer_compose(sb, request->path, (int64_t)whole->len, &wish,
					    &whole_events, whole);
}

struct sandbox_op *file_write(struct sandboxes *all, const struct file_write_request *request,
			      file_write_fn *done, void *ctx, struct error *err)
{
	struct whole *whole;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err) ||
	    !request_fits(request, err))
		return NULL;
	whole = mem_new(struct whole);
	whole->data = mem_array(char, request->len);
	if (request->len > 0)
		memcpy(whole->data, request->data, request->len);
	whole->len = request->len;
	whole->done = done;
	whole->ctx = ctx;
	begin(whole, sb, request);
	return &whole->op;
}
