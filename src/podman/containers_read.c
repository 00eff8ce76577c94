/* Looking at containers: one of them, or all that carry a label. */
#include "internal.h"

#include <string.h>

const char *podman_container_label(const struct podman_container *container, const char *name)
{
	return json_get_text(container->labels, name);
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static struct podman_container of_inspect(const struct json *body)
{
	const struct json *state = json_get_object(body, "State");
	struct podman_container container = {
		.id = text_or_empty(json_get_text(body, "Id")),
		.name = text_or_empty(json_get_text(body, "Name")),
		.state = text_or_empty(json_get_text(state, "Status")),
		.labels = json_get_object(json_get_object(body, "Config"), "Labels"),
	};

	(void)json_get_int(state, "Pid", &container.pid);
	return container;
}

static bool on_inspected(struct podman_call *call, const struct answer *answer,
			 const struct error *err)
{
	struct error parse_err;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_OBJECT, &parse_err);
	struct podman_container container;

	if (!body) {
		call->tell.container(call->ctx, NULL, err ? err : &parse_err);
		return true;
	}
	container = of_inspect(body);
	call->tell.container(call->ctx, &container, NULL);
	return true;
}

struct podman_call *podman_container_inspect(struct podman *podman, const char *id,
					     podman_container_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "look at the container", on_inspected, ctx);

	call->tell.container = done;
	call_send(call, "GET", path_of("/containers/", id, "/json"), NULL, QUICK_MS);
	return call;
}

static struct podman_container of_list(const struct json *entry)
{
	struct podman_container container = {
		.id = text_or_empty(json_get_text(entry, "Id")),
		.name = text_or_empty(json_text(json_first(json_get_array(entry, "Names")))),
		.state = text_or_empty(json_get_text(entry, "State")),
		.labels = json_get_object(entry, "Labels"),
	};

	/* The list shows the pid of a container that has ended, too. */
	if (strcmp(container.state, "running") == 0)
		(void)json_get_int(entry, "Pid", &container.pid);
	return container;
}

static bool on_listed(struct podman_call *call, const struct answer *answer,
		      const struct error *err)
{
	struct error parse_err;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_ARRAY, &parse_err);
	size_t count = body ? json_size(body) : 0;
	struct podman_container *containers = mem_array(struct podman_container, count);
	size_t i = 0;

	for (const struct json *entry = json_first(body); entry; entry = json_next(entry))
		containers[i++] = of_list(entry);
	call->tell.list(call->ctx, containers, count, err ? err : body ? NULL : &parse_err);
	free(containers);
	return true;
}

/* {"label":["name=value"]} */
static char *label_filter(const char *label, const char *value)
{
	auto_json filter = json_object();
	auto_str pair = mem_format("%s=%s", label, value);
	struct json *array = json_array();

	json_append(array, json_new_text(pair));
	json_put(filter, "label", array);
	return json_print(filter);
}

struct podman_call *podman_container_list(struct podman *podman, const char *label,
					  const char *value, podman_list_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "list the containers", on_listed, ctx);
	auto_str filter = label_filter(label, value);

	call->tell.list = done;
	call_send(call, "GET",
		  path_with(mem_strdup(API "/containers/json?all=true"), "filters", filter), NULL,
		  QUICK_MS);
	return call;
}
