/* One call in, one callback out.  A call is one request, or a few one after another; it is in the
 * list of its podman from its beginning until its callback is about to run. */
#include "internal.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static void enlist(struct podman_call *call)
{
	struct podman *podman = call->podman;

	call->prev = NULL;
	call->next = podman->calls;
	if (podman->calls)
		podman->calls->prev = call;
	podman->calls = call;
}

static void delist(struct podman_call *call)
{
	if (call->next)
		call->next->prev = call->prev;
	*(call->prev ? &call->prev->next : &call->podman->calls) = call->next;
	call->prev = call->next = NULL;
}

struct podman_call *call_new(struct podman *podman, const char *what, answer_fn *on_answer,
			     void *ctx)
{
	struct podman_call *call = mem_new(struct podman_call);

	call->podman = podman;
	call->what = what;
	call->on_answer = on_answer;
	call->ctx = ctx;
	call->sent_fd = -1;
	call->body = BUF_INIT(ANSWER_MAX);
	enlist(call);
	return call;
}

/* Forgets one request, so that the next may be sent. */
static void clear_request(struct podman_call *call)
{
	curl_slist_free_all(call->headers);
	call->headers = NULL;
	free(call->sent);
	call->sent = NULL;
	if (call->sent_fd >= 0)
		close(call->sent_fd);
	call->sent_fd = -1;
}

/* Does not touch the podman, which the callback may have closed. */
static void call_free(struct podman_call *call)
{
	if (call->ret_gone)
		*call->ret_gone = true;
	clear_request(call);
	deferred_cancel(call->news);
	deferred_cancel(call->ending);
	buf_release(&call->body);
	free(call->kept_id);
	free(call);
}

/* Hands the whole lines that have come to on_line.  False when the call is gone afterwards. */
static bool tell_lines(struct podman_call *call)
{
	bool is_gone = false;
	char *end;

	call->ret_gone = &is_gone;
	while (call->body.len > 0 && (end = memchr(call->body.data, '\n', call->body.len))) {
		size_t len = (size_t)(end - call->body.data);
		auto_str line = mem_strndup(call->body.data, len);

		buf_drop(&call->body, len + 1);
		call->on_line(call, line, len);
		if (is_gone)
			return false;
	}
	call->ret_gone = NULL;
	return true;
}

static void on_news(void *ctx)
{
	struct podman_call *call = ctx;

	call->news = NULL;
	(void)tell_lines(call);
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct podman_call *call = ctx;
	size_t len = size * count;

	if (!buf_add(&call->body, data, len)) {
		call->is_too_long = true;
		return 0;
	}
	/* Not from in here: the receiver may cancel or close. */
	if (call->on_line && !call->news)
		call->news = loop_defer(call->podman->loop, on_news, call);
	return len;
}

static size_t on_send(char *data, size_t size, size_t count, void *ctx)
{
	struct podman_call *call = ctx;
	ssize_t got = read(call->sent_fd, data, size * count);

	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* Ends the call unless on_answer has sent a further request. */
static void tell(struct podman_call *call, const struct answer *answer, const struct error *err)
{
	delist(call);
	if (call->on_answer(call, answer, err))
		call_free(call);
}

static void on_over(struct transfer *transfer, CURLcode code)
{
	struct podman_call *call =
		(struct podman_call *)((char *)transfer - offsetof(struct podman_call, transfer));
	struct answer answer = { 0 };
	struct error err;
	bool is_fine = true;

	if (code == CURLE_OK)
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer.status);
	else
		is_fine = failure_of_transport(&err, call, code);
	transfer_end(call->podman, transfer);
	clear_request(call);
	if (call->on_line && is_fine && answer.status < 400 && !tell_lines(call))
		return;
	answer.text = buf_text(&call->body);
	answer.len = call->body.len;
	if (is_fine && answer.status >= 400)
		is_fine = failure_of_answer(&err, call->what, &answer);
	tell(call, &answer, is_fine ? NULL : &err);
}

void call_abort(struct podman_call *call, const struct error *err)
{
	const struct answer none = { .text = "" };

	transfer_end(call->podman, &call->transfer);
	clear_request(call);
	tell(call, &none, err);
}

static void on_ending(void *ctx)
{
	struct podman_call *call = ctx;
	struct error err = call->ending_err;

	call->ending = NULL;
	call_abort(call, &err);
}

void call_refuse(struct podman_call *call, const struct error *err)
{
	if (call->ending)
		return;
	call->ending_err = *err;
	call->ending = loop_defer(call->podman->loop, on_ending, call);
}

void podman_cancel(struct podman_call *call)
{
	struct error err;

	error_set(&err, ERROR_CANCELLED, "the request to %s was taken back", call->what);
	call_refuse(call, &err);
}

/* What every request has in common.  A call that goes on after an answer is enlisted anew. */
static CURL *begin(struct podman_call *call, const char *method, char *path, int64_t deadline_ms)
{
	auto_str owned = path;
	CURL *easy;

	if (!call->prev && call->podman->calls != call)
		enlist(call);
	buf_clear(&call->body);
	call->deadline_ms = deadline_ms;
	call->transfer.on_over = on_over;
	transfer_begin(call->podman, &call->transfer, owned);
	easy = call->transfer.easy;
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)deadline_ms);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	call->headers = curl_slist_append(NULL, "Expect:");
	return easy;
}

static void run(struct podman_call *call, const char *content_type)
{
	if (content_type)
		call->headers = curl_slist_append(call->headers, content_type);
	curl_easy_setopt(call->transfer.easy, CURLOPT_HTTPHEADER, call->headers);
	transfer_run(call->podman, &call->transfer);
}

void call_send(struct podman_call *call, const char *method, char *path, struct json *body,
	       int64_t deadline_ms)
{
	CURL *easy = begin(call, method, path, deadline_ms);
	auto_json owned = body;

	if (strcmp(method, "GET") == 0) {
		assert(!owned);
		run(call, NULL);
		return;
	}
	call->sent = owned ? json_print(owned) : mem_strdup("");
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->sent);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(call->sent));
	run(call, "Content-Type: application/json");
}

void call_send_bytes(struct podman_call *call, const char *method, char *path, struct buf *body)
{
	CURL *easy = begin(call, method, path, CHANGE_MS);
	long len = (long)body->len;

	call->sent = buf_take(body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->sent);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, len);
	run(call, "Content-Type: application/x-tar");
}

void call_send_file(struct podman_call *call, char *path, int fd, int64_t size)
{
	CURL *easy = begin(call, "POST", path, IMPORT_MS);

	call->sent_fd = fd;
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
	curl_easy_setopt(easy, CURLOPT_READDATA, call);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)FILE_CHUNK);
	/* A kept connection that turns out dead is retried from the start, which a file that was
	 * read does not allow. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	run(call, "Content-Type: application/x-tar");
}

bool answer_done(struct podman_call *call, const struct answer *answer, const struct error *err)
{
	(void)answer;
	call->tell.done(call->ctx, err);
	return true;
}

struct json *answer_json(const struct podman_call *call, const struct answer *answer,
			 enum json_type type, struct error *err)
{
	auto_json value = json_parse(answer->text, answer->len, err);

	if (value && json_type(value) == type)
		return take(value);
	error_set(err, ERROR_UNAVAILABLE,
		  "Podman's answer to the request to %s makes no sense: is it Podman?", call->what);
	return NULL;
}

/* 200 with [{"Id":…,"Err":null}]; Err is where a failed removal hides. */
bool answer_removed(struct podman_call *call, const struct answer *answer, const struct error *err)
{
	struct error hidden;
	auto_json body = err ? NULL : answer_json(call, answer, JSON_ARRAY, &hidden);
	const char *failure = json_get_text(json_first(body), "Err");

	if (answer->status == 404)
		err = NULL;
	else if (!err && !body && answer->len > 0)
		err = &hidden;
	else if (failure && *failure) {
		failure_of_message(&hidden, call->what, failure);
		err = &hidden;
	}
	call->tell.done(call->ctx, err);
	return true;
}
