/* Reading a file in a container, for a person who downloads it or to make sure that it is there.
 *The agent opens it inside the container and holds it open; no path is ever resolved out here.
 *
 *	WAITING (for a link) ──OPEN──> ASKED ──OPENED──> OPEN ──READ──> READING ──END──> OVER
 *
 * Data comes within a window and is acknowledged as the reader passes it on, so that a slow
 *download fills no memory.  A link that breaks ends the reader: the person's client asks again for
 *the rest. */
#include <errno.h>
#include <string.h>
#include "internal.h"

enum {
	LINK_WAIT_MS = 5000,
	OPEN_WAIT_MS = 10000,
	ACK_STEP = WIRE_FILE_WINDOW / 4,
	READERS_MAX = 256
};

enum reader_phase { READER_WAITING, READER_ASKED, READER_OPEN, READER_READING, READER_OVER };

struct file_reader {
	struct sandboxes *all;
	struct sandbox *sb; /* NULL once it is over: nothing of it is left in the agent */
	uint32_t stream;
	enum reader_phase phase;
	const struct file_events *events;
	void *ctx;
	char *path;
	char *name;
	char *disposition;
	int64_t expires_at;  /* of the link; 0: none */
	struct timer *timer; /* until it is open */
	uint64_t offset;     /* of the next byte to come */
	uint64_t end;
	uint64_t taken; /* up to here the data was passed on */
	uint64_t acked;
	UT_hash_handle hh;
};

static void reader_free(struct file_reader *reader)
{
	timer_stop(reader->timer);
	free(reader->path);
	free(reader->name);
	free(reader->disposition);
	free(reader);
}

/* The agent may forget it.  No frame finds it any more. */
static void detach(struct file_reader *reader)
{
	timer_stop(take(reader->timer));
	if (!reader->sb)
		return;
	if (reader->phase != READER_WAITING)
		link_send(reader->sb, WIRE_CLOSE, reader->stream, NULL, 0);
	HASH_DEL(reader->sb->readers, reader);
	reader->sb = NULL;
}

/* The last callback; the reader may be freed inside it. */
static void end(struct file_reader *reader, const struct error *err)
{
	bool was_open = reader->phase == READER_OPEN || reader->phase == READER_READING;

	detach(reader);
	if (reader->phase == READER_OVER)
		return;
	reader->phase = READER_OVER;
	if (was_open)
		reader->events->on_over(reader->ctx, err);
	else
		reader->events->on_open(reader->ctx, NULL, err);
}

static void on_late(void *ctx)
{
	struct file_reader *reader = ctx;
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE,
		  "container %s cannot be reached at the moment; try again in some seconds",
		  reader->sb->row.id);
	end(reader, &err);
}

static void ask(struct file_reader *reader)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	const char *base = reader->sb->row.workdir;
	struct wire_open *open = mem_new(struct wire_open);

	/* Both fit: the path was measured, and the working directory is a setting of ours. */
	memcpy(open->path, reader->path, strlen(reader->path));
	if (base)
		memcpy(open->base, base, strnlen(base, WIRE_PATH_MAX));
	wire_put_open(&writer, open);
	free(open);
	if (!link_send(reader->sb, WIRE_OPEN, reader->stream, payload, writer.len))
		return;
	reader->phase = READER_ASKED;
	timer_reset(reader->timer, OPEN_WAIT_MS);
}

struct file_reader *file_reader_begin(struct sandbox *sb, const char *path,
				      const struct file_events *events, void *ctx,
				      struct error *err)
{
	struct file_reader *reader;

	if (path[0] == '\0' || strlen(path) > WIRE_PATH_MAX) {
		error_set(err, ERROR_INVALID, "a path has between 1 and %d bytes", WIRE_PATH_MAX);
		return NULL;
	}
	if (HASH_COUNT(sb->readers) >= READERS_MAX) {
		error_set(err, ERROR_LIMIT, "%d files of container %s are being read already",
			  READERS_MAX, sb->row.id);
		error_advise(err, "make the same call again in a few seconds", true);
		return NULL;
	}
	reader = mem_new(struct file_reader);
	reader->all = sb->all;
	reader->sb = sb;
	reader->stream = sb->next_file_stream++ | WIRE_FILE_STREAM;
	reader->events = events;
	reader->ctx = ctx;
	reader->path = mem_strdup(path);
	reader->timer = timer_start(sb->all->loop, LINK_WAIT_MS, 0, on_late, reader);
	HASH_ADD(hh, sb->readers, stream, sizeof(reader->stream), reader);
	ask(reader);
	return reader;
}

/* A link's row, if it may still be followed. */
static bool find_file(struct sandboxes *all, const char *id, struct file_row *ret_row,
		      struct error *err)
{
	/* A person reads this. */
	static const char unknown[] = "this server knows no such link";
	char hm[CLOCK_TEXT_SIZE];

	if (!id_is_formed("f-", id))
		return error_set(err, ERROR_NOT_FOUND, unknown);
	if (!store_file_find(all->store, id, ret_row, err))
		return err->kind == ERROR_NOT_FOUND ? error_set(err, ERROR_NOT_FOUND, unknown)
						    : false;
	if (ret_row->expires_at > clock_wall_ms())
		return true;
	clock_format_hm(ret_row->expires_at, hm);
	return error_set(err, ERROR_GONE, "this link ended at %s UTC", hm);
}

struct file_reader *file_reader_open(struct sandboxes *all, const char *file_id,
				     const struct file_events *events, void *ctx, struct error *err)
{
	auto_file_row row = { 0 };
	struct file_reader *reader;
	struct sandbox *sb;
	struct error gone;

	if (!find_file(all, file_id, &row, err)) {
		/* A link dies with its container, and the container's end says more. */
		if (err->kind == ERROR_GONE &&
		    !registry_use(all, NULL, row.container_id, &sb, &gone) &&
		    gone.kind == ERROR_GONE)
			*err = gone;
		return NULL;
	}
	if (!registry_use(all, NULL, row.container_id, &sb, err))
		return NULL;
	reader = file_reader_begin(sb, row.path, events, ctx, err);
	if (!reader)
		return NULL;
	reader->name = take(row.name);
	reader->disposition = take(row.disposition);
	reader->expires_at =
		row.expires_at < sb->row.expires_at ? row.expires_at : sb->row.expires_at;
	return reader;
}

struct file_reader *file_reader_open_path(struct sandboxes *all, const struct file_request *request,
					  const struct file_events *events, void *ctx,
					  struct error *err)
{
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err))
		return NULL;
	return file_reader_begin(sb, request->path, events, ctx, err);
}

void file_reader_read(struct file_reader *reader, uint64_t offset, uint64_t length)
{
	uint8_t payload[32];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	if (reader->phase != READER_OPEN)
		return;
	reader->phase = READER_READING;
	reader->offset = reader->taken = reader->acked = offset;
	reader->end = offset + length;
	wire_put_read(&writer, &(struct wire_read){ .offset = offset, .length = length });
	link_send(reader->sb, WIRE_READ, reader->stream, payload, writer.len);
}

void file_reader_taken(struct file_reader *reader, size_t len)
{
	uint8_t payload[32];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	reader->taken += len;
	if (!reader->sb || reader->taken - reader->acked < ACK_STEP)
		return;
	reader->acked = reader->taken;
	wire_put_offsets(&writer, &(struct wire_offsets){ .out = reader->acked });
	link_send(reader->sb, WIRE_ACK, reader->stream, payload, writer.len);
}

void file_reader_close(struct file_reader *reader)
{
	if (!reader)
		return;
	detach(reader);
	reader_free(reader);
}

/* --- frames -------------------------------------------------------------------------------- */

static bool on_opened(struct file_reader *reader, const struct wire_frame *frame)
{
	struct wire_opened opened;
	struct file_opened file = { .name = reader->name, .disposition = reader->disposition };

	if (reader->phase != READER_ASKED || !wire_get_opened(frame, &opened) ||
	    opened.size > INT64_MAX)
		return false;
	timer_stop(take(reader->timer));
	reader->phase = READER_OPEN;
	file.path = opened.path;
	file.size = opened.size;
	file.modified_ms = (int64_t)(opened.modified_ns / 1000000);
	file.version = wire_version(opened.inode, opened.modified_ns, opened.size);
	file.expires_at = reader->expires_at;
	reader->events->on_open(reader->ctx, &file, NULL);
	return true;
}

static bool on_failed(struct file_reader *reader, const struct wire_frame *frame)
{
	struct wire_failed failed;
	struct error err;

	if (reader->phase != READER_ASKED || !wire_get_failed(frame, &failed))
		return false;
	path_error(&failed, reader->path, &err);
	end(reader, &err);
	return true;
}

static bool on_data(struct file_reader *reader, const struct wire_frame *frame)
{
	uint64_t offset;
	const uint8_t *data;
	size_t len;

	if (reader->phase != READER_READING || !wire_get_chunk(frame, &offset, &data, &len) ||
	    offset != reader->offset || len > reader->end - reader->offset)
		return false;
	/* An agent that goes beyond the window would fill the memory of a slow download. */
	if (reader->offset + len - reader->acked > WIRE_FILE_WINDOW)
		return false;
	reader->offset += len;
	if (len > 0)
		reader->events->on_data(reader->ctx, data, len);
	return true;
}

static bool on_end(struct file_reader *reader, const struct wire_frame *frame)
{
	struct wire_failed failed;
	struct error err;

	if (reader->phase != READER_READING || !wire_get_failed(frame, &failed))
		return false;
	if (failed.number == 0) {
		if (reader->offset != reader->end)
			return false;
		end(reader, NULL);
		return true;
	}
	path_error(&failed, reader->path, &err);
	end(reader, &err);
	return true;
}

bool file_frame(struct sandbox *sb, const struct wire_frame *frame)
{
	struct file_reader *reader = NULL;
	bool good;

	if (file_writer_frame(sb, frame, &good) || file_op_frame(sb, frame, &good) ||
	    file_watch_frame(sb, frame, &good))
		return good;
	HASH_FIND(hh, sb->readers, &frame->stream, sizeof(frame->stream), reader);
	if (!reader) /* closed while this was on its way; what was never opened is a fault */
		return (frame->stream & ~WIRE_FILE_STREAM) < sb->next_file_stream;
	if (frame->type == WIRE_OPENED)
		return on_opened(reader, frame);
	if (frame->type == WIRE_FAILED)
		return on_failed(reader, frame);
	if (frame->type == WIRE_DATA)
		return on_data(reader, frame);
	return frame->type == WIRE_END && on_end(reader, frame);
}

void files_end(struct sandbox *sb, const struct error *err)
{
	/* Callbacks may close this one and others, and begin new ones: those are left alone. */
	uint32_t before = sb->next_file_stream;
	struct file_reader *reader = sb->readers;

	while (reader) {
		if ((reader->stream & ~WIRE_FILE_STREAM) < before) {
			end(reader, err);
			reader = sb->readers;
		} else {
			reader = reader->hh.next;
		}
	}
	file_writers_end(sb, err);
	file_ops_end(sb, err);
}

void files_link_up(struct sandbox *sb)
{
	for (struct file_reader *reader = sb->readers; reader; reader = reader->hh.next)
		if (reader->phase == READER_WAITING)
			ask(reader);
	file_writers_link_up(sb);
	file_ops_link_up(sb);
	file_watches_link_up(sb);
}
