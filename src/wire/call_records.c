/* The records about calls of code, in the manner of records.c. */
#include "internal.h"
#include "wire_call.h"

static void get_name(struct wire_cursor *cursor, char ret_name[WIRE_NAME_MAX + 1])
{
	wire_get_text(cursor, ret_name, WIRE_NAME_MAX);
	if (!ret_name[0])
		cursor->bad = true;
}

void wire_put_call(struct wire_writer *writer, const struct wire_call *call)
{
	wire_put_text(writer, call->language);
	wire_put_text(writer, call->context);
	wire_put_u64(writer, call->code_len);
	wire_put_start(writer, &call->start);
}

bool wire_get_call(const struct wire_frame *frame, char *room, const char **env, uint32_t env_max,
		   struct wire_call *ret_call)
{
	struct wire_cursor cursor = record_cursor(frame);

	get_name(&cursor, ret_call->language);
	get_name(&cursor, ret_call->context);
	ret_call->code_len = wire_get_u64(&cursor);
	record_get_start(&cursor, room, env, env_max, &ret_call->start);
	return wire_done(&cursor) && ret_call->code_len <= WIRE_CODE_MAX;
}

void wire_put_retire(struct wire_writer *writer, const struct wire_retire *retire)
{
	wire_put_text(writer, retire->language);
	wire_put_text(writer, retire->context);
}

bool wire_get_retire(const struct wire_frame *frame, struct wire_retire *ret_retire)
{
	struct wire_cursor cursor = record_cursor(frame);

	get_name(&cursor, ret_retire->language);
	get_name(&cursor, ret_retire->context);
	return wire_done(&cursor);
}

void wire_put_call_offsets(struct wire_writer *writer, const struct wire_call_offsets *offsets)
{
	wire_put_offsets(writer, &offsets->output);
	wire_put_u64(writer, offsets->outcome);
}

bool wire_get_call_offsets(const struct wire_frame *frame, struct wire_call_offsets *ret_offsets)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_call_offsets offsets;

	offsets.output.out = wire_get_u64(&cursor);
	offsets.output.err = wire_get_u64(&cursor);
	offsets.outcome = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_offsets = offsets;
	return true;
}

void wire_put_began(struct wire_writer *writer, const struct wire_began *began)
{
	wire_put_u8(writer, began->fresh);
	wire_put_u8(writer, began->lost);
	wire_put_u8(writer, began->cause);
	wire_put_u32(writer, began->exit_code);
	wire_put_u32(writer, began->signal);
}

static void get_began(struct wire_cursor *cursor, struct wire_began *ret_began)
{
	ret_began->fresh = record_get_flag(cursor);
	ret_began->lost = record_get_flag(cursor);
	ret_began->cause = wire_get_u8(cursor);
	ret_began->exit_code = wire_get_u32(cursor);
	ret_began->signal = wire_get_u32(cursor);
	if (ret_began->cause > WIRE_CAUSE_RETIRED || ret_began->exit_code > 255 ||
	    ret_began->signal > 64 || ret_began->lost > ret_began->fresh)
		cursor->bad = true;
}

bool wire_get_began(const struct wire_frame *frame, struct wire_began *ret_began)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_began began = { 0 };

	get_began(&cursor, &began);
	if (!wire_done(&cursor))
		return false;
	*ret_began = began;
	return true;
}

void wire_put_called(struct wire_writer *writer, const struct wire_called *called)
{
	wire_put_command(writer, &called->command);
	wire_put_u64(writer, called->outcome_kept);
	wire_put_began(writer, &called->began);
}

bool wire_get_called(const struct wire_frame *frame, struct wire_called *ret_called)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_called called = { 0 };

	record_get_command(&cursor, &called.command);
	called.outcome_kept = wire_get_u64(&cursor);
	get_began(&cursor, &called.began);
	if (!wire_done(&cursor))
		return false;
	*ret_called = called;
	return true;
}

void wire_put_ended(struct wire_writer *writer, const struct wire_ended *ended)
{
	wire_put_exited(writer, &ended->exited);
	wire_put_u64(writer, ended->outcome_total);
	wire_put_u8(writer, ended->alive);
	wire_put_u8(writer, ended->fault);
}

bool wire_get_ended(const struct wire_frame *frame, struct wire_ended *ret_ended)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_ended ended = { 0 };

	record_get_exited(&cursor, &ended.exited);
	ended.outcome_total = wire_get_u64(&cursor);
	ended.alive = record_get_flag(&cursor);
	ended.fault = wire_get_u8(&cursor);
	if (!wire_done(&cursor) || ended.exited.cause > WIRE_CAUSE_RETIRED ||
	    ended.fault > WIRE_FAULT_CLOSED)
		return false;
	*ret_ended = ended;
	return true;
}
