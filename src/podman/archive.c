/* Putting one executable into a container before its start, as a tar of one member. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The fields of a ustar header (POSIX.1-1988, section 10.1.1) that we fill in. */
enum {
	TAR_NAME = 0,
	TAR_NAME_SIZE = 100,
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_GID = 116,
	TAR_SIZE = 124,
	TAR_MTIME = 136,
	TAR_CHECKSUM = 148,
	TAR_TYPE = 156,
	TAR_MAGIC = 257,
};

void tar_header(char ret_block[TAR_BLOCK], const char *name, uint64_t size)
{
	static const char magic[8] = { 'u', 's', 't', 'a', 'r', '\0', '0', '0' };
	unsigned sum = 0;

	memset(ret_block, 0, TAR_BLOCK);
	snprintf(ret_block + TAR_NAME, TAR_NAME_SIZE, "%s", name);
	snprintf(ret_block + TAR_MODE, 8, "%07o", 0755);
	snprintf(ret_block + TAR_UID, 8, "%07o", 0);
	snprintf(ret_block + TAR_GID, 8, "%07o", 0);
	snprintf(ret_block + TAR_SIZE, 12, "%011llo", (unsigned long long)size);
	snprintf(ret_block + TAR_MTIME, 12, "%011o", 0);
	ret_block[TAR_TYPE] = '0';
	memcpy(ret_block + TAR_MAGIC, magic, sizeof(magic));
	/* The sum counts its own field as blanks. */
	memset(ret_block + TAR_CHECKSUM, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)ret_block[i];
	snprintf(ret_block + TAR_CHECKSUM, 8, "%06o", sum);
}

/* Adds a member's data and the two empty blocks behind the last member. */
static bool add_file(struct buf *tar, int fd, uint64_t size, struct error *err)
{
	static const char zeros[3 * TAR_BLOCK];
	char chunk[16 << 10];
	uint64_t have = 0;
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) > 0) {
		have += (uint64_t)got;
		if (have > size || !buf_add(tar, chunk, (size_t)got))
			return error_set(err, ERROR_LIMIT, "the file grows while it is read");
	}
	if (got < 0 || have != size)
		return error_set_errno(err, ERROR_UNAVAILABLE, got < 0 ? errno : EIO,
				       "cannot read the file");
	(void)buf_add(tar, zeros,
		      (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK + (size_t)2 * TAR_BLOCK);
	return true;
}

static bool make_tar(struct buf *tar, const char *name, const char *file_path, struct error *err)
{
	auto_fd fd = open(file_path, O_RDONLY | O_CLOEXEC);
	char header[TAR_BLOCK];
	struct stat info;

	if (strlen(name) >= TAR_NAME_SIZE)
		return error_set(err, ERROR_INVALID, "the file's name is too long");
	if (fd < 0 || fstat(fd, &info) != 0)
		return error_set_errno(err, ERROR_NOT_FOUND, errno, "cannot open the file");
	if (!S_ISREG(info.st_mode) || info.st_size > EXECUTABLE_MAX)
		return error_set(err, ERROR_LIMIT, "the file is larger than %d MiB",
				 EXECUTABLE_MAX >> 20);
	tar_header(header, name, (uint64_t)info.st_size);
	(void)buf_add(tar, header, sizeof(header));
	return add_file(tar, fd, (uint64_t)info.st_size, err);
}

struct podman_call *podman_archive_put(struct podman *podman, const char *id, const char *directory,
				       const char *name, const char *file_path,
				       podman_done_fn *done, void *ctx)
{
	struct podman_call *call =
		call_new(podman, "put a file into the container", answer_done, ctx);
	auto_buf tar = BUF_INIT(EXECUTABLE_MAX + 4 * TAR_BLOCK);
	struct error err;

	call->tell.done = done;
	if (!make_tar(&tar, name, file_path, &err)) {
		call_refuse(call, &err);
		return call;
	}
	call_send_bytes(call, "PUT",
			path_with(path_of("/containers/", id, "/archive?"), "path", directory),
			&tar);
	return call;
}
