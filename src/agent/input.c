/* The standard input of commands: chunks of the server into a ring, from the ring into the pipe.  A
 * new link may send again what was on its way when the old one broke; offsets tell. */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_gone(const struct command *command)
{
	return command->input.fd < 0;
}

void input_close(struct agent *agent, struct command *command)
{
	struct input *input = &command->input;

	unwatch_close(agent, &input->fd);
	input->ring.start = input->ring.end;
}

/* Nobody reads it any more. */
static void input_refused(struct agent *agent, struct command *command)
{
	input_close(agent, command);
	if (command->call.is_code)
		call_closed(command);
}

void input_drain(struct agent *agent, struct command *command)
{
	struct input *input = &command->input;

	while (!is_gone(command) && input->writable && ring_used(&input->ring) > 0) {
		struct iovec pieces[2];
		int count = ring_pieces(&input->ring, input->ring.start, ring_used(&input->ring),
					pieces);
		ssize_t wrote = writev(input->fd, pieces, count);

		if (wrote > 0)
			input->ring.start += (uint64_t)wrote;
		else if (wrote < 0 && errno == EAGAIN)
			input->writable = false;
		else if (wrote == 0 || errno != EINTR)
			input_refused(agent, command);
	}
	/* An interpreter goes on reading: the next call. */
	if (input->ended && ring_used(&input->ring) == 0 && !command->call.is_code)
		input_close(agent, command);
}

static void ring_append(struct ring *ring, const uint8_t *data, size_t len)
{
	struct iovec pieces[2];
	int count = ring_pieces(ring, ring->end, len, pieces);

	for (int i = 0; i < count; i++) {
		memcpy(pieces[i].iov_base, data, pieces[i].iov_len);
		data += pieces[i].iov_len;
	}
	ring->end += len;
}

bool input_take(struct agent *agent, struct command *command, const struct wire_frame *frame)
{
	struct ring *ring = &command->input.ring;
	uint64_t offset;
	const uint8_t *data;
	size_t len;
	size_t known;

	if (!wire_get_chunk(frame, &offset, &data, &len) || offset > ring->end)
		return false;
	known = ring->end - offset < len ? (size_t)(ring->end - offset) : len;
	data += known;
	len -= known;
	if (len > ring_room(ring) || (command->input.ended && len > 0) ||
	    (command->call.is_code && ring->end + len > command->call.code_len))
		return false;
	if (is_gone(command)) {
		/* Taken, as a pipe without a reader takes it. */
		ring->start = ring->end = ring->end + len;
		return true;
	}
	ring_append(ring, data, len);
	input_drain(agent, command);
	return true;
}

void input_end(struct agent *agent, struct command *command)
{
	command->input.ended = true;
	input_drain(agent, command);
}
