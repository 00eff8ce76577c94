/* The service as a whole: does it answer, and what is it? */
#include "internal.h"

#include <string.h>

struct podman_call *podman_ping(struct podman *podman, podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "say that it is there", answer_done, ctx);

	call->tell.done = done;
	call_send(call, "GET", mem_strdup(API "/_ping"), NULL, PING_MS);
	return call;
}

/* ["cpu","memory"] to "cpu,memory"; the caller owns it. */
static char *joined(const struct json *words)
{
	auto_buf text = BUF_INIT(1024);

	for (const struct json *word = json_first(words); word; word = json_next(word))
		if (json_text(word))
			(void)buf_addf(&text, "%s%s", text.len > 0 ? "," : "", json_text(word));
	return buf_take(&text);
}

static const char *text_or_empty(const struct json *object, const char *key)
{
	const char *text = json_get_text(object, key);

	return text ? text : "";
}

static bool on_info(struct podman_call *call, const struct answer *answer, const struct error *err)
{
	struct error parse_err;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_OBJECT, &parse_err);
	const struct json *host = json_get_object(body, "host");
	const struct json *runtime = json_get_object(host, "ociRuntime");
	const struct json *security = json_get_object(host, "security");
	auto_str controllers = joined(json_get_array(host, "cgroupControllers"));
	const struct podman_info info = {
		.version = text_or_empty(json_get_object(body, "version"), "Version"),
		.runtime = text_or_empty(runtime, "name"),
		.runtime_version = text_or_empty(runtime, "version"),
		.storage_driver = text_or_empty(json_get_object(body, "store"), "graphDriverName"),
		.network_backend = text_or_empty(host, "networkBackend"),
		.cgroup_version = text_or_empty(host, "cgroupVersion"),
		.cgroup_controllers = controllers,
		.rootless = json_get_bool(security, "rootless", false),
		.seccomp = json_get_bool(security, "seccompEnabled", false),
	};

	if (body)
		call->tell.info(call->ctx, &info, NULL);
	else
		call->tell.info(call->ctx, NULL, err ? err : &parse_err);
	return true;
}

struct podman_call *podman_get_info(struct podman *podman, podman_info_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "describe itself", on_info, ctx);

	call->tell.info = done;
	call_send(call, "GET", mem_strdup(API "/info"), NULL, QUICK_MS);
	return call;
}
