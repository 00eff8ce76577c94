/* For whoever watches the server: is it alive, and can it create containers. */
#include "internal.h"
#include "json.h"
#include "podman.h"

void health_handle(struct web *web, struct http_request *req)
{
	auto_json body = json_object();

	(void)web;
	json_put_text(body, "status", "ok");
	reply_json(req, 200, body);
}

/* "ok" or why not.  The reason is for operators, but anybody may ask, so it is one word. */
static bool add_check(struct json *checks, const char *name, bool good)
{
	json_put_text(checks, name, good ? "ok" : "unavailable");
	return good;
}

/* Not a condition: while none is ready, each is made when it is asked for. */
static void add_pool(struct json *body, const struct sandboxes *all)
{
	struct json *pool = json_object();
	int64_t warm, target;

	sandboxes_pool_status(all, &warm, &target);
	json_put_int(pool, "warm", warm);
	json_put_int(pool, "target", target);
	json_put(body, "pool", pool);
}

/* Nor this: who wishes for one that is missing is told why. */
static void add_images(struct json *body, const struct sandbox_image *images)
{
	struct json *list = json_object();

	for (; images && images->name; images++)
		json_put_text(list, images->name, images->missing ? "unavailable" : "ok");
	json_put(body, "images", list);
}

static void reply_ready(struct web *web, struct http_request *req, bool image)
{
	auto_json body = json_object();
	struct json *checks = json_object();
	struct error err;
	bool ready = !web->draining;

	ready = add_check(checks, "podman", sandboxes_podman_is_up(web->sandboxes)) && ready;
	ready = add_check(checks, "database", store_probe(web->store, &err)) && ready;
	ready = add_check(checks, "image", image) && ready;
	json_put_text(body, "status", web->draining ? "stopping" : ready ? "ready" : "not ready");
	json_put(body, "checks", checks);
	add_pool(body, web->sandboxes);
	add_images(body, web->images);
	if (!ready)
		http_add_header(req, "Retry-After", "5");
	reply_json(req, ready ? 200 : 503, body);
}

struct ready_question {
	struct web *web;
	struct http_request *req;
};

static void on_image(void *ctx, const struct error *err)
{
	struct ready_question *question = ctx;

	reply_ready(question->web, question->req, !err);
	free(question);
}

void ready_handle(struct web *web, struct http_request *req)
{
	struct ready_question *question;

	/* Podman is not asked while it is away: it would only be waited for. */
	if (web->draining || !sandboxes_podman_is_up(web->sandboxes)) {
		reply_ready(web, req, false);
		return;
	}
	question = mem_new(struct ready_question);
	question->web = web;
	question->req = req;
	podman_image_find(web->podman, web->image, on_image, question);
}
