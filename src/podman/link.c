/* Exec links.  An exec session is created by a call; then libcurl connects (CURLOPT_CONNECT_ONLY,
 * on a connection of its own) and we ask for the upgrade ourselves, since what follows is no HTTP.
 *
 *   creating -> connecting -> asking -> open -> over
 *
 * The easy handle stays in the multi handle while the link lives: taken out, its connection would
 * be closed.  Sending attaches the connection to it, which keeps it out of libcurl's pruning of
 * idle connections.  Callbacks may close the link: memory is freed when the outermost has returned.
 */
#include "internal.h"

#include <stddef.h>
#include <string.h>

enum link_state { LINK_CREATING, LINK_CONNECTING, LINK_ASKING, LINK_OPEN, LINK_OVER };

enum {
	READ_MAX = 64 << 10,
	READS_IN_A_TURN = 4,   /* then the others have their turn */
	QUEUE_KEPT = 64 << 10, /* memory kept when the queue is empty */
};

struct podman_link {
	struct transfer transfer;
	struct podman *podman; /* NULL: abandoned */
	struct podman_link *prev, *next;
	enum link_state state;
	const struct podman_link_events *events;
	void *ctx;
	int busy; /* depth of our functions that go on after a callback */
	bool is_closed;

	struct podman_call *creating;
	struct timer *deadline;
	struct watch *watch;
	struct deferred *ending;
	struct error ending_err;

	struct buf answer; /* to the upgrade; empty again once the link is open */
	struct podman_demux demux;
	struct buf queue;  /* to be written … */
	size_t queue_sent; /* … but for this much */
	bool owes_room;    /* the last write returned more than 0 */
	struct buf stderr_text;
};

/* One thread, and reading is never nested: all links share it.  Static, because a callback may free
 * everything else while it is in use. */
static char scratch[READ_MAX];

static void link_free(struct podman_link *link)
{
	buf_release(&link->answer);
	buf_release(&link->queue);
	buf_release(&link->stderr_text);
	free(link);
}

static void leave(struct podman_link *link)
{
	if (--link->busy == 0 && link->is_closed)
		link_free(link);
}

/* Lets go of everything outside of the program. */
static void shut(struct podman_link *link)
{
	link->state = LINK_OVER;
	if (link->creating) {
		link->creating->ctx = NULL;
		podman_cancel(link->creating);
		link->creating = NULL;
	}
	timer_stop(link->deadline);
	link->deadline = NULL;
	deferred_cancel(link->ending);
	link->ending = NULL;
	watch_close(link->watch);
	link->watch = NULL;
	if (!link->podman)
		return;
	transfer_end(link->podman, &link->transfer);
	if (link->next)
		link->next->prev = link->prev;
	*(link->prev ? &link->prev->next : &link->podman->links) = link->next;
	link->podman = NULL;
}

static void end(struct podman_link *link, const struct error *err)
{
	if (link->state == LINK_OVER)
		return;
	shut(link);
	link->busy++;
	link->events->on_over(link->ctx, err);
	leave(link);
}

static void end_soon_now(void *ctx)
{
	struct podman_link *link = ctx;
	struct error err = link->ending_err;

	link->ending = NULL;
	end(link, &err);
}

/* For what is found out inside a function that the owner called. */
static void end_soon(struct podman_link *link, const struct error *err)
{
	if (link->ending || link->state == LINK_OVER)
		return;
	link->ending_err = *err;
	link->ending = loop_defer(link->podman->loop, end_soon_now, link);
}

/* What the program or Podman wrote to standard error, down to one sentence: Podman writes one line,
 * and behind it what else went wrong because of it. */
static void fail_with_stderr(struct podman_link *link, struct error *err)
{
	static const char prefix[] = "Error: ";
	char *text = link->stderr_text.data;

	text[strcspn(text, "\r\n")] = '\0';
	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	failure_of_message(err, "run a program in the container", text);
}

/* The other side has closed the connection. */
static void end_of_stream(struct podman_link *link)
{
	struct error err;

	if (link->state == LINK_OVER)
		return;
	if (link->state != LINK_OPEN)
		error_set(&err, ERROR_UNAVAILABLE,
			  "Podman broke off while a stream to a container was being opened");
	else if (link->stderr_text.len > 0)
		fail_with_stderr(link, &err);
	else
		error_set(&err, ERROR_UNAVAILABLE, "the stream to the container has ended");
	end(link, &err);
}

static void watch_anew(struct podman_link *link)
{
	bool has_queue = link->queue.len > link->queue_sent;

	watch_set(link->watch, LOOP_READ | (has_queue ? LOOP_WRITE : 0));
}

/* Gives the kernel what it takes.  False when the connection is broken. */
static bool flush(struct podman_link *link)
{
	while (link->queue_sent < link->queue.len) {
		size_t sent = 0;
		CURLcode code =
			curl_easy_send(link->transfer.easy, link->queue.data + link->queue_sent,
				       link->queue.len - link->queue_sent, &sent);

		if (code == CURLE_AGAIN)
			break;
		if (code != CURLE_OK)
			return false;
		link->queue_sent += sent;
	}
	if (link->queue_sent == link->queue.len && link->queue.room > QUEUE_KEPT) {
		buf_release(&link->queue);
		link->queue_sent = 0;
	} else if (link->queue_sent > link->queue.len / 2) {
		/* Moving the rest costs less than what was sent, so sending is linear. */
		buf_drop(&link->queue, link->queue_sent);
		link->queue_sent = 0;
	}
	watch_anew(link);
	return true;
}

static void on_frame(void *ctx, int stream, const void *data, size_t len)
{
	struct podman_link *link = ctx;
	size_t room = link->stderr_text.max - link->stderr_text.len;

	if (link->state != LINK_OPEN)
		return; /* closed by the receiver of an earlier frame */
	if (stream == 1)
		link->events->on_data(link->ctx, data, len);
	else
		(void)buf_add(&link->stderr_text, data, len < room ? len : room);
}

static void feed(struct podman_link *link, const char *data, size_t len)
{
	struct error err;

	if (podman_demux_feed(&link->demux, data, len, on_frame, link))
		return;
	error_set(&err, ERROR_UNAVAILABLE, "the stream from the container is malformed");
	end(link, &err);
}

static void opened(struct podman_link *link, size_t head_len)
{
	auto_buf answer = link->answer;

	link->answer = BUF_INIT(0);
	link->state = LINK_OPEN;
	timer_stop(link->deadline);
	link->deadline = NULL;
	link->events->on_open(link->ctx);
	if (link->state == LINK_OPEN)
		feed(link, answer.data + head_len, answer.len - head_len);
}

/* The answer to the upgrade: a head, and either the stream's first bytes or the reason why not. */
static void read_answer(struct podman_link *link, const char *data, size_t len, bool is_end)
{
	struct head head;
	struct answer answer;
	struct error err;
	enum head_state state = HEAD_BROKEN;

	if (buf_add(&link->answer, data, len))
		state = head_read(buf_text(&link->answer), link->answer.len, &head);
	if (state == HEAD_BROKEN) {
		error_set(&err, ERROR_UNAVAILABLE,
			  "Podman's answer to the request for a stream makes no sense");
		end(link, &err);
		return;
	}
	if (state == HEAD_WHOLE && (head.status == 101 || head.status == 200)) {
		opened(link, head.len);
		return;
	}
	if (state == HEAD_MORE ||
	    (!is_end && (head.content_length < 0 ||
			 (uint64_t)head.content_length > link->answer.len - head.len)))
		return;
	answer.status = head.status;
	answer.text = link->answer.data + head.len;
	answer.len = link->answer.len - head.len;
	failure_of_answer(&err, "open a stream to the container", &answer);
	end(link, &err);
}

static void read_some(struct podman_link *link)
{
	for (int i = 0; i < READS_IN_A_TURN && link->state != LINK_OVER; i++) {
		size_t got = 0;
		CURLcode code = curl_easy_recv(link->transfer.easy, scratch, sizeof(scratch), &got);

		if (code == CURLE_AGAIN)
			return;
		if (link->state == LINK_ASKING)
			read_answer(link, scratch, got, got == 0);
		else if (got > 0)
			feed(link, scratch, got);
		if (code != CURLE_OK || got == 0) {
			end_of_stream(link);
			return;
		}
	}
}

static void on_ready(void *ctx, unsigned events)
{
	struct podman_link *link = ctx;

	bool is_broken;

	link->busy++;
	is_broken = events & LOOP_WRITE && !flush(link);
	if (events & LOOP_READ || is_broken)
		read_some(link);
	if (is_broken)
		end_of_stream(link);
	if (link->state == LINK_OPEN && link->owes_room && link->queue.len == link->queue_sent) {
		link->owes_room = false;
		link->events->on_room(link->ctx);
	}
	leave(link);
}

static void on_connected(struct transfer *transfer, CURLcode code)
{
	struct podman_link *link =
		(struct podman_link *)((char *)transfer - offsetof(struct podman_link, transfer));
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct error err;

	if (code != CURLE_OK) {
		failure_of_transport(&err, NULL, code);
		end(link, &err);
		return;
	}
	curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd);
	link->state = LINK_ASKING;
	link->watch = watch_open(link->podman->loop, fd, LOOP_READ, on_ready, link, &err);
	if (!link->watch)
		end(link, &err);
	else if (!flush(link))
		end_of_stream(link);
}

static void queue_request(struct podman_link *link, const char *exec_id)
{
	static const char body[] = "{\"Detach\":false,\"Tty\":false}";
	auto_str path = path_of("/exec/", exec_id, "/start");

	(void)buf_addf(&link->queue,
		       "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
		       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		       path, link->podman->host, sizeof(body) - 1, body);
}

static void connect_to(struct podman_link *link, const char *exec_id)
{
	queue_request(link, exec_id);
	link->state = LINK_CONNECTING;
	link->transfer.on_over = on_connected;
	transfer_begin(link->podman, &link->transfer, "/");
	curl_easy_setopt(link->transfer.easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(link->transfer.easy, CURLOPT_FRESH_CONNECT, 1L);
	transfer_run(link->podman, &link->transfer);
}

static bool on_created(struct podman_call *call, const struct answer *answer,
		       const struct error *err)
{
	struct podman_link *link = call->ctx;
	struct error parse_err;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_OBJECT, &parse_err);
	const char *id = json_get_text(body, "Id");

	if (!link)
		return true; /* closed meanwhile */
	link->creating = NULL;
	if (body && !id)
		error_set(&parse_err, ERROR_UNAVAILABLE, "Podman's new exec session has no id");
	if (id)
		connect_to(link, id);
	else
		end(link, err ? err : &parse_err);
	return true;
}

static struct json *exec_body(const char *const *argv)
{
	struct json *body = json_object();
	struct json *command = json_array();

	for (; *argv; argv++)
		json_append(command, json_new_text(*argv));
	json_put(body, "Cmd", command);
	json_put_bool(body, "AttachStdin", true);
	json_put_bool(body, "AttachStdout", true);
	json_put_bool(body, "AttachStderr", true);
	json_put_bool(body, "Tty", false);
	/* Empty would mean the default, ctrl-p ctrl-q, which eats binary input (Podman issue
	 * 27414).  These would have to come one by one, each in a read of its own.  A byte that is
	 * the first key and is read alone is held back until the next one comes, so it is one that
	 * neither text nor a frame ends with. */
	json_put_text(body, "DetachKeys",
		      "ctrl-\\,ctrl-],ctrl-^,ctrl-_,ctrl-\\,ctrl-],ctrl-^,ctrl-_,"
		      "ctrl-\\,ctrl-],ctrl-^,ctrl-_,ctrl-\\,ctrl-],ctrl-^,ctrl-_");
	return body;
}

static void on_deadline(void *ctx)
{
	struct error err;

	error_set(&err, ERROR_TIMEOUT,
		  "Podman did not open a stream to the container within %d "
		  "seconds",
		  LINK_OPEN_MS / 1000);
	end(ctx, &err);
}

struct podman_link *podman_link_open(struct podman *podman, const char *container_id,
				     const char *const *argv,
				     const struct podman_link_events *events, void *ctx,
				     struct error *err)
{
	struct podman_link *link;

	if (!argv[0]) {
		error_set(err, ERROR_INVALID, "there is no program to run");
		return NULL;
	}
	link = mem_new(struct podman_link);
	link->podman = podman;
	link->events = events;
	link->ctx = ctx;
	link->answer = BUF_INIT(HEAD_MAX + READ_MAX);
	link->queue = BUF_INIT(LINK_QUEUE_MAX);
	link->stderr_text = BUF_INIT(LINK_STDERR_MAX);
	link->next = podman->links;
	if (link->next)
		link->next->prev = link;
	podman->links = link;
	link->deadline = timer_start(podman->loop, LINK_OPEN_MS, 0, on_deadline, link);
	link->creating = call_new(podman, "open a stream to the container", on_created, link);
	call_send(link->creating, "POST", path_of("/containers/", container_id, "/exec"),
		  exec_body(argv), LINK_OPEN_MS);
	return link;
}

size_t podman_link_write(struct podman_link *link, const void *data, size_t len)
{
	bool was_empty = link->queue.len == link->queue_sent;
	struct error err;

	if (link->state == LINK_OVER || link->ending)
		return 0;
	if (!buf_add(&link->queue, data, len)) {
		error_set(&err, ERROR_LIMIT, "more than %d MiB wait to be sent to the container",
			  LINK_QUEUE_MAX >> 20);
		end_soon(link, &err);
		return 0;
	}
	/* A message that fits into the socket does not wait for the next turn. */
	if (link->state == LINK_OPEN && was_empty && !flush(link)) {
		error_set(&err, ERROR_UNAVAILABLE, "the stream to the container has ended");
		end_soon(link, &err);
		return 0;
	}
	link->owes_room = link->queue.len > link->queue_sent;
	return link->queue.len - link->queue_sent;
}

void podman_link_close(struct podman_link *link)
{
	if (!link)
		return;
	if (link->state != LINK_OVER)
		shut(link);
	link->is_closed = true;
	if (link->busy == 0)
		link_free(link);
}

void link_abandon(struct podman_link *link)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the connection to Podman is being closed");
	end(link, &err);
}
