/* Private to src/agent: files that are read, written or watched.  What takes long has tasks.h. */
#ifndef AGENT_FILES_H
#define AGENT_FILES_H

#include "wire_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct agent;
struct box;

enum {
	FILES_MAX = 32,
	UPLOADS_MAX = 16,
	OBSERVERS_MAX = 32,
};

struct file {
	uint32_t stream; /* 0: the slot is free */
	int fd;
	bool reading;
	uint64_t next;
	uint64_t end;
	uint64_t acked;
};

/* Where a file is to be written. */
struct place {
	int dir;        /* -1: none */
	char name[256]; /* in dir; neither "." nor a symbolic link */
	bool replaces;  /* a regular file is there */
	mode_t mode;    /* that the new one gets */
	uid_t uid;      /* whose it is now, with `replaces` */
	gid_t gid;
};

enum upload_state {
	UPLOAD_FREE,
	UPLOAD_WRITING,
	UPLOAD_SYNCING,
	UPLOAD_SETTLING, /* it is in place; the folder is being synced */
	UPLOAD_SAVED,    /* to be told */
	UPLOAD_FAILED,   /* to be told */
	UPLOAD_OVER,
};

struct upload {
	enum upload_state state;
	uint32_t stream; /* 0: the slot is free */
	int fd;          /* of the temporary file */
	int sync;        /* from the child that waits for the disk; -1: none */
	struct place place;
	char temporary[32]; /* its name, in place.dir */
	bool renamed;       /* it has taken the place */
	bool append;        /* no temporary one: what comes goes to the end of the file there */
	bool composed;      /* by COMPOSE */
	uint64_t version;   /* of the file that must be there; 0: any or none */
	uint64_t written;
	uint64_t told; /* up to here TAKEN was sent */
	int number;    /* of a failure: errno, and the place */
	const char *where;
};

/* A path that is watched. */
struct observer {
	uint32_t stream; /* 0: the slot is free */
	int folder;      /* the kernel's number of the folder that is watched; 0: none */
	int file;        /* of the file, where a link leads to it */
	char name[256];  /* in that folder: the next part of the path … */
	bool is_last;    /* … which is its last */
	bool changed;
	bool due;            /* CHANGED has yet to be sent */
	uint64_t version;    /* what was there last time; 0: nothing */
	uint64_t look_at_ms; /* when to look again; 0: not by itself */
};

/* --- file.c ---------------------------------------------------------------------------------- */

void files_init(struct agent *agent);
bool file_open(struct agent *agent, const struct wire_frame *frame);
bool file_read(struct agent *agent, const struct wire_frame *frame);
bool file_acked(struct agent *agent, uint32_t stream, const struct wire_offsets *offsets);
void file_close(struct agent *agent, uint32_t stream);
void files_close(struct agent *agent);
/* Puts one DATA or END into the box; false when there was nothing to send or no room. */
bool file_send(struct file *file, struct box *box);
bool file_is_open(struct agent *agent, uint32_t stream);
/* As openat, but never through a link of /proc into somewhere else. */
int open_plainly(int dir, const char *path, int flags);
/* The same for a path of the server's: one that is relative begins at base. */
int open_ordered(const char *base, const char *path, int flags);
/* A folder to be read, never through a link, nor into another mount where that is not wanted. */
int open_folder(int dir, const char *name, bool same_mount);
/* Whether it lies in a file system of the kernel's own. */
bool is_kernel_file(int fd);
/* The path of what is open. */
bool fd_path(int fd, char path[WIRE_PATH_MAX + 1]);

/* --- place.c, upload.c ----------------------------------------------------------------------- */

/* Walks to the place, makes folders that are missing if it may, and gives its path without symbolic
 * links.  0, or an errno value and where it belongs; then ret_place->dir is -1. */
int place_find(const struct wire_compose *order, struct place *ret_place,
	       char path[WIRE_PATH_MAX + 1], const char **ret_where);

void uploads_init(struct agent *agent);
bool upload_is_open(struct agent *agent, uint32_t stream);
bool upload_create(struct agent *agent, const struct wire_frame *frame);
bool upload_compose(struct agent *agent, const struct wire_frame *frame);
bool upload_write(struct agent *agent, const struct wire_frame *frame);
bool upload_save(struct agent *agent, const struct wire_frame *frame);
/* Throws away what was not saved. */
void upload_close(struct agent *agent, uint32_t stream);
void uploads_close(struct agent *agent);
/* The child that waits for the disk said something, or ended. */
void upload_synced(struct agent *agent, unsigned index, uint32_t stream);
/* Puts one TAKEN, SAVED or FAILED into the box; false when there was nothing to say or no room. */
bool upload_send(struct upload *upload, struct box *box);

/* --- watch.c --------------------------------------------------------------------------------- */

bool observer_is_there(struct agent *agent, uint32_t stream);
bool observe_order(struct agent *agent, const struct wire_frame *frame);
void observer_close(struct agent *agent, uint32_t stream);
void observers_close(struct agent *agent);
void inotify_ready(struct agent *agent);
void observers_tick(struct agent *agent, uint64_t now);
/* When observers_tick has something to do; UINT64_MAX: not by itself. */
uint64_t observers_deadline(const struct agent *agent);
void observers_tell(struct agent *agent, struct box *box);

#endif
