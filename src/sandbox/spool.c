/* What a command printed: one file per stream in data_dir/spool, made at the first need.  Plain
 * writes; the page cache is enough, because what must outlive this process does, and what must
 * outlive the machine would need its container to do so too.
 *
 * Files are opened for each write and read, so that ten thousand running commands hold none.  Two
 * facts are the whole bookkeeping on disk: the size of NAME is what is kept from the start, and
 * NAME.tail holds the last bytes of a stream that was cut. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "internal.h"

enum { TAIL = 16 * 1024 };

/* Left free for the database and for Podman: a twentieth of the disk, or this much. */
static const uint64_t reserve_most = 1024ull * 1024 * 1024;

bool spool_dir_open(struct sandboxes *all, struct error *err)
{
	auto_str path = mem_format("%s/spool", all->settings.data_dir);

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot make %s", path);
	all->spool_dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (all->spool_dir < 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot open %s", path);
	return true;
}

void spool_dir_close(struct sandboxes *all)
{
	if (all->spool_dir >= 0)
		close(all->spool_dir);
	all->spool_dir = -1;
}

static void tail_name(const struct spool *spool, char ret_name[sizeof(spool->name) + 8])
{
	snprintf(ret_name, sizeof(spool->name) + 8, "%s.tail", spool->name);
}

void spool_forget(struct sandboxes *all, const char *command_id)
{
	struct spool spool;
	char name[sizeof(spool.name) + 8];

	if (!id_is_formed("x-", command_id))
		return;
	for (int stream = COMMAND_OUTCOME; stream <= COMMAND_STDERR; stream++) {
		spool_init(&spool, all->spool_dir, command_id, stream, 0);
		tail_name(&spool, name);
		unlinkat(all->spool_dir, spool.name, 0);
		unlinkat(all->spool_dir, name, 0);
	}
	input_file_remove(all, command_id);
}

void spool_init(struct spool *spool, int dir, const char *command_id, int stream, int64_t limit)
{
	static const char *const suffixes[] = {
		[COMMAND_OUTCOME] = "res", [COMMAND_STDOUT] = "out", [COMMAND_STDERR] = "err"
	};

	memset(spool, 0, sizeof(*spool));
	/* The id becomes a file name: it was made by us, and is looked at again all the same. */
	assert(id_is_formed("x-", command_id));
	snprintf(spool->name, sizeof(spool->name), "%s.%s", command_id, suffixes[stream]);
	spool->dir = dir;
	spool->limit = limit;
	spool->head = BUF_INIT(SPOOL_MEMORY);
	spool->tail = BUF_INIT(2 * TAIL + WIRE_PAYLOAD_MAX);
}

void spool_release(struct spool *spool)
{
	buf_release(&spool->head);
	buf_release(&spool->tail);
}

int spool_open_named(int dir, const char *name, int flags)
{
	int fd;

	do
		fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int spool_open_file(const struct spool *spool)
{
	return spool_open_named(spool->dir, spool->name, O_RDONLY);
}

static void load_tail(struct spool *spool)
{
	char name[sizeof(spool->name) + 8];
	char data[TAIL];
	ssize_t got;
	auto_fd fd = -1;

	tail_name(spool, name);
	fd = spool_open_named(spool->dir, name, O_RDONLY);
	if (fd < 0)
		return;
	got = pread(fd, data, sizeof(data), 0);
	if (got > 0)
		(void)buf_add(&spool->tail, data, (size_t)got);
}

void spool_load(struct spool *spool, int64_t total)
{
	auto_fd fd = spool_open_file(spool);
	struct stat status;

	spool->stored = true;
	if (fd >= 0 && fstat(fd, &status) == 0)
		spool->kept = status.st_size;
	spool->total = total < 0 ? spool->kept : total;
	if (spool->kept > spool->total)
		spool->kept = spool->total;
	spool->cut = spool->total > spool->kept;
	if (spool->cut)
		load_tail(spool);
}

size_t spool_write_at(int fd, const void *data, size_t len, int64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n =
			pwrite(fd, (const char *)data + done, len - done, offset + (int64_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* Keeps the last bytes of a stream that was cut.  Trimmed only now and then: a trim moves memory.
 */
static void add_tail(struct spool *spool, const char *data, size_t len)
{
	if (len > TAIL) {
		data += len - TAIL;
		len = TAIL;
		buf_clear(&spool->tail);
	}
	(void)buf_add(&spool->tail, data, len); /* fits: at most TAIL + chunk before the trim */
	if (spool->tail.len > (size_t)2 * TAIL)
		buf_drop(&spool->tail, spool->tail.len - TAIL);
}

/* Each command has a limit, but there is none on how many commands a container runs. */
static bool disk_is_short(const struct spool *spool)
{
	struct statvfs disk;
	uint64_t reserve;

	if (fstatvfs(spool->dir, &disk) != 0)
		return false;
	reserve = disk.f_blocks * disk.f_frsize / 20;
	if (reserve > reserve_most)
		reserve = reserve_most;
	errno = ENOSPC;
	return disk.f_bavail * disk.f_frsize < reserve;
}

/* Puts the bytes that follow at `kept` into the file, up to the limit.  Returns how many. */
static size_t store(struct spool *spool, const char *data, size_t len)
{
	int64_t room = spool->limit - spool->kept;
	size_t want = room <= 0 ? 0 : (int64_t)len > room ? (size_t)room : len;
	size_t done = 0;
	auto_fd fd = -1;

	if (want > 0 && !disk_is_short(spool)) {
		fd = spool_open_named(spool->dir, spool->name, O_WRONLY | O_CREAT);
		done = fd < 0 ? 0 : spool_write_at(fd, data, want, spool->kept);
	}
	if (done < want)
		log_warn(spool->name, "output is not kept any more from byte %lld on: %s",
			 (long long)(spool->kept + (int64_t)done), strerror(errno));
	if (done < len)
		spool->cut = true;
	spool->kept += (int64_t)done;
	return done;
}

/* What was held in memory goes to the file; the memory stays, so that a short output can be shown
 * without reading it back. */
static void store_head(struct spool *spool)
{
	size_t done;

	if (spool->stored)
		return;
	spool->stored = true;
	if (spool->head.len == 0)
		return;
	done = store(spool, spool->head.data, spool->head.len);
	if (done < spool->head.len)
		add_tail(spool, spool->head.data + done, spool->head.len - done);
}

void spool_write(struct spool *spool, const void *data, size_t len)
{
	const char *bytes = data;
	size_t done = 0;

	if (len == 0)
		return;
	if (!spool->stored && buf_add(&spool->head, data, len)) {
		spool->total += (int64_t)len;
		return;
	}
	store_head(spool);
	buf_release(&spool->head);
	if (!spool->cut)
		done = store(spool, bytes, len);
	spool->total += (int64_t)len;
	if (done < len)
		add_tail(spool, bytes + done, len - done);
}

void spool_skip(struct spool *spool, int64_t offset)
{
	if (offset <= spool->total)
		return;
	store_head(spool);
	buf_release(&spool->head);
	buf_clear(&spool->tail);
	spool->cut = true;
	spool->total = offset;
}

int64_t spool_safe(const struct spool *spool)
{
	return spool->stored ? spool->total : 0;
}

void spool_finish(struct spool *spool)
{
	char name[sizeof(spool->name) + 8];
	auto_fd fd = -1;

	store_head(spool);
	if (!spool->cut || spool->tail.len == 0)
		return;
	if (spool->tail.len > TAIL)
		buf_drop(&spool->tail, spool->tail.len - TAIL);
	tail_name(spool, name);
	fd = spool_open_named(spool->dir, name, O_WRONLY | O_CREAT | O_TRUNC);
	/* A tail that is cut itself would be taken for the end: rather none. */
	if (fd >= 0 && spool_write_at(fd, spool->tail.data, spool->tail.len, 0) < spool->tail.len)
		unlinkat(spool->dir, name, 0);
}

/* The short output of a command that has just ended is readable even if the disk refused it. */
static bool in_memory(const struct spool *spool)
{
	return spool->head.len > 0 && (int64_t)spool->head.len == spool->total;
}

int64_t spool_readable(const struct spool *spool)
{
	return in_memory(spool) ? spool->total : spool->kept;
}

int64_t spool_tail_from(const struct spool *spool)
{
	int64_t from = spool->total - (int64_t)spool->tail.len;
	int64_t readable = spool_readable(spool);

	return from > readable ? from : readable < spool->total ? readable : spool->total;
}

static bool read_file(const struct spool *spool, int64_t offset, int64_t len, struct buf *ret_data,
		      struct error *err)
{
	auto_fd fd = spool_open_file(spool);
	char piece[32 * 1024];

	if (fd < 0)
		return error_set(err, ERROR_UNAVAILABLE, "this output cannot be read any more: %s",
				 strerror(errno));
	while (len > 0) {
		size_t want = len < (int64_t)sizeof(piece) ? (size_t)len : sizeof(piece);
		ssize_t got = pread(fd, piece, want, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(err, ERROR_UNAVAILABLE, "reading the output: %s",
					 strerror(errno));
		if (got == 0)
			return true;
		if (!buf_add(ret_data, piece, (size_t)got))
			return error_set(err, ERROR_LIMIT, "that is too much output at once");
		offset += got;
		len -= got;
	}
	return true;
}

static bool add_slice(struct buf *ret_data, const struct buf *from, int64_t offset, int64_t len,
		      struct error *err)
{
	int64_t left = (int64_t)from->len - offset;

	if (offset < 0 || left <= 0)
		return true;
	if (!buf_add(ret_data, from->data + offset, (size_t)(len < left ? len : left)))
		return error_set(err, ERROR_LIMIT, "that is too much output at once");
	return true;
}

bool spool_read(const struct spool *spool, int64_t offset, int64_t len, struct buf *ret_data,
		struct error *err)
{
	int64_t tail_begins = spool->total - (int64_t)spool->tail.len;
	int64_t readable = spool_readable(spool);

	if (offset < 0 || len <= 0 || offset >= spool->total)
		return true;
	if (in_memory(spool))
		return add_slice(ret_data, &spool->head, offset, len, err);
	if (offset < readable) {
		int64_t here = readable - offset < len ? readable - offset : len;

		if (!read_file(spool, offset, here, ret_data, err))
			return false;
		offset += here;
		len -= here;
	}
	/* The tail joins on only where nothing is missing in between. */
	if (len > 0 && spool->tail.len > 0 && offset >= tail_begins)
		return add_slice(ret_data, &spool->tail, offset - tail_begins, len, err);
	return true;
}
