/* Private to src/web: the handlers behind the routes, and the pure choices that they make. */
#ifndef WEB_INTERNAL_H
#define WEB_INTERNAL_H

#include "file.h"
#include "web.h"

/* --- the routes' handlers: each answers req, now or later ------------------------------------- */

void info_handle(struct web *web, struct http_request *req);
void health_handle(struct web *web, struct http_request *req);
void ready_handle(struct web *web, struct http_request *req);
void file_handle(struct web *web, struct http_request *req);
/* A page about it; preview.h has its parts. */
void preview_handle(struct web *web, struct http_request *req, const char *file_id);
void upload_handle(struct web *web, struct http_request *req);

/* --- failure.c: answers that say why not -------------------------------------------------------
 */

/* A page for a person (whose browser names text/html), else JSON with code, message and next.  next
 * NULL: what fits the kind, of a link.  What err advises is for callers of tools, which a person
 * has not. */
void failure_reply(struct http_request *req, int status, const struct error *err, const char *next);
/* The status for a file that cannot be had. */
int failure_status(enum error_kind kind);
/* What a person or program can do about it; never NULL. */
const char *failure_next(enum error_kind kind);
/* The whole page; the caller owns it. */
char *failure_page(int status, const char *message, const char *next);
/* Whether an Accept header (NULL: absent) names the type itself, and not only by a wildcard. */
bool accept_names(const char *accept, const char *media_type);
/* A JSON answer that no cache keeps. */
void reply_json(struct http_request *req, int status, const struct json *body);

/* --- precondition.c: pure --------------------------------------------------------------------- */

enum { ETAG_SIZE = 24 };

/* A strong entity tag, in quotes. */
void etag_format(uint64_t version, char ret_etag[ETAG_SIZE]);
/* Whether a list of entity tags (or "*") has this one.  weak: W/"x" counts as "x". */
bool etag_is_listed(const char *list, const char *etag, bool weak);

/* What a request asks of a file; NULL for absent headers. */
struct file_wish {
	const char *range, *if_range, *if_match, *if_none_match;
};
/* The answer: 200, 206, 304, 412 or 416, and which bytes of the file. */
struct file_plan {
	int status;
	uint64_t first, length;
};
void file_plan_make(const struct file_wish *wish, const char *etag, uint64_t size,
		    struct file_plan *ret_plan);

/* --- presentation.c: pure ----------------------------------------------------------------------
 */

/* Who asks for a file, and how; NULL for what is absent. */
struct file_asker {
	const char *accept, *fetch_dest, *range; /* headers */
	const char *download, *raw;              /* of the query */
};
enum file_form {
	FILE_BYTES, /* for programs */
	FILE_SAVED, /* to be saved, whatever it is: the button of the page */
	FILE_RAW,   /* for the page's own elements: as the media that `raw` names */
	FILE_PAGE,  /* for a person in a browser */
};
enum file_form file_form_choose(const struct file_asker *asker);
/* What the choice depends on. */
#define FILE_VARY "Accept, Sec-Fetch-Dest"

/* The Content-Type of a download; the caller owns it. */
char *file_content_type(const char *name);
/* "inline" only for what cannot run anything and was not shared as an attachment. */
const char *file_disposition(const char *name, const char *wanted);

#endif
