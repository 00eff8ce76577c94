/* Podman's libpod API as a script would use it. */
#include "rest.h"
#include "stats.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { CALL_MS = 120000, UID_RANGE = 65536, UID_SLOTS = 10000 };
#define API       "/v4.0.0/libpod"
#define UID_LEAST INT64_C(3000000000)

int64_t bare_uid_base(void)
{
	static atomic_uint next;

	return UID_LEAST + (int64_t)(atomic_fetch_add(&next, 1) % UID_SLOTS) * UID_RANGE;
}

void rest_open(struct rest *rest, const struct server *server)
{
	*rest = (struct rest){ .server = server };
	client_init_path(&rest->client, server->socket);
}

void rest_close(struct rest *rest)
{
	client_release(&rest->client);
}

/* Sends a request with a JSON body (taken over; NULL: none). */
static bool call(struct rest *rest, struct exchange *exchange, struct json *body, struct error *err)
{
	auto_str text = body ? json_print(body) : NULL;

	json_free(body);
	exchange->headers = "Content-Type: application/json\r\n";
	exchange->body = text;
	exchange->body_len = text ? strlen(text) : 0;
	exchange->deadline_ns = ns_in(CALL_MS);
	if (!client_call(&rest->client, exchange, err))
		return false;
	if (exchange->status >= 400)
		return error_set(err, ERROR_UNAVAILABLE, "%s %s answered %d: %.200s",
				 exchange->method, exchange->path, exchange->status,
				 buf_text(&exchange->answer));
	return true;
}

/* The same, with the answer as JSON; null when it is empty. */
static struct json *ask(struct rest *rest, const char *method, const char *path, struct json *body,
			struct error *err)
{
	struct exchange exchange = { .method = method, .path = path };
	struct json *reply = NULL;

	if (call(rest, &exchange, body, err))
		reply = exchange.answer.len > 0
				? json_parse(exchange.answer.data, exchange.answer.len, err)
				: json_new_null();
	buf_release(&exchange.answer);
	return reply;
}

struct json *rest_get(struct rest *rest, const char *path, struct error *err)
{
	auto_str full = mem_format(API "%s", path);

	return ask(rest, "GET", full, NULL, err);
}

/* --- the create body --------------------------------------------------------------------- */

static struct json *texts(const char *const *list)
{
	struct json *array = json_array();

	for (; *list; list++)
		json_append(array, json_new_text(*list));
	return array;
}

static void put_mode(struct json *body, const char *name, const char *nsmode)
{
	struct json *mode = json_object();

	json_put_text(mode, "nsmode", nsmode);
	json_put(body, name, mode);
}

static struct json *id_map(int64_t base)
{
	struct json *array = json_array();
	struct json *range = json_object();

	json_put_int(range, "container_id", 0);
	json_put_int(range, "host_id", base);
	json_put_int(range, "size", UID_RANGE);
	json_append(array, range);
	return array;
}

static struct json *rlimit(const char *type, int64_t most)
{
	struct json *object = json_object();

	json_put_text(object, "type", type);
	json_put_int(object, "soft", most);
	json_put_int(object, "hard", most);
	return object;
}

static void put_limits(struct json *body, double cpus)
{
	struct json *limits = json_object();
	struct json *memory = json_object();
	struct json *cpu = json_object();
	struct json *pids = json_object();
	struct json *rlimits = json_array();

	json_put_int(memory, "limit", 268435456);
	json_put_int(memory, "swap", 268435456);
	json_put(limits, "memory", memory);
	json_put_int(cpu, "quota", (int64_t)((cpus > 0 ? cpus : 0.5) * 100000));
	json_put_int(cpu, "period", 100000);
	json_put(limits, "cpu", cpu);
	json_put_int(pids, "limit", 100);
	json_put(limits, "pids", pids);
	json_put(body, "resource_limits", limits);
	json_append(rlimits, rlimit("nofile", 1024));
	json_append(rlimits, rlimit("nproc", 4096));
	json_put(body, "r_limits", rlimits);
}

static struct json *create_body(const struct rest *rest)
{
	static const char *const entrypoint[] = { "/bin/sleep", "3600", NULL };
	static const char *const all[] = { "ALL", NULL };
	struct json *body = json_object();
	struct json *maps = json_object();
	struct json *labels = json_object();
	struct json *log = json_object();
	int64_t base = bare_uid_base();

	json_put_text(body, "image", rest->server->image);
	json_put(body, "entrypoint", texts(entrypoint));
	json_put_text(labels, "bench", "1");
	json_put(body, "labels", labels);
	put_mode(body, "netns", "none");
	put_mode(body, "userns", "private");
	put_mode(body, "cgroupns", "private");
	json_put_bool(maps, "HostUIDMapping", false);
	json_put_bool(maps, "HostGIDMapping", false);
	json_put(maps, "UIDMap", id_map(base));
	json_put(maps, "GIDMap", id_map(base));
	json_put(body, "idmappings", maps);
	put_limits(body, rest->cpus);
	json_put(body, "cap_drop", texts(all));
	json_put_bool(body, "no_new_privileges", true);
	json_put_text(log, "driver", "none");
	json_put(body, "log_configuration", log);
	return body;
}

bool rest_create(struct rest *rest, char ret_id[PODMAN_ID_SIZE], struct error *err)
{
	char id[PODMAN_ID_SIZE];
	auto_json created = ask(rest, "POST", API "/containers/create", create_body(rest), err);
	auto_json started = NULL;
	auto_str path = NULL;

	if (!created)
		return false;
	snprintf(id, sizeof(id), "%s", json_get_text(created, "Id"));
	path = mem_format(API "/containers/%s/start", id);
	started = ask(rest, "POST", path, NULL, err);
	if (!started)
		return false;
	memcpy(ret_id, id, sizeof(id));
	return true;
}

bool rest_remove(struct rest *rest, const char *id, struct error *err)
{
	auto_str path = mem_format(API "/containers/%s?force=true&timeout=0&volumes=true", id);
	auto_json removed = ask(rest, "DELETE", path, NULL, err);

	return removed != NULL;
}

bool rest_kill(struct rest *rest, const char *id, struct error *err)
{
	auto_str path = mem_format(API "/containers/%s/kill?signal=KILL", id);
	auto_json killed = ask(rest, "POST", path, NULL, err);

	return killed != NULL;
}

bool rest_exists(struct rest *rest, const char *name, bool *ret_exists, struct error *err)
{
	auto_str path = mem_format(API "/containers/%s/exists", name);
	struct exchange exchange = { .method = "GET", .path = path, .deadline_ns = ns_in(CALL_MS) };
	bool good = client_call(&rest->client, &exchange, err);

	buf_release(&exchange.answer);
	*ret_exists = exchange.status == 204;
	return good;
}

/* --- exec -------------------------------------------------------------------------------- */

static bool count(void *ctx, const char *data, size_t len)
{
	(void)data;
	*(int64_t *)ctx += (int64_t)len;
	return true;
}

static struct json *exec_body(const char *command, bool fed)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	struct json *body = json_object();

	json_put(body, "Cmd", texts(argv));
	if (fed)
		json_put_bool(body, "AttachStdin", true);
	json_put_bool(body, "AttachStdout", true);
	json_put_bool(body, "AttachStderr", true);
	return body;
}

static struct json *start_body(void)
{
	struct json *body = json_object();

	json_put_bool(body, "Detach", false);
	json_put_bool(body, "Tty", false);
	return body;
}

static bool exec_create(struct rest *rest, const char *id, struct json *body,
			char ret_session[PODMAN_ID_SIZE], struct error *err)
{
	auto_str path = mem_format(API "/containers/%s/exec", id);
	auto_json created = ask(rest, "POST", path, body, err);

	if (!created)
		return false;
	snprintf(ret_session, PODMAN_ID_SIZE, "%s", json_get_text(created, "Id"));
	return true;
}

static bool exec_ended_well(struct rest *rest, const char *session, struct error *err)
{
	auto_str path = mem_format(API "/exec/%s/json", session);
	auto_json ended = ask(rest, "GET", path, NULL, err);
	int64_t exit_code = -1;

	if (!ended)
		return false;
	return (json_get_int(ended, "ExitCode", &exit_code) && exit_code == 0) ||
	       error_set(err, ERROR_UNAVAILABLE, "a bare exec ended with %lld",
			 (long long)exit_code);
}

bool rest_exec(struct rest *rest, const char *id, const char *command, int64_t *ret_bytes,
	       struct error *err)
{
	char session[PODMAN_ID_SIZE];
	auto_str path = NULL;
	int64_t bytes = 0;
	struct exchange start = { .method = "POST", .sink = count, .ctx = &bytes };

	if (!exec_create(rest, id, exec_body(command, false), session, err))
		return false;
	path = mem_format(API "/exec/%s/start", session);
	start.path = path;
	if (!call(rest, &start, start_body(), err) || !exec_ended_well(rest, session, err))
		return false;
	if (ret_bytes)
		*ret_bytes = bytes;
	return true;
}

bool rest_stream_open(struct rest *rest, const char *id, const char *command,
		      struct rest_stream *ret_stream, struct error *err)
{
	auto_json body = start_body();
	auto_str text = json_print(body);
	auto_buf request = BUF_INIT(8192);
	auto_str path = NULL;
	struct exchange start = {
		.method = "POST",
		.headers = "Content-Type: application/json\r\nConnection: Upgrade\r\n"
			   "Upgrade: tcp\r\n",
		.deadline_ns = ns_in(CALL_MS),
	};

	if (!exec_create(rest, id, exec_body(command, true), ret_stream->session, err))
		return false;
	path = mem_format(API "/exec/%s/start", ret_stream->session);
	start.path = path;
	request_head(&request, &start, (int64_t)strlen(text));
	(void)buf_add_text(&request, text);
	client_init_path(&ret_stream->client, rest->server->socket);
	/* The answer's head is read at the end, with what the command printed. */
	if (client_connect(&ret_stream->client, err) &&
	    client_send(&ret_stream->client, request.data, request.len, start.deadline_ns, err))
		return true;
	client_release(&ret_stream->client);
	return false;
}

bool rest_stream_end(struct rest *rest, struct rest_stream *stream, struct error *err)
{
	int64_t bytes = 0;
	struct exchange rest_of_it = { .deadline_ns = ns_in(CALL_MS),
				       .sink = count,
				       .ctx = &bytes };

	(void)shutdown(stream->client.fd, SHUT_WR);
	return client_receive(&stream->client, &rest_of_it, err) &&
	       exec_ended_well(rest, stream->session, err);
}

bool rest_remove_all(const struct server *server, struct error *err)
{
	auto_rest rest = { 0 };
	auto_json list = NULL;
	bool good = true;

	rest_open(&rest, server);
	list = rest_get(
		&rest,
		"/containers/json?all=true&filters=%7B%22label%22%3A%5B%22bench%3D1%22%5D%7D", err);
	for (const struct json *one = json_first(list); one; one = json_next(one))
		good = rest_remove(&rest, json_get_text(one, "Id"), err) && good;
	return list && good;
}
