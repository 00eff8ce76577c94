/* Private to src/tools: tools under the names of other servers.  They take and give exactly what
 * those do, so that a client has nothing to change but a URL. */
#ifndef TOOLS_COMPAT_H
#define TOOLS_COMPAT_H

#include "internal.h"

/* --- compat.c: compat-container-mcp, where the caller's own sandbox is found or made ---------- */

/* One call.  Freed by compat_answer and compat_fail. */
struct compat {
	struct waiting waiting; /* first */
	/* The sandbox is there. */
	void (*go)(struct compat *compat, const char *container_id);
	struct json *said;   /* what every answer says */
	struct json *failed; /* what else it says when the call failed, beside success and error */
	char *place[2];      /* paths in the sandbox */
	char *text;
};
struct compat *compat_new(struct call *call,
			  void (*go)(struct compat *compat, const char *container_id));
/* Leads to go, or to compat_fail. */
void compat_begin(struct compat *compat);
/* As waiting_began. */
void compat_began(struct compat *compat, struct sandbox_op *op, const struct error *err);
/* Sets a place; false: compat_fail has ended the call, because the policy is against it. */
bool compat_takes(struct compat *compat, size_t which, const char *path, bool with_extension);
/* Ends the call with what it said, or with compat_fail where err is set; word is for people. */
void compat_end(struct compat *compat, const struct error *err, const char *word);
/* Ends the call; structured is the call's from here on, text (may be NULL) is borrowed. */
void compat_answer(struct compat *compat, struct json *structured, const char *text);
void compat_fail(struct compat *compat, const struct error *err);
void compat_free(struct compat *compat);
/* How long something may take: as wished, if the call can wait for it and for its end. */
enum { COMPAT_END_MS = 2500 };
int64_t compat_time_ms(const struct call *call, int64_t wish_ms);
/* What is taken for UTF-8. */
extern const char *const compat_encodings[];

/* --- compat_place.c --------------------------------------------------------------------------- */

/* The path of an argument, which the other server takes from the root of its sandbox ("/a.txt" and
 * "a.txt" are one), as one below /workspace; what stands there already is taken as it is.  One that
 * climbs out is refused; so is, where with_extension, one whose extension is not allowed.  The
 * caller owns the result. */
char *compat_place(const char *path, const char *extensions, bool with_extension,
		   struct error *err) must_check;
/* The path as that server shows it: without /workspace/. */
const char *compat_shown(const char *place);

/* --- compat_shell.c --------------------------------------------------------------------------- */

/* Whether each command of the line is one of those allowed (separated by commas; NULL: all).  What
 * cannot be followed (substitutions, here-documents, computed names) is refused as well. */
bool compat_shell_allows(const char *line, const char *allowed, struct error *err) must_check;

/* --- schemas ---------------------------------------------------------------------------------- */

/* clang-format off */
#define COMPAT_PROPERTIES SCHEMA( \
	"success": {"type": "boolean"}, \
	"error": {"type": "string", "description": "Only when success is false: why"},) \
	FAILURE_PROPERTIES
/* clang-format on */

#endif
