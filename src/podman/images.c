/* Images: is it there, pull it, make one of a tar file. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct podman_call *podman_image_find(struct podman *podman, const char *name, podman_done_fn *done,
				      void *ctx)
{
	struct podman_call *call = call_new(podman, "find the image", answer_done, ctx);

	call->tell.done = done;
	call_send(call, "GET", path_of("/images/", name, "/exists"), NULL, QUICK_MS);
	return call;
}

static bool on_identified(struct podman_call *call, const struct answer *answer,
			  const struct error *err)
{
	struct error parse_err;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_OBJECT, &parse_err);
	const char *id = json_get_text(body, "Id");

	if (body && !id)
		error_set(&parse_err, ERROR_UNAVAILABLE,
			  "Podman's answer to the request to %s has no id", call->what);
	call->tell.id(call->ctx, id, err ? err : id ? NULL : &parse_err);
	return true;
}

struct podman_call *podman_image_identify(struct podman *podman, const char *name,
					  podman_id_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "look at the image", on_identified, ctx);

	call->tell.id = done;
	call_send(call, "GET", path_of("/images/", name, "/json"), NULL, QUICK_MS);
	return call;
}

/* {"stream":"…\n"} is progress, {"error":"…"} the failure, {"images":[…],"id":"…"} the end. */
static void on_pull_line(struct podman_call *call, char *line, size_t len)
{
	struct error ignored;
	auto_json value = json_parse(line, len, &ignored);
	const char *stream = json_get_text(value, "stream");
	const char *error = json_get_text(value, "error");
	const char *id = json_get_text(value, "id");

	if (error)
		failure_of_message(&call->kept_err, call->what, error);
	if (id && json_get_array(value, "images")) {
		free(call->kept_id);
		call->kept_id = mem_strdup(id);
	}
	if (stream && call->on_progress) {
		auto_str text = mem_strndup(stream, strcspn(stream, "\r\n"));

		/* Last: the receiver may take the call back. */
		if (*text)
			call->on_progress(call->ctx, text);
	}
}

static bool on_pulled(struct podman_call *call, const struct answer *answer,
		      const struct error *err)
{
	struct error cut;
	auto_str rest = mem_strndup(answer->text, answer->len);

	/* The last line may lack its newline. */
	if (!err && answer->len > 0)
		on_pull_line(call, rest, answer->len);
	if (!err && call->kept_err.kind != ERROR_NONE)
		err = &call->kept_err;
	if (!err && !call->kept_id) {
		error_set(&cut, ERROR_UNAVAILABLE,
			  "Podman broke off the request to %s in the middle", call->what);
		err = &cut;
	}
	call->tell.done(call->ctx, err);
	return true;
}

struct podman_call *podman_image_pull(struct podman *podman, const char *name,
				      podman_progress_fn *on_progress, podman_done_fn *done,
				      void *ctx)
{
	struct podman_call *call = call_new(podman, "pull the image", on_pulled, ctx);
	char *path = path_with(mem_strdup(API "/images/pull?policy=always"), "reference", name);

	call->tell.done = done;
	call->on_progress = on_progress;
	call->on_line = on_pull_line;
	call_send(call, "POST", path, NULL, PULL_MS);
	return call;
}

struct podman_call *podman_image_import(struct podman *podman, const char *name,
					const char *tar_path, podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "import the image", answer_done, ctx);
	auto_fd fd = open(tar_path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	struct error err;

	call->tell.done = done;
	if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
		error_set_errno(&err, ERROR_NOT_FOUND, fd < 0 ? errno : EINVAL,
				"cannot read the image's file");
		call_refuse(call, &err);
		return call;
	}
	call_send_file(call, path_with(mem_strdup(API "/images/import?"), "reference", name),
		       take_fd(fd), info.st_size);
	return call;
}
