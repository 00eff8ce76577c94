/* Files that the server writes.  What comes goes to a temporary file beside the place, and only
 * when all of it is there and on the disk does that take the place, in one step: whoever looks sees
 * the old file or the new one, whole.  Whatever else happens (CLOSE, a broken link, a full disk)
 *the temporary file is removed.
 *
 *	WRITING ──SAVE──> SYNCING ──> SAVED ──┐
 *	   └──────────────────┴─────> FAILED ─┴─(told)─> OVER ──CLOSE──> free
 *
 * Waiting for the disk can take seconds, in which process 1 must answer: a child does that. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOLD_EVERY = WIRE_UPLOAD_WINDOW / 8, DESCRIPTORS_MAX = 4096 };

static void reset(struct upload *upload)
{
	*upload = (struct upload){ .fd = -1, .sync = -1, .place.dir = -1 };
}

void uploads_init(struct agent *agent)
{
	for (int i = 0; i < UPLOADS_MAX; i++)
		reset(&agent->uploads[i]);
}

static struct upload *upload_find(struct agent *agent, uint32_t stream)
{
	for (int i = 0; i < UPLOADS_MAX; i++)
		if (agent->uploads[i].stream == stream)
			return &agent->uploads[i];
	return NULL;
}

/* Nothing of it is left, the temporary file included unless it has taken its place. */
static void let_go(struct agent *agent, struct upload *upload)
{
	unwatch_close(agent, &upload->sync);
	if (upload->fd >= 0 && !upload->renamed)
		unlinkat(upload->place.dir, upload->temporary, 0);
	if (upload->fd >= 0)
		close(upload->fd);
	if (upload->place.dir >= 0)
		close(upload->place.dir);
	upload->fd = upload->place.dir = -1;
}

static void fail(struct agent *agent, struct upload *upload, int number, const char *where)
{
	upload->number = number;
	upload->where = where;
	upload->state = UPLOAD_FAILED;
	let_go(agent, upload);
}

void upload_close(struct agent *agent, uint32_t stream)
{
	struct upload *upload = stream ? upload_find(agent, stream) : NULL;

	if (!upload)
		return;
	let_go(agent, upload);
	reset(upload);
}

void uploads_close(struct agent *agent)
{
	for (int i = 0; i < UPLOADS_MAX; i++)
		upload_close(agent, agent->uploads[i].stream);
}

/* --- opening ----------------------------------------------------------------------------- */

static int open_temporary(struct upload *upload)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		number = now_ms();
	snprintf(upload->temporary, sizeof(upload->temporary), ".upload-%016llx",
		 (unsigned long long)number);
	upload->fd = openat(upload->place.dir, upload->temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return upload->fd < 0 ? errno : 0;
}

static void open_and_answer(struct upload *upload, struct box *box, uint32_t stream,
			    const struct wire_create *order)
{
	static struct wire_created created;
	struct wire_writer writer = box_begin(box);
	const char *where;
	int number = place_find(order, &upload->place, created.path, &where);

	if (number == 0) {
		where = "create";
		number = open_temporary(upload);
	}
	if (number) {
		if (upload->place.dir >= 0)
			close(upload->place.dir);
		reset(upload);
		put_failed(box, WIRE_FAILED, stream, number, where);
		return;
	}
	upload->stream = stream;
	upload->state = UPLOAD_WRITING;
	created.replaces = upload->place.replaces;
	wire_put_created(&writer, &created);
	box_end(box, &writer, WIRE_CREATED, stream);
}

bool upload_create(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_create order;
	struct upload *upload;

	if (!(frame->stream & WIRE_FILE_STREAM) || file_is_open(agent, frame->stream) ||
	    upload_find(agent, frame->stream) || !wire_get_create(frame, &order))
		return false;
	upload = upload_find(agent, 0);
	if (upload)
		open_and_answer(upload, &agent->link.control, frame->stream, &order);
	else
		put_failed(&agent->link.control, WIRE_FAILED, frame->stream, EMFILE, "files");
	return true;
}

/* --- writing ------------------------------------------------------------------------------ */

bool upload_write(struct agent *agent, const struct wire_frame *frame)
{
	struct upload *upload = frame->stream ? upload_find(agent, frame->stream) : NULL;
	uint64_t offset;
	const uint8_t *data;
	size_t len;

	if (!wire_get_chunk(frame, &offset, &data, &len))
		return false;
	if (!upload || upload->state == UPLOAD_FAILED || upload->state == UPLOAD_OVER)
		return true; /* it crossed with our last word */
	if (upload->state != UPLOAD_WRITING || offset != upload->written)
		return false;
	while (len > 0) {
		ssize_t wrote = write(upload->fd, data, len);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			fail(agent, upload, wrote < 0 ? errno : EIO, "write");
			return true;
		}
		upload->written += (uint64_t)wrote;
		data += wrote;
		len -= (size_t)wrote;
	}
	return true;
}

/* --- saving ------------------------------------------------------------------------------- */

/* The life of the child.  It keeps nothing else open: a link that is closed must be seen to be. */
static void __attribute__((noreturn)) sync_and_report(int fd, int report)
{
	int number;

	for (int i = 0; i < DESCRIPTORS_MAX; i++)
		if (i != fd && i != report)
			close(i);
	number = fsync(fd) < 0 ? errno : 0;
	(void)!write(report, &number, sizeof(number));
	_exit(0);
}

static int begin_sync(struct agent *agent, struct upload *upload, const char **ret_where)
{
	unsigned index = (unsigned)(upload - agent->uploads);
	int ends[2];
	pid_t child;

	*ret_where = "pipe";
	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	*ret_where = "fork";
	child = fork();
	if (child == 0)
		sync_and_report(upload->fd, ends[1]);
	close(ends[1]);
	upload->sync = ends[0];
	if (child < 0)
		return errno;
	set_nonblocking(ends[0]);
	*ret_where = "watch";
	return watch(agent, ends[0], EPOLLIN, FROM_SYNC, index, upload->stream) ? 0 : errno;
}

bool upload_save(struct agent *agent, const struct wire_frame *frame)
{
	struct upload *upload = frame->stream ? upload_find(agent, frame->stream) : NULL;
	const char *where;
	uint64_t size;
	int number;

	if (!wire_get_taken(frame, &size))
		return false;
	if (!upload || upload->state == UPLOAD_FAILED || upload->state == UPLOAD_OVER)
		return true;
	if (upload->state != UPLOAD_WRITING || size != upload->written)
		return false;
	upload->state = UPLOAD_SYNCING;
	number = begin_sync(agent, upload, &where);
	if (number)
		fail(agent, upload, number, where);
	return true;
}

/* Somebody in here may have put something else under the temporary name. */
static bool is_still_there(const struct upload *upload)
{
	struct stat ours;
	struct stat there;

	return fstat(upload->fd, &ours) == 0 &&
	       fstatat(upload->place.dir, upload->temporary, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino &&
	       (uint64_t)ours.st_size == upload->written;
}

static int take_place(struct upload *upload)
{
	if (!is_still_there(upload))
		return ESTALE;
	if (fchmod(upload->fd, upload->place.mode) < 0 ||
	    renameat(upload->place.dir, upload->temporary, upload->place.dir, upload->place.name) <
		    0)
		return errno;
	upload->renamed = true;
	return 0;
}

void upload_synced(struct agent *agent, unsigned index, uint32_t stream)
{
	struct upload *upload = &agent->uploads[index];
	int number = 0;
	ssize_t got;

	if (upload->stream != stream || upload->state != UPLOAD_SYNCING)
		return;
	got = read(upload->sync, &number, sizeof(number));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof(number))
		number = EINTR; /* the child was killed */
	if (number) {
		fail(agent, upload, number, "sync");
		return;
	}
	number = take_place(upload);
	if (number) {
		fail(agent, upload, number, "rename");
		return;
	}
	upload->state = UPLOAD_SAVED;
	let_go(agent, upload);
}

/* --- telling ------------------------------------------------------------------------------ */

static bool tell_taken(struct upload *upload, struct box *box)
{
	struct wire_writer writer = box_begin(box);

	if (upload->written - upload->told < TOLD_EVERY)
		return false;
	wire_put_taken(&writer, upload->written);
	if (!box_end(box, &writer, WIRE_TAKEN, upload->stream))
		return false;
	upload->told = upload->written;
	return true;
}

static bool tell_saved(struct upload *upload, struct box *box)
{
	struct wire_writer writer = box_begin(box);
	struct wire_saved saved = { .replaced = upload->place.replaces, .size = upload->written };

	wire_put_saved(&writer, &saved);
	if (!box_end(box, &writer, WIRE_SAVED, upload->stream))
		return false;
	upload->state = UPLOAD_OVER;
	return true;
}

static bool tell_failed(struct upload *upload, struct box *box)
{
	size_t before = box->len;

	put_failed(box, WIRE_FAILED, upload->stream, upload->number, upload->where);
	if (box->len == before)
		return false;
	upload->state = UPLOAD_OVER;
	return true;
}

bool upload_send(struct upload *upload, struct box *box)
{
	switch (upload->state) {
	case UPLOAD_FREE:
	case UPLOAD_OVER:
		return false;
	case UPLOAD_WRITING:
	case UPLOAD_SYNCING:
		return tell_taken(upload, box);
	case UPLOAD_SAVED:
		return tell_saved(upload, box);
	case UPLOAD_FAILED:
		return tell_failed(upload, box);
	}
	return false;
}
