#include "fake_agent.h"
#include <string.h>
#include <sys/socket.h>
#include "wire.h"

struct agent {
	int fd;
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer out;
};

static void send_bytes(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

/* One frame inside one frame of Podman's stream (standard output). */
static void send_frame(struct agent *agent, enum wire_type type, uint32_t stream)
{
	uint8_t head[8 + WIRE_HEADER] = { 1 };
	size_t len = WIRE_HEADER + agent->out.len;

	head[4] = (uint8_t)(len >> 24);
	head[5] = (uint8_t)(len >> 16);
	head[6] = (uint8_t)(len >> 8);
	head[7] = (uint8_t)len;
	wire_put_header(head + 8, type, stream, (uint32_t)agent->out.len);
	send_bytes(agent->fd, head, sizeof(head));
	send_bytes(agent->fd, agent->out.data, agent->out.len);
	agent->out.len = 0;
}

static void hello(struct agent *agent, unsigned long host_id)
{
	const struct wire_hello walls = {
		.version = WIRE_VERSION,
		.boot = 42,
		.memory_limit = 256 * 1024 * 1024,
		.swap_limit = 256 * 1024 * 1024,
		.cpu_milli = 500,
		.pids_limit = 100,
		.uid_host = host_id,
		.uid_count = 65536,
		.no_new_privs = 1,
		.seccomp = 2,
		.runtimes = "sh",
	};

	wire_put_hello(&agent->out, &walls);
	send_frame(agent, WIRE_HELLO, 0);
	send_frame(agent, WIRE_LISTED, 0);
}

static void run_command(struct agent *agent, uint32_t stream)
{
	static const char text[] = "fake\n";
	const struct wire_exited end = { .duration_ms = 1, .out_total = sizeof(text) - 1 };
	uint8_t offset[WIRE_CHUNK_HEADER];

	send_frame(agent, WIRE_STARTED, stream);
	wire_put_chunk(offset, 0);
	memcpy(agent->out.data, offset, sizeof(offset));
	memcpy(agent->out.data + sizeof(offset), text, sizeof(text) - 1);
	agent->out.len = sizeof(offset) + sizeof(text) - 1;
	send_frame(agent, WIRE_STDOUT, stream);
	wire_put_exited(&agent->out, &end);
	send_frame(agent, WIRE_EXITED, stream);
}

static bool on_frame(void *ctx, const struct wire_frame *frame)
{
	struct agent *agent = ctx;
	const struct wire_used used = { .memory = 1 << 20, .pids = 1, .disk = UINT64_MAX };

	if (frame->type == WIRE_START) {
		run_command(agent, frame->stream);
	} else if (frame->type == WIRE_PING) {
		send_frame(agent, WIRE_PONG, 0);
	} else if (frame->type == WIRE_USAGE) {
		wire_put_used(&agent->out, &used);
		send_frame(agent, WIRE_USED, 0);
	}
	return true;
}

void fake_agent_serve(int fd, unsigned long host_id)
{
	static const char upgraded[] = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
				       "Upgrade: tcp\r\n\r\n";
	struct agent agent = { .fd = fd };
	struct wire_reader reader;
	char piece[4096];
	ssize_t n;

	agent.out = (struct wire_writer){ .data = agent.payload, .room = sizeof(agent.payload) };
	wire_reader_init(&reader);
	send_bytes(fd, upgraded, sizeof(upgraded) - 1);
	hello(&agent, host_id);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		if (!wire_feed(&reader, piece, (size_t)n, on_frame, &agent))
			return;
}
