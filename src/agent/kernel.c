/* Reading the kernel's small text files, and its clock. */
#include "internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool kernel_reread(int fd, char *ret_text, size_t size)
{
	ssize_t len = fd < 0 ? -1 : pread(fd, ret_text, size - 1, 0);

	if (len < 0)
		return false;
	ret_text[len] = '\0';
	return true;
}

bool kernel_read(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = kernel_reread(fd, ret_text, size);

	if (fd >= 0)
		close(fd);
	return good;
}

bool kernel_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

uint64_t text_number(const char *text, const char *key, int base)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;
		uint64_t value;

		if (*line == '\n')
			line++;
		if (strncmp(line, key, len) != 0)
			continue;
		line += len;
		line += strspn(line, " \t");
		value = strtoull(line, &end, base);
		return end == line || *line == '-' ? UINT64_MAX : value;
	}
	return UINT64_MAX;
}

uint64_t kernel_number(const char *dir, const char *name)
{
	char path[CGROUP_PATH_MAX + 64];
	char text[64];

	if (!dir[0])
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return kernel_read(path, text, sizeof(text)) ? text_number(text, "", 10) : UINT64_MAX;
}

void kernel_lines(const char *path, line_fn *on_line, void *ctx)
{
	char piece[512];
	char line[1024];
	size_t len = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while ((got = read(fd, piece, sizeof(piece))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (piece[i] != '\n') {
				if (len < sizeof(line) - 1)
					line[len++] = piece[i];
				continue;
			}
			line[len] = '\0';
			on_line(ctx, line);
			len = 0;
		}
	}
	close(fd);
}
