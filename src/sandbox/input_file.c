/* The standard input that a command was given with its start, on disk for as long as the command
 * lives: what its agent had not taken when the server crashed is there for the next one, so that no
 * command takes half of its input for the whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

enum { NAME_SIZE = ID_SIZE + 8 };

static void name_of(const char *command_id, char ret_name[NAME_SIZE])
{
	snprintf(ret_name, NAME_SIZE, "%s.in", command_id);
}

bool input_file_write(const struct sandboxes *all, const char *command_id, const char *text,
		      size_t len)
{
	char name[NAME_SIZE];
	auto_fd fd = -1;

	name_of(command_id, name);
	fd = spool_open_named(all->spool_dir, name, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd >= 0 && spool_write_at(fd, text, len, 0) == len)
		return true;
	log_warn(command_id, "its input cannot be kept for a restart of the server: %s",
		 strerror(errno));
	input_file_remove(all, command_id);
	return false;
}

static bool read_whole(int fd, struct buf *data)
{
	char piece[16 * 1024];

	for (;;) {
		ssize_t got = read(fd, piece, sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if (!buf_add(data, piece, (size_t)got))
			return false;
	}
}

void input_file_load(const struct sandboxes *all, const char *command_id, struct input *input)
{
	char name[NAME_SIZE];
	auto_fd fd = -1;

	name_of(command_id, name);
	fd = spool_open_named(all->spool_dir, name, O_RDONLY);
	if (fd < 0)
		return;
	input->whole = read_whole(fd, &input->queue);
	if (!input->whole)
		buf_clear(&input->queue);
}

void input_file_remove(const struct sandboxes *all, const char *command_id)
{
	char name[NAME_SIZE];

	name_of(command_id, name);
	unlinkat(all->spool_dir, name, 0);
}
