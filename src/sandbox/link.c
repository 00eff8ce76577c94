/* The link to a container's process 1: opened, listened to, and opened again when it breaks, for as
 * long as the container lives.
 *
 *	CLOSED ──> OPENING ──HELLO──> LISTING ──LISTED──> UP
 *	   ^           │                 │                │
 *	   └───────────┴─────────────────┴────────────────┘   fault, end of stream, silence
 *
 * Frames come from inside a container: one that is malformed or out of place ends this link, costs
 * a line in the log, and nothing else.  What was on its way is settled by offsets on the next link.
 */
#include <assert.h>
#include <string.h>
#include "internal.h"

enum {
	HANDSHAKE_MS = 20000, /* from opening to LISTED; for a first link, all attempts together */
	UNBLOCK_MS = 8000,    /* so that listing containers does not wait too long (LIST_MS) */
	BACKOFF_FIRST_MS = 50,
	BACKOFF_MOST_MS = 5000,
	STEADY_MS = 10000, /* a link that held so long was a good one: no back-off */
	PING_MS = 15000,
	PONG_MS = 10000,
	QUEUE_MAX = 8 * 1024 * 1024, /* not taken by the kernel: the other end is stuck */
	CLEAR_ATTEMPTS = 3,          /* that failed, at least */
};

enum link_state { LINK_CLOSED, LINK_OPENING, LINK_LISTING, LINK_UP };

struct link {
	struct sandbox *sb;
	enum link_state state;
	void *stream;          /* the carrier's; NULL while closed */
	struct timer *timer;   /* closed: the next attempt; opening: its deadline; up: pings */
	int64_t begun_mono_ms; /* when linking this container began, Podman being up */
	int64_t up_mono_ms;
	int64_t backoff_ms;
	int failures;            /* since the link was up, as a fork bomb causes them */
	int64_t failing_mono_ms; /* when the first of them failed */
	bool cleared;            /* once for these */
	bool ping_open;          /* a PING was sent, its PONG has not come */
	int busy;                /* calls of ours on the stack: it must not be freed */
	bool dropped;
	struct wire_reader reader;
};

/* --- the carrier: an exec session of Podman's ---------------------------------------------- */

static void *exec_open(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
		       struct error *err)
{
	static const char *const argv[] = { "/.sandpod/agent", "link", NULL };

	return podman_link_open(sb->all->podman, sb->row.podman_id, argv, events, ctx, err);
}

static size_t exec_write(void *stream, const void *data, size_t len)
{
	return podman_link_write(stream, data, len);
}

static void exec_close(void *stream)
{
	podman_link_close(stream);
}

static void on_cleared(void *ctx, const struct error *err)
{
	(void)ctx;
	if (err)
		log_warn("link", "a container could not be cleared: %s", err->text);
}

/* The agent takes this signal from outside of its container only. */
static void exec_clear(struct sandbox *sb)
{
	(void)podman_container_signal(sb->all->podman, sb->row.podman_id, "USR1", on_cleared, NULL);
}

static const struct link_carrier exec_carrier = {
	.open = exec_open,
	.write = exec_write,
	.close = exec_close,
	.clear = exec_clear,
};

static const struct link_carrier *carrier_of(const struct link *link)
{
	return link->sb->all->carrier ? link->sb->all->carrier : &exec_carrier;
}

/* --- keeping it open ----------------------------------------------------------------------- */

static void attempt(struct link *link);
static void on_retry(void *ctx);

/* Nothing of the link is touched after the last leave. */
static void enter(struct link *link)
{
	link->busy++;
}

static void leave(struct link *link)
{
	if (--link->busy == 0 && link->dropped)
		free(link);
}

static void set_timer(struct link *link, int64_t delay_ms, int64_t repeat_ms, timer_fn *on_due)
{
	timer_stop(take(link->timer));
	link->timer = timer_start(link->sb->all->loop, delay_ms, repeat_ms, on_due, link);
}

/* Closes the stream; whoever read a file is told. */
static void close_stream(struct link *link, const struct error *why)
{
	bool was_up = link->state == LINK_UP;

	timer_stop(take(link->timer));
	if (link->stream)
		carrier_of(link)->close(take(link->stream));
	link->state = LINK_CLOSED;
	link->ping_open = false;
	if (was_up)
		file_readers_end(link->sb, why);
}

static void forgive(struct link *link)
{
	link->failures = 0;
	link->cleared = false;
}

/* A fork bomb leaves no process for the link to begin with (or so few that it hangs), and nothing
 * but its end helps.  Other failures do not call for that: a host whose disk is full must not cost
 * everybody's commands.  Podman refuses the signal to a container that does not run. */
static void note_failure(struct link *link, const struct error *why, int64_t now)
{
	struct sandbox *sb = link->sb;

	if (why->kind != ERROR_LIMIT && why->kind != ERROR_TIMEOUT)
		return;
	if (link->failures++ == 0)
		link->failing_mono_ms = now;
	if (link->cleared || sb->state != SANDBOX_RUNNING || link->failures < CLEAR_ATTEMPTS ||
	    now - link->failing_mono_ms < sb->all->clear_after_ms)
		return;
	link->cleared = true;
	link->backoff_ms = 0;
	log_warn(sb->row.id,
		 "no link in %d attempts over %lld s, as when all its processes are in use: "
		 "everything that runs in it is killed",
		 link->failures, (long long)((now - link->failing_mono_ms) / 1000));
	carrier_of(link)->clear(sb);
}

/* The attempt or the link is over; another follows unless the container is. */
static void fail(struct link *link, const struct error *why)
{
	struct sandbox *sb = link->sb;
	int64_t now = clock_mono_ms();
	bool was_up = link->state == LINK_UP;
	bool steady = was_up && now - link->up_mono_ms >= STEADY_MS;

	enter(link);
	close_stream(link, why);
	if (link->dropped || !sb->all->podman_up) {
		leave(link);
		return;
	}
	if (!was_up)
		note_failure(link, why, now);
	if (steady || link->backoff_ms == 0)
		link->backoff_ms = BACKOFF_FIRST_MS;
	set_timer(link, link->backoff_ms, 0, on_retry);
	link->backoff_ms =
		link->backoff_ms * 2 < BACKOFF_MOST_MS ? link->backoff_ms * 2 : BACKOFF_MOST_MS;
	if (why->kind == ERROR_CONFLICT || why->kind == ERROR_NOT_FOUND)
		sandbox_doubted(sb);
	else if ((sb->state == SANDBOX_CREATING || sb->state == SANDBOX_WARM) &&
		 now - link->begun_mono_ms >= HANDSHAKE_MS)
		sandbox_link_failed(sb, why);
	leave(link);
}

/* What came is not what the protocol allows. */
static void fault(struct link *link, const char *what)
{
	struct error why;

	log_warn(link->sb->row.id, "link ended: %s", what);
	error_set(&why, ERROR_UNAVAILABLE,
		  "the connection to container %s broke; it is being made anew", link->sb->row.id);
	fail(link, &why);
}

static void on_retry(void *ctx)
{
	struct link *link = ctx;

	timer_stop(take(link->timer));
	attempt(link);
}

static void on_handshake_late(void *ctx)
{
	struct link *link = ctx;
	struct error why;

	error_set(&why, ERROR_TIMEOUT, "process 1 of container %s did not answer in %d seconds",
		  link->sb->row.id, HANDSHAKE_MS / 1000);
	log_warn(link->sb->row.id, "no link: %s", why.text);
	fail(link, &why);
}

static void on_handshake_slow(void *ctx)
{
	struct link *link = ctx;

	set_timer(link, HANDSHAKE_MS - UNBLOCK_MS, 0, on_handshake_late);
	direct_unblock(link->sb);
}

/* --- the talk ------------------------------------------------------------------------------ */

static void on_ping(void *ctx);

static void on_pong_late(void *ctx)
{
	fault(ctx, "no answer to a ping");
}

static void on_ping(void *ctx)
{
	struct link *link = ctx;

	link->ping_open = true;
	set_timer(link, PONG_MS, 0, on_pong_late);
	link_send(link->sb, WIRE_PING, 0, NULL, 0);
}

static bool on_hello(struct link *link, const struct wire_frame *frame)
{
	struct sandbox *sb = link->sb;
	struct wire_hello hello;

	if (frame->type != WIRE_HELLO || frame->stream != 0 || !wire_get_hello(frame, &hello))
		return false;
	if (hello.version != WIRE_VERSION)
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
	link->up_mono_ms = clock_mono_ms();
	forgive(link);
	set_timer(link, PING_MS, 0, on_ping);
	log_debug(sb->row.id, "linked");
	command_list_complete(sb);
	if (!link->dropped && link->state == LINK_UP)
		command_link_up(sb);
	if (!link->dropped && link->state == LINK_UP)
		file_readers_link_up(sb);
	if (!link->dropped && link->state == LINK_UP)
		sandbox_linked(sb);
}

static bool on_listing(struct link *link, const struct wire_frame *frame)
{
	if (frame->type == WIRE_COMMAND)
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
	set_timer(link, PING_MS, 0, on_ping);
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
		fault(link, "a frame that makes no sense here");
	return good;
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct link *link = ctx;

	enter(link);
	if (!wire_feed(&link->reader, data, len, on_frame, link) && !link->dropped &&
	    link->state != LINK_CLOSED && link->reader.fault)
		fault(link, link->reader.fault);
	leave(link);
}

static void on_over(void *ctx, const struct error *err)
{
	struct link *link = ctx;
	struct error why;

	if (err)
		why = *err;
	else
		error_set(&why, ERROR_UNAVAILABLE, "the connection to container %s was closed",
			  link->sb->row.id);
	log_debug(link->sb->row.id, "link over: %s", why.text);
	fail(link, &why);
}

static void on_nothing(void *ctx)
{
	(void)ctx;
}

static const struct podman_link_events stream_events = {
	.on_open = on_nothing,
	.on_data = on_data,
	.on_room = on_nothing,
	.on_over = on_over,
};

static void attempt(struct link *link)
{
	struct error err;

	wire_reader_init(&link->reader);
	link->state = LINK_OPENING;
	set_timer(link, UNBLOCK_MS, 0, on_handshake_slow);
	link->stream = carrier_of(link)->open(link->sb, &stream_events, link, &err);
	if (!link->stream)
		fail(link, &err);
}

/* --- what the others see ------------------------------------------------------------------- */

void link_keep(struct sandbox *sb)
{
	if (sb->link)
		return;
	sb->link = mem_new(struct link);
	sb->link->sb = sb;
	link_pause(sb);
}

void link_drop(struct sandbox *sb)
{
	struct link *link = sb->link;
	struct error why;

	if (!link)
		return;
	sb->link = NULL;
	link->dropped = true;
	error_set(&why, ERROR_UNAVAILABLE, "container %s is not connected any more", sb->row.id);
	enter(link);
	close_stream(link, &why);
	leave(link);
}

void link_pause(struct sandbox *sb)
{
	struct link *link = sb->link;
	struct error why;

	if (!link)
		return;
	if (!sb->all->podman_up) {
		error_set(&why, ERROR_UNAVAILABLE,
			  "Podman is being restarted; container %s lives on", sb->row.id);
		close_stream(link, &why);
	} else if (link->state == LINK_CLOSED) {
		link->begun_mono_ms = clock_mono_ms();
		link->backoff_ms = 0;
		forgive(link);
		set_timer(link, 0, 0, on_retry);
	}
}

bool link_is_up(const struct sandbox *sb)
{
	return sb->link && sb->link->state == LINK_UP;
}

static void on_stuck(void *ctx)
{
	fault(ctx, "it takes no data any more");
}

/* One write a frame: the bytes 0x10 and 0x11 read singly would detach an exec session. */
static bool send_whole(struct link *link, const uint8_t *data, size_t len)
{
	size_t queued = carrier_of(link)->write(link->stream, data, len);

	/* Not from inside the sender's call, which goes on using what fail() would end. */
	if (queued > QUEUE_MAX)
		set_timer(link, 0, 0, on_stuck);
	return true;
}

bool link_send(struct sandbox *sb, enum wire_type type, uint32_t stream, const void *payload,
	       size_t len)
{
	uint8_t whole[WIRE_HEADER + WIRE_PAYLOAD_MAX];

	if (!link_is_up(sb))
		return false;
	assert(len <= WIRE_PAYLOAD_MAX);
	wire_put_header(whole, type, stream, (uint32_t)len);
	if (len > 0)
		memcpy(whole + WIRE_HEADER, payload, len);
	return send_whole(sb->link, whole, WIRE_HEADER + len);
}

bool link_send_chunk(struct sandbox *sb, enum wire_type type, uint32_t stream, uint64_t offset,
		     const void *data, size_t len)
{
	uint8_t whole[WIRE_HEADER + WIRE_PAYLOAD_MAX];

	if (!link_is_up(sb))
		return false;
	assert(len <= WIRE_CHUNK_MAX);
	wire_put_header(whole, type, stream, (uint32_t)(WIRE_CHUNK_HEADER + len));
	wire_put_chunk(whole + WIRE_HEADER, offset);
	memcpy(whole + WIRE_HEADER + WIRE_CHUNK_HEADER, data, len);
	return send_whole(sb->link, whole, WIRE_HEADER + WIRE_CHUNK_HEADER + len);
}
