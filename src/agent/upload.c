/* Files that the server writes.  What comes goes to a temporary file beside the place, and only
 * when all of it is there and on the disk does that take the place, in one step: whoever looks sees
 * the old file or the new one, whole.  Whatever else happens (CLOSE, a broken link, a full disk)
 *the temporary file is removed.
 *
 *	WRITING ──SAVE──> SYNCING ──> SETTLING ──> SAVED ──┐
 *	   └──────────────────┴──────────────────> FAILED ─┴─(told)─> OVER ──CLOSE──> free
 *
 * Waiting for the disk can take seconds, in which process 1 must answer: a child does that, first
 * for the file and then, when that has taken its place, for the folder.  What is appended has no
 * temporary file: it goes to the end of the one that is there, as it comes. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
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

bool upload_is_open(struct agent *agent, uint32_t stream)
{
	return upload_find(agent, stream) != NULL;
}

/* Nothing of it is left, the temporary file included unless it has taken its place. */
static void let_go(struct agent *agent, struct upload *upload)
{
	unwatch_close(agent, &upload->sync);
	if (upload->fd >= 0 && !upload->renamed && !upload->append)
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

static int open_end(struct upload *upload)
{
	struct place *place = &upload->place;
	struct stat info;

	upload->fd = openat(place->dir, place->name,
			    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				    O_CLOEXEC,
			    0600);
	if (upload->fd < 0 || fstat(upload->fd, &info) < 0)
		return errno;
	if (!S_ISREG(info.st_mode))
		return ENXIO;
	return fchmod(upload->fd, place->mode) < 0 && (info.st_mode & 07777) != place->mode ? errno
											    : 0;
}

/* Whether the file there is still the one that was meant. */
static bool is_meant(const struct upload *upload)
{
	struct stat info;

	if (upload->version == 0)
		return true;
	if (fstatat(upload->place.dir, upload->place.name, &info, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return upload->version == wire_version(info.st_ino,
					       (uint64_t)info.st_mtim.tv_sec * 1000000000 +
						       (uint64_t)info.st_mtim.tv_nsec,
					       (uint64_t)info.st_size);
}

static int open_for(struct upload *upload, const struct wire_compose *order, char *path,
		    const char **ret_where)
{
	int number = place_find(order, &upload->place, path, ret_where);

	if (number)
		return number;
	if (order->mode != WIRE_MODE_KEPT)
		upload->place.mode = order->mode;
	upload->append = order->append;
	upload->version = order->version;
	*ret_where = "version";
	if (!is_meant(upload))
		return ESTALE;
	*ret_where = "create";
	return upload->append ? open_end(upload) : open_temporary(upload);
}

static void open_and_answer(struct upload *upload, struct box *box, uint32_t stream,
			    const struct wire_compose *order)
{
	static struct wire_created created;
	struct wire_writer writer = box_begin(box);
	const char *where;
	int number = open_for(upload, order, created.path, &where);

	if (number) {
		if (upload->fd >= 0)
			close(upload->fd);
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

static struct upload *open_upload(struct agent *agent, uint32_t stream,
				  const struct wire_compose *order)
{
	struct upload *upload = upload_find(agent, 0);

	if (upload)
		open_and_answer(upload, &agent->link.control, stream, order);
	else
		put_failed(&agent->link.control, WIRE_FAILED, stream, EMFILE, "files");
	return upload;
}

static struct wire_compose the_order; /* 8 KiB, of one frame at a time */

bool upload_create(struct agent *agent, const struct wire_frame *frame)
{
	the_order = (struct wire_compose){ .mode = WIRE_MODE_KEPT, .make_folders = 1 };
	if (!stream_is_free(agent, frame->stream) || !wire_get_create(frame, &the_order.place))
		return false;
	open_upload(agent, frame->stream, &the_order);
	return true;
}

bool upload_compose(struct agent *agent, const struct wire_frame *frame)
{
	struct upload *upload;

	if (!stream_is_free(agent, frame->stream) || !wire_get_compose(frame, &the_order))
		return false;
	upload = open_upload(agent, frame->stream, &the_order);
	if (upload && upload->stream)
		upload->composed = true;
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
static void __attribute__((noreturn)) sync_and_report(const struct upload *upload, int talk)
{
	int number;
	int dir;

	for (int i = 0; i < DESCRIPTORS_MAX; i++)
		if (i != upload->fd && i != upload->place.dir && i != talk)
			close(i);
	number = fsync(upload->fd) < 0 ? errno : 0;
	(void)!write(talk, &number, sizeof(number));
	/* Until it is in place. */
	if (number == 0 && read(talk, &number, sizeof(number)) == (ssize_t)sizeof(number)) {
		dir = openat(upload->place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir >= 0)
			(void)!fsync(dir);
		(void)!write(talk, &number, sizeof(number));
	}
	_exit(0);
}

static int begin_sync(struct agent *agent, struct upload *upload, const char **ret_where)
{
	unsigned index = (unsigned)(upload - agent->uploads);
	int ends[2];
	pid_t child;

	*ret_where = "socket";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return errno;
	*ret_where = "fork";
	child = fork();
	if (child == 0)
		sync_and_report(upload, ends[1]);
	close(ends[1]);
	upload->sync = ends[0];
	if (child < 0)
		return errno;
	set_nonblocking(ends[0]);
	*ret_where = "watch";
	return watch(agent, ends[0], EPOLLIN, FROM_SYNC, index, upload->stream) ? 0 : errno;
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

static int take_place(struct upload *upload, const char **ret_where)
{
	const struct place *place = &upload->place;

	if (upload->append)
		return 0;
	*ret_where = "rename";
	if (!is_still_there(upload))
		return ESTALE;
	/* Only who may give files away can: else it is ours from now on. */
	if (place->replaces)
		(void)!fchown(upload->fd, place->uid, place->gid);
	if (fchmod(upload->fd, place->mode) < 0)
		return errno;
	*ret_where = "version";
	if (!is_meant(upload))
		return ESTALE;
	*ret_where = "rename";
	if (renameat(place->dir, upload->temporary, place->dir, place->name) < 0)
		return errno;
	upload->renamed = true;
	return 0;
}

static uint64_t size_now(const struct upload *upload)
{
	struct stat info;

	return upload->append && fstat(upload->fd, &info) == 0 ? (uint64_t)info.st_size
							       : upload->written;
}

static void finish(struct agent *agent, struct upload *upload)
{
	upload->written = size_now(upload);
	upload->state = UPLOAD_SAVED;
	let_go(agent, upload);
}

/* What is on the disk takes its place. */
static void place_it(struct agent *agent, struct upload *upload)
{
	const int go = 0;
	const char *where;
	int number = take_place(upload, &where);

	if (number)
		fail(agent, upload, number, where);
	else if (upload->sync >= 0 &&
		 send(upload->sync, &go, sizeof(go), MSG_NOSIGNAL) == (ssize_t)sizeof(go))
		upload->state = UPLOAD_SETTLING;
	else
		finish(agent, upload);
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
	/* Every process id is taken: an agent must be able to write all the same, and whoever looks
	 * still sees all or nothing of it. */
	if (number == EAGAIN && upload->composed) {
		unwatch_close(agent, &upload->sync);
		place_it(agent, upload);
	} else if (number) {
		fail(agent, upload, number, where);
	}
	return true;
}

void upload_synced(struct agent *agent, unsigned index, uint32_t stream)
{
	struct upload *upload = &agent->uploads[index];
	int number = 0;
	ssize_t got;

	if (upload->stream != stream ||
	    (upload->state != UPLOAD_SYNCING && upload->state != UPLOAD_SETTLING))
		return;
	got = read(upload->sync, &number, sizeof(number));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (upload->state == UPLOAD_SETTLING) {
		finish(agent, upload);
		return;
	}
	if (got != (ssize_t)sizeof(number))
		number = EINTR; /* the child was killed */
	if (number)
		fail(agent, upload, number, "sync");
	else
		place_it(agent, upload);
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
	case UPLOAD_SETTLING:
		return tell_taken(upload, box);
	case UPLOAD_SAVED:
		return tell_saved(upload, box);
	case UPLOAD_FAILED:
		return tell_failed(upload, box);
	}
	return false;
}
