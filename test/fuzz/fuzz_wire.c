/* Fuzz target of the frame reader and every record.  The first byte of the input picks how the rest
 * is cut into pieces; the same bytes fed whole must give exactly the same frames. */
#include "wire.h"
#include "wire_call.h"
#include "wire_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENV_MAX = 8 };

/* What came out of one way of feeding, boiled down to a count and a sum. */
struct tally {
	uint64_t frames;
	uint64_t sum;
};

static void tally_add(struct tally *tally, uint64_t value)
{
	tally->sum = (tally->sum ^ value) * 0x100000001b3u;
}

static void decode_start(const struct wire_frame *frame)
{
	const char *env[ENV_MAX];
	char *room = malloc(frame->length + 3 + ENV_MAX);
	struct wire_start start;

	if (room && wire_get_start(frame, room, env, ENV_MAX, &start))
		for (uint32_t i = 0; i < start.env_count; i++)
			if (strlen(start.env[i]) > WIRE_PAYLOAD_MAX)
				abort();
	free(room);
}

static void decode_calls(const struct wire_frame *frame, struct tally *tally)
{
	static struct wire_retire retire;
	static struct wire_call call;
	struct wire_call_offsets offsets;
	struct wire_called called;
	struct wire_began began;
	struct wire_ended ended;
	const char *env[ENV_MAX];
	char *room = malloc(frame->length + 3 + ENV_MAX);

	if (room && wire_get_call(frame, room, env, ENV_MAX, &call) &&
	    (call.code_len > WIRE_CODE_MAX || strlen(call.context) > WIRE_NAME_MAX))
		abort();
	free(room);
	if (wire_get_retire(frame, &retire) && !retire.language[0])
		abort();
	if (wire_get_call_offsets(frame, &offsets))
		tally_add(tally, offsets.outcome);
	if (wire_get_called(frame, &called))
		tally_add(tally, called.outcome_kept);
	if (wire_get_began(frame, &began) && began.lost && !began.fresh)
		abort();
	if (wire_get_ended(frame, &ended))
		tally_add(tally, ended.outcome_total + ended.fault);
}

static void decode_texts(const struct wire_frame *frame)
{
	static struct wire_hello hello;
	static struct wire_open open;
	static struct wire_opened opened;
	static struct wire_failed failed;
	static struct wire_create create;
	static struct wire_created created;

	if (wire_get_hello(frame, &hello) && strlen(hello.runtimes) >= sizeof(hello.runtimes))
		abort();
	if (wire_get_open(frame, &open) && strlen(open.path) > WIRE_PATH_MAX)
		abort();
	if (wire_get_opened(frame, &opened) && opened.path[0] != '/')
		abort();
	if (wire_get_create(frame, &create) && strlen(create.path) > WIRE_PATH_MAX)
		abort();
	if (wire_get_created(frame, &created) && (created.path[0] != '/' || created.replaces > 1))
		abort();
	if (wire_get_failed(frame, &failed) && strlen(failed.where) >= sizeof(failed.where))
		abort();
}

static void decode_numbers(const struct wire_frame *frame, struct tally *tally)
{
	struct wire_command command;
	struct wire_offsets offsets;
	struct wire_kill order;
	struct wire_exited exited;
	struct wire_read read;
	struct wire_used used;
	struct wire_saved saved;
	uint64_t offset;
	const uint8_t *bytes;
	size_t len;

	if (wire_get_command(frame, &command))
		tally_add(tally, command.out_kept);
	if (wire_get_offsets(frame, &offsets))
		tally_add(tally, offsets.err);
	if (wire_get_kill(frame, &order))
		tally_add(tally, order.signal);
	if (wire_get_exited(frame, &exited))
		tally_add(tally, exited.out_total);
	if (wire_get_read(frame, &read) && read.offset + read.length < read.offset)
		abort();
	if (wire_get_used(frame, &used))
		tally_add(tally, used.uptime_ms);
	if (wire_get_saved(frame, &saved))
		tally_add(tally, saved.size);
	if (wire_get_taken(frame, &offset))
		tally_add(tally, offset);
	if (wire_get_life(frame, &offset))
		tally_add(tally, offset);
	if (wire_get_chunk(frame, &offset, &bytes, &len))
		for (size_t i = 0; i < len; i++)
			tally_add(tally, bytes[i]);
}

static void decode_entries(const struct wire_frame *frame, struct tally *tally)
{
	struct wire_cursor cursor = { .data = frame->payload, .len = frame->length };
	struct wire_entry entry;

	while (wire_get_entry(&cursor, &entry)) {
		if (entry.path_len == 0 || entry.path[0] == '/' ||
		    memchr(entry.path, '\0', entry.path_len))
			abort();
		tally_add(tally, entry.path_len + entry.target_len);
	}
	if (wire_get_stated(frame, &entry) && entry.path[0] != '/')
		abort();
}

static void decode_paths(const struct wire_frame *frame, struct tally *tally)
{
	static struct wire_compose compose;
	static struct wire_list list;
	static struct wire_list_end end;
	static struct wire_target target;
	static struct wire_removed removed;
	static struct wire_move move;
	static struct wire_moved moved;

	if (wire_get_compose(frame, &compose) && compose.append > 1)
		abort();
	if (wire_get_list(frame, &list) && strlen(list.pattern) > WIRE_PATTERN_MAX)
		abort();
	if (wire_get_list_end(frame, &end) && end.path[0] != '/')
		abort();
	if (wire_get_bar(frame, target.path) && strlen(target.path) > WIRE_PATH_MAX)
		abort();
	if (wire_get_target(frame, &target))
		tally_add(tally, strlen(target.path));
	if (wire_get_removed(frame, &removed))
		tally_add(tally, removed.count);
	if (wire_get_move(frame, &move) && move.overwrite > 1)
		abort();
	if (wire_get_moved(frame, &moved) &&
	    (moved.source[0] != '/' || moved.destination[0] != '/'))
		abort();
}

/* Whether each part of it is one to the matcher. */
static bool is_plain(const char *path)
{
	size_t len = strlen(path);

	return len > 0 && path[0] != '/' && path[len - 1] != '/' && !strstr(path, "//") &&
	       path[0] != '.' && !strstr(path, "/.");
}

/* The folders above what matches must all lead there. */
static void match(const struct wire_frame *frame)
{
	char pattern[64] = "";
	char path[256] = "";
	size_t first = frame->length < sizeof(pattern) - 1 ? frame->length : sizeof(pattern) - 1;
	size_t second =
		frame->length - first < sizeof(path) - 1 ? frame->length - first : sizeof(path) - 1;

	if (first > 0)
		memcpy(pattern, frame->payload, first);
	if (second > 0)
		memcpy(path, frame->payload + first, second);
	if (!wire_glob(pattern, path) || !is_plain(path))
		return;
	for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
		*slash = '\0';
		if (!wire_glob_leads(pattern, path))
			abort();
	}
}

static bool on_frame(void *ctx, const struct wire_frame *frame)
{
	struct tally *tally = ctx;

	if (frame->length > WIRE_PAYLOAD_MAX)
		abort();
	tally->frames++;
	tally_add(tally, frame->type);
	tally_add(tally, frame->stream);
	decode_start(frame);
	decode_texts(frame);
	decode_numbers(frame, tally);
	decode_entries(frame, tally);
	decode_paths(frame, tally);
	match(frame);
	decode_calls(frame, tally);
	return true;
}

static bool feed_in_pieces(const uint8_t *data, size_t size, size_t piece, struct tally *tally)
{
	static struct wire_reader reader;
	bool good = true;

	wire_reader_init(&reader);
	for (size_t at = 0; at < size && good; at += piece) {
		size_t left = size - at;

		good = wire_feed(&reader, data + at, left < piece ? left : piece, on_frame, tally);
		if (good && wire_reader_wants(&reader) == 0)
			abort();
	}
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally whole = { 0 };
	struct tally pieces = { 0 };

	if (size < 2)
		return 0;
	if (feed_in_pieces(data + 1, size - 1, size - 1, &whole) !=
	    feed_in_pieces(data + 1, size - 1, (size_t)data[0] + 1, &pieces))
		abort();
	if (whole.frames != pieces.frames || whole.sum != pieces.sum)
		abort();
	return 0;
}
