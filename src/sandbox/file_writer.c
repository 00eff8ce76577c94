/* Writing a file in a container, for somebody who uploads it or to make sure that it can be.  The
 * agent writes a temporary file beside the place, and puts it there when all of it has come; no
 * path is ever resolved out here.
 *
 *	WAITING (for a link) ──CREATE──> ASKED ──CREATED──> OPEN ──SAVE──> SAVING ──SAVED──> OVER
 *
 * Data goes out within a window that the agent opens as it writes, so that a fast client fills no
 * memory here, there or on the way.  A link that breaks ends the writer, and the agent throws away
 * what it got.
 *
 * An upload link is claimed before the agent is asked, and given back when nothing was put there.
 * From SAVE on it counts as used: should the link break before the answer, nobody knows whether the
 * file is there, and a second use could put a second one. */
#include <errno.h>
#include <string.h>
#include "internal.h"

enum {
	LINK_WAIT_MS = 5000,
	OPEN_WAIT_MS = 10000,
	SAVE_WAIT_MS = 300000, /* the disk may have gigabytes to write */
	WRITERS_MAX = 16,      /* the agent's own limit */
};

enum writer_phase { WRITER_WAITING, WRITER_ASKED, WRITER_OPEN, WRITER_SAVING, WRITER_OVER };

struct file_writer {
	struct sandboxes *all;
	struct sandbox *sb; /* NULL once it is over: nothing of it is left in the agent */
	uint32_t stream;
	enum writer_phase phase;
	const struct file_writer_events *events; /* NULL: nobody waits for the end any more */
	void *ctx;
	char *path;    /* as asked for; as found, once it is open */
	bool composed; /* by `wish` */
	struct file_wish wish;
	char link_id[ID_SIZE];
	bool claimed;   /* the link is ours to give back */
	int64_t length; /* announced; -1: not known */
	int64_t most;
	struct timer *timer;
	struct deferred *ending; /* an end found out inside of a call */
	struct error why;
	enum file_fault fault;
	uint64_t sent;
	uint64_t taken; /* up to here the agent has written it */
	bool full;      /* less was taken than was given */
	UT_hash_handle hh;
};

static void writer_free(struct file_writer *writer)
{
	timer_stop(writer->timer);
	deferred_cancel(writer->ending);
	free(writer->path);
	free(writer);
}

static void give_back(struct file_writer *writer)
{
	struct error err;

	if (!writer->claimed)
		return;
	writer->claimed = false;
	if (!store_upload_free(writer->all->store, writer->link_id, &err))
		log_warn("upload", "a link could not be given back: %s", err.text);
}

/* The agent may forget it.  No frame finds it any more. */
static void detach(struct file_writer *writer)
{
	timer_stop(take(writer->timer));
	deferred_cancel(take(writer->ending));
	if (!writer->sb)
		return;
	if (writer->phase != WRITER_WAITING)
		link_send(writer->sb, WIRE_CLOSE, writer->stream, NULL, 0);
	HASH_DEL(writer->sb->writers, writer);
	writer->sb = NULL;
}

/* The last callback; the writer may be freed inside it. */
static void end(struct file_writer *writer, const struct file_written *written)
{
	detach(writer);
	if (writer->phase == WRITER_OVER)
		return;
	writer->phase = WRITER_OVER;
	if (written->err)
		give_back(writer);
	if (writer->events)
		writer->events->on_over(writer->ctx, written);
	else
		writer_free(writer);
}

static void fail(struct file_writer *writer, enum file_fault fault, const struct error *err)
{
	end(writer, &(struct file_written){ .err = err, .fault = fault });
}

static void on_ending(void *ctx)
{
	struct file_writer *writer = ctx;

	writer->ending = NULL;
	fail(writer, writer->fault, &writer->why);
}

/* For what is found out inside of a call; why is set. */
static void fail_soon(struct file_writer *writer, enum file_fault fault)
{
	writer->fault = fault;
	if (!writer->ending)
		writer->ending = loop_defer(writer->all->loop, on_ending, writer);
}

static void on_late(void *ctx)
{
	struct file_writer *writer = ctx;
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE,
		  "container %s cannot be reached at the moment; try again in some seconds",
		  writer->sb->row.id);
	fail(writer, FILE_FAULT_OTHER, &err);
}

static void on_saving_late(void *ctx)
{
	struct file_writer *writer = ctx;
	struct error err;

	writer->claimed = false;
	error_set(
		&err, ERROR_TIMEOUT,
		"the disk did not take the file in %d seconds: whether it is there is not known%s",
		SAVE_WAIT_MS / 1000, writer->composed ? "" : ", and the link is used up");
	fail(writer, FILE_FAULT_OTHER, &err);
}

/* --- opening ------------------------------------------------------------------------------- */

static void put_place(const struct file_writer *writer, struct wire_create *ret_place)
{
	/* It fits: the path was measured. */
	memcpy(ret_place->path, writer->path, strlen(writer->path));
	file_base(writer->sb, ret_place->base);
	ret_place->size = writer->length < 0 ? UINT64_MAX : (uint64_t)writer->length;
}

static enum wire_type put_question(const struct file_writer *writer, struct wire_writer *out)
{
	struct wire_compose compose = { .mode = writer->wish.mode,
					.append = writer->wish.append,
					.make_folders = writer->wish.create_parents,
					.version = writer->wish.version };

	put_place(writer, &compose.place);
	if (writer->composed)
		wire_put_compose(out, &compose);
	else
		wire_put_create(out, &compose.place);
	return writer->composed ? WIRE_COMPOSE : WIRE_CREATE;
}

static void ask(struct file_writer *writer)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer out = { .data = payload, .room = sizeof(payload) };
	enum wire_type type;

	if (!link_is_up(writer->sb))
		return;
	if (writer->sb->hello.version <
	    (writer->composed ? WIRE_VERSION_FILES : WIRE_VERSION_UPLOADS)) {
		error_set(&writer->why, ERROR_CONFLICT,
			  "container %s is of an earlier version of this server, which knows no "
			  "uploads; make a new one",
			  writer->sb->row.id);
		fail_soon(writer, FILE_FAULT_OTHER);
		return;
	}
	type = put_question(writer, &out);
	link_send(writer->sb, type, writer->stream, payload, out.len);
	writer->phase = WRITER_ASKED;
	timer_reset(writer->timer, OPEN_WAIT_MS);
}

static struct file_writer *writer_new(struct sandboxes *all,
				      const struct file_writer_events *events, void *ctx)
{
	struct file_writer *writer = mem_new(struct file_writer);

	writer->all = all;
	writer->events = events;
	writer->ctx = ctx;
	writer->most = all->settings.upload_limit;
	return writer;
}

/* What can be said without asking the agent. */
static bool is_fit(struct file_writer *writer, const struct sandbox *sb, const char *path)
{
	struct error *err = &writer->why;
	size_t len = strlen(path);

	if (len == 0 || len > WIRE_PATH_MAX)
		return error_set(err, ERROR_INVALID, "a path has between 1 and %d bytes",
				 WIRE_PATH_MAX);
	if (path[len - 1] == '/')
		return error_set(err, ERROR_INVALID,
				 "the path ends with a slash: name the file, not its folder");
	if (HASH_COUNT(sb->writers) < WRITERS_MAX)
		return true;
	error_set(err, ERROR_LIMIT, "%d files of container %s are being written already",
		  WRITERS_MAX, sb->row.id);
	return error_advise(err, "try again in a few seconds", true);
}

static void attach(struct file_writer *writer, struct sandbox *sb, const char *path)
{
	writer->sb = sb;
	writer->stream = sb->next_file_stream++ | WIRE_FILE_STREAM;
	writer->path = mem_strdup(path);
	writer->timer = timer_start(sb->all->loop, LINK_WAIT_MS, 0, on_late, writer);
	HASH_ADD(hh, sb->writers, stream, sizeof(writer->stream), writer);
	ask(writer);
}

struct file_writer *file_writer_begin(struct sandbox *sb, const char *path, int64_t length,
				      const struct file_writer_events *events, void *ctx)
{
	struct file_writer *writer = writer_new(sb->all, events, ctx);

	writer->length = length;
	if (is_fit(writer, sb, path))
		attach(writer, sb, path);
	else
		fail_soon(writer, FILE_FAULT_OTHER);
	return writer;
}

struct file_writer *file_writer_compose(struct sandbox *sb, const char *path, int64_t length,
					const struct file_wish *wish,
					const struct file_writer_events *events, void *ctx)
{
	struct file_writer *writer = writer_new(sb->all, events, ctx);

	writer->length = length;
	writer->most = INT64_MAX;
	writer->composed = true;
	writer->wish = *wish;
	if (is_fit(writer, sb, path))
		attach(writer, sb, path);
	else
		fail_soon(writer, FILE_FAULT_OTHER);
	return writer;
}

/* Never used, used up, taken by another transfer, expired: one answer, so that an id tells nothing.
 */
static enum file_fault no_link(struct error *err)
{
	error_set(
		err, ERROR_NOT_FOUND,
		"there is no such upload link: it never was, its one use is taken, or its time is "
		"over");
	return FILE_FAULT_LINK;
}

static enum file_fault too_large(int64_t most, struct error *err)
{
	error_set(err, ERROR_LIMIT, "this link takes at most %lld bytes", (long long)most);
	return FILE_FAULT_LARGE;
}

/* Claims the link.  False with writer->why and *ret_fault. */
static bool open_link(struct file_writer *writer, const char *id, struct sandbox **ret_sb,
		      enum file_fault *ret_fault)
{
	auto_upload_row row = { 0 };
	struct sandboxes *all = writer->all;
	struct error *err = &writer->why;
	int64_t now = clock_wall_ms();

	*ret_fault = FILE_FAULT_OTHER;
	if (!id_is_formed("u-", id) || !store_upload_find(all->store, id, now, &row, err)) {
		if (!id_is_formed("u-", id) || err->kind == ERROR_NOT_FOUND)
			*ret_fault = no_link(err);
		return false;
	}
	if (row.max_bytes < writer->most)
		writer->most = row.max_bytes;
	if (writer->length > writer->most) {
		*ret_fault = too_large(writer->most, err);
		return false;
	}
	if (!registry_use(all, NULL, row.container_id, ret_sb, err) ||
	    !is_fit(writer, *ret_sb, row.path))
		return false;
	if (!store_upload_take(all->store, id, now, err)) {
		if (err->kind == ERROR_NOT_FOUND)
			*ret_fault = no_link(err);
		return false;
	}
	writer->claimed = true;
	memcpy(writer->link_id, row.id, ID_SIZE);
	attach(writer, *ret_sb, row.path);
	return true;
}

struct file_writer *file_writer_open(struct sandboxes *all, const char *upload_id, int64_t length,
				     const struct file_writer_events *events, void *ctx)
{
	struct file_writer *writer = writer_new(all, events, ctx);
	enum file_fault fault;
	struct sandbox *sb;

	writer->length = length;
	if (!open_link(writer, upload_id, &sb, &fault))
		fail_soon(writer, fault);
	return writer;
}

/* --- writing ------------------------------------------------------------------------------- */

size_t file_writer_write(struct file_writer *writer, const void *data, size_t len)
{
	uint64_t room = WIRE_UPLOAD_WINDOW - (writer->sent - writer->taken);
	size_t done = 0;

	if (writer->phase != WRITER_OPEN || writer->ending)
		return 0;
	if (len > (uint64_t)writer->most - writer->sent) {
		fail_soon(writer, too_large(writer->most, &writer->why));
		return 0;
	}
	while (done < len && room > 0) {
		size_t some = len - done < room ? len - done : (size_t)room;

		if (some > WIRE_CHUNK_MAX)
			some = WIRE_CHUNK_MAX;
		if (!link_send_chunk(writer->sb, WIRE_WRITE, writer->stream, writer->sent,
				     (const char *)data + done, some))
			break; /* the link's end tells */
		writer->sent += some;
		done += some;
		room -= some;
	}
	writer->full = done < len;
	return done;
}

void file_writer_finish(struct file_writer *writer)
{
	uint8_t payload[16];
	struct wire_writer out = { .data = payload, .room = sizeof(payload) };

	if (writer->phase != WRITER_OPEN || writer->ending)
		return;
	if (writer->claimed &&
	    !store_upload_use(writer->all->store, writer->link_id, &writer->why)) {
		fail_soon(writer, FILE_FAULT_OTHER);
		return;
	}
	writer->phase = WRITER_SAVING;
	writer->timer = timer_start(writer->all->loop, SAVE_WAIT_MS, 0, on_saving_late, writer);
	wire_put_taken(&out, writer->sent);
	link_send(writer->sb, WIRE_SAVE, writer->stream, payload, out.len);
}

void file_writer_close(struct file_writer *writer)
{
	if (!writer)
		return;
	if (writer->phase == WRITER_SAVING) {
		writer->events = NULL; /* freed at its end */
		return;
	}
	detach(writer);
	if (writer->phase != WRITER_OVER)
		give_back(writer);
	writer_free(writer);
}

/* --- frames -------------------------------------------------------------------------------- */

static bool on_created(struct file_writer *writer, const struct wire_frame *frame)
{
	struct wire_created created;

	if (writer->phase != WRITER_ASKED || !wire_get_created(frame, &created))
		return false;
	timer_stop(take(writer->timer));
	writer->phase = WRITER_OPEN;
	free(writer->path);
	writer->path = mem_strdup(created.path);
	writer->events->on_open(writer->ctx, writer->path, created.replaces);
	return true;
}

static bool on_taken(struct file_writer *writer, const struct wire_frame *frame)
{
	uint64_t offset;

	if ((writer->phase != WRITER_OPEN && writer->phase != WRITER_SAVING) ||
	    !wire_get_taken(frame, &offset) || offset < writer->taken || offset > writer->sent)
		return false;
	writer->taken = offset;
	if (!writer->full || writer->phase != WRITER_OPEN)
		return true;
	writer->full = false;
	writer->events->on_room(writer->ctx);
	return true;
}

static bool on_saved(struct file_writer *writer, const struct wire_frame *frame)
{
	struct wire_saved saved;

	if (writer->phase != WRITER_SAVING || !wire_get_saved(frame, &saved) ||
	    (writer->wish.append ? saved.size < writer->sent : saved.size != writer->sent))
		return false;
	end(writer, &(struct file_written){
			    .path = writer->path, .size = saved.size, .replaced = saved.replaced });
	return true;
}

static bool on_failed(struct file_writer *writer, const struct wire_frame *frame)
{
	struct wire_failed failed;
	enum file_fault fault;
	struct error err;

	if (writer->phase == WRITER_WAITING || !wire_get_failed(frame, &failed))
		return false;
	write_error(&failed, writer->path, &fault, &err);
	/* An edit (which names a version) has no such choice. */
	if (failed.number == ENOENT && writer->composed && !writer->wish.create_parents &&
	    writer->wish.version == 0)
		error_advise(&err, "set create_parents to make it, or correct the path", false);
	fail(writer, fault, &err);
	return true;
}

bool file_writer_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good)
{
	struct file_writer *writer = NULL;

	HASH_FIND(hh, sb->writers, &frame->stream, sizeof(frame->stream), writer);
	if (!writer)
		return false;
	*ret_good = false;
	if (frame->type == WIRE_CREATED)
		*ret_good = on_created(writer, frame);
	else if (frame->type == WIRE_TAKEN)
		*ret_good = on_taken(writer, frame);
	else if (frame->type == WIRE_SAVED)
		*ret_good = on_saved(writer, frame);
	else if (frame->type == WIRE_FAILED)
		*ret_good = on_failed(writer, frame);
	return true;
}

/* --- the link ------------------------------------------------------------------------------ */

static void lose(struct file_writer *writer, const struct error *err)
{
	struct error why;

	if (writer->phase != WRITER_SAVING) {
		fail(writer, FILE_FAULT_OTHER, err);
		return;
	}
	writer->claimed = false;
	error_set(&why, ERROR_UNAVAILABLE,
		  "the connection to the container broke while the file was being put in place: "
		  "whether it is there is not known%s",
		  writer->composed ? "" : ", and the link is used up");
	fail(writer, FILE_FAULT_OTHER, &why);
}

void file_writers_end(struct sandbox *sb, const struct error *err)
{
	/* Callbacks may close this one and others, and begin new ones: those are left alone. */
	uint32_t before = sb->next_file_stream;
	struct file_writer *writer = sb->writers;

	while (writer) {
		if ((writer->stream & ~WIRE_FILE_STREAM) < before) {
			lose(writer, err);
			writer = sb->writers;
		} else {
			writer = writer->hh.next;
		}
	}
}

void file_writers_link_up(struct sandbox *sb)
{
	for (struct file_writer *writer = sb->writers; writer; writer = writer->hh.next)
		if (writer->phase == WRITER_WAITING)
			ask(writer);
}
