/* A question to the agent about a path, and its answer: what list, stat, delete and move have in
 * common.  No path is resolved out here.
 *
 *	WAITING (for the link, or for its turn) ──the question──> ASKED ──the last frame──> over
 *
 * The agent works on a few at once; the others wait here in the order in which they came.  A link
 * that breaks ends all of them: what was being changed then is not known, and the error says so. */
#include <string.h>
#include "internal.h"

enum {
	LINK_WAIT_MS = 5000,
	TURN_WAIT_MS = 10000,
	ANSWER_WAIT_MS = 5000, /* beyond the time that the agent was given */
	ASKED_MAX = 8,         /* the agent's own limit */
	OPS_MAX = 128,
};

static void pump(struct sandbox *sb);

/* No frame finds it any more; the agent may forget it. */
static void detach(struct file_op *op)
{
	struct sandbox *sb = op->sb;

	if (!sb)
		return;
	if (op->asked && !op->answered)
		link_send(sb, WIRE_CLOSE, op->stream, NULL, 0);
	HASH_DEL(sb->file_ops, op);
	op->sb = NULL;
	pump(sb);
}

void file_op_end(struct file_op *op, const struct error *err)
{
	op->answered = true;
	detach(op);
	op_end(&op->op, err);
}

static void on_end(struct sandbox_op *sandbox_op, const struct error *err)
{
	struct file_op *op = (struct file_op *)sandbox_op;

	detach(op);
	op->question->deliver(op, err);
	free(op->payload);
	free(op->path);
	free(op);
}

static void on_late(void *ctx)
{
	struct file_op *op = ctx;
	struct error err;

	if (op->asked) {
		error_set(&err, ERROR_TIMEOUT, "container %s did not answer in time%s%s",
			  op->container_id, op->question->unknown ? ": " : "",
			  op->question->unknown ? op->question->unknown : "");
	} else if (op->sb && link_is_up(op->sb)) {
		error_set(&err, ERROR_LIMIT,
			  "%d operations on files of container %s are under way already", ASKED_MAX,
			  op->container_id);
		error_advise(&err, "make the same call again in a few seconds", true);
	} else {
		error_set(&err, ERROR_UNAVAILABLE,
			  "container %s cannot be reached at the moment; try again in some seconds",
			  op->container_id);
	}
	op_end(&op->op, &err);
}

static void ask(struct file_op *op)
{
	struct error err;

	if (op->sb->hello.version < WIRE_VERSION_FILES) {
		error_set(&err, ERROR_CONFLICT,
			  "container %s is of an earlier version of this server, which knows no "
			  "such call",
			  op->container_id);
		error_advise(&err, "do it with execute_command, or create a new container", false);
		op_end(&op->op, &err);
		return;
	}
	if (!link_send(op->sb, op->question->type, op->stream, op->payload, op->payload_len))
		return;
	op->asked = true;
	op_deadline(&op->op, op->question->limit_ms + ANSWER_WAIT_MS, on_late);
}

/* Those whose turn it is. */
static void pump(struct sandbox *sb)
{
	int asked = 0;

	if (!link_is_up(sb))
		return;
	for (struct file_op *op = sb->file_ops; op; op = op->hh.next)
		asked += op->asked;
	for (struct file_op *op = sb->file_ops; op && asked < ASKED_MAX; op = op->hh.next) {
		if (op->asked || op->op.ended)
			continue;
		ask(op);
		asked += op->asked;
	}
}

bool file_path_fits(const char *path, struct error *err)
{
	size_t len = strlen(path);

	return (len > 0 && len <= WIRE_PATH_MAX) ||
	       error_set(err, ERROR_INVALID, "a path has between 1 and %d bytes", WIRE_PATH_MAX);
}

void file_base(const struct sandbox *sb, char base[WIRE_PATH_MAX + 1])
{
	const char *workdir = sb->row.workdir;

	/* It fits: the working directory was checked when the container was made. */
	if (workdir)
		memcpy(base, workdir, strnlen(workdir, WIRE_PATH_MAX));
}

void file_put_target(struct wire_writer *writer, const struct sandbox *sb, const char *path,
		     bool flag, int64_t limit_ms)
{
	struct wire_target target = { .flag = flag, .limit_ms = (uint64_t)limit_ms };

	file_base(sb, target.base);
	memcpy(target.path, path, strlen(path)); /* file_path_fits has measured it */
	wire_put_target(writer, &target);
}

bool file_op_may_begin(const struct sandbox *sb, struct error *err)
{
	if (HASH_COUNT(sb->file_ops) < OPS_MAX)
		return true;
	error_set(err, ERROR_LIMIT, "%d operations on files of container %s are waiting already",
		  OPS_MAX, sb->row.id);
	return error_advise(err, "make the same call again in a few seconds", true);
}

void file_op_begin(struct file_op *op, struct sandbox *sb, const struct file_question *question,
		   const char *path, const struct wire_writer *payload)
{
	op->sb = sb;
	op->question = question;
	op->stream = sb->next_file_stream++ | WIRE_FILE_STREAM;
	memcpy(op->container_id, sb->row.id, ID_SIZE);
	op->path = mem_strdup(path);
	op->payload_len = payload->len;
	op->payload = mem_array(uint8_t, payload->len);
	memcpy(op->payload, payload->data, payload->len);
	HASH_ADD(hh, sb->file_ops, stream, sizeof(op->stream), op);
	op_begin(&op->op, sb->all, on_end);
	op_deadline(&op->op, link_is_up(sb) ? TURN_WAIT_MS : LINK_WAIT_MS, on_late);
	pump(sb);
}

bool file_op_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good)
{
	struct file_op *op = NULL;

	HASH_FIND(hh, sb->file_ops, &frame->stream, sizeof(frame->stream), op);
	if (!op)
		return false;
	/* What comes after it was taken back is of no interest. */
	*ret_good = op->asked && (op->op.ended || op->question->on_frame(op, frame));
	return true;
}

static void lose(struct file_op *op, const struct error *err)
{
	struct error why = *err;

	if (op->asked && op->question->unknown && err->kind == ERROR_UNAVAILABLE)
		error_set(&why, ERROR_UNAVAILABLE,
			  "the connection to container %s broke meanwhile: %s", op->container_id,
			  op->question->unknown);
	HASH_DEL(op->sb->file_ops, op);
	op->sb = NULL;
	op_end(&op->op, &why);
}

void file_ops_end(struct sandbox *sb, const struct error *err)
{
	while (sb->file_ops)
		lose(sb->file_ops, err);
}

void file_ops_link_up(struct sandbox *sb)
{
	for (struct file_op *op = sb->file_ops; op; op = op->hh.next)
		if (!op->op.ended)
			op_deadline(&op->op, TURN_WAIT_MS, on_late);
	pump(sb);
}
