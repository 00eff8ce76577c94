#include "fake_podman.h"
#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "fake_agent.h"

enum {
	REQUESTS_MAX = 4096,
	CONTAINERS_MAX = 64,
	CONNECTIONS_MAX = 256,
	LABEL_SIZE = 128,
	WAIT_SECONDS = 30
};

struct container {
	char id[65];
	char name[LABEL_SIZE];
	char instance[LABEL_SIZE];
	char sandbox[LABEL_SIZE];
	unsigned long host_id; /* of its root */
	bool running;
};

struct fake_podman {
	char dir[64];
	char socket[96];
	int listener;
	pthread_t acceptor;
	pthread_mutex_t lock;
	pthread_cond_t removed; /* a container went */
	struct fake_rule rule;
	bool has_rule;
	char *seen[REQUESTS_MAX];
	int seen_count;
	struct container containers[CONTAINERS_MAX];
	int container_count;
	int next_id;
	int fds[CONNECTIONS_MAX];
	bool is_link[CONNECTIONS_MAX];
	struct fake_memory memories[CONTAINERS_MAX]; /* of the agents */
	pthread_t threads[CONNECTIONS_MAX];
	int connection_count;
	bool stopping;
};

struct connection {
	struct fake_podman *fake;
	int fd;
};

struct request {
	char method[16];
	char target[2048];
	char *body;
	size_t length;
};

/* --- reading a request ------------------------------------------------------------------- */

static bool read_head(int fd, char *head, size_t room)
{
	size_t len = 0;

	while (len + 1 < room) {
		if (recv(fd, head + len, 1, 0) != 1)
			return false;
		head[++len] = '\0';
		if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

static bool read_request(int fd, struct request *ret_request)
{
	char head[8192];
	const char *length;
	size_t have = 0;

	if (!read_head(fd, head, sizeof(head)))
		return false;
	if (sscanf(head, "%15s %2047s", ret_request->method, ret_request->target) != 2)
		return false;
	length = strcasestr(head, "\r\nContent-Length:");
	ret_request->length = length ? strtoul(length + 17, NULL, 10) : 0;
	ret_request->body = calloc(1, ret_request->length + 1);
	while (have < ret_request->length) {
		ssize_t n = recv(fd, ret_request->body + have, ret_request->length - have, 0);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* --- answering --------------------------------------------------------------------------- */

static void send_text(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void send_slowly(int fd, const char *text, size_t len)
{
	const struct timespec instant = { .tv_nsec = 500 * 1000 };

	for (size_t i = 0; i < len; i++) {
		send_text(fd, text + i, 1);
		nanosleep(&instant, NULL);
	}
}

static void answer(int fd, int status, const char *body, enum fake_fault fault)
{
	char *text = NULL;
	int len = asprintf(&text,
			   "HTTP/1.1 %d Fake\r\nContent-Type: application/json\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   status, strlen(body), body);

	assert(len > 0);
	if (fault == FAKE_SLOW)
		send_slowly(fd, text, (size_t)len);
	else
		send_text(fd, text,
			  fault == FAKE_HALF ? (size_t)len - strlen(body) / 2 - 1 : (size_t)len);
	free(text);
}

static void answer_without_end(int fd)
{
	static const char head[] = "HTTP/1.1 200 Fake\r\nContent-Type: application/json\r\n"
				   "Content-Length: 100000000000\r\n\r\n[";
	char spaces[65536];

	memset(spaces, ' ', sizeof(spaces));
	send_text(fd, head, sizeof(head) - 1);
	while (send(fd, spaces, sizeof(spaces), MSG_NOSIGNAL) > 0)
		continue;
}

/* --- the usual answers ------------------------------------------------------------------- */

/* Copies the value of "key":"…" out of a body of ours, which has no escapes there. */
static void copy_member(const char *body, const char *key, char ret_value[LABEL_SIZE])
{
	char pattern[LABEL_SIZE];
	const char *start;

	snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
	start = strstr(body, pattern);
	ret_value[0] = '\0';
	if (start)
		snprintf(ret_value, LABEL_SIZE, "%.*s", (int)strcspn(start + strlen(pattern), "\""),
			 start + strlen(pattern));
}

static void create(struct fake_podman *fake, int fd, const struct request *req)
{
	const char *host_id;
	char body[256];
	struct container *c;

	pthread_mutex_lock(&fake->lock);
	assert(fake->container_count < CONTAINERS_MAX);
	c = &fake->containers[fake->container_count++];
	memset(c, 0, sizeof(*c));
	snprintf(c->id, sizeof(c->id), "%064d", ++fake->next_id);
	copy_member(req->body, "name", c->name);
	copy_member(req->body, "sandpod.instance", c->instance);
	copy_member(req->body, "sandpod.container", c->sandbox);
	host_id = strstr(req->body, "\"host_id\":");
	c->host_id = host_id ? strtoul(host_id + 10, NULL, 10) : 0;
	snprintf(body, sizeof(body), "{\"Id\":\"%s\",\"Warnings\":[]}", c->id);
	pthread_mutex_unlock(&fake->lock);
	answer(fd, 201, body, FAKE_FINE);
}

static struct container *find(struct fake_podman *fake, const char *target)
{
	for (int i = 0; i < fake->container_count; i++)
		if (strstr(target, fake->containers[i].id) ||
		    strstr(target, fake->containers[i].name))
			return &fake->containers[i];
	return NULL;
}

static void list(struct fake_podman *fake, int fd)
{
	static char body[CONTAINERS_MAX * 512];
	size_t len = 1;

	pthread_mutex_lock(&fake->lock);
	body[0] = '[';
	for (int i = 0; i < fake->container_count; i++) {
		const struct container *c = &fake->containers[i];

		len += (size_t)snprintf(
			body + len, sizeof(body) - len,
			"%s{\"Id\":\"%s\",\"Names\":[\"%s\"],\"State\":\"%s\",\"Pid\":1,"
			"\"Labels\":{\"sandpod.instance\":\"%s\","
			"\"sandpod.container\":\"%s\"}}",
			i ? "," : "", c->id, c->name, c->running ? "running" : "created",
			c->instance, c->sandbox);
	}
	snprintf(body + len, sizeof(body) - len, "]");
	pthread_mutex_unlock(&fake->lock);
	answer(fd, 200, body, FAKE_FINE);
}

/* start, kill, inspect, delete and exec of one container. */
static void on_container(struct fake_podman *fake, int fd, const struct request *req)
{
	struct container *c;
	char body[512], exec[128];

	pthread_mutex_lock(&fake->lock);
	c = find(fake, req->target);
	if (!c) {
		pthread_mutex_unlock(&fake->lock);
		answer(fd, 404,
		       "{\"cause\":\"no such container\",\"message\":\"none\",\"response\":404}",
		       FAKE_FINE);
		return;
	}
	snprintf(body, sizeof(body),
		 "{\"Id\":\"%s\",\"Name\":\"%s\",\"State\":{\"Status\":\"%s\",\"Pid\":1}}", c->id,
		 c->name, c->running ? "running" : "created");
	/* An exec session is called as its container, so that its start finds it. */
	snprintf(exec, sizeof(exec), "{\"Id\":\"%s\"}", c->id);
	if (strstr(req->target, "/start"))
		c->running = true;
	if (strcmp(req->method, "DELETE") == 0) {
		*c = fake->containers[--fake->container_count];
		pthread_cond_broadcast(&fake->removed);
	}
	pthread_mutex_unlock(&fake->lock);
	if (strstr(req->target, "/exec"))
		answer(fd, 201, exec, FAKE_FINE);
	else if (strcmp(req->method, "DELETE") == 0)
		answer(fd, 200, "[]", FAKE_FINE);
	else if (strcmp(req->method, "GET") == 0)
		answer(fd, 200, body, FAKE_FINE);
	else
		answer(fd, 204, "", FAKE_FINE);
}

/* What the agent of the container with these user ids knows; with the lock held. */
static struct fake_memory *memory_of(struct fake_podman *fake, unsigned long host_id)
{
	struct fake_memory *memory = fake->memories;

	while (memory->host_id != host_id && memory->host_id != 0)
		assert(++memory < fake->memories + CONTAINERS_MAX);
	memory->host_id = host_id;
	return memory;
}

static void serve_exec(struct fake_podman *fake, int fd, const struct request *req)
{
	const struct container *c;
	struct fake_memory *memory;

	pthread_mutex_lock(&fake->lock);
	c = find(fake, req->target);
	memory = memory_of(fake, c ? c->host_id : 1);
	for (int i = 0; i < fake->connection_count; i++)
		if (fake->fds[i] == fd)
			fake->is_link[i] = true;
	pthread_mutex_unlock(&fake->lock);
	fake_agent_serve(fd, memory);
}

static void usual(struct fake_podman *fake, int fd, const struct request *req)
{
	static const char info[] =
		"{\"host\":{\"cgroupVersion\":\"v1\",\"cgroupControllers\":[],\"networkBackend\":"
		"\"netavark\",\"ociRuntime\":{\"name\":\"runc\",\"version\":\"fake\"},\"security\":"
		"{\"rootless\":false,\"seccompEnabled\":true}},\"store\":{\"graphDriverName\":"
		"\"overlay\"},\"version\":{\"APIVersion\":\"4.3.1\",\"Version\":\"4.3.1\"}}";

	if (strstr(req->target, "/_ping"))
		answer(fd, 200, "OK", FAKE_FINE);
	else if (strstr(req->target, "/info"))
		answer(fd, 200, info, FAKE_FINE);
	else if (strstr(req->target, "/images/"))
		answer(fd, 204, "", FAKE_FINE);
	else if (strstr(req->target, "/containers/create"))
		create(fake, fd, req);
	else if (strstr(req->target, "/containers/json"))
		list(fake, fd);
	else if (strstr(req->target, "/exec/"))
		serve_exec(fake, fd, req);
	else
		on_container(fake, fd, req);
}

/* --- connections ------------------------------------------------------------------------- */

/* The start of an exec session is no start of a container. */
static bool is_about(const struct fake_rule *rule, const struct request *req)
{
	return strcmp(rule->method, req->method) == 0 && strstr(req->target, rule->path) &&
	       (!strstr(req->target, "/exec/") || strstr(rule->path, "/exec"));
}

/* The rule for this request, taken once; FAKE_FINE without a body: none. */
static struct fake_rule take_rule(struct fake_podman *fake, const struct request *req)
{
	struct fake_rule found = { 0 };

	pthread_mutex_lock(&fake->lock);
	if (fake->seen_count < REQUESTS_MAX &&
	    asprintf(&fake->seen[fake->seen_count], "%s %s", req->method, req->target) > 0)
		fake->seen_count++;
	if (fake->has_rule && is_about(&fake->rule, req)) {
		found = fake->rule;
		if (fake->rule.times > 0 && --fake->rule.times == 0)
			fake->has_rule = false;
	}
	pthread_mutex_unlock(&fake->lock);
	return found;
}

/* False: the connection is over. */
static bool serve_one(struct fake_podman *fake, int fd, const struct request *req)
{
	struct fake_rule rule = take_rule(fake, req);
	char byte;

	switch (rule.fault) {
	case FAKE_SILENT:
		while (recv(fd, &byte, 1, 0) > 0)
			continue;
		return false;
	case FAKE_HANGUP:
		return false;
	case FAKE_GARBAGE:
		answer(fd, 200, "\x01\xff{[not json", FAKE_FINE);
		return true;
	case FAKE_HUGE:
		answer_without_end(fd);
		return false;
	case FAKE_HALF:
	case FAKE_SLOW:
	case FAKE_FINE:
		break;
	}
	if (rule.method && (rule.status || rule.fault != FAKE_FINE))
		answer(fd, rule.status ? rule.status : 200, rule.body ? rule.body : "{}",
		       rule.fault);
	else
		usual(fake, fd, req);
	return rule.fault != FAKE_HALF && !strstr(req->target, "/exec/");
}

static void *serve(void *ctx)
{
	struct connection *c = ctx;
	bool more = true;

	while (more) {
		struct request req = { 0 };

		more = read_request(c->fd, &req) && serve_one(c->fake, c->fd, &req);
		free(req.body);
	}
	shutdown(c->fd, SHUT_RDWR);
	free(c);
	return NULL;
}

static void *accept_all(void *ctx)
{
	struct fake_podman *fake = ctx;

	for (;;) {
		int fd = accept(fake->listener, NULL, NULL);
		struct connection *c;

		if (fd < 0)
			return NULL;
		c = malloc(sizeof(*c));
		*c = (struct connection){ fake, fd };
		pthread_mutex_lock(&fake->lock);
		assert(fake->connection_count < CONNECTIONS_MAX);
		fake->fds[fake->connection_count] = fd;
		assert(pthread_create(&fake->threads[fake->connection_count], NULL, serve, c) == 0);
		fake->connection_count++;
		pthread_mutex_unlock(&fake->lock);
	}
}

struct fake_podman *fake_podman_start(void)
{
	struct fake_podman *fake = calloc(1, sizeof(*fake));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(fake->dir, sizeof(fake->dir), "/tmp/fake-podman-XXXXXX");
	assert(mkdtemp(fake->dir));
	snprintf(fake->socket, sizeof(fake->socket), "%s/sock", fake->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake->socket);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	assert(listen(fake->listener, 64) == 0);
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->removed, NULL);
	assert(pthread_create(&fake->acceptor, NULL, accept_all, fake) == 0);
	return fake;
}

void fake_podman_stop(struct fake_podman *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->acceptor, NULL);
	close(fake->listener);
	for (int i = 0; i < fake->connection_count; i++)
		shutdown(fake->fds[i], SHUT_RDWR);
	for (int i = 0; i < fake->connection_count; i++) {
		pthread_join(fake->threads[i], NULL);
		close(fake->fds[i]);
	}
	for (int i = 0; i < fake->seen_count; i++)
		free(fake->seen[i]);
	unlink(fake->socket);
	rmdir(fake->dir);
	pthread_cond_destroy(&fake->removed);
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

const char *fake_podman_socket(const struct fake_podman *fake)
{
	return fake->socket;
}

void fake_podman_rule(struct fake_podman *fake, const struct fake_rule *rule)
{
	pthread_mutex_lock(&fake->lock);
	fake->has_rule = rule != NULL;
	if (rule)
		fake->rule = *rule;
	pthread_mutex_unlock(&fake->lock);
}

int fake_podman_count(struct fake_podman *fake, const char *method, const char *path)
{
	int count = 0;

	pthread_mutex_lock(&fake->lock);
	for (int i = 0; i < fake->seen_count; i++)
		count += strncmp(fake->seen[i], method, strlen(method)) == 0 &&
			 strstr(fake->seen[i], path) != NULL;
	pthread_mutex_unlock(&fake->lock);
	return count;
}

bool fake_podman_wait_empty(struct fake_podman *fake)
{
	struct timespec end;
	int failed = 0;
	bool empty;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_SECONDS;
	pthread_mutex_lock(&fake->lock);
	while (fake->container_count > 0 && !failed)
		failed = pthread_cond_timedwait(&fake->removed, &fake->lock, &end);
	empty = fake->container_count == 0;
	pthread_mutex_unlock(&fake->lock);
	return empty;
}

static void shut(struct fake_podman *fake, bool links_only)
{
	for (int i = 0; i < fake->connection_count; i++)
		if (fake->is_link[i] || !links_only)
			shutdown(fake->fds[i], SHUT_RDWR);
}

void fake_podman_cut_links(struct fake_podman *fake)
{
	pthread_mutex_lock(&fake->lock);
	shut(fake, true);
	pthread_mutex_unlock(&fake->lock);
}

void fake_podman_lose_all(struct fake_podman *fake)
{
	pthread_mutex_lock(&fake->lock);
	fake->container_count = 0;
	memset(fake->memories, 0, sizeof(fake->memories));
	shut(fake, true);
	pthread_mutex_unlock(&fake->lock);
}

void fake_podman_die(struct fake_podman *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_mutex_lock(&fake->lock);
	shut(fake, false);
	pthread_mutex_unlock(&fake->lock);
}
