/* The output of commands: from the pipe into a ring, from the ring into chunks.  A full ring stops
 * the reading, and with it in time the writer: nothing is ever lost.
 *
 * When the main process ends, the bytes in the pipe at that moment are owed, however long the
 * server takes to make room; what a background child adds is read for DRAIN_MS more.  After that
 * the pipe is drained into nothing until its last writer is gone, because a server that somebody
 * started with `&` must not die of SIGPIPE. */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

int ring_pieces(const struct ring *ring, uint64_t offset, size_t len, struct iovec pieces[2])
{
	size_t at = (size_t)(offset % WIRE_WINDOW);
	size_t first = len < WIRE_WINDOW - at ? len : WIRE_WINDOW - at;

	pieces[0] = (struct iovec){ .iov_base = ring->data + at, .iov_len = first };
	pieces[1] = (struct iovec){ .iov_base = ring->data, .iov_len = len - first };
	return len > first ? 2 : 1;
}

static bool is_late(const struct command *command)
{
	return command->state == COMMAND_ENDED && now_ms() >= command->drain_until_ms;
}

void output_owes(struct output *output)
{
	int waiting = 0;

	output->owed = 0;
	if (output->fd >= 0 && ioctl(output->fd, FIONREAD, &waiting) == 0 && waiting > 0)
		output->owed = (uint64_t)waiting;
	/* The edge may not have been delivered yet. */
	output->readable = true;
}

static void output_got(struct output *output, size_t len)
{
	output->ring.end += len;
	output->owed -= output->owed < len ? output->owed : len;
}

void output_fill(struct agent *agent, struct command *command, struct output *output)
{
	while (output->fd >= 0 && output->readable) {
		size_t room = ring_room(&output->ring);
		struct iovec pieces[2];
		ssize_t got;

		if (is_late(command) && output->owed < room)
			room = (size_t)output->owed;
		if (room == 0)
			return;
		got = readv(output->fd, pieces,
			    ring_pieces(&output->ring, output->ring.end, room, pieces));
		if (got > 0) {
			output_got(output, (size_t)got);
			if (output == &command->outcome && !call_scan(agent, command, (size_t)got))
				return;
		} else if (got < 0 && errno == EAGAIN) {
			output->readable = false;
			output->owed = 0; /* somebody inside read from the pipe as well */
		} else if (got == 0 || errno != EINTR) {
			unwatch_close(agent, &output->fd);
			if (output == &command->outcome)
				call_closed(command);
		}
	}
}

bool output_is_complete(const struct command *command, const struct output *output)
{
	return output->fd < 0 || (is_late(command) && output->owed == 0);
}

static enum wire_type type_of(const struct command *command, const struct output *output)
{
	if (output == &command->outcome)
		return WIRE_OUTCOME;
	return output == &command->out ? WIRE_STDOUT : WIRE_STDERR;
}

bool output_send(struct command *command, struct output *output, struct box *box)
{
	size_t len = (size_t)(output->ring.end - output->sent);
	struct iovec pieces[2];
	uint8_t *room;
	int count;

	if (command->state == COMMAND_FREE || !command->resumed || command->started_due || len == 0)
		return false;
	room = box_chunk_begin(box, &len);
	if (!room)
		return false;
	count = ring_pieces(&output->ring, output->sent, len, pieces);
	for (int i = 0; i < count; i++) {
		memcpy(room, pieces[i].iov_base, pieces[i].iov_len);
		room += pieces[i].iov_len;
	}
	box_chunk_end(box, type_of(command, output), command->stream, output->sent, len);
	output->sent += len;
	return true;
}

/* --- after the end ----------------------------------------------------------------------- */

void output_leave(struct agent *agent, int *fd)
{
	if (*fd < 0)
		return;
	unwatch(agent, *fd);
	for (unsigned i = 0; i < DRAINS_MAX; i++) {
		if (agent->drains[i] >= 0)
			continue;
		if (!watch(agent, *fd, EPOLLIN, FROM_DRAIN, i, 0))
			break;
		agent->drains[i] = *fd;
		*fd = -1;
		return;
	}
	close(*fd);
	*fd = -1;
}

void drain_ready(struct agent *agent, unsigned index)
{
	static char nowhere[16 * 1024];
	ssize_t got;

	if (agent->drains[index] < 0)
		return;
	got = read(agent->drains[index], nowhere, sizeof(nowhere));
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		unwatch_close(agent, &agent->drains[index]);
}
