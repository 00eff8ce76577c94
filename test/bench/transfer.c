/* Streams without end in a connection of their own, with nothing done to the bytes. */
#include "transfer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TRANSFER_MS = 300000, CHUNK = 256 * 1024 };

static bool count(void *ctx, const char *data, size_t len)
{
	(void)data;
	*(int64_t *)ctx += (int64_t)len;
	return true;
}

static bool all_came(int64_t came, int64_t wanted, struct error *err)
{
	return came == wanted || error_set(err, ERROR_INTERNAL, "%lld bytes came instead of %lld",
					   (long long)came, (long long)wanted);
}

/* The path of a URL of ours. */
static const char *path_in(const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;

	return host ? strchr(host + 3, '/') : NULL;
}

/* --- out ---------------------------------------------------------------------------------- */

bool transfer_download(struct caller *caller, const char *id, const char *path, int64_t bytes,
		       struct error *err)
{
	struct json *args = json_object();
	auto_json link = NULL;
	int64_t came = 0;
	struct exchange exchange = {
		.method = "GET", .deadline_ns = ns_in(TRANSFER_MS), .sink = count, .ctx = &came
	};

	json_put_text(args, "container_id", id);
	json_put_text(args, "file_path", path);
	link = caller_tool(caller, "get_file_url", args, err);
	exchange.path = path_in(json_get_text(link, "url"));
	if (!link || !client_call(&caller->client, &exchange, err))
		return false;
	if (exchange.status != 200)
		return error_set(err, ERROR_UNAVAILABLE, "the download answered %d",
				 exchange.status);
	return all_came(came, bytes, err);
}

bool transfer_exec_out(struct rest *rest, const char *id, const char *path, int64_t bytes,
		       struct error *err)
{
	auto_str command = mem_format("cat %s", path);
	int64_t came = 0;

	/* Frame headers come on top. */
	return rest_exec(rest, id, command, &came, err) &&
	       (came >= bytes || all_came(came, bytes, err));
}

/* --- in ----------------------------------------------------------------------------------- */

bool transfer_can_upload(struct caller *caller, bool *ret_can, struct error *err)
{
	auto_json list = caller_ask(caller, "tools/list", json_object(), err);
	const struct json *tool = json_first(json_get_array(list, "tools"));

	if (!list)
		return false;
	*ret_can = false;
	for (; tool; tool = json_next(tool))
		if (strcmp(json_get_text(tool, "name"), "get_upload_url") == 0)
			*ret_can = true;
	return true;
}

static bool send_zeros(struct client *client, int64_t bytes, int64_t deadline_ns, struct error *err)
{
	static const char zeros[CHUNK];

	while (bytes > 0) {
		size_t len = bytes < CHUNK ? (size_t)bytes : CHUNK;

		if (!client_send(client, zeros, len, deadline_ns, err))
			return false;
		bytes -= (int64_t)len;
	}
	return true;
}

static bool has_size(struct caller *caller, const char *id, const char *path, int64_t bytes,
		     struct error *err)
{
	auto_str command = mem_format("wc -c <%s; rm %s", path, path);
	auto_str text = NULL;

	return caller_run(caller, id, command, &text, err) &&
	       all_came(strtoll(text, NULL, 10), bytes, err);
}

bool transfer_upload(struct caller *caller, const char *id, const char *path, int64_t bytes,
		     struct error *err)
{
	struct json *args = json_object();
	auto_json offer = NULL;
	auto_buf head = BUF_INIT(8192);
	struct exchange put = { .method = "PUT",
				.deadline_ns = ns_in(TRANSFER_MS),
				.answer = BUF_INIT(65536) };
	bool good;

	json_put_text(args, "container_id", id);
	json_put_text(args, "path", path);
	offer = caller_tool(caller, "get_upload_url", args, err);
	put.path = path_in(json_get_text(offer, "url"));
	if (!offer || !put.path)
		return false;
	request_head(&head, &put, bytes);
	good = client_connect(&caller->client, err) &&
	       client_send(&caller->client, head.data, head.len, put.deadline_ns, err) &&
	       send_zeros(&caller->client, bytes, put.deadline_ns, err) &&
	       client_receive(&caller->client, &put, err);
	if (good && (put.status < 200 || put.status > 299))
		good = error_set(err, ERROR_UNAVAILABLE, "the upload answered %d: %.200s",
				 put.status, buf_text(&put.answer));
	buf_release(&put.answer);
	if (!good)
		client_disconnect(&caller->client);
	return good && has_size(caller, id, path, bytes, err);
}

bool transfer_exec_in(struct rest *rest, const char *id, const char *path, int64_t bytes,
		      struct error *err)
{
	auto_str command = mem_format("head -c %" PRId64 " >%s && rm %s", bytes, path, path);
	struct rest_stream stream = { 0 };
	bool good;

	if (!rest_stream_open(rest, id, command, &stream, err))
		return false;
	good = send_zeros(&stream.client, bytes, ns_in(TRANSFER_MS), err) &&
	       rest_stream_end(rest, &stream, err);
	client_release(&stream.client);
	return good;
}
