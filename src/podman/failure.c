/* What Podman's failures mean.  Its status codes say little (a missing image, a name in use and a
 * full disk are all 500 in some version), so the text is searched for what is known; what is not
 * known is quoted, cleaned, inside a sentence of ours. */
#include "internal.h"
#include "utf8.h"

#include <ctype.h>
#include <string.h>

struct meaning {
	const char *needle; /* lower case */
	enum error_kind kind;
	const char *reason;
};

/* The first that is found counts: the particular before the general. */
static const struct meaning meanings[] = {
	{ "no such container", ERROR_NOT_FOUND, "there is no such container" },
	{ "no such exec session", ERROR_NOT_FOUND, "there is no such exec session" },
	{ "no such image", ERROR_NOT_FOUND, "there is no such image" },
	{ "image not known", ERROR_NOT_FOUND, "there is no such image" },
	{ "unable to find network", ERROR_NOT_FOUND, "there is no such network" },
	{ "network not found", ERROR_NOT_FOUND, "there is no such network" },
	{ "manifest unknown", ERROR_NOT_FOUND, "the registry has no such image" },
	{ "invalid reference format", ERROR_INVALID, "that is not the name of an image" },
	{ "short-name", ERROR_INVALID, "the image's name must begin with its registry" },
	{ "unauthorized", ERROR_UNAVAILABLE, "the registry wants credentials" },
	{ "access to the resource is denied", ERROR_UNAVAILABLE, "the registry refuses access" },
	{ "toomanyrequests", ERROR_UNAVAILABLE, "the registry is limiting us; try later" },
	{ "no such host", ERROR_UNAVAILABLE, "the registry cannot be reached" },
	{ "dial tcp", ERROR_UNAVAILABLE, "the registry cannot be reached" },
	{ "pinging container registry", ERROR_UNAVAILABLE, "the registry cannot be reached" },
	{ "already in use", ERROR_CONFLICT, "the name is in use" },
	{ "already exists", ERROR_CONFLICT, "it exists already" },
	{ "already used", ERROR_CONFLICT, "something else uses that name or address range" },
	{ "exceeded num_locks", ERROR_LIMIT, "Podman has as many containers as it can hold" },
	{ "allocation failed; exceeded", ERROR_LIMIT, "Podman can hold no more containers" },
	{ "no space left on device", ERROR_UNAVAILABLE, "the disk of its machine is full" },
	{ "disk quota exceeded", ERROR_UNAVAILABLE, "the disk quota of its machine is used up" },
	{ "too many open files", ERROR_UNAVAILABLE, "it has too many open files" },
	{ "cannot allocate memory", ERROR_UNAVAILABLE, "its machine is out of memory" },
	{ "database is locked", ERROR_UNAVAILABLE, "its database is busy; try again" },
	{ "did not die within timeout", ERROR_UNAVAILABLE, "its processes have not ended yet" },
	{ "error setting rlimit", ERROR_UNAVAILABLE,
	  "its machine does not allow so many open files or processes" },
	{ "pquota", ERROR_UNAVAILABLE, "its storage cannot bound the size of a container" },
	{ "project quota", ERROR_UNAVAILABLE, "its storage cannot bound the size of a container" },
	{ "not enough available ids", ERROR_UNAVAILABLE, "its machine has no user ids left" },
	{ "read init-p", ERROR_LIMIT,
	  "no further process can be started in the container; its process limit may be reached" },
	{ "container state improper", ERROR_CONFLICT, "it is not in a state that allows it" },
	{ "not running", ERROR_CONFLICT, "it is not running" },
	{ "running or paused", ERROR_CONFLICT, "it is running" },
	{ "executable file not found", ERROR_INVALID, "the image has no such program" },
	{ "command that was not found", ERROR_INVALID, "the image has no such program" },
};

static bool contains(const char *text, const char *needle)
{
	return text && strcasestr(text, needle) != NULL;
}

static const struct meaning *meaning_of(const char *a, const char *b)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (contains(a, meanings[i].needle) || contains(b, meanings[i].needle))
			return &meanings[i];
	return NULL;
}

/* The length of the path that begins at text (where a word begins), or 0. */
static size_t path_len(const char *text, const char *begin)
{
	bool is_word = text == begin || strchr(" \t\"'`(=:[,", text[-1]);
	size_t len;

	if (text[0] != '/' || !is_word || !text[1] || strchr(" \t\"'`),]", text[1]))
		return 0;
	len = strcspn(text, " \t\r\n\"'`),;]");
	return text[len - 1] == ':' ? len - 1 : len;
}

void failure_clean(const char *text, size_t len, char *ret_text, size_t size)
{
	auto_buf valid = BUF_INIT(4096);
	auto_buf clean = BUF_INIT(8192);
	bool was_replaced;
	size_t keep;

	/* Whatever is longer says nothing more. */
	(void)utf8_clean(text, len < 1000 ? len : 1000, &valid, &was_replaced);
	for (const char *c = buf_text(&valid); *c; c++) {
		size_t skip = path_len(c, buf_text(&valid));

		if (skip > 0) {
			(void)buf_add_text(&clean, "(a path)");
			c += skip - 1;
		} else if (!iscntrl((unsigned char)*c)) {
			(void)buf_add(&clean, c, 1);
		} else if (clean.len > 0 && clean.data[clean.len - 1] != ' ') {
			(void)buf_add(&clean, " ", 1);
		}
	}
	while (clean.len > 0 && strchr(" .", clean.data[clean.len - 1]))
		clean.data[--clean.len] = '\0';
	keep = utf8_whole(buf_text(&clean), clean.len < size ? clean.len : size - 1);
	memcpy(ret_text, buf_text(&clean), keep);
	ret_text[keep] = '\0';
}

static bool fail_unknown(struct error *err, const char *what, enum error_kind kind,
			 const char *text)
{
	char clean[240];

	failure_clean(text, strlen(text), clean, sizeof(clean));
	return error_set(err, kind, "Podman could not %s: %s", what,
			 *clean ? clean : "it gives no reason");
}

/* Kinds for a text that is not known. */
static enum error_kind kind_of_status(long status)
{
	if (status == 404)
		return ERROR_NOT_FOUND;
	if (status == 409)
		return ERROR_CONFLICT;
	if (status == 400)
		return ERROR_INVALID;
	return ERROR_UNAVAILABLE;
}

bool failure_of_answer(struct error *err, const char *what, const struct answer *answer)
{
	struct error ignored;
	auto_json body = json_parse(answer->text, answer->len, &ignored);
	const char *message = json_get_text(body, "message");
	const char *cause = json_get_text(body, "cause");
	const struct meaning *meaning = meaning_of(cause, message);

	if (meaning)
		return error_set(err, meaning->kind, "Podman could not %s: %s", what,
				 meaning->reason);
	if (!cause && !message)
		return error_set(err, ERROR_UNAVAILABLE,
				 "Podman could not %s: it answered with status %ld and no reason; "
				 "is it Podman 4.3 or newer?",
				 what, answer->status);
	return fail_unknown(err, what, kind_of_status(answer->status),
			    message && *message ? message : (cause ? cause : ""));
}

bool failure_of_message(struct error *err, const char *what, const char *message)
{
	const struct meaning *meaning = meaning_of(message, NULL);

	if (meaning)
		return error_set(err, meaning->kind, "Podman could not %s: %s", what,
				 meaning->reason);
	return fail_unknown(err, what, ERROR_UNAVAILABLE, message);
}

bool failure_of_transport(struct error *err, const struct podman_call *call, CURLcode code)
{
	const char *what = call ? call->what : "open a stream to a container";

	if (call && call->is_too_long)
		return error_set(err, ERROR_UNAVAILABLE,
				 "Podman's answer to the request to %s is longer than %d MiB", what,
				 ANSWER_MAX >> 20);
	if (code == CURLE_OPERATION_TIMEDOUT && call)
		return error_set(err, ERROR_TIMEOUT,
				 "Podman did not answer the request to %s within %lld seconds",
				 what, (long long)call->deadline_ms / 1000);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return error_set(err, ERROR_TIMEOUT, "Podman did not answer the request to %s",
				 what);
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return error_set(err, ERROR_UNAVAILABLE,
				 "Podman cannot be reached to %s: its service does not run", what);
	if (code == CURLE_READ_ERROR || code == CURLE_ABORTED_BY_CALLBACK)
		return error_set(err, ERROR_INTERNAL, "cannot %s: the file cannot be read", what);
	return error_set(err, ERROR_UNAVAILABLE,
			 "Podman broke off the request to %s in the middle (%s)", what,
			 curl_easy_strerror(code));
}
