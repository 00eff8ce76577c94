/* Private to link.c and link_talk.c: one link. */
#ifndef SANDBOX_LINK_STATE_H
#define SANDBOX_LINK_STATE_H

#include "internal.h"

enum { LINK_HELD_MAX = 16 * WIRE_HEADER };
enum link_state { LINK_CLOSED, LINK_OPENING, LINK_LISTING, LINK_UP };

struct link {
	struct sandbox *sb;
	enum link_state state;
	const struct link_carrier *carrier; /* of the present attempt or the last one */
	bool fell_back;        /* the socket did not do: exec sessions, as long as they do */
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
	uint8_t held[LINK_HELD_MAX]; /* frames that go out with the next one … */
	size_t held_len;
	struct timer *held_timer;    /* … or then; NULL until first needed */
	struct wire_reader *partial; /* with the front of a frame whose rest is to come, or NULL */
};

/* --- link.c -------------------------------------------------------------------------------- */

/* Around what calls out: nothing of the link is touched after the last leave. */
void link_enter(struct link *link);
void link_leave(struct link *link);
/* Replaces the link's one timer. */
void link_set_timer(struct link *link, int64_t delay_ms, int64_t repeat_ms, timer_fn *on_due);
/* What came is not what the protocol allows: ends the link, and another follows. */
void link_fault(struct link *link, const char *what);
/* It is up: what failed before is forgiven, and the carrier has shown that it does. */
void link_proved(struct link *link);

/* --- link_talk.c --------------------------------------------------------------------------- */

/* Bytes came: on_data of the carrier's events; ctx is the link. */
void link_hear(void *ctx, const void *data, size_t len);

#endif
