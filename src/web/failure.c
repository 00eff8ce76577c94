/* Answers that say why not: to a person as a small page, to a program as JSON.  The page needs
 * nothing from anywhere and runs nothing; every text in it is escaped. */
#include "internal.h"
#include <string.h>
#include "json.h"

enum { PAGE_MAX = 16 * 1024 };

int failure_status(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NOT_FOUND:
	case ERROR_GONE: /* the text says since when and why */
		return 404;
	case ERROR_INVALID:
	case ERROR_CONFLICT:
		return 409;
	case ERROR_LIMIT:
	case ERROR_TIMEOUT:
	case ERROR_CANCELLED:
	case ERROR_UNAVAILABLE:
		return 503;
	case ERROR_NONE:
	case ERROR_INTERNAL:
		return 500;
	}
	return 500;
}

const char *failure_next(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NOT_FOUND:
		return "Check that the link is complete, or ask whoever sent it for a new one.";
	case ERROR_GONE:
		return "Links live as long as their container at most: ask for the file to be "
		       "made and shared again.";
	case ERROR_INVALID:
	case ERROR_CONFLICT:
		return "Ask whoever sent the link to check the file and to share it again.";
	case ERROR_LIMIT:
	case ERROR_TIMEOUT:
	case ERROR_CANCELLED:
	case ERROR_UNAVAILABLE:
		return "Try again in a moment.";
	case ERROR_NONE:
	case ERROR_INTERNAL:
		return "Try again; if it stays like this, tell whoever runs this server.";
	}
	return "";
}

bool accept_names(const char *accept, const char *media_type)
{
	return accept && strcasestr(accept, media_type) != NULL;
}

void reply_json(struct http_request *req, int status, const struct json *body)
{
	auto_str text = json_print(body);

	http_add_header(req, "Cache-Control", "no-store");
	http_add_header(req, "X-Content-Type-Options", "nosniff");
	http_reply(req, status, "application/json", text, strlen(text));
}

/* False when the page is full; it then ends early, which no text of ours reaches. */
static bool add_escaped(struct buf *page, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = {
		{ '&', "&amp;" },  { '<', "&lt;" },   { '>', "&gt;" },
		{ '"', "&quot;" }, { '\'', "&#39;" },
	};

	for (; *text; text++) {
		const char *entity = NULL;

		for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
			if (*text == entities[i].c)
				entity = entities[i].entity;
		if (!(entity ? buf_add_text(page, entity) : buf_add(page, text, 1)))
			return false;
	}
	return true;
}

static const char *title_of(int status)
{
	if (status == 404)
		return "There is nothing behind this link";
	if (status == 405)
		return "Not in this way";
	return status == 503 ? "Not at the moment" : "The file cannot be fetched";
}

char *failure_page(int status, const char *message, const char *next)
{
	static const char head[] =
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<meta name=\"robots\" content=\"noindex\">\n"
		"<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;"
		"margin:15vh auto;padding:0 1.5rem;color:#222;background:#fff}"
		"h1{font-size:1.5rem}p+p{color:#666}"
		"@media(prefers-color-scheme:dark){body{color:#ddd;background:#16181c}"
		"p+p{color:#999}}</style>\n";
	auto_buf page = BUF_INIT(PAGE_MAX);
	const char *title = title_of(status);

	(void)(buf_add_text(&page, head) && buf_add_text(&page, "<title>") &&
	       add_escaped(&page, title) && buf_add_text(&page, "</title>\n<h1>") &&
	       add_escaped(&page, title) && buf_add_text(&page, "</h1>\n<p>") &&
	       add_escaped(&page, message) && buf_add_text(&page, "</p>\n<p>") &&
	       add_escaped(&page, next) && buf_add_text(&page, "</p>\n</html>\n"));
	return buf_take(&page);
}

static void reply_page(struct http_request *req, int status, const struct error *err,
		       const char *next)
{
	auto_str sentence = mem_strdup(err->text);
	auto_str message = NULL;
	auto_str page = NULL;

	/* Errors begin in lower case, because they also follow a colon. */
	if (sentence[0] >= 'a' && sentence[0] <= 'z')
		sentence[0] = (char)(sentence[0] - 'a' + 'A');
	message = mem_format("%s.", sentence);
	page = failure_page(status, message, next);
	http_add_header(req, "Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; sandbox");
	http_add_header(req, "X-Content-Type-Options", "nosniff");
	http_add_header(req, "Referrer-Policy", "no-referrer");
	http_add_header(req, "Cache-Control", "private, no-store");
	http_reply(req, status, "text/html; charset=utf-8", page, strlen(page));
}

void failure_reply(struct http_request *req, int status, const struct error *err, const char *next)
{
	auto_json body = NULL;

	if (!next)
		next = failure_next(err->kind);
	http_add_header(req, "Vary", "Accept");
	if (status == 503)
		http_add_header(req, "Retry-After", "5");
	if (accept_names(http_header(req, "Accept"), "text/html")) {
		reply_page(req, status, err, next);
		return;
	}
	body = json_object();
	json_put_text(body, "code", error_kind_name(err->kind));
	json_put_text(body, "message", err->text);
	json_put_text(body, "next", next);
	reply_json(req, status, body);
}
