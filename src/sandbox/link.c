/* The link to a container's process 1: opened, listened to, and opened again when it breaks, for as
 * long as the container lives.
 *
 *	CLOSED ──> OPENING ──HELLO──> LISTING ──LISTED──> UP
 *	   ^           │                 │                │
 *	   └───────────┴─────────────────┴────────────────┘   fault, end of stream, silence
 *
 * Where Podman is on this machine process 1 comes to a socket of ours (link_socket.c); if it does
 * not, and with a Podman elsewhere, we go in by an exec session (link_exec.c).  What is said is in
 * link_talk.c. */
#include "link_state.h"

enum {
	SOCKET_MS = 5000,     /* for process 1 to come to a socket */
	MISSED_MOST = 3,      /* new containers in a row that came to none */
	HANDSHAKE_MS = 20000, /* from opening to LISTED; for a first link, all attempts together */
	UNBLOCK_MS = 8000,    /* so that listing containers does not wait too long (LIST_MS) */
	BACKOFF_FIRST_MS = 50,
	BACKOFF_MOST_MS = 5000,
	STEADY_MS = 10000,  /* a link that held so long was a good one: no back-off */
	CLEAR_ATTEMPTS = 3, /* that failed, at least */
};

/* --- the carrier --------------------------------------------------------------------------- */

static const struct link_carrier *carrier_for(const struct link *link)
{
	const struct sandboxes *all = link->sb->all;

	if (all->carrier)
		return all->carrier;
	if (!link_place_is_there(link->sb))
		return &exec_carrier;
	if (all->podman_up && (link->fell_back || all->sockets_missed >= MISSED_MOST))
		return &exec_carrier;
	return &socket_carrier;
}

/* Process 1 does not come to the socket, as where SELinux forbids it to: we go in.  Then process 1
 * of a new container was there and did not come, which says something of this machine. */
static void note_carrier(struct link *link)
{
	struct sandboxes *all = link->sb->all;

	if (link->carrier->is_local)
		all->sockets_missed = 0;
	else if (link->fell_back && link->sb->state == SANDBOX_CREATING &&
		 ++all->sockets_missed == MISSED_MOST)
		log_warn("link", "no container comes to its socket on this machine: exec sessions "
				 "are used from now on (SANDBOX_LINK=exec does so at once)");
}

/* --- keeping it open ----------------------------------------------------------------------- */

static void attempt(struct link *link);
static void on_retry(void *ctx);

void link_enter(struct link *link)
{
	link->busy++;
}

void link_leave(struct link *link)
{
	if (--link->busy > 0 || !link->dropped)
		return;
	free(link->partial);
	free(link);
}

void link_set_timer(struct link *link, int64_t delay_ms, int64_t repeat_ms, timer_fn *on_due)
{
	timer_stop(take(link->timer));
	link->timer = timer_start(link->sb->all->loop, delay_ms, repeat_ms, on_due, link);
}

/* Closes the stream; whoever read or wrote a file is told. */
static void close_stream(struct link *link, const struct error *why)
{
	bool was_up = link->state == LINK_UP;

	timer_stop(take(link->timer));
	timer_stop(take(link->held_timer));
	link->held_len = 0;
	if (link->stream)
		link->carrier->close(take(link->stream));
	link->state = LINK_CLOSED;
	link->ping_open = false;
	if (was_up)
		files_end(link->sb, why);
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
	if (!link->carrier->clear || link->cleared || sb->state != SANDBOX_RUNNING ||
	    link->failures < CLEAR_ATTEMPTS ||
	    now - link->failing_mono_ms < sb->all->clear_after_ms)
		return;
	link->cleared = true;
	link->backoff_ms = 0;
	log_warn(sb->row.id,
		 "no link in %d attempts over %lld s, as when all its processes are in use: "
		 "everything that runs in it is killed",
		 link->failures, (long long)((now - link->failing_mono_ms) / 1000));
	link->carrier->clear(sb);
}

/* Without Podman's service there is no exec session. */
static bool can_try(const struct link *link)
{
	return link->sb->all->podman_up || carrier_for(link)->is_local;
}

/* The attempt or the link is over; another follows unless the container is. */
static void fail(struct link *link, const struct error *why)
{
	struct sandbox *sb = link->sb;
	int64_t now = clock_mono_ms();
	bool was_up = link->state == LINK_UP;
	bool steady = was_up && now - link->up_mono_ms >= STEADY_MS;

	link_enter(link);
	close_stream(link, why);
	if (was_up)
		link->begun_mono_ms = now; /* linking it begins anew */
	else
		link->fell_back = link->carrier->is_local && why->kind != ERROR_CONFLICT;
	if (link->dropped || !can_try(link)) {
		link_leave(link);
		return;
	}
	if (!was_up)
		note_failure(link, why, now);
	if (steady || link->backoff_ms == 0)
		link->backoff_ms = BACKOFF_FIRST_MS;
	link_set_timer(link, link->backoff_ms, 0, on_retry);
	link->backoff_ms =
		link->backoff_ms * 2 < BACKOFF_MOST_MS ? link->backoff_ms * 2 : BACKOFF_MOST_MS;
	if (why->kind == ERROR_CONFLICT || why->kind == ERROR_NOT_FOUND)
		sandbox_doubted(sb);
	else if ((sb->state == SANDBOX_CREATING || sb->state == SANDBOX_WARM) &&
		 now - link->begun_mono_ms >= HANDSHAKE_MS)
		sandbox_link_failed(sb, why);
	link_leave(link);
}

void link_fault(struct link *link, const char *what)
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

	link_set_timer(link, HANDSHAKE_MS - UNBLOCK_MS, 0, on_handshake_late);
	direct_unblock(link->sb);
}

/* Process 1 did not come to the socket. */
static void on_socket_late(void *ctx)
{
	struct link *link = ctx;
	struct error why;

	if (!link->sb->all->podman_up) {
		link_set_timer(link, SOCKET_MS, 0, on_socket_late); /* there is no other way in */
		return;
	}
	log_warn(link->sb->row.id,
		 "process 1 did not come to its socket in %d s: an exec session "
		 "is tried",
		 SOCKET_MS / 1000);
	link->backoff_ms = 0;
	error_set(&why, ERROR_UNAVAILABLE, "process 1 of container %s did not come to its socket",
		  link->sb->row.id);
	fail(link, &why);
}

static void set_deadline(struct link *link)
{
	if (link->carrier->is_local)
		link_set_timer(link, SOCKET_MS, 0, on_socket_late);
	else
		link_set_timer(link, UNBLOCK_MS, 0, on_handshake_slow);
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
	.on_data = link_hear,
	.on_room = on_nothing,
	.on_over = on_over,
};

static void begin(struct link *link)
{
	struct error err;

	free(take(link->partial));
	link->state = LINK_OPENING;
	link->carrier = carrier_for(link);
	link->stream = link->carrier->open(link->sb, &stream_events, link, &err);
	if (!link->stream)
		fail(link, &err);
}

static void attempt(struct link *link)
{
	begin(link);
	if (link->state == LINK_OPENING)
		set_deadline(link);
}

void link_proved(struct link *link)
{
	link->up_mono_ms = clock_mono_ms();
	forgive(link);
	note_carrier(link);
}

/* --- what the others see ------------------------------------------------------------------- */

static struct link *link_of(struct sandbox *sb)
{
	if (!sb->link) {
		sb->link = mem_new(struct link);
		sb->link->sb = sb;
		sb->link->begun_mono_ms = clock_mono_ms();
	}
	return sb->link;
}

void link_expect(struct sandbox *sb)
{
	struct link *link = link_of(sb);

	if (link->state == LINK_CLOSED && carrier_for(link)->is_local)
		begin(link);
}

void link_keep(struct sandbox *sb)
{
	struct link *link = link_of(sb);

	link->begun_mono_ms = clock_mono_ms();
	if (link->state == LINK_CLOSED)
		link_pause(sb);
	else if (!link->timer)
		set_deadline(link);
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
	link_enter(link);
	close_stream(link, &why);
	link_leave(link);
}

void link_pause(struct sandbox *sb)
{
	struct link *link = sb->link;
	struct error why;

	if (!link)
		return;
	if (!sb->all->podman_up && link->stream && !link->carrier->is_local) {
		error_set(&why, ERROR_UNAVAILABLE,
			  "Podman is being restarted; container %s lives on", sb->row.id);
		close_stream(link, &why);
	}
	if (link->state != LINK_CLOSED)
		return;
	timer_stop(take(link->timer));
	if (!can_try(link))
		return;
	link->begun_mono_ms = clock_mono_ms();
	link->backoff_ms = 0;
	forgive(link);
	link_set_timer(link, 0, 0, on_retry);
}
