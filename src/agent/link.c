/* The bytes of a link: frames in, one at a time and only while there is room for an answer; frames
 * out, in batches of one write.  What goes first: answers, then what is due of commands, then data,
 * one chunk of each stream in turn, so that no big stream starves a small one. */
#include "internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	FRAMES_AT_ONCE = 256, /* read before other events get their turn */
	CHUNK_WORTHWHILE = 1024,
};

/* --- boxes ------------------------------------------------------------------------------- */

struct wire_writer box_begin(const struct box *box)
{
	size_t left = box->room - box->len;

	return (struct wire_writer){ .data = box->data + box->len + WIRE_HEADER,
				     .room = left > WIRE_HEADER ? left - WIRE_HEADER : 0,
				     .full = left < WIRE_HEADER };
}

bool box_end(struct box *box, const struct wire_writer *writer, enum wire_type type,
	     uint32_t stream)
{
	if (writer->full)
		return false;
	wire_put_header(box->data + box->len, type, stream, (uint32_t)writer->len);
	box->len += WIRE_HEADER + writer->len;
	return true;
}

uint8_t *box_chunk_begin(const struct box *box, size_t *len)
{
	size_t left = box->room - box->len;
	size_t want = *len < CHUNK_WORTHWHILE ? *len : CHUNK_WORTHWHILE;

	if (left < WIRE_HEADER + WIRE_CHUNK_HEADER + want)
		return NULL;
	left -= WIRE_HEADER + WIRE_CHUNK_HEADER;
	if (*len > left)
		*len = left;
	if (*len > WIRE_CHUNK_MAX)
		*len = WIRE_CHUNK_MAX;
	return box->data + box->len + WIRE_HEADER + WIRE_CHUNK_HEADER;
}

void box_chunk_end(struct box *box, enum wire_type type, uint32_t stream, uint64_t offset,
		   size_t len)
{
	uint8_t *at = box->data + box->len;

	wire_put_header(at, type, stream, (uint32_t)(WIRE_CHUNK_HEADER + len));
	wire_put_chunk(at + WIRE_HEADER, offset);
	box->len += WIRE_HEADER + WIRE_CHUNK_HEADER + len;
}

void put_failed(struct box *box, enum wire_type type, uint32_t stream, int number,
		const char *where)
{
	struct wire_writer writer = box_begin(box);
	struct wire_failed failed = { .number = (uint32_t)number };

	for (size_t i = 0; where[i] && i < sizeof(failed.where) - 1; i++)
		failed.where[i] = where[i];
	wire_put_failed(&writer, &failed);
	box_end(box, &writer, type, stream);
}

/* --- opening and closing ----------------------------------------------------------------- */

bool link_init(struct agent *agent)
{
	struct link *link = &agent->link;
	void *memory = mmap(NULL, sizeof(struct link_memory), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	/* A supervisor has no use for it, and its copy would cost memory with every write. */
	madvise(memory, sizeof(struct link_memory), MADV_DONTFORK);
	link->memory = memory;
	link->control = (struct box){ .data = link->memory->control, .room = CONTROL_ROOM };
	link->sending = (struct box){ .data = link->memory->out, .room = OUT_ROOM };
	link->in = link->out = link->session = -1;
	return true;
}

bool link_is_open(const struct agent *agent)
{
	return agent->link.in >= 0;
}

void link_close(struct agent *agent)
{
	struct link *link = &agent->link;

	unwatch_close(agent, &link->in);
	unwatch_close(agent, &link->out);
	unwatch_close(agent, &link->session);
	link->generation++;
	link->control.len = 0;
	link->sending.len = 0;
	link->sent = 0;
	files_close(agent);
	uploads_close(agent);
	tasks_close(agent);
	observers_close(agent);
	contexts_unlinked(agent);
	for (unsigned i = 0; i < agent->commands_top; i++)
		agent->commands[i].resumed = false;
}

/* The first frames of a link. */
static void greet(struct agent *agent)
{
	struct box *box = &agent->link.control;
	struct wire_writer writer = box_begin(box);
	struct wire_hello hello;

	hello_measure(agent, &hello);
	wire_put_hello(&writer, &hello);
	box_end(box, &writer, WIRE_HELLO, 0);
	for (unsigned i = 0; i < agent->commands_top; i++)
		command_list(agent, &agent->commands[i]);
	writer = box_begin(box);
	box_end(box, &writer, WIRE_LISTED, 0);
}

void link_open(struct agent *agent, int in, int out, int session)
{
	struct link *link = &agent->link;

	link_close(agent);
	link->in = in;
	link->out = out;
	link->session = session;
	link->readable = true;
	link->writable = true;
	wire_reader_init(&link->memory->reader);
	set_nonblocking(in);
	set_nonblocking(out);
	if (!watch(agent, in, EPOLLIN | EPOLLET, FROM_LINK_IN, 0, link->generation) ||
	    !watch(agent, out, EPOLLOUT | EPOLLET, FROM_LINK_OUT, 0, link->generation) ||
	    (session >= 0 &&
	     !watch(agent, session, EPOLLIN, FROM_LINK_SESSION, 0, link->generation))) {
		link_close(agent);
		return;
	}
	greet(agent);
}

/* --- in ---------------------------------------------------------------------------------- */

static bool on_frame(void *ctx, const struct wire_frame *frame)
{
	return order_obey(ctx, frame);
}

static bool has_room_for_an_answer(const struct link *link)
{
	return link->control.room - link->control.len >= ANSWER_MAX;
}

bool link_has_work(const struct agent *agent)
{
	return link_is_open(agent) && agent->link.readable && has_room_for_an_answer(&agent->link);
}

void link_read(struct agent *agent)
{
	struct link *link = &agent->link;
	struct link_memory *memory = link->memory;

	for (int i = 0; i < FRAMES_AT_ONCE && link_has_work(agent); i++) {
		/* Never more than one frame: what is not read yet can wait for room. */
		size_t want = wire_reader_wants(&memory->reader);
		ssize_t got = read(link->in, memory->piece, want);

		if (got < 0 && errno == EAGAIN) {
			link->readable = false;
			return;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 ||
		    !wire_feed(&memory->reader, memory->piece, (size_t)got, on_frame, agent)) {
			link_close(agent);
			return;
		}
	}
}

/* --- out --------------------------------------------------------------------------------- */

static void box_move(struct box *from, struct box *to)
{
	size_t some = to->room - to->len < from->len ? to->room - to->len : from->len;

	for (size_t i = 0; i < some; i++)
		to->data[to->len + i] = from->data[i];
	to->len += some;
	from->len -= some;
	for (size_t i = 0; i < from->len; i++)
		from->data[i] = from->data[some + i];
}

/* Three of each command slot that may be in use, then the files, the uploads, the tasks. */
static unsigned sources(const struct agent *agent)
{
	return agent->commands_top * 3 + FILES_MAX + UPLOADS_MAX + TASKS_MAX;
}

static bool source_send(struct agent *agent, unsigned source, struct box *box)
{
	unsigned outputs = agent->commands_top * 3;
	struct command *command;

	if (source >= outputs + FILES_MAX + UPLOADS_MAX)
		return task_send(&agent->tasks[source - outputs - FILES_MAX - UPLOADS_MAX], box);
	if (source >= outputs + FILES_MAX)
		return upload_send(&agent->uploads[source - outputs - FILES_MAX], box);
	if (source >= outputs)
		return file_send(&agent->files[source - outputs], box);
	command = &agent->commands[source / 3];
	return output_send(command,
			   source % 3 == 0   ? &command->out
			   : source % 3 == 1 ? &command->err
					     : &command->outcome,
			   box);
}

/* One chunk of each stream in turn, until the box is full or nobody has anything. */
static void fill_data(struct agent *agent, struct box *box)
{
	struct link *link = &agent->link;
	unsigned idle = 0;

	while (idle < sources(agent) && box->room - box->len >= WIRE_HEADER + CHUNK_WORTHWHILE) {
		if (link->turn >= sources(agent))
			link->turn = 0;
		idle = source_send(agent, link->turn++, box) ? 0 : idle + 1;
	}
}

static void fill_due(struct agent *agent, struct box *box)
{
	for (unsigned i = 0; i < agent->commands_top; i++)
		command_tell(&agent->commands[i], box);
	contexts_tell(agent, box);
	observers_tell(agent, box);
}

static void fill(struct agent *agent)
{
	struct link *link = &agent->link;

	link->sending.len = 0;
	link->sent = 0;
	box_move(&link->control, &link->sending);
	if (link->control.len > 0)
		return; /* the rest of a frame must come first */
	fill_due(agent, &link->sending);
	fill_data(agent, &link->sending);
	fill_due(agent, &link->sending); /* EXITED may follow its last byte at once */
}

void link_flush(struct agent *agent)
{
	struct link *link = &agent->link;

	while (link_is_open(agent) && link->writable) {
		ssize_t wrote;

		if (link->sent == link->sending.len)
			fill(agent);
		if (link->sending.len == 0)
			return;
		wrote = write(link->out, link->sending.data + link->sent,
			      link->sending.len - link->sent);
		if (wrote > 0)
			link->sent += (size_t)wrote;
		else if (wrote < 0 && errno == EAGAIN)
			link->writable = false;
		else if (wrote == 0 || errno != EINTR)
			link_close(agent);
	}
}
