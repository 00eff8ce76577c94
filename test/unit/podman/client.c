/* Calls and links against a fake Podman on a socket in the same loop: slow, silent, cut in half,
 * talking garbage, talking without end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "internal.h"
#include "clock.h"

enum { PEERS_MAX = 8, GUARD_MS = 20000 };

struct fake;

struct peer {
	struct fake *fake;
	int fd;
	struct watch *watch;
	struct buf request;
};

/* A server that answers each whole request with `answers[n]`, and then does as `after` says. */
struct fake {
	struct loop *loop;
	char dir[64];
	char path[96];
	int fd;
	struct watch *watch;
	struct peer peers[PEERS_MAX];
	int peer_count;
	const char *answers[4];
	char *made[4]; /* by reply() */
	size_t answer_lens[4];
	int answered;
	bool hangs_up;   /* after an answer */
	bool never_ends; /* goes on sending */
	bool echoes;     /* what comes after the last answer, in frames */
	int piece;       /* answers go out in pieces of this size, one per turn; 0: whole */
	char last_request[4096];
	struct podman *podman;
	struct timer *guard;

	/* what the callbacks saw */
	int done_count;
	struct error err;
	char id[128];
	struct buf lines;
	struct buf data;
	int open_count, room_count, over_count;
	struct podman_link *link;
	bool closes_in_data;
	size_t wanted_data;
	struct podman_call *call;
};

static void on_guard(void *ctx)
{
	(void)ctx;
	fail_msg("nothing happened for a long time");
}

static void peer_close(struct peer *peer)
{
	watch_close(peer->watch);
	peer->watch = NULL;
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
	buf_release(&peer->request);
}

static void send_all(struct peer *peer, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(peer->fd, data, len, MSG_NOSIGNAL);

		if (sent < 0)
			return;
		data += sent;
		len -= (size_t)sent;
	}
}

static void answer(struct peer *peer)
{
	struct fake *fake = peer->fake;
	const char *text = fake->answers[fake->answered];
	size_t len = fake->answer_lens[fake->answered];

	if (!text)
		return; /* silence */
	fake->answered++;
	send_all(peer, text, len ? len : strlen(text));
	if (fake->hangs_up)
		peer_close(peer);
}

static void echo(struct peer *peer)
{
	char header[8] = {
		1, 0, 0, 0, 0, 0, (char)(peer->request.len >> 8), (char)peer->request.len
	};

	send_all(peer, header, sizeof(header));
	send_all(peer, peer->request.data, peer->request.len);
	buf_clear(&peer->request);
}

static bool is_whole(const struct buf *request)
{
	const char *end = memmem(request->data, request->len, "\r\n\r\n", 4);
	const char *length = request->len ? strcasestr(request->data, "content-length:") : NULL;
	size_t body = length ? (size_t)strtol(length + 15, NULL, 10) : 0;

	return end && request->len >= (size_t)(end - request->data) + 4 + body;
}

static void on_peer(void *ctx, unsigned events)
{
	struct peer *peer = ctx;
	struct fake *fake = peer->fake;
	char chunk[8192];
	static char noise[65536];
	ssize_t got;

	if (events & LOOP_WRITE) {
		memset(noise, 'x', sizeof(noise));
		if (send(peer->fd, noise, sizeof(noise), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		    errno != EAGAIN)
			peer_close(peer);
		return;
	}
	got = read(peer->fd, chunk, sizeof(chunk));
	if (got <= 0) {
		peer_close(peer);
		return;
	}
	assert_true(buf_add(&peer->request, chunk, (size_t)got));
	if (fake->echoes && !fake->answers[fake->answered]) {
		echo(peer);
		return;
	}
	if (!is_whole(&peer->request))
		return;
	snprintf(fake->last_request, sizeof(fake->last_request), "%s", peer->request.data);
	buf_clear(&peer->request);
	answer(peer);
	if (fake->never_ends)
		watch_set(peer->watch, LOOP_WRITE);
}

static void on_connection(void *ctx, unsigned events)
{
	struct fake *fake = ctx;
	struct peer *peer = &fake->peers[fake->peer_count++];
	struct error err;

	(void)events;
	assert_true(fake->peer_count <= PEERS_MAX);
	peer->fake = fake;
	peer->request = BUF_INIT(1 << 20);
	peer->fd = accept(fake->fd, NULL, NULL);
	assert_true(peer->fd >= 0);
	peer->watch = watch_open(fake->loop, peer->fd, LOOP_READ, on_peer, peer, &err);
	assert_non_null(peer->watch);
}

static int setup(void **state)
{
	struct fake *fake = mem_new(struct fake);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct error err;

	fake->loop = loop_new(&err);
	snprintf(fake->dir, sizeof(fake->dir), "/tmp/podman-client-XXXXXX");
	assert_non_null(mkdtemp(fake->dir));
	snprintf(fake->path, sizeof(fake->path), "%s/sock", fake->dir);
	memcpy(address.sun_path, fake->path, strlen(fake->path));
	fake->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake->fd, 8), 0);
	fake->watch = watch_open(fake->loop, fake->fd, LOOP_READ, on_connection, fake, &err);
	fake->podman = podman_open(fake->loop, fake->path, &err);
	assert_non_null(fake->podman);
	fake->guard = timer_start(fake->loop, GUARD_MS, 0, on_guard, fake);
	fake->lines = BUF_INIT(1 << 20);
	fake->data = BUF_INIT(64 << 20);
	*state = fake;
	return 0;
}

static int teardown(void **state)
{
	struct fake *fake = *state;

	podman_link_close(fake->link);
	podman_close(fake->podman);
	timer_stop(fake->guard);
	for (int i = 0; i < fake->peer_count; i++)
		if (fake->peers[i].watch)
			peer_close(&fake->peers[i]);
	watch_close(fake->watch);
	close(fake->fd);
	unlink(fake->path);
	rmdir(fake->dir);
	loop_free(fake->loop);
	buf_release(&fake->lines);
	buf_release(&fake->data);
	for (int i = 0; i < 4; i++)
		free(fake->made[i]);
	free(fake);
	return 0;
}

static void on_done(void *ctx, const struct error *err)
{
	struct fake *fake = ctx;

	fake->done_count++;
	fake->err = err ? *err : (struct error){ 0 };
	loop_stop(fake->loop);
}

static void on_id(void *ctx, const char *id, const struct error *err)
{
	struct fake *fake = ctx;

	snprintf(fake->id, sizeof(fake->id), "%s", id ? id : "");
	on_done(ctx, err);
}

/* The n-th answer, with its length. */
static void reply(struct fake *fake, int n, const char *status, const char *body)
{
	fake->made[n] = mem_format("HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
				   strlen(body), body);
	fake->answers[n] = fake->made[n];
}

/* The n-th answer, of lines without a length: its end is the end of the connection. */
static void stream_lines(struct fake *fake, const char *body)
{
	fake->made[0] = mem_format("HTTP/1.1 200 OK\r\n\r\n%s", body);
	fake->answers[0] = fake->made[0];
}

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";

static void one_call_is_one_callback(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = ok;
	(void)podman_ping(fake->podman, on_done, fake);
	assert_int_equal(fake->done_count, 0);
	loop_run(fake->loop);
	assert_int_equal(fake->done_count, 1);
	assert_int_equal(fake->err.kind, ERROR_NONE);
	assert_non_null(strstr(fake->last_request, "GET /v4.0.0/libpod/_ping HTTP/1.1\r\n"));
}

static void calls_share_a_kept_connection(void **state)
{
	struct fake *fake = *state;

	for (int i = 0; i < 3; i++) {
		fake->answers[i] = ok;
		(void)podman_ping(fake->podman, on_done, fake);
		loop_run(fake->loop);
	}
	assert_int_equal(fake->done_count, 3);
	assert_int_equal(fake->peer_count, 1);
}

static void a_silent_service_ends_in_a_timeout(void **state)
{
	struct fake *fake = *state;
	int64_t start_ms = clock_mono_ms();

	(void)podman_ping(fake->podman, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_TIMEOUT);
	assert_in_range(clock_mono_ms() - start_ms, PING_MS - 100, PING_MS + 1500);
}

static void a_service_that_is_not_there_is_unavailable(void **state)
{
	struct fake *fake = *state;
	struct error err;
	struct podman *nobody = podman_open(fake->loop, "/tmp/there/is/no/such/socket", &err);

	assert_non_null(nobody);
	(void)podman_ping(nobody, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	podman_close(nobody);
}

static void half_an_answer_is_a_failure(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = "HTTP/1.1 201 Created\r\nContent-Length: 70\r\n\r\n{\"Id\":\"abc";
	fake->hangs_up = true;
	(void)podman_container_create(fake->podman, &(struct podman_spec){ .name = "x" }, on_id,
				      fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	assert_string_equal(fake->id, "");
}

static void garbage_is_a_failure(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = "SSH-2.0-OpenSSH_9.2p1\r\n";
	fake->hangs_up = true;
	(void)podman_ping(fake->podman, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
}

static void json_of_another_shape_is_a_failure(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = "HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n[1,2,3]";
	(void)podman_container_create(fake->podman, &(struct podman_spec){ .name = "x" }, on_id,
				      fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
}

static void an_endless_answer_is_cut_off(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = "HTTP/1.1 200 OK\r\n\r\n";
	fake->never_ends = true;
	(void)podman_ping(fake->podman, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(fake->err.text, "8 MiB"));
}

static void a_cancelled_call_ends_once(void **state)
{
	struct fake *fake = *state;
	struct podman_call *call = podman_ping(fake->podman, on_done, fake);

	podman_cancel(call);
	podman_cancel(call);
	assert_int_equal(fake->done_count, 0);
	loop_run(fake->loop);
	assert_int_equal(fake->done_count, 1);
	assert_int_equal(fake->err.kind, ERROR_CANCELLED);
}

static void closing_ends_the_calls_under_way(void **state)
{
	struct fake *fake = *state;

	(void)podman_ping(fake->podman, on_done, fake);
	(void)podman_container_create(fake->podman, &(struct podman_spec){ .name = "x" }, on_id,
				      fake);
	podman_close(fake->podman);
	fake->podman = NULL;
	loop_run(fake->loop); /* which was told to stop */
	assert_int_equal(fake->done_count, 2);
	assert_int_equal(fake->err.kind, ERROR_CANCELLED);
}

static void on_done_close(void *ctx, const struct error *err)
{
	struct fake *fake = ctx;

	on_done(ctx, err);
	podman_close(fake->podman);
	fake->podman = NULL;
}

static void closing_inside_a_callback_is_allowed(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = ok;
	fake->answers[1] = ok;
	(void)podman_ping(fake->podman, on_done_close, fake);
	(void)podman_ping(fake->podman, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->done_count, 2);
	assert_int_equal(fake->err.kind, ERROR_CANCELLED);
}

static void a_warning_undoes_the_create(void **state)
{
	struct fake *fake = *state;

	reply(fake, 0, "201 Created",
	      "{\"Id\":\"abc\",\"Warnings\":[\"Resource limits are not supported, /x/y.\"]}");
	reply(fake, 1, "200 OK", "[{\"Id\":\"abc\",\"Err\":null}]\n");
	(void)podman_container_create(fake->podman, &(struct podman_spec){ .name = "x" }, on_id,
				      fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	assert_string_equal(fake->err.text, "Podman could not create the container with all of its "
					    "limits: Resource limits are not supported, (a path)");
	assert_non_null(strstr(fake->last_request,
			       "DELETE /v4.0.0/libpod/containers/abc?force=true&"
			       "timeout=0&v=true&volumes=true&ignore=true "));
	assert_int_equal(fake->answered, 2);
}

static void a_created_container_has_its_id(void **state)
{
	struct fake *fake = *state;

	reply(fake, 0, "201 Created", "{\"Id\":\"abc\",\"Warnings\":[]}\n");
	(void)podman_container_create(fake->podman, &(struct podman_spec){ .name = "x" }, on_id,
				      fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_NONE);
	assert_string_equal(fake->id, "abc");
}

static void killing_what_does_not_run_is_success(void **state)
{
	struct fake *fake = *state;

	reply(fake, 0, "500 X",
	      "{\"cause\":\"container state improper\",\"message\":\"can only kill running "
	      "ones\",\"response\":500}");
	reply(fake, 1, "409 X", "{\"cause\":\"x\",\"message\":\"y\",\"response\":409}    ");
	reply(fake, 2, "404 X",
	      "{\"cause\":\"no such container\",\"message\":\"no such\",\"response\":404}   ");
	for (int i = 0; i < 3; i++) {
		(void)podman_container_kill(fake->podman, "abc", on_done, fake);
		loop_run(fake->loop);
		assert_int_equal(fake->err.kind, i < 2 ? ERROR_NONE : ERROR_NOT_FOUND);
	}
}

static void a_signal_is_named_and_refused_by_what_does_not_run(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = "HTTP/1.1 204 No Content\r\n\r\n";
	(void)podman_container_signal(fake->podman, "abc", "USR1", on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_NONE);
	assert_non_null(
		strstr(fake->last_request, "POST /v4.0.0/libpod/containers/abc/kill?signal=USR1 "));
	reply(fake, 1, "409 X", "{\"cause\":\"x\",\"message\":\"y\",\"response\":409}    ");
	(void)podman_container_signal(fake->podman, "abc", "USR1", on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_CONFLICT);
}

static void a_removal_that_hides_its_failure_fails(void **state)
{
	struct fake *fake = *state;

	reply(fake, 0, "200 OK",
	      "[{\"Id\":\"abc\",\"Err\":\"given PIDs did not die within timeout\"}]\n");
	fake->answers[1] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]\n";
	(void)podman_container_remove(fake->podman, "abc", on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	(void)podman_container_remove(fake->podman, "abc", on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_NONE);
}

static void on_progress(void *ctx, const char *line)
{
	struct fake *fake = ctx;

	assert_true(buf_addf(&fake->lines, "%s|", line));
	if (fake->call) {
		podman_cancel(fake->call);
		fake->call = NULL;
	}
}

static void a_pull_tells_its_progress(void **state)
{
	struct fake *fake = *state;

	stream_lines(fake, "{\"stream\":\"Trying x\\n\"}\n{\"stream\":\"Copying y\\n\"}\n"
			   "{\"images\":[\"sha256:1\"],\"id\":\"sha256:1\"}");
	fake->hangs_up = true;
	(void)podman_image_pull(fake->podman, "docker.io/library/alpine", on_progress, on_done,
				fake);
	loop_run(fake->loop);
	assert_string_equal(fake->err.text, "");
	assert_string_equal(buf_text(&fake->lines), "Trying x|Copying y|");
	assert_non_null(strstr(fake->last_request, "reference=docker.io%2Flibrary%2Falpine"));
}

static void a_pull_is_cancelled_from_its_progress(void **state)
{
	struct fake *fake = *state;

	stream_lines(fake, "{\"stream\":\"Trying x\\n\"}\n");
	fake->call = podman_image_pull(fake->podman, "x", on_progress, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_CANCELLED);
	assert_string_equal(buf_text(&fake->lines), "Trying x|");
}

static void a_pull_fails_by_its_last_line(void **state)
{
	struct fake *fake = *state;

	stream_lines(fake, "{\"stream\":\"Trying x\\n\"}\n{\"error\":\"manifest unknown\"}\n");
	fake->hangs_up = true;
	(void)podman_image_pull(fake->podman, "x", on_progress, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_NOT_FOUND);
}

static void a_pull_without_an_end_fails(void **state)
{
	struct fake *fake = *state;

	stream_lines(fake, "{\"stream\":\"Trying x\\n\"}\n");
	fake->hangs_up = true;
	(void)podman_image_pull(fake->podman, "x", on_progress, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
}

static void importing_a_missing_file_fails(void **state)
{
	struct fake *fake = *state;

	(void)podman_image_import(fake->podman, "x", "/tmp/there/is/no/such/file", on_done, fake);
	assert_int_equal(fake->done_count, 0);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_NOT_FOUND);
}

/* --- links ----------------------------------------------------------------------------------- */

static void on_open(void *ctx)
{
	struct fake *fake = ctx;

	fake->open_count++;
	if (fake->wanted_data == 0)
		loop_stop(fake->loop);
}

static void on_data(void *ctx, const void *data, size_t len)
{
	struct fake *fake = ctx;

	assert_true(buf_add(&fake->data, data, len));
	if (fake->closes_in_data) {
		podman_link_close(fake->link);
		fake->link = NULL;
		loop_stop(fake->loop);
	} else if (fake->data.len >= fake->wanted_data && fake->wanted_data > 0) {
		loop_stop(fake->loop);
	}
}

static void on_room(void *ctx)
{
	struct fake *fake = ctx;

	fake->room_count++;
}

static void on_over(void *ctx, const struct error *err)
{
	struct fake *fake = ctx;

	fake->over_count++;
	fake->err = *err;
	loop_stop(fake->loop);
}

static const struct podman_link_events events = { on_open, on_data, on_room, on_over };
static const char *const cat[] = { "cat", NULL };
static const char exec_made[] =
	"HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{\"Id\":\"e1\"}\n";
static const char upgraded[] = "HTTP/1.1 101 UPGRADED\r\nContent-Type: "
			       "application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
			       "Upgrade: tcp\r\n\r\n";

static void open_link(struct fake *fake)
{
	struct error err;

	fake->link = podman_link_open(fake->podman, "abc", cat, &events, fake, &err);
	assert_non_null(fake->link);
	loop_run(fake->loop);
}

static void a_link_carries_bytes_both_ways(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = exec_made;
	fake->answers[1] = upgraded;
	fake->echoes = true;
	open_link(fake);
	assert_int_equal(fake->open_count, 1);
	assert_non_null(strstr(fake->last_request, "POST /v4.0.0/libpod/exec/e1/start HTTP/1.1"));
	assert_non_null(strstr(fake->last_request, "{\"Detach\":false,\"Tty\":false}"));
	fake->wanted_data = 4;
	assert_int_equal(podman_link_write(fake->link, "\20\21\0x", 4), 0);
	loop_run(fake->loop);
	assert_int_equal(fake->data.len, 4);
	assert_memory_equal(fake->data.data, "\20\21\0x", 4);
	assert_int_equal(fake->over_count, 0);
}

static void bytes_behind_the_head_belong_to_the_stream(void **state)
{
	struct fake *fake = *state;
	static const char both[] = "HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n\1\0\0\0\0\0\0\2hi";

	fake->answers[0] = exec_made;
	fake->answers[1] = both;
	fake->answer_lens[1] = sizeof(both) - 1;
	fake->wanted_data = 2;
	open_link(fake);
	assert_int_equal(fake->open_count, 1);
	assert_string_equal(buf_text(&fake->data), "hi");
}

static void an_error_before_the_hijack_ends_the_link(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = exec_made;
	reply(fake, 1, "409 Conflict",
	      "{\"cause\":\"container state improper\",\"message\":\"\",\"response\":409}");
	open_link(fake);
	assert_int_equal(fake->open_count, 0);
	assert_int_equal(fake->over_count, 1);
	assert_int_equal(fake->err.kind, ERROR_CONFLICT);
}

static void a_container_that_is_missing_ends_the_link(void **state)
{
	struct fake *fake = *state;

	reply(fake, 0, "404 X",
	      "{\"cause\":\"no such container\",\"message\":\"no such\",\"response\":404}   ");
	open_link(fake);
	assert_int_equal(fake->over_count, 1);
	assert_int_equal(fake->err.kind, ERROR_NOT_FOUND);
}

static void an_open_link_ends_with_the_words_of_standard_error(void **state)
{
	struct fake *fake = *state;
	static const char both[] = "HTTP/1.1 101 UPGRADED\r\n\r\n\2\0\0\0\0\0\0\x1a"
				   "Error: /x/y is not there\r\n";

	fake->answers[0] = exec_made;
	fake->answers[1] = both;
	fake->answer_lens[1] = sizeof(both) - 1;
	open_link(fake);
	assert_int_equal(fake->open_count, 1);
	peer_close(&fake->peers[fake->peer_count - 1]);
	loop_run(fake->loop);
	assert_int_equal(fake->over_count, 1);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(fake->err.text, "container: (a path) is not there"));
}

static void a_malformed_frame_ends_the_link(void **state)
{
	struct fake *fake = *state;
	static const char both[] = "HTTP/1.1 101 UPGRADED\r\n\r\n\7\0\0\0\0\0\0\1x";

	fake->answers[0] = exec_made;
	fake->answers[1] = both;
	fake->answer_lens[1] = sizeof(both) - 1;
	fake->wanted_data = 1;
	open_link(fake);
	assert_int_equal(fake->over_count, 1);
	assert_non_null(strstr(fake->err.text, "malformed"));
}

static void a_link_may_be_closed_inside_its_data(void **state)
{
	struct fake *fake = *state;
	static const char both[] =
		"HTTP/1.1 101 UPGRADED\r\n\r\n\1\0\0\0\0\0\0\1x\1\0\0\0\0\0\0\1y";

	fake->answers[0] = exec_made;
	fake->answers[1] = both;
	fake->answer_lens[1] = sizeof(both) - 1;
	fake->wanted_data = 1;
	fake->closes_in_data = true;
	open_link(fake);
	assert_string_equal(buf_text(&fake->data), "x");
	assert_int_equal(fake->over_count, 0);
}

static void closing_the_podman_ends_its_links(void **state)
{
	struct fake *fake = *state;

	fake->answers[0] = exec_made;
	fake->answers[1] = upgraded;
	open_link(fake);
	podman_close(fake->podman);
	fake->podman = NULL;
	loop_run(fake->loop); /* which was told to stop */
	assert_int_equal(fake->over_count, 1);
	assert_int_equal(fake->err.kind, ERROR_CANCELLED);
	assert_int_equal(podman_link_write(fake->link, "x", 1), 0);
}

static void a_link_closed_while_it_opens_says_nothing(void **state)
{
	struct fake *fake = *state;
	struct error err;

	fake->link = podman_link_open(fake->podman, "abc", cat, &events, fake, &err);
	podman_link_close(fake->link);
	fake->link = NULL;
	fake->answers[0] = ok;
	(void)podman_ping(fake->podman, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->over_count, 0);
	assert_int_equal(fake->open_count, 0);
}

static void a_full_queue_is_drained_and_then_told(void **state)
{
	struct fake *fake = *state;
	static char block[1 << 20];
	size_t queued;

	fake->answers[0] = exec_made;
	fake->answers[1] = upgraded;
	fake->echoes = true;
	open_link(fake);
	memset(block, 'a', sizeof(block));
	queued = podman_link_write(fake->link, block, sizeof(block));
	assert_true(queued > 0);
	assert_true(podman_link_write(fake->link, block, sizeof(block)) > queued);
	fake->wanted_data = 2 * sizeof(block);
	loop_run(fake->loop);
	assert_int_equal(fake->data.len, 2 * sizeof(block));
	assert_int_equal(fake->room_count, 1);
}

static void a_queue_beyond_its_cap_ends_the_link(void **state)
{
	struct fake *fake = *state;
	static char block[1 << 20];

	fake->answers[0] = exec_made;
	fake->answers[1] = upgraded;
	open_link(fake);
	for (int i = 0; i < 20; i++)
		(void)podman_link_write(fake->link, block, sizeof(block));
	assert_int_equal(fake->over_count, 0);
	loop_run(fake->loop);
	assert_int_equal(fake->over_count, 1);
	assert_int_equal(fake->err.kind, ERROR_LIMIT);
}

/* Puts the fake behind 127.0.0.1 and opens a podman to it. */
static void move_to_tcp(struct fake *fake)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	auto_str url = NULL;
	struct error err;

	watch_close(fake->watch);
	close(fake->fd);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fake->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fake->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fake->fd, 8), 0);
	assert_int_equal(getsockname(fake->fd, (struct sockaddr *)&address, &len), 0);
	fake->watch = watch_open(fake->loop, fake->fd, LOOP_READ, on_connection, fake, &err);
	url = mem_format("tcp://localhost:%d", ntohs(address.sin_port));
	podman_close(fake->podman);
	fake->podman = podman_open(fake->loop, url, &err);
	assert_non_null(fake->podman);
}

static void calls_and_links_work_over_tcp(void **state)
{
	struct fake *fake = *state;

	move_to_tcp(fake);
	fake->answers[0] = ok;
	fake->answers[1] = exec_made;
	fake->answers[2] = upgraded;
	fake->echoes = true;
	(void)podman_ping(fake->podman, on_done, fake);
	loop_run(fake->loop);
	assert_string_equal(fake->err.text, "");
	assert_non_null(strstr(fake->last_request, "Host: localhost:"));
	open_link(fake);
	assert_int_equal(fake->open_count, 1);
	assert_non_null(strstr(fake->last_request, "Host: localhost:"));
	fake->wanted_data = 5;
	(void)podman_link_write(fake->link, "hello", 5);
	loop_run(fake->loop);
	assert_string_equal(buf_text(&fake->data), "hello");
}

static void an_address_must_make_sense(void **state)
{
	struct fake *fake = *state;
	static const char *const bad[] = {
		"relative/path",
		"tcp://",
		"tcp://a/b",
		"tcp://a@b:1",
		"",
		"/012345678901234567890123456789012345678901234567890123456789012345678901234567890"
		"1"
		"23456789012345678901234",
	};
	struct podman *tcp;
	struct error err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(podman_open(fake->loop, bad[i], &err));
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	tcp = podman_open(fake->loop, "tcp://127.0.0.1:1", &err);
	assert_non_null(tcp);
	assert_false(podman_is_local(tcp));
	assert_true(podman_is_local(fake->podman));
	(void)podman_ping(tcp, on_done, fake);
	loop_run(fake->loop);
	assert_int_equal(fake->err.kind, ERROR_UNAVAILABLE);
	podman_close(tcp);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_call_is_one_callback),
		TEST(calls_share_a_kept_connection),
		TEST(a_silent_service_ends_in_a_timeout),
		TEST(a_service_that_is_not_there_is_unavailable),
		TEST(half_an_answer_is_a_failure),
		TEST(garbage_is_a_failure),
		TEST(json_of_another_shape_is_a_failure),
		TEST(an_endless_answer_is_cut_off),
		TEST(a_cancelled_call_ends_once),
		TEST(closing_ends_the_calls_under_way),
		TEST(closing_inside_a_callback_is_allowed),
		TEST(a_warning_undoes_the_create),
		TEST(a_created_container_has_its_id),
		TEST(killing_what_does_not_run_is_success),
		TEST(a_signal_is_named_and_refused_by_what_does_not_run),
		TEST(a_removal_that_hides_its_failure_fails),
		TEST(a_pull_tells_its_progress),
		TEST(a_pull_is_cancelled_from_its_progress),
		TEST(a_pull_fails_by_its_last_line),
		TEST(a_pull_without_an_end_fails),
		TEST(importing_a_missing_file_fails),
		TEST(a_link_carries_bytes_both_ways),
		TEST(bytes_behind_the_head_belong_to_the_stream),
		TEST(an_error_before_the_hijack_ends_the_link),
		TEST(a_container_that_is_missing_ends_the_link),
		TEST(an_open_link_ends_with_the_words_of_standard_error),
		TEST(a_malformed_frame_ends_the_link),
		TEST(a_link_may_be_closed_inside_its_data),
		TEST(closing_the_podman_ends_its_links),
		TEST(a_link_closed_while_it_opens_says_nothing),
		TEST(a_full_queue_is_drained_and_then_told),
		TEST(a_queue_beyond_its_cap_ends_the_link),
		TEST(calls_and_links_work_over_tcp),
		TEST(an_address_must_make_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
