/* Private to src/tools: what the tools for files share. */
#ifndef TOOLS_FILES_H
#define TOOLS_FILES_H

#include "internal.h"

/* --- paths: file_path.c --------------------------------------------------------------------- */
/* A name in a container is any bytes.  In results a path that is no UTF-8 has U+FFFD for them, and
 * beside it …_base64 with the bytes themselves; as an argument such a path is given in base 64,
 * with path_encoding saying so. */

/* clang-format off */
#define CONTAINER_ID_PROPERTY SCHEMA( \
	"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"})
#define PATH_ENCODING_PROPERTY SCHEMA( \
	"path_encoding": {"type": "string", "enum": ["utf-8", "base64"], "default": "utf-8", "description": "base64: paths are given as the base64 of their bytes, for names that are not UTF-8 (results have them in path_base64)"})
/* clang-format on */

enum { PATH_BASE64_MAX = (PATH_ARG_MAX + 2) / 3 * 4 };
extern const char *const encodings[]; /* "utf-8", "base64" */
extern const char *const file_path_aliases[];
#define PATH_ENCODING_ARG                                                                          \
	{                                                                                          \
		"path_encoding", ARG_CHOICE, .choices = encodings                                  \
	}
bool is_base64(const struct arg_value *encoding);

/* The bytes of a path argument; the caller owns them.  NULL with err when it is none. */
char *file_path_bytes(const char *name, const struct arg_value *path,
		      const struct arg_value *encoding, struct error *err) must_check;
/* Those of the argument "path"; NULL: the call has failed. */
char *file_path_of(struct call *call, const struct arg_value *path,
		   const struct arg_value *encoding) must_check;
/* key, and key_base64 where that is needed. */
void file_path_put(struct json *object, const char *key, const char *path);
/* As people see it in one line: control characters escaped. */
void file_path_show(struct buf *text, const char *path);
/* What stands behind the last slash; "/" for the root. */
const char *file_path_name(const char *path);
/* "0644" */
void file_mode_text(uint32_t mode, char ret_text[8]);

/* What a tool keeps while the domain works on a file. */
struct file_call {
	struct waiting waiting; /* first */
	char *container_id;
};
/* The one that `op` was begun for; when it was refused (NULL) the call fails. */
struct file_call *file_call_new(struct call *call, const char *container_id);
void file_call_began(struct file_call *file_call, struct sandbox_op *op, const struct error *err);
/* In done: the call, which is not waiting any more.  *ret_container_id: the caller owns it. */
struct call *file_call_end(void *ctx, char **ret_container_id);

/* --- pages: file_page.c --------------------------------------------------------------------- */

/* Which part of a file is shown.  Takes its bytes in order, in pieces of any size, and keeps those
 * that are to be shown.  Pure. */
struct file_page {
	/* The wish. */
	bool by_lines;  /* else by bytes */
	int64_t offset; /* the first line, from 1; or the first byte, from 0 */
	int64_t limit;  /* lines or bytes; 0: as many as find room */
	int64_t size;   /* of the file */
	bool counts;    /* goes on to the end of the file, to know how many lines it has */
	bool exact;     /* may end inside of a character */
	/* What was found. */
	struct buf data; /* its cap: how much may be shown */
	int64_t at;      /* bytes of the file taken, or passed over */
	int64_t line;    /* the one that the next byte belongs to */
	int64_t from;    /* where data begins */
	int64_t shown;   /* lines that begin in data */
	bool full;
	bool ends_open; /* the last byte taken was no line end */
};
struct file_page file_page_new(bool by_lines, int64_t offset, int64_t limit, int64_t most);
/* The bytes to be read for it, once size is known. */
void file_page_range(const struct file_page *page, uint64_t *ret_offset, uint64_t *ret_length);
/* False: that was enough. */
bool file_page_take(struct file_page *page, const char *data, size_t len);
/* No more comes.  What is cut at its end is cut at a line's end or between characters. */
void file_page_finish(struct file_page *page);
/* The byte behind what is shown. */
int64_t file_page_end(const struct file_page *page);
/* How many lines the file has; -1: not known. */
int64_t file_page_lines(const struct file_page *page);
/* Whether the line that it ends in goes on, so that only bytes can name where. */
bool file_page_is_inside(const struct file_page *page);

/* --- pictures: picture.c -------------------------------------------------------------------- */

/* What a model takes: 5 MiB of base 64. */
enum { PICTURE_MAX = 5 * 1024 * 1024 / 4 * 3, PICTURE_HEAD = 12 };
/* The media type by the first bytes; NULL: no picture that models take. */
const char *picture_type(const void *data, size_t len);
/* An image block. */
void picture_add(struct call *call, const char *media_type, const void *data, size_t len);

/* --- resources: file_complete.c ------------------------------------------------------------- */

/* Suggestions for the variables of sandbox://{container_id}/{+path}. */
void file_complete(struct call *call, const struct json *args);

#endif
