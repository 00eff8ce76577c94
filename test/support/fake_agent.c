#include "fake_agent.h"
#include <string.h>
#include <sys/socket.h>
#include "wire.h"

struct agent {
	int fd;
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer out;
	struct fake_memory *memory;
};

static const char before[] = "before\n", after[] = "after\n";

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

static void hello(struct agent *agent)
{
	const struct wire_hello walls = {
		.version = WIRE_VERSION,
		.boot = 42,
		.memory_limit = 256 * 1024 * 1024,
		.swap_limit = 256 * 1024 * 1024,
		.cpu_milli = 500,
		.pids_limit = 100,
		.uid_host = agent->memory->host_id,
		.uid_count = 65536,
		.no_new_privs = 1,
		.seccomp = 2,
		.runtimes = "sh",
	};

	const struct wire_command held = { 0 };

	wire_put_hello(&agent->out, &walls);
	send_frame(agent, WIRE_HELLO, 0);
	if (agent->memory->holds) {
		wire_put_command(&agent->out, &held);
		send_frame(agent, WIRE_COMMAND, agent->memory->stream);
	}
	send_frame(agent, WIRE_LISTED, 0);
}

static void print(struct agent *agent, uint32_t stream, uint64_t offset, const char *text)
{
	uint8_t header[WIRE_CHUNK_HEADER];

	wire_put_chunk(header, offset);
	memcpy(agent->out.data, header, sizeof(header));
	memcpy(agent->out.data + sizeof(header), text, strlen(text));
	agent->out.len = sizeof(header) + strlen(text);
	send_frame(agent, WIRE_STDOUT, stream);
}

static void end(struct agent *agent, uint32_t stream, uint64_t out_total)
{
	const struct wire_exited exited = { .duration_ms = 1, .out_total = out_total };

	wire_put_exited(&agent->out, &exited);
	send_frame(agent, WIRE_EXITED, stream);
}

static bool says(const struct wire_frame *frame, const char *word)
{
	return memmem(frame->payload, frame->length, word, strlen(word)) != NULL;
}

static void run_command(struct agent *agent, const struct wire_frame *start)
{
	static const char text[] = "fake\n";

	send_frame(agent, WIRE_STARTED, start->stream);
	if (!says(start, "hold") && !says(start, "babble")) {
		print(agent, start->stream, 0, text);
		end(agent, start->stream, strlen(text));
		return;
	}
	agent->memory->holds = true;
	agent->memory->stream = start->stream;
	print(agent, start->stream, 0, before);
	if (says(start, "babble"))
		send_frame(agent, (enum wire_type)99, start->stream);
}

/* The server goes on with a command that this or an earlier link began. */
static void go_on(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_offsets have;

	if (!agent->memory->holds || !wire_get_offsets(frame, &have))
		return;
	agent->memory->holds = false;
	if (have.out < strlen(before))
		print(agent, frame->stream, have.out, before + have.out);
	print(agent, frame->stream, strlen(before), after);
	end(agent, frame->stream, strlen(before) + strlen(after));
}

static bool on_frame(void *ctx, const struct wire_frame *frame)
{
	struct agent *agent = ctx;
	const struct wire_used used = { .memory = 1 << 20, .pids = 1, .disk = UINT64_MAX };

	if (frame->type == WIRE_START) {
		run_command(agent, frame);
	} else if (frame->type == WIRE_RESUME) {
		go_on(agent, frame);
	} else if (frame->type == WIRE_PING) {
		send_frame(agent, WIRE_PONG, 0);
	} else if (frame->type == WIRE_USAGE) {
		wire_put_used(&agent->out, &used);
		send_frame(agent, WIRE_USED, 0);
	}
	return true;
}

void fake_agent_serve(int fd, struct fake_memory *memory)
{
	static const char upgraded[] = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
				       "Upgrade: tcp\r\n\r\n";
	struct agent agent = { .fd = fd, .memory = memory };
	struct wire_reader reader;
	char piece[4096];
	ssize_t n;

	agent.out = (struct wire_writer){ .data = agent.payload, .room = sizeof(agent.payload) };
	wire_reader_init(&reader);
	send_bytes(fd, upgraded, sizeof(upgraded) - 1);
	hello(&agent);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		if (!wire_feed(&reader, piece, (size_t)n, on_frame, &agent))
			return;
}
