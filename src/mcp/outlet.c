/* Event streams (the HTML standard's text/event-stream).
 *
 * An outlet is what is written to; a tap is the HTTP answer that a reader has of it now.  In the
 * 2025 revisions a stream outlives its reader: its events have ids and are kept, and a GET with
 * Last-Event-ID attaches a tap again that begins behind that event.  Such outlets belong to a
 * session.  Those of 2026-07-28 have no session, no ids and one tap in their life.
 *
 * An outlet is freed when nobody has it any more: not its writer, not its session, not a tap. */
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include "buf.h"
#include "clock.h"

enum {
	KEPT_MS = 5 * 60 * 1000,       /* a finished stream waits so long for its reader */
	UNSENT_MAX = 32 * 1024 * 1024, /* bytes that wait for a slow reader */
	PIECE = HTTP_STREAM_ROOM / 2,
};

struct event {
	struct event *next;
	unsigned number;
	size_t len;
	char text[]; /* the whole frame */
};

struct tap {
	struct mcp *mcp;           /* NULL: it is over, and only the readers are left */
	struct tap *newer, *older; /* in mcp->taps */
	struct outlet *outlet;     /* NULL: it was replaced, or is done */
	struct http_stream *stream;
	struct buf unsent;
	size_t counted; /* of unsent, in mcp->unsent_bytes */
	size_t room;
	bool finishing;
};

struct outlet {
	struct mcp *mcp;
	struct session *session;    /* NULL: events are not kept */
	struct outlet *of_session;  /* the next older of it */
	struct outlet *prev, *next; /* in mcp->outlets */
	unsigned number;
	struct event *first, *last;
	unsigned count, next_event;
	size_t bytes;
	struct tap *tap;
	bool written; /* its writer is done */
	int64_t written_ms;
	void (*on_gone)(void *ctx);
	void *ctx;
};

/* --- its life --- */

struct outlet *outlet_new(struct mcp *mcp, struct session *session)
{
	struct outlet *outlet = mem_new(struct outlet);

	outlet->mcp = mcp;
	outlet->session = session;
	outlet->next_event = 1;
	outlet->next = mcp->outlets;
	if (outlet->next)
		outlet->next->prev = outlet;
	mcp->outlets = outlet;
	mcp_tick_start(mcp);
	if (session) {
		outlet->number = ++session->next_outlet;
		outlet->of_session = session->outlets;
		session->outlets = outlet;
	}
	return outlet;
}

static void drop_events(struct outlet *outlet)
{
	while (outlet->first) {
		struct event *event = outlet->first;

		outlet->first = event->next;
		free(event);
	}
	outlet->last = NULL;
	outlet->count = 0;
	outlet->mcp->outlets_bytes -= outlet->bytes;
	outlet->bytes = 0;
}

static void free_if_unused(struct outlet *outlet)
{
	if (outlet->session || outlet->tap || !outlet->written)
		return;
	if (outlet->prev)
		outlet->prev->next = outlet->next;
	else
		outlet->mcp->outlets = outlet->next;
	if (outlet->next)
		outlet->next->prev = outlet->prev;
	drop_events(outlet);
	free(outlet);
}

void outlet_on_gone(struct outlet *outlet, void (*on_gone)(void *ctx), void *ctx)
{
	outlet->on_gone = on_gone;
	outlet->ctx = ctx;
}

bool outlet_is_attached(const struct outlet *outlet)
{
	return outlet->tap != NULL;
}

static void leave_session(struct outlet *outlet)
{
	struct outlet **at = &outlet->session->outlets;

	while (*at != outlet)
		at = &(*at)->of_session;
	*at = outlet->of_session;
	if (outlet->session->feed == outlet)
		outlet->session->feed = NULL;
	outlet->session = NULL;
}

static void let_go(struct outlet *outlet)
{
	leave_session(outlet);
	free_if_unused(outlet);
}

/* --- taps --- */

static void count_unsent(struct tap *tap)
{
	if (!tap->mcp)
		return;
	tap->mcp->unsent_bytes += tap->unsent.len;
	tap->mcp->unsent_bytes -= tap->counted;
	tap->counted = tap->unsent.len;
}

/* It hears no more; its stream's on_over comes later. */
static void cut_off(struct tap *tap)
{
	http_stream_abort(tap->stream);
	buf_release(&tap->unsent);
	tap->unsent = BUF_INIT(0);
	count_unsent(tap);
}

/* A reader may be slow, but many of them must not fill the memory: then those that began first go,
 * and may come back for what is kept. */
static void spare_memory(struct mcp *mcp, const struct tap *newest)
{
	struct tap *tap = mcp->taps;

	while (tap && tap->older)
		tap = tap->older;
	for (; tap && mcp->unsent_bytes > UNSENT_ALL_MAX; tap = tap->newer)
		if (tap != newest && tap->counted > PIECE)
			cut_off(tap);
}

static void leave_taps(struct tap *tap)
{
	if (!tap->mcp)
		return;
	*(tap->newer ? &tap->newer->older : &tap->mcp->taps) = tap->older;
	if (tap->older)
		tap->older->newer = tap->newer;
	tap->mcp->unsent_bytes -= tap->counted;
	tap->mcp = NULL;
}

static void tap_free(struct tap *tap)
{
	leave_taps(tap);
	buf_release(&tap->unsent);
	free(tap);
}

static void on_over(void *ctx, bool whole)
{
	struct tap *tap = ctx;
	struct outlet *outlet = tap->outlet;

	tap_free(tap);
	if (!outlet)
		return;
	outlet->tap = NULL;
	/* Its writer may finish it right there, and then it is gone. */
	if (!whole && !outlet->written && outlet->on_gone)
		outlet->on_gone(outlet->ctx);
	else
		free_if_unused(outlet);
}

static void pump(struct tap *tap)
{
	while (tap->unsent.len > 0 && tap->room > 0) {
		size_t len = tap->unsent.len < PIECE ? tap->unsent.len : PIECE;

		tap->room = http_stream_write(tap->stream, tap->unsent.data, len);
		buf_drop(&tap->unsent, len);
	}
	count_unsent(tap);
	if (tap->finishing && tap->unsent.len == 0)
		http_stream_finish(tap->stream);
}

static void on_room(void *ctx)
{
	struct tap *tap = ctx;

	tap->room = HTTP_STREAM_ROOM / 2;
	pump(tap);
}

static void tap_write(struct tap *tap, const char *text, size_t len)
{
	if (tap->unsent.len == 0 && len <= PIECE && tap->room > 0)
		tap->room = http_stream_write(tap->stream, text, len);
	else if (buf_add(&tap->unsent, text, len))
		pump(tap);
	else
		http_stream_abort(tap->stream); /* a reader that has stopped to read */
	if (tap->mcp && tap->mcp->unsent_bytes > UNSENT_ALL_MAX)
		spare_memory(tap->mcp, tap);
}

static void tap_finish(struct tap *tap)
{
	tap->finishing = true;
	pump(tap);
}

/* The reader is let go; on_over comes later, for nobody. */
static void detach(struct outlet *outlet)
{
	struct tap *tap = outlet->tap;

	outlet->tap = NULL;
	tap->outlet = NULL;
	tap_finish(tap);
}

static void replay(struct outlet *outlet, unsigned after)
{
	for (const struct event *e = outlet->first; e; e = e->next)
		if (e->number > after)
			tap_write(outlet->tap, e->text, e->len);
}

void outlet_attach(struct outlet *outlet, struct http_request *req, unsigned after)
{
	static const char open[] = ": open\n\n";
	struct tap *tap = mem_new(struct tap);
	struct http_stream_options options = { .status = 200,
					       .content_type = "text/event-stream",
					       .length = -1,
					       .on_room = on_room,
					       .on_over = on_over,
					       .ctx = tap };

	tap->mcp = outlet->mcp;
	tap->older = tap->mcp->taps;
	if (tap->older)
		tap->older->newer = tap;
	tap->mcp->taps = tap;
	if (outlet->tap)
		detach(outlet);
	http_add_header(req, "Cache-Control", "no-cache, no-transform");
	http_add_header(req, "X-Accel-Buffering", "no");
	tap->outlet = outlet;
	tap->unsent = BUF_INIT(UNSENT_MAX);
	tap->room = HTTP_STREAM_ROOM;
	tap->stream = http_stream_open(req, &options);
	outlet->tap = tap;
	tap_write(tap, open, strlen(open));
	replay(outlet, after);
	if (outlet->written)
		tap_finish(tap);
}

/* --- events --- */

/* Of everybody's streams that are over, those that began first are not kept any more.  What a
 * reader is being sent, he gets all the same. */
static void make_room(struct mcp *mcp, bool with_readers)
{
	struct outlet *outlet = mcp->outlets;

	while (outlet && outlet->next)
		outlet = outlet->next;
	for (struct outlet *newer; outlet && mcp->outlets_bytes > OUTLETS_BYTES_MAX;
	     outlet = newer) {
		newer = outlet->prev;
		if (!outlet->written || !outlet->session || (outlet->tap && !with_readers))
			continue;
		drop_events(outlet);
		let_go(outlet);
	}
}

static void drop_first(struct outlet *outlet)
{
	struct event *event = outlet->first;

	outlet->first = event->next;
	outlet->count--;
	outlet->bytes -= event->len;
	outlet->mcp->outlets_bytes -= event->len;
	free(event);
}

static void keep(struct outlet *outlet, const char *text, size_t len)
{
	struct event *event = mem_zeroed(1, sizeof(*event) + len + 1);

	event->number = outlet->next_event - 1;
	event->len = len;
	memcpy(event->text, text, len);
	*(outlet->last ? &outlet->last->next : &outlet->first) = event;
	outlet->last = event;
	outlet->count++;
	outlet->bytes += len;
	outlet->mcp->outlets_bytes += len;
	while (outlet->count > 1 &&
	       (outlet->count > OUTLET_EVENTS_MAX || outlet->bytes > OUTLET_BYTES_MAX))
		drop_first(outlet);
	if (outlet->mcp->outlets_bytes > OUTLETS_BYTES_MAX)
		make_room(outlet->mcp, false);
	if (outlet->mcp->outlets_bytes > OUTLETS_BYTES_MAX)
		make_room(outlet->mcp, true);
}

/* The one place where a frame is written.  data is one line. */
static void send_frame(struct outlet *outlet, const char *type, const char *data)
{
	auto_buf frame = BUF_INIT(UNSENT_MAX);

	if (type)
		buf_addf(&frame, "event: %s\n", type);
	if (outlet->session)
		buf_addf(&frame, "id: %u.%u\n", outlet->number, outlet->next_event);
	outlet->next_event++;
	if (!buf_add_text(&frame, "data: ") || !buf_add_text(&frame, data) ||
	    !buf_add_text(&frame, "\n\n"))
		return;
	if (outlet->session)
		keep(outlet, frame.data, frame.len);
	if (outlet->tap)
		tap_write(outlet->tap, frame.data, frame.len);
}

void outlet_send(struct outlet *outlet, const struct json *message)
{
	auto_str text = json_print(message);

	send_frame(outlet, "message", text);
}

void outlet_send_text(struct outlet *outlet, const char *type, const char *text)
{
	send_frame(outlet, type, text);
}

void outlet_prime(struct outlet *outlet)
{
	send_frame(outlet, NULL, "");
}

void outlet_drop(struct outlet *outlet, int64_t retry_ms)
{
	auto_str frame = mem_format("retry: %lld\n\n", (long long)retry_ms);

	if (!outlet->tap)
		return;
	tap_write(outlet->tap, frame, strlen(frame));
	detach(outlet);
}

void outlet_finish(struct outlet *outlet)
{
	if (!outlet)
		return;
	outlet->written = true;
	outlet->written_ms = clock_mono_ms();
	outlet->on_gone = NULL;
	if (outlet->tap)
		tap_finish(outlet->tap);
	free_if_unused(outlet);
}

/* --- of a session --- */

struct outlet *outlet_find(const struct session *session, const char *event_id,
			   unsigned *ret_number)
{
	char *end;
	unsigned long number = strtoul(event_id, &end, 10);
	struct outlet *outlet = session->outlets;

	if (end == event_id || *end != '.')
		return NULL;
	while (outlet && outlet->number != number)
		outlet = outlet->of_session;
	*ret_number = (unsigned)strtoul(end + 1, NULL, 10);
	return outlet;
}

void outlets_forget(struct session *session)
{
	while (session->outlets) {
		struct outlet *outlet = session->outlets;

		if (outlet == session->feed)
			outlet_finish(outlet);
		let_go(session->outlets);
	}
}

/* The oldest ones that are finished make room. */
void outlets_trim(struct session *session)
{
	unsigned count = 0;
	struct outlet *oldest = NULL;

	for (struct outlet *o = session->outlets; o; o = o->of_session) {
		count++;
		if (o->written)
			oldest = o;
	}
	if (count > OUTLETS_PER_SESSION && oldest)
		let_go(oldest);
}

/* --- time --- */

void outlets_tick(struct mcp *mcp)
{
	static const char comment[] = ": keepalive\n\n";
	int64_t now = clock_mono_ms();
	bool due = mcp->ticks % (STREAM_KEEPALIVE_MS / 1000) == 0;

	for (struct outlet *outlet = mcp->outlets, *next; outlet; outlet = next) {
		next = outlet->next;
		if (outlet->tap && due)
			tap_write(outlet->tap, comment, strlen(comment));
		else if (outlet->written && !outlet->tap && outlet->session &&
			 now - outlet->written_ms > KEPT_MS)
			let_go(outlet);
	}
}

void outlets_end_all(struct mcp *mcp)
{
	for (struct outlet *outlet = mcp->outlets, *next; outlet; outlet = next) {
		next = outlet->next;
		outlet->on_gone = NULL;
		outlet->written = true;
		if (outlet->tap)
			detach(outlet);
		if (outlet->session)
			leave_session(outlet);
		free_if_unused(outlet);
	}
	while (mcp->taps)
		leave_taps(mcp->taps);
}
