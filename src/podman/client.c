/* libcurl's multi interface inside our loop: its sockets are watches, its timeout is a timer, and
 * what it has finished is handed to the transfers' owners once libcurl has returned, because an
 * easy handle may not be removed or freed inside its own callback (CURLM_RECURSIVE_API_CALL). */
#include "internal.h"

#include <assert.h>
#include <string.h>

/* A descriptor that libcurl wants watched. */
struct sock {
	struct podman *podman;
	curl_socket_t fd;
	struct watch *watch;
};

/* Lets libcurl work, then hands out what is over. */
static void act(struct podman *podman, curl_socket_t fd, int ready)
{
	bool is_closed = false;
	int running;
	int queued;
	CURLMsg *message;

	podman->ret_closed = &is_closed;
	curl_multi_socket_action(podman->multi, fd, ready, &running);
	while (!is_closed && (message = curl_multi_info_read(podman->multi, &queued))) {
		struct transfer *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer->on_over(transfer, message->data.result);
	}
	if (!is_closed)
		podman->ret_closed = NULL;
}

static void on_ready(void *ctx, unsigned events)
{
	struct sock *sock = ctx;

	act(sock->podman, sock->fd,
	    (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
		    (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0));
}

static void sock_free(struct sock *sock)
{
	watch_close(sock->watch);
	free(sock);
}

static int on_socket(CURL *easy, curl_socket_t fd, int wants, void *ctx, void *assigned)
{
	struct podman *podman = ctx;
	struct sock *sock = assigned;
	unsigned events =
		(wants & CURL_POLL_IN ? LOOP_READ : 0) | (wants & CURL_POLL_OUT ? LOOP_WRITE : 0);
	struct error err;

	(void)easy;
	if (wants == CURL_POLL_REMOVE) {
		if (sock)
			sock_free(sock);
		curl_multi_assign(podman->multi, fd, NULL);
		return 0;
	}
	if (sock) {
		watch_set(sock->watch, events);
		return 0;
	}
	sock = mem_new(struct sock);
	sock->podman = podman;
	sock->fd = fd;
	sock->watch = watch_open(podman->loop, fd, events, on_ready, sock, &err);
	if (!sock->watch) {
		free(sock); /* the call's deadline will end it */
		return 0;
	}
	curl_multi_assign(podman->multi, fd, sock);
	return 0;
}

static void on_due(void *ctx)
{
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi, long delay_ms, void *ctx)
{
	struct podman *podman = ctx;

	(void)multi;
	if (delay_ms < 0) {
		timer_stop(podman->timer);
		podman->timer = NULL;
	} else if (podman->timer) {
		timer_reset(podman->timer, delay_ms);
	} else {
		podman->timer = timer_start(podman->loop, delay_ms, 0, on_due, podman);
	}
	return 0;
}

void transfer_begin(struct podman *podman, struct transfer *transfer, const char *path)
{
	auto_str url = mem_format("%s%s", podman->origin, path);
	CURL *easy = curl_easy_init();

	assert(easy); /* memory has run out */
	curl_easy_setopt(easy, CURLOPT_URL, url);
	if (podman->socket_path)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, podman->socket_path);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever http_proxy says */
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	transfer->easy = easy;
}

void transfer_run(struct podman *podman, struct transfer *transfer)
{
	CURLMcode code = curl_multi_add_handle(podman->multi, transfer->easy);

	assert(code == CURLM_OK);
}

void transfer_end(struct podman *podman, struct transfer *transfer)
{
	if (!transfer->easy)
		return;
	curl_multi_remove_handle(podman->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	transfer->easy = NULL;
}

static bool read_address(struct podman *podman, const char *address, struct error *err)
{
	static const char tcp[] = "tcp://";

	if (strncmp(address, tcp, strlen(tcp)) == 0) {
		podman->host = mem_strdup(address + strlen(tcp));
		if (!*podman->host || strpbrk(podman->host, "/@?# \r\n"))
			return error_set(err, ERROR_INVALID,
					 "Podman's address must be a path or tcp://host:port");
		podman->origin = mem_format("http://%s", podman->host);
		return true;
	}
	if (address[0] != '/')
		return error_set(err, ERROR_INVALID,
				 "Podman's address must be an absolute path or tcp://host:port");
	if (strlen(address) >= SOCKET_PATH_MAX)
		return error_set(err, ERROR_INVALID,
				 "the path of Podman's socket must be shorter than %d bytes",
				 SOCKET_PATH_MAX);
	podman->socket_path = mem_strdup(address);
	podman->host = mem_strdup("podman");
	podman->origin = mem_strdup("http://podman");
	return true;
}

static void podman_free(struct podman *podman)
{
	if (podman->multi) {
		curl_multi_cleanup(podman->multi);
		curl_global_cleanup();
	}
	timer_stop(podman->timer);
	free(podman->socket_path);
	free(podman->origin);
	free(podman->host);
	free(podman);
}
OWNED_BY_SCOPE(podman, struct podman *, podman_free)

struct podman *podman_open(struct loop *loop, const char *address, struct error *err)
{
	AUTO(podman) struct podman *podman = mem_new(struct podman);

	podman->loop = loop;
	if (!read_address(podman, address, err))
		return NULL;
	/* Without TLS, whose set-up takes memory: Podman's API has none. */
	if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
		error_set(err, ERROR_INTERNAL, "libcurl cannot be used");
		return NULL;
	}
	podman->multi = curl_multi_init();
	assert(podman->multi); /* memory has run out */
	curl_multi_setopt(podman->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(podman->multi, CURLMOPT_SOCKETDATA, podman);
	curl_multi_setopt(podman->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
	curl_multi_setopt(podman->multi, CURLMOPT_TIMERDATA, podman);
	return take(podman);
}

void podman_close(struct podman *podman)
{
	struct error err;

	if (!podman)
		return;
	if (podman->ret_closed)
		*podman->ret_closed = true;
	error_set(&err, ERROR_CANCELLED, "the connection to Podman is being closed");
	while (podman->links)
		link_abandon(podman->links);
	while (podman->calls)
		call_abort(podman->calls, &err);
	podman_free(podman);
}

bool podman_is_local(const struct podman *podman)
{
	return podman->socket_path != NULL;
}
