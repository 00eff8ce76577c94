/* The records inside the frames: for each a function that writes it and one that reads it.  Readers
 * fill a local copy and give it out only when every byte was in order, so that a caller never sees
 * half a record. */
#include "internal.h"

#include <string.h>

struct wire_cursor record_cursor(const struct wire_frame *frame)
{
	return (struct wire_cursor){ .data = frame->payload, .len = frame->length };
}

uint8_t record_get_flag(struct wire_cursor *cursor)
{
	uint8_t flag = wire_get_u8(cursor);

	if (flag > 1)
		cursor->bad = true;
	return flag;
}

static bool text_is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

void wire_put_hello(struct wire_writer *writer, const struct wire_hello *hello)
{
	wire_put_u32(writer, hello->version);
	wire_put_u64(writer, hello->boot);
	wire_put_u64(writer, hello->memory_limit);
	wire_put_u64(writer, hello->swap_limit);
	wire_put_u64(writer, hello->cpu_milli);
	wire_put_u64(writer, hello->pids_limit);
	wire_put_u64(writer, hello->cap_bounding);
	wire_put_u64(writer, hello->cap_effective);
	wire_put_u64(writer, hello->uid_host);
	wire_put_u64(writer, hello->uid_count);
	wire_put_u8(writer, hello->no_new_privs);
	wire_put_u8(writer, hello->seccomp);
	wire_put_u8(writer, hello->proc_writable);
	wire_put_text(writer, hello->runtimes);
}

bool wire_get_hello(const struct wire_frame *frame, struct wire_hello *ret_hello)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_hello hello = { 0 };

	hello.version = wire_get_u32(&cursor);
	hello.boot = wire_get_u64(&cursor);
	hello.memory_limit = wire_get_u64(&cursor);
	hello.swap_limit = wire_get_u64(&cursor);
	hello.cpu_milli = wire_get_u64(&cursor);
	hello.pids_limit = wire_get_u64(&cursor);
	hello.cap_bounding = wire_get_u64(&cursor);
	hello.cap_effective = wire_get_u64(&cursor);
	hello.uid_host = wire_get_u64(&cursor);
	hello.uid_count = wire_get_u64(&cursor);
	hello.no_new_privs = record_get_flag(&cursor);
	hello.seccomp = wire_get_u8(&cursor);
	hello.proc_writable = record_get_flag(&cursor);
	wire_get_text(&cursor, hello.runtimes, sizeof(hello.runtimes) - 1);
	if (!wire_done(&cursor) || !text_is_printable(hello.runtimes))
		return false;
	*ret_hello = hello;
	return true;
}

void wire_put_command(struct wire_writer *writer, const struct wire_command *command)
{
	wire_put_u8(writer, command->over);
	wire_put_u64(writer, command->out_kept);
	wire_put_u64(writer, command->err_kept);
	wire_put_u64(writer, command->in_taken);
	wire_put_u64(writer, command->in_held);
}

void record_get_command(struct wire_cursor *cursor, struct wire_command *ret_command)
{
	struct wire_command command;

	command.over = record_get_flag(cursor);
	command.out_kept = wire_get_u64(cursor);
	command.err_kept = wire_get_u64(cursor);
	command.in_taken = wire_get_u64(cursor);
	command.in_held = wire_get_u64(cursor);
	if (command.in_held < command.in_taken || command.in_held - command.in_taken > WIRE_WINDOW)
		cursor->bad = true;
	*ret_command = command;
}

bool wire_get_command(const struct wire_frame *frame, struct wire_command *ret_command)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_command command;

	record_get_command(&cursor, &command);
	if (!wire_done(&cursor))
		return false;
	*ret_command = command;
	return true;
}

void wire_put_start(struct wire_writer *writer, const struct wire_start *start)
{
	wire_put_text(writer, start->command);
	wire_put_text(writer, start->workdir);
	wire_put_u64(writer, start->kill_after_ms);
	wire_put_u32(writer, start->env_count);
	for (uint32_t i = 0; i < start->env_count; i++)
		wire_put_text(writer, start->env[i]);
}

/* Reads a text into room, moves room behind it, and returns the text. */
static const char *get_text_into(struct wire_cursor *cursor, char **room)
{
	char *text = *room;

	/* A text takes one byte of room more than its bytes, and four bytes more of payload: what
	 * is left of the payload is a bound that the room always meets. */
	wire_get_text(cursor, text, cursor->len - cursor->at);
	*room += strlen(text) + 1;
	return text;
}

void record_get_start(struct wire_cursor *cursor, char *room, const char **env, uint32_t env_max,
		      struct wire_start *ret_start)
{
	struct wire_start start = { .env = env };

	start.command = get_text_into(cursor, &room);
	start.workdir = get_text_into(cursor, &room);
	start.kill_after_ms = wire_get_u64(cursor);
	start.env_count = wire_get_u32(cursor);
	if (start.env_count > env_max)
		cursor->bad = true;
	for (uint32_t i = 0; i < start.env_count && !cursor->bad; i++)
		env[i] = get_text_into(cursor, &room);
	*ret_start = start;
}

bool wire_get_start(const struct wire_frame *frame, char *room, const char **env, uint32_t env_max,
		    struct wire_start *ret_start)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_start start;

	record_get_start(&cursor, room, env, env_max, &start);
	if (!wire_done(&cursor))
		return false;
	*ret_start = start;
	return true;
}

void wire_put_offsets(struct wire_writer *writer, const struct wire_offsets *offsets)
{
	wire_put_u64(writer, offsets->out);
	wire_put_u64(writer, offsets->err);
}

bool wire_get_offsets(const struct wire_frame *frame, struct wire_offsets *ret_offsets)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_offsets offsets;

	offsets.out = wire_get_u64(&cursor);
	offsets.err = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_offsets = offsets;
	return true;
}

void wire_put_chunk(uint8_t ret_header[WIRE_CHUNK_HEADER], uint64_t offset)
{
	struct wire_writer writer = { .data = ret_header, .room = WIRE_CHUNK_HEADER };

	wire_put_u64(&writer, offset);
}

bool wire_get_chunk(const struct wire_frame *frame, uint64_t *ret_offset, const uint8_t **ret_data,
		    size_t *ret_len)
{
	struct wire_cursor cursor = record_cursor(frame);
	uint64_t offset = wire_get_u64(&cursor);
	size_t len = cursor.len - cursor.at;

	/* An offset near the end of the numbers would let a sum wrap around in the receiver. */
	if (cursor.bad || offset > UINT64_MAX - len)
		return false;
	*ret_offset = offset;
	*ret_data = cursor.data + cursor.at;
	*ret_len = len;
	return true;
}

void wire_put_taken(struct wire_writer *writer, uint64_t offset)
{
	wire_put_u64(writer, offset);
}

bool wire_get_taken(const struct wire_frame *frame, uint64_t *ret_offset)
{
	struct wire_cursor cursor = record_cursor(frame);
	uint64_t offset = wire_get_u64(&cursor);

	if (!wire_done(&cursor))
		return false;
	*ret_offset = offset;
	return true;
}

void wire_put_life(struct wire_writer *writer, uint64_t left_ms)
{
	wire_put_u64(writer, left_ms);
}

bool wire_get_life(const struct wire_frame *frame, uint64_t *ret_left_ms)
{
	return wire_get_taken(frame, ret_left_ms);
}

void wire_put_kill(struct wire_writer *writer, const struct wire_kill *order)
{
	wire_put_u32(writer, order->signal);
	wire_put_u64(writer, order->escalate_ms);
}

bool wire_get_kill(const struct wire_frame *frame, struct wire_kill *ret_order)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_kill order;

	order.signal = wire_get_u32(&cursor);
	order.escalate_ms = wire_get_u64(&cursor);
	if (!wire_done(&cursor) || order.signal < 1 || order.signal > 64)
		return false;
	*ret_order = order;
	return true;
}

void wire_put_exited(struct wire_writer *writer, const struct wire_exited *exited)
{
	wire_put_u32(writer, exited->exit_code);
	wire_put_u32(writer, exited->signal);
	wire_put_u8(writer, exited->cause);
	wire_put_u8(writer, exited->oom_seen);
	wire_put_u8(writer, exited->pids_seen);
	wire_put_u64(writer, exited->duration_ms);
	wire_put_u64(writer, exited->cpu_us);
	wire_put_u64(writer, exited->memory_peak);
	wire_put_u64(writer, exited->out_total);
	wire_put_u64(writer, exited->err_total);
}

void record_get_exited(struct wire_cursor *cursor, struct wire_exited *ret_exited)
{
	struct wire_exited exited = { 0 };

	exited.exit_code = wire_get_u32(cursor);
	exited.signal = wire_get_u32(cursor);
	exited.cause = wire_get_u8(cursor);
	exited.oom_seen = record_get_flag(cursor);
	exited.pids_seen = record_get_flag(cursor);
	exited.duration_ms = wire_get_u64(cursor);
	exited.cpu_us = wire_get_u64(cursor);
	exited.memory_peak = wire_get_u64(cursor);
	exited.out_total = wire_get_u64(cursor);
	exited.err_total = wire_get_u64(cursor);
	if (exited.exit_code > 255 || exited.signal > 64)
		cursor->bad = true;
	*ret_exited = exited;
}

bool wire_get_exited(const struct wire_frame *frame, struct wire_exited *ret_exited)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_exited exited;

	record_get_exited(&cursor, &exited);
	if (!wire_done(&cursor) || exited.cause > WIRE_CAUSE_OOM)
		return false;
	*ret_exited = exited;
	return true;
}

void wire_put_failed(struct wire_writer *writer, const struct wire_failed *failed)
{
	wire_put_u32(writer, failed->number);
	wire_put_text(writer, failed->where);
}

bool wire_get_failed(const struct wire_frame *frame, struct wire_failed *ret_failed)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_failed failed = { 0 };

	failed.number = wire_get_u32(&cursor);
	wire_get_text(&cursor, failed.where, sizeof(failed.where) - 1);
	if (!wire_done(&cursor) || !text_is_printable(failed.where))
		return false;
	*ret_failed = failed;
	return true;
}

void wire_put_used(struct wire_writer *writer, const struct wire_used *used)
{
	wire_put_u64(writer, used->memory);
	wire_put_u64(writer, used->memory_peak);
	wire_put_u64(writer, used->cpu_us);
	wire_put_u64(writer, used->pids);
	wire_put_u64(writer, used->disk);
	wire_put_u64(writer, used->uptime_ms);
}

bool wire_get_used(const struct wire_frame *frame, struct wire_used *ret_used)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_used used;

	used.memory = wire_get_u64(&cursor);
	used.memory_peak = wire_get_u64(&cursor);
	used.cpu_us = wire_get_u64(&cursor);
	used.pids = wire_get_u64(&cursor);
	used.disk = wire_get_u64(&cursor);
	used.uptime_ms = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_used = used;
	return true;
}
