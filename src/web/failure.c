/* Answers that say why not: to a person as a small page, to a program as JSON.  The page needs
 * nothing from anywhere and runs nothing; every text in it is escaped. */
#include "internal.h"
#include <string.h>
#include "html.h"
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
	struct html page = HTML_INIT(PAGE_MAX + HTML_RESERVE);
	const char *title = title_of(status);

	page_begin(&page, title);
	html_raw(&page, "<main class=\"words\">\n<h1>");
	html_text(&page, title, strlen(title));
	html_raw(&page, "</h1>\n<p>");
	html_text(&page, message, strlen(message));
	html_raw(&page, "</p>\n<p>");
	html_text(&page, next, strlen(next));
	html_raw(&page, "</p>\n</main>\n");
	page_end(&page);
	return buf_take(&page.buf);
}

static void reply_page(struct http_request *req, int status, const struct error *err,
		       const char *next)
{
	auto_str sentence = mem_strdup(err->text);
	auto_str message = NULL;
	auto_str page = NULL;
	auto_str style = page_style_source();
	auto_str policy = mem_format("default-src 'none'; %s; sandbox; base-uri 'none'; "
				     "form-action 'none'; frame-ancestors 'none'",
				     style);

	/* Errors begin in lower case, because they also follow a colon. */
	if (sentence[0] >= 'a' && sentence[0] <= 'z')
		sentence[0] = (char)(sentence[0] - 'a' + 'A');
	message = mem_format("%s.", sentence);
	page = failure_page(status, message, next);
	http_add_header(req, "Content-Security-Policy", policy);
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
