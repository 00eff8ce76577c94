/* What is at one path of a container. */
#include <string.h>
#include "internal.h"

enum { LIMIT_MS = 5000 };

struct look {
	struct file_op file; /* first */
	struct file_entry entry;
	char *found;
	char *target;
	file_stat_fn *done;
	void *ctx;
};

static bool on_stated(struct look *look, const struct wire_frame *frame)
{
	struct wire_entry told;

	if (!wire_get_stated(frame, &told))
		return false;
	file_entry_of(&told, &look->entry);
	look->found = mem_format("%.*s", (int)told.path_len, told.path);
	look->entry.path = look->found;
	if (told.type == WIRE_FILE_LINK) {
		look->target = mem_format("%.*s", (int)told.target_len, told.target);
		look->entry.target = look->target;
	}
	file_op_end(&look->file, NULL);
	return true;
}

static bool on_frame(struct file_op *op, const struct wire_frame *frame)
{
	struct wire_failed failed;
	struct error err;

	if (frame->type == WIRE_STATED)
		return on_stated((struct look *)op, frame);
	if (frame->type != WIRE_FAILED || !wire_get_failed(frame, &failed))
		return false;
	path_error(&failed, op->path, &err);
	file_op_end(op, &err);
	return true;
}

static void deliver(struct file_op *op, const struct error *err)
{
	struct look *look = (struct look *)op;

	look->done(look->ctx, err ? NULL : &look->entry, err);
	free(look->found);
	free(look->target);
}

static const struct file_question question = {
	.type = WIRE_STAT,
	.on_frame = on_frame,
	.deliver = deliver,
	.limit_ms = LIMIT_MS,
};

struct sandbox_op *file_stat(struct sandboxes *all, const struct file_path_request *request,
			     file_stat_fn *done, void *ctx, struct error *err)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	struct sandbox *sb;
	struct look *look;

	if (!registry_use(all, request->owner, request->container_id, &sb, err) ||
	    !file_path_fits(request->path, err) || !file_op_may_begin(sb, err))
		return NULL;
	file_put_target(&writer, sb, request->path, request->no_follow, LIMIT_MS);
	look = mem_new(struct look);
	look->done = done;
	look->ctx = ctx;
	file_op_begin(&look->file, sb, &question, request->path, &writer);
	return &look->file.op;
}
