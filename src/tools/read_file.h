/* Private to src/tools: what read_file.c, which reads, and read_answer.c, which answers, share. */
#ifndef TOOLS_READ_FILE_H
#define TOOLS_READ_FILE_H

#include "files.h"

extern const char *const read_units[]; /* "lines", "bytes" */

struct reading {
	struct call *call;
	struct file_reader *reader;
	struct timer *timer; /* no call waits longer */
	char *container_id;
	char *path;
	char *media_type; /* by the name, then by what is in it */
	int64_t modified_ms;
	bool base64;
	bool may_be_picture; /* until its first bytes were seen */
	bool is_picture;
	struct buf front; /* those bytes; all of a picture */
	struct file_page page;
	int64_t told_ms; /* when progress was told last */
};
void reading_free(struct reading *reading);

/* read_answer.c: answers the call, and frees what was kept for it. */
void reading_answer_page(struct reading *reading);
void reading_answer_picture(struct reading *reading);

#endif
