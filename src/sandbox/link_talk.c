/* What is said over a link: HELLO and the list of commands, then frames both ways, and pings.
 *
 * Frames come from inside a container: one that is malformed or out of place ends this link, costs
 * a line in the log, and nothing else.  What was on its way is settled by offsets on the next link.
 */
#include <assert.h>
#include <string.h>
#include "link_state.h"

enum {
	PING_MS = 15000,
	PONG_MS = 10000,
	HELD_MS = 20,
	QUEUE_MAX = 8 * 1024 * 1024, /* not taken by the kernel: the other end is stuck */
};

/* --- in ------------------------------------------------------------------------------ */

static void on_ping(void *ctx);

static void on_pong_late(void *ctx)
{
	link_fault(ctx, "no answer to a ping");
}

static void on_ping(void *ctx)
{
	struct link *link = ctx;

	link->ping_open = true;
	link_set_timer(link, PONG_MS, 0, on_pong_late);
	link_send(link->sb, WIRE_PING, 0, NULL, 0);
}

static bool on_hello(struct link *link, const struct wire_frame *frame)
{
	struct sandbox *sb = link->sb;
	struct wire_hello hello;

	if (frame->type != WIRE_HELLO || frame->stream != 0 || !wire_get_hello(frame, &hello))
		return false;
	if (hello.version < WIRE_VERSION_LEAST || hello.version > WIRE_VERSION)
		return false;
	if (sb->measured && hello.boot != sb->hello.boot) {
		log_warn(sb->row.id, "process 1 is not the one that was there before");
		sandbox_died(sb);
		return true;
	}
	sb->hello = hello;
	sb->measured = true;
	link->state = LINK_LISTING;
	command_list_begin(sb);
	return true;
}

/* Everything about the commands is settled before anybody may say something new. */
static void become_up(struct link *link)
{
	struct sandbox *sb = link->sb;

	link->state = LINK_UP;
	link_proved(link);
	link_set_timer(link, PING_MS, 0, on_ping);
	log_debug(sb->row.id, "linked");
	command_list_complete(sb);
	if (!link->dropped && link->state == LINK_UP)
		command_link_up(sb);
	if (!link->dropped && link->state == LINK_UP)
		files_link_up(sb);
	if (!link->dropped && link->state == LINK_UP)
		sandbox_linked(sb);
}

static bool on_listing(struct link *link, const struct wire_frame *frame)
{
	if (frame->type == WIRE_COMMAND || frame->type == WIRE_CALLED)
		return command_listed(link->sb, frame);
	if (frame->type != WIRE_LISTED || frame->length != 0)
		return false;
	become_up(link);
	return true;
}

static bool on_pong(struct link *link)
{
	if (!link->ping_open)
		return false;
	link->ping_open = false;
	link_set_timer(link, PING_MS, 0, on_ping);
	return true;
}

/* The agent speaks of a file in streams with WIRE_FILE_STREAM, of a command in the others. */
static bool on_traffic(struct link *link, const struct wire_frame *frame)
{
	bool of_file = (frame->stream & WIRE_FILE_STREAM) != 0;

	if (frame->type == WIRE_PONG)
		return on_pong(link);
	if (frame->type == WIRE_USED)
		return check_frame(link->sb, frame);
	if (frame->type == WIRE_MEASURED)
		return birth_frame(link->sb, frame);
	return of_file ? file_frame(link->sb, frame) : command_frame(link->sb, frame);
}

static bool on_frame(void *ctx, const struct wire_frame *frame)
{
	struct link *link = ctx;
	bool good = false;

	switch (link->state) {
	case LINK_CLOSED:
		return false;
	case LINK_OPENING:
		good = on_hello(link, frame);
		break;
	case LINK_LISTING:
		good = on_listing(link, frame);
		break;
	case LINK_UP:
		good = on_traffic(link, frame);
		break;
	}
	if (link->dropped || link->state == LINK_CLOSED)
		return false;
	if (!good)
		link_fault(link, "a frame that makes no sense here");
	return good;
}

void link_hear(void *ctx, const void *data, size_t len)
{
	/* Pieces mostly end where a frame does: until one does not, a link needs no memory of its
	 * own.  One thread, and reading is never nested. */
	static struct wire_reader common;
	struct link *link = ctx;
	struct wire_reader *reader = link->partial ? link->partial : &common;

	if (reader == &common)
		wire_reader_init(reader);
	link_enter(link);
	if (!wire_feed(reader, data, len, on_frame, link) && !link->dropped &&
	    link->state != LINK_CLOSED && reader->fault)
		link_fault(link, reader->fault);
	if (reader->have == 0) {
		free(take(link->partial));
	} else if (reader == &common) {
		link->partial = mem_new(struct wire_reader);
		*link->partial = common;
	}
	link_leave(link);
}

/* --- out ----------------------------------------------------------------------------------- */

bool link_is_up(const struct sandbox *sb)
{
	return sb->link && sb->link->state == LINK_UP;
}

static void on_stuck(void *ctx)
{
	link_fault(ctx, "it takes no data any more");
}

/* One write a frame: the bytes 0x10 and 0x11 read singly would detach an exec session. */
static bool send_whole(struct link *link, const uint8_t *data, size_t len)
{
	size_t queued = link->carrier->write(link->stream, data, len);

	/* Not from inside the sender's call, which goes on using what fail() would end. */
	if (queued > QUEUE_MAX)
		link_set_timer(link, 0, 0, on_stuck);
	return true;
}

/* Each write wakes process 1, in the processor time of its container. */
static void on_held_due(void *ctx)
{
	struct link *link = ctx;
	size_t len = link->held_len;

	link->held_len = 0;
	if (len > 0)
		send_whole(link, link->held, len);
}

void link_send_soon(struct sandbox *sb, enum wire_type type, uint32_t stream)
{
	struct link *link = sb->link;

	if (!link_is_up(sb))
		return;
	if (link->held_len == sizeof(link->held))
		on_held_due(link);
	if (!link->held_timer)
		link->held_timer = timer_start(sb->all->loop, HELD_MS, 0, on_held_due, link);
	else if (link->held_len == 0)
		timer_reset(link->held_timer, HELD_MS);
	wire_put_header(link->held + link->held_len, type, stream, 0);
	link->held_len += WIRE_HEADER;
}

/* Puts what was held before the frame that goes out now; returns how much. */
static size_t put_held(struct link *link, uint8_t *ret_whole)
{
	size_t len = link->held_len;

	memcpy(ret_whole, link->held, len);
	link->held_len = 0;
	return len;
}

bool link_send(struct sandbox *sb, enum wire_type type, uint32_t stream, const void *payload,
	       size_t len)
{
	uint8_t whole[LINK_HELD_MAX + WIRE_HEADER + WIRE_PAYLOAD_MAX];
	uint8_t *at = whole;

	if (!link_is_up(sb))
		return false;
	assert(len <= WIRE_PAYLOAD_MAX);
	at += put_held(sb->link, whole);
	wire_put_header(at, type, stream, (uint32_t)len);
	at += WIRE_HEADER;
	if (len > 0)
		memcpy(at, payload, len);
	return send_whole(sb->link, whole, (size_t)(at - whole) + len);
}

bool link_send_chunk(struct sandbox *sb, enum wire_type type, uint32_t stream, uint64_t offset,
		     const void *data, size_t len)
{
	uint8_t whole[LINK_HELD_MAX + WIRE_HEADER + WIRE_PAYLOAD_MAX];
	uint8_t *at = whole;

	if (!link_is_up(sb))
		return false;
	assert(len <= WIRE_CHUNK_MAX);
	at += put_held(sb->link, whole);
	wire_put_header(at, type, stream, (uint32_t)(WIRE_CHUNK_HEADER + len));
	at += WIRE_HEADER;
	wire_put_chunk(at, offset);
	at += WIRE_CHUNK_HEADER;
	memcpy(at, data, len);
	return send_whole(sb->link, whole, (size_t)(at - whole) + len);
}
