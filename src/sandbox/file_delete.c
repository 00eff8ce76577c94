/* Removing a file, a link or a folder.  The agent counts what it removes, and says how far it came
 * when it could not remove all. */
#include <errno.h>
#include <string.h>
#include "internal.h"

enum { LIMIT_MS = 30000 };

struct removal {
	struct file_op file; /* first */
	char *path;          /* as found */
	uint64_t count;
	file_delete_fn *done;
	void *ctx;
};

/* All of the entries went but for what is named. */
static void say_rest(const struct removal *removal, const struct wire_removed *removed,
		     struct error *err)
{
	if (removed->failed.number == ETIME)
		error_set(err, ERROR_TIMEOUT,
			  "%llu entries were removed in %d seconds, and there are more: make the "
			  "same call again",
			  (unsigned long long)removed->count, LIMIT_MS / 1000);
	else
		change_error(&removed->failed,
			     removed->path[0] ? removed->path : removal->file.path, err);
	if (removed->failed.number != ETIME && removed->count > 0)
		error_wrap(err, "after %llu entries were removed",
			   (unsigned long long)removed->count);
}

static bool on_removed(struct removal *removal, const struct wire_frame *frame)
{
	struct wire_removed removed;
	struct error err;

	if (!wire_get_removed(frame, &removed))
		return false;
	removal->count = removed.count;
	if (removed.path[0])
		removal->path = mem_strdup(removed.path);
	if (removed.failed.number)
		say_rest(removal, &removed, &err);
	file_op_end(&removal->file, removed.failed.number ? &err : NULL);
	return true;
}

static bool on_frame(struct file_op *op, const struct wire_frame *frame)
{
	struct wire_failed failed;
	struct error err;

	if (frame->type == WIRE_REMOVED)
		return on_removed((struct removal *)op, frame);
	if (frame->type != WIRE_FAILED || !wire_get_failed(frame, &failed))
		return false;
	change_error(&failed, op->path, &err);
	file_op_end(op, &err);
	return true;
}

static void deliver(struct file_op *op, const struct error *err)
{
	struct removal *removal = (struct removal *)op;

	removal->done(removal->ctx, removal->path ? removal->path : op->path, removal->count, err);
	free(removal->path);
}

static const struct file_question question = {
	.type = WIRE_REMOVE,
	.on_frame = on_frame,
	.deliver = deliver,
	.limit_ms = LIMIT_MS,
	.unknown = "how much was removed is not known",
};

struct sandbox_op *file_delete(struct sandboxes *all, const struct file_path_request *request,
			       file_delete_fn *done, void *ctx, struct error *err)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	struct removal *removal;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err) ||
	    !file_path_fits(request->path, err) || !file_op_may_begin(sb, err))
		return NULL;
	file_put_target(&writer, sb, request->path, request->recursive, LIMIT_MS);
	removal = mem_new(struct removal);
	removal->done = done;
	removal->ctx = ctx;
	file_op_begin(&removal->file, sb, &question, request->path, &writer);
	return &removal->file.op;
}
