/* Moving a file or a folder to another place in the container. */
#include <errno.h>
#include <string.h>
#include "internal.h"

enum { LIMIT_MS = 30000 };

struct moving {
	struct file_op file; /* first */
	char *destination;   /* as asked for */
	struct wire_moved *moved;
	file_move_fn *done;
	void *ctx;
};

static bool is_where(const struct wire_failed *failed, const char *word)
{
	return strcmp(failed->where, word) == 0;
}

/* Of the place it was to go to. */
static void destination_error(const struct wire_failed *failed, const char *path, struct error *err)
{
	char shown[PATH_SHOWN_SIZE];
	enum file_fault fault;

	path_show(path, shown);
	switch (failed->number) {
	case EEXIST:
		error_set(err, ERROR_CONFLICT, "there is something at %s already", shown);
		error_advise(err, "set overwrite, or choose another destination", false);
		return;
	case ENOTEMPTY:
		error_set(err, ERROR_CONFLICT,
			  "%s is a folder with something in it, which is never replaced", shown);
		error_advise(err, "remove it first, or choose another destination", false);
		return;
	case ENOENT:
		error_set(err, ERROR_NOT_FOUND, "the folder of %s is not there", shown);
		error_advise(err, "make it with execute_command (mkdir -p), and call again", false);
		return;
	default:
		write_error(failed, path, &fault, err);
		return;
	}
}

static void copy_error(const struct wire_failed *failed, const char *source,
		       const char *destination, struct error *err)
{
	char shown[PATH_SHOWN_SIZE];
	enum file_fault fault;

	path_show(source, shown);
	if (failed->number == ELOOP)
		error_set(err, ERROR_LIMIT,
			  "%s is nested too deeply to be copied into another file system", shown);
	else if (failed->number == EPERM)
		error_set(err, ERROR_CONFLICT,
			  "%s has something in it, a device for one, that may not be copied into "
			  "another file system",
			  shown);
	else
		write_error(failed, destination, &fault, err);
	error_wrap(err, "nothing was moved");
}

static void move_error(const struct moving *moving, const struct wire_failed *failed,
		       struct error *err)
{
	const char *source = moving->file.path;
	char shown[PATH_SHOWN_SIZE];

	path_show(source, shown);
	if (is_where(failed, "destination") || is_where(failed, "kernel destination")) {
		destination_error(failed, moving->destination, err);
	} else if (is_where(failed, "copy")) {
		copy_error(failed, source, moving->destination, err);
	} else if (is_where(failed, "inside")) {
		error_set(err, ERROR_INVALID, "%s cannot be moved into itself", shown);
	} else if (is_where(failed, "time")) {
		error_set(err, ERROR_TIMEOUT,
			  "%s could not be copied into another file system in %d seconds; "
			  "nothing was moved",
			  shown, LIMIT_MS / 1000);
		error_advise(err, "move it with execute_command (mv), which may take longer",
			     false);
	} else if (is_where(failed, "leftover")) {
		change_error(failed, source, err);
		error_wrap(err, "it was copied, but not all of the source could be removed");
	} else {
		change_error(failed, source, err);
	}
}

static bool on_moved(struct moving *moving, const struct wire_frame *frame)
{
	struct wire_moved moved;

	if (!wire_get_moved(frame, &moved))
		return false;
	moving->moved = mem_new(struct wire_moved);
	*moving->moved = moved;
	file_op_end(&moving->file, NULL);
	return true;
}

static bool on_frame(struct file_op *op, const struct wire_frame *frame)
{
	struct moving *moving = (struct moving *)op;
	struct wire_failed failed;
	struct error err;

	if (frame->type == WIRE_MOVED)
		return on_moved(moving, frame);
	if (frame->type != WIRE_FAILED || !wire_get_failed(frame, &failed))
		return false;
	move_error(moving, &failed, &err);
	file_op_end(op, &err);
	return true;
}

static void deliver(struct file_op *op, const struct error *err)
{
	struct moving *moving = (struct moving *)op;

	if (err)
		moving->done(moving->ctx, op->path, moving->destination, err);
	else
		moving->done(moving->ctx, moving->moved->source, moving->moved->destination, NULL);
	free(moving->moved);
	free(moving->destination);
}

static const struct file_question question = {
	.type = WIRE_MOVE,
	.on_frame = on_frame,
	.deliver = deliver,
	.limit_ms = LIMIT_MS,
	.unknown = "whether it was moved is not known",
};

static void put_order(struct wire_writer *writer, const struct sandbox *sb,
		      const struct file_move_request *request)
{
	struct wire_move order = { .overwrite = request->overwrite, .limit_ms = LIMIT_MS };

	file_base(sb, order.base);
	memcpy(order.source, request->source, strlen(request->source));
	memcpy(order.destination, request->destination, strlen(request->destination));
	wire_put_move(writer, &order);
}

struct sandbox_op *file_move(struct sandboxes *all, const struct file_move_request *request,
			     file_move_fn *done, void *ctx, struct error *err)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	struct moving *moving;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err) ||
	    !file_path_fits(request->source, err) || !file_path_fits(request->destination, err) ||
	    !file_op_may_begin(sb, err))
		return NULL;
	put_order(&writer, sb, request);
	moving = mem_new(struct moving);
	moving->destination = mem_strdup(request->destination);
	moving->done = done;
	moving->ctx = ctx;
	file_op_begin(&moving->file, sb, &question, request->source, &writer);
	return &moving->file.op;
}
