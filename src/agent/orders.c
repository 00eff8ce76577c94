/* What each frame of the server does.  The server is trusted, but its bytes are checked: a frame
 * that is malformed or out of place ends the link.  A frame about a command or file that is no
 * longer known is none of these: it crossed with our last word about it. */
#include "internal.h"

static bool is_command_stream(uint32_t stream)
{
	return stream != 0 && !(stream & WIRE_FILE_STREAM);
}

static bool obey_start(struct agent *agent, const struct wire_frame *frame)
{
	if (!is_command_stream(frame->stream) || command_find(agent, frame->stream))
		return false;
	return command_start(agent, frame);
}

static bool obey_call(struct agent *agent, const struct wire_frame *frame)
{
	if (!is_command_stream(frame->stream) || command_find(agent, frame->stream))
		return false;
	return call_start(agent, frame);
}

static bool read_offsets(const struct wire_frame *frame, struct wire_call_offsets *ret_offsets)
{
	bool of_call = frame->type == WIRE_CALL_RESUME || frame->type == WIRE_CALL_ACK;

	*ret_offsets = (struct wire_call_offsets){ 0 };
	return of_call ? wire_get_call_offsets(frame, ret_offsets)
		       : wire_get_offsets(frame, &ret_offsets->output);
}

static bool obey_resume(struct agent *agent, const struct wire_frame *frame)
{
	struct command *command = command_find(agent, frame->stream);
	struct wire_call_offsets offsets;

	if (!read_offsets(frame, &offsets))
		return false;
	return !command || command_resume(agent, command, &offsets);
}

static bool obey_forget(struct agent *agent, const struct wire_frame *frame)
{
	struct command *command = command_find(agent, frame->stream);

	if (frame->length > 0)
		return false;
	if (!command)
		return true;
	if (command->state == COMMAND_STARTING || command->state == COMMAND_RUNNING)
		return false;
	command_forget(agent, command);
	return true;
}

static bool obey_ack(struct agent *agent, const struct wire_frame *frame)
{
	struct command *command = command_find(agent, frame->stream);
	struct wire_call_offsets offsets;

	if (!read_offsets(frame, &offsets))
		return false;
	if (frame->stream & WIRE_FILE_STREAM)
		return file_acked(agent, frame->stream, &offsets.output);
	return !command || command_acked(agent, command, &offsets);
}

static bool obey_input(struct agent *agent, const struct wire_frame *frame)
{
	struct command *command = command_find(agent, frame->stream);

	if (command)
		return input_take(agent, command, frame);
	return frame->length >= WIRE_CHUNK_HEADER;
}

static bool obey_input_end(struct agent *agent, const struct wire_frame *frame)
{
	struct command *command = command_find(agent, frame->stream);

	if (command)
		input_end(agent, command);
	return frame->length == 0;
}

static bool obey_kill(struct agent *agent, const struct wire_frame *frame)
{
	struct command *command = command_find(agent, frame->stream);
	struct wire_kill order;

	if (!wire_get_kill(frame, &order))
		return false;
	if (command)
		command_kill(command, order.signal, order.escalate_ms);
	return true;
}

static bool obey_close(struct agent *agent, const struct wire_frame *frame)
{
	file_close(agent, frame->stream);
	upload_close(agent, frame->stream);
	task_close(agent, frame->stream);
	observer_close(agent, frame->stream);
	return frame->length == 0;
}

static bool obey_ping(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_writer writer = box_begin(&agent->link.control);

	return frame->length == 0 &&
	       box_end(&agent->link.control, &writer, WIRE_PONG, frame->stream);
}

static bool obey_usage(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_writer writer = box_begin(&agent->link.control);
	struct wire_used used;

	cgroup_usage(&agent->cgroup, &used);
	used.uptime_ms = now_ms() - agent->started_ms;
	wire_put_used(&writer, &used);
	return frame->length == 0 &&
	       box_end(&agent->link.control, &writer, WIRE_USED, frame->stream);
}

static bool obey_measure(struct agent *agent, const struct wire_frame *frame)
{
	struct wire_writer writer = box_begin(&agent->link.control);
	struct wire_hello hello;

	hello_measure(agent, &hello);
	wire_put_hello(&writer, &hello);
	return frame->length == 0 &&
	       box_end(&agent->link.control, &writer, WIRE_MEASURED, frame->stream);
}

static bool obey_life(struct agent *agent, const struct wire_frame *frame)
{
	uint64_t now = now_ms();
	uint64_t left;

	if (!wire_get_life(frame, &left))
		return false;
	agent->ends_ms = left < UINT64_MAX - now ? now + left : UINT64_MAX;
	return true;
}

/* What is not in here is ours to say. */
static bool (*const orders[])(struct agent *agent, const struct wire_frame *frame) = {
	[WIRE_START] = obey_start,      [WIRE_RESUME] = obey_resume,
	[WIRE_FORGET] = obey_forget,    [WIRE_ACK] = obey_ack,
	[WIRE_INPUT] = obey_input,      [WIRE_INPUT_END] = obey_input_end,
	[WIRE_KILL] = obey_kill,        [WIRE_OPEN] = file_open,
	[WIRE_READ] = file_read,        [WIRE_CLOSE] = obey_close,
	[WIRE_PING] = obey_ping,        [WIRE_USAGE] = obey_usage,
	[WIRE_MEASURE] = obey_measure,  [WIRE_LIFE] = obey_life,
	[WIRE_CREATE] = upload_create,  [WIRE_WRITE] = upload_write,
	[WIRE_SAVE] = upload_save,      [WIRE_LIST] = list_order,
	[WIRE_STAT] = stat_order,       [WIRE_COMPOSE] = upload_compose,
	[WIRE_DRIVER] = driver_take,    [WIRE_CALL] = obey_call,
	[WIRE_RETIRE] = context_retire, [WIRE_CALL_RESUME] = obey_resume,
	[WIRE_CALL_ACK] = obey_ack,     [WIRE_REMOVE] = remove_order,
	[WIRE_MOVE] = move_order,       [WIRE_OBSERVE] = observe_order,
	[WIRE_BAR] = bar_order,
};

bool order_obey(struct agent *agent, const struct wire_frame *frame)
{
	size_t type = (size_t)frame->type;

	return type < sizeof(orders) / sizeof(orders[0]) && orders[type] &&
	       orders[type](agent, frame);
}
