/* The records about files: reading and writing, lists, single entries, removing, moving, observing.
 * Each pair is written as those of records.c are. */
#include "internal.h"
#include "wire_file.h"

#include <string.h>

void wire_put_open(struct wire_writer *writer, const struct wire_open *open)
{
	wire_put_text(writer, open->base);
	wire_put_text(writer, open->path);
}

bool wire_get_open(const struct wire_frame *frame, struct wire_open *ret_open)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_open open = { 0 };

	wire_get_text(&cursor, open.base, WIRE_PATH_MAX);
	wire_get_text(&cursor, open.path, WIRE_PATH_MAX);
	if (!wire_done(&cursor))
		return false;
	*ret_open = open;
	return true;
}

void wire_put_opened(struct wire_writer *writer, const struct wire_opened *opened)
{
	wire_put_u64(writer, opened->size);
	wire_put_u64(writer, opened->modified_ns);
	wire_put_u64(writer, opened->inode);
	wire_put_text(writer, opened->path);
}

bool wire_get_opened(const struct wire_frame *frame, struct wire_opened *ret_opened)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_opened opened = { 0 };

	opened.size = wire_get_u64(&cursor);
	opened.modified_ns = wire_get_u64(&cursor);
	opened.inode = wire_get_u64(&cursor);
	wire_get_text(&cursor, opened.path, WIRE_PATH_MAX);
	if (!wire_done(&cursor) || opened.path[0] != '/')
		return false;
	*ret_opened = opened;
	return true;
}

void wire_put_read(struct wire_writer *writer, const struct wire_read *read)
{
	wire_put_u64(writer, read->offset);
	wire_put_u64(writer, read->length);
}

bool wire_get_read(const struct wire_frame *frame, struct wire_read *ret_read)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_read read;

	read.offset = wire_get_u64(&cursor);
	read.length = wire_get_u64(&cursor);
	if (!wire_done(&cursor) || read.length > UINT64_MAX - read.offset)
		return false;
	*ret_read = read;
	return true;
}

void wire_put_create(struct wire_writer *writer, const struct wire_create *create)
{
	wire_put_text(writer, create->base);
	wire_put_text(writer, create->path);
	wire_put_u64(writer, create->size);
}

bool wire_get_create(const struct wire_frame *frame, struct wire_create *ret_create)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_create create = { 0 };

	wire_get_text(&cursor, create.base, WIRE_PATH_MAX);
	wire_get_text(&cursor, create.path, WIRE_PATH_MAX);
	create.size = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_create = create;
	return true;
}

void wire_put_created(struct wire_writer *writer, const struct wire_created *created)
{
	wire_put_u8(writer, created->replaces);
	wire_put_text(writer, created->path);
}

bool wire_get_created(const struct wire_frame *frame, struct wire_created *ret_created)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_created created = { 0 };

	created.replaces = record_get_flag(&cursor);
	wire_get_text(&cursor, created.path, WIRE_PATH_MAX);
	if (!wire_done(&cursor) || created.path[0] != '/')
		return false;
	*ret_created = created;
	return true;
}

void wire_put_saved(struct wire_writer *writer, const struct wire_saved *saved)
{
	wire_put_u8(writer, saved->replaced);
	wire_put_u64(writer, saved->size);
}

bool wire_get_saved(const struct wire_frame *frame, struct wire_saved *ret_saved)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_saved saved;

	saved.replaced = record_get_flag(&cursor);
	saved.size = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_saved = saved;
	return true;
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
	hash = (hash ^ number) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

uint64_t wire_version(uint64_t inode, uint64_t modified_ns, uint64_t size)
{
	uint64_t hash = mix(mix(mix(1, inode), modified_ns), size);

	return hash ? hash : 1;
}

void wire_put_compose(struct wire_writer *writer, const struct wire_compose *compose)
{
	wire_put_text(writer, compose->place.base);
	wire_put_text(writer, compose->place.path);
	wire_put_u64(writer, compose->place.size);
	wire_put_u32(writer, compose->mode);
	wire_put_u8(writer, compose->append);
	wire_put_u8(writer, compose->make_folders);
	wire_put_u64(writer, compose->version);
}

bool wire_get_compose(const struct wire_frame *frame, struct wire_compose *ret_compose)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_compose compose = { 0 };

	wire_get_text(&cursor, compose.place.base, WIRE_PATH_MAX);
	wire_get_text(&cursor, compose.place.path, WIRE_PATH_MAX);
	compose.place.size = wire_get_u64(&cursor);
	compose.mode = wire_get_u32(&cursor);
	compose.append = record_get_flag(&cursor);
	compose.make_folders = record_get_flag(&cursor);
	compose.version = wire_get_u64(&cursor);
	if (!wire_done(&cursor) || (compose.mode != WIRE_MODE_KEPT && compose.mode > 07777))
		return false;
	*ret_compose = compose;
	return true;
}

/* --- entries ----------------------------------------------------------------------------- */

void wire_put_entry(struct wire_writer *writer, const struct wire_entry *entry)
{
	wire_put_u8(writer, entry->type);
	wire_put_u32(writer, entry->mode);
	wire_put_u64(writer, entry->size);
	wire_put_u64(writer, entry->modified_ns);
	wire_put_bytes(writer, entry->path, entry->path_len);
	wire_put_bytes(writer, entry->target, entry->target_len);
}

/* As wire_get_text, where it lies. */
static const char *get_name(struct wire_cursor *cursor, size_t *ret_len)
{
	const uint8_t *text = wire_get_bytes(cursor, ret_len);

	if (!text || *ret_len > WIRE_PATH_MAX || memchr(text, '\0', *ret_len))
		cursor->bad = true;
	return (const char *)text;
}

static bool get_entry(struct wire_cursor *cursor, struct wire_entry *ret_entry)
{
	struct wire_entry entry;

	entry.type = wire_get_u8(cursor);
	entry.mode = wire_get_u32(cursor);
	entry.size = wire_get_u64(cursor);
	entry.modified_ns = wire_get_u64(cursor);
	entry.path = get_name(cursor, &entry.path_len);
	entry.target = get_name(cursor, &entry.target_len);
	if (cursor->bad || entry.path_len == 0 || entry.type > WIRE_FILE_UNKNOWN ||
	    entry.mode > 07777 || entry.size > INT64_MAX)
		return false;
	*ret_entry = entry;
	return true;
}

/* Nothing that could lead out of the folder it is said to be in. */
static bool is_below(const char *path, size_t len)
{
	size_t at = 0;

	while (at <= len) {
		const char *slash = at < len ? memchr(path + at, '/', len - at) : NULL;
		size_t end = slash ? (size_t)(slash - path) : len;
		size_t part = end - at;

		if (part == 0 || (part == 1 && path[at] == '.') ||
		    (part == 2 && path[at] == '.' && path[at + 1] == '.'))
			return false;
		at = end + 1;
	}
	return true;
}

bool wire_get_entry(struct wire_cursor *cursor, struct wire_entry *ret_entry)
{
	struct wire_entry entry;

	if (!get_entry(cursor, &entry) || !is_below(entry.path, entry.path_len))
		return false;
	*ret_entry = entry;
	return true;
}

bool wire_get_stated(const struct wire_frame *frame, struct wire_entry *ret_entry)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_entry entry;

	if (!get_entry(&cursor, &entry) || !wire_done(&cursor) || entry.path[0] != '/')
		return false;
	*ret_entry = entry;
	return true;
}

/* --- listing ----------------------------------------------------------------------------- */

void wire_put_list(struct wire_writer *writer, const struct wire_list *list)
{
	wire_put_text(writer, list->base);
	wire_put_text(writer, list->path);
	wire_put_text(writer, list->pattern);
	wire_put_u8(writer, list->recursive);
	wire_put_u64(writer, list->looks_max);
	wire_put_u64(writer, list->limit_ms);
}

bool wire_get_list(const struct wire_frame *frame, struct wire_list *ret_list)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_list list = { 0 };

	wire_get_text(&cursor, list.base, WIRE_PATH_MAX);
	wire_get_text(&cursor, list.path, WIRE_PATH_MAX);
	wire_get_text(&cursor, list.pattern, WIRE_PATTERN_MAX);
	list.recursive = record_get_flag(&cursor);
	list.looks_max = wire_get_u64(&cursor);
	list.limit_ms = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_list = list;
	return true;
}

void wire_put_bar(struct wire_writer *writer, const char *path, size_t len)
{
	wire_put_bytes(writer, path, len);
}

bool wire_get_bar(const struct wire_frame *frame, char ret_path[WIRE_PATH_MAX + 1])
{
	struct wire_cursor cursor = record_cursor(frame);
	char path[WIRE_PATH_MAX + 1];

	wire_get_text(&cursor, path, WIRE_PATH_MAX);
	if (!wire_done(&cursor))
		return false;
	memcpy(ret_path, path, strlen(path) + 1);
	return true;
}

void wire_put_list_end(struct wire_writer *writer, const struct wire_list_end *end)
{
	wire_put_u8(writer, end->truncated);
	wire_put_text(writer, end->path);
}

bool wire_get_list_end(const struct wire_frame *frame, struct wire_list_end *ret_end)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_list_end end = { 0 };

	end.truncated = record_get_flag(&cursor);
	wire_get_text(&cursor, end.path, WIRE_PATH_MAX);
	if (!wire_done(&cursor) || end.path[0] != '/')
		return false;
	*ret_end = end;
	return true;
}

/* --- what is done to a path ---------------------------------------------------------------- */

void wire_put_target(struct wire_writer *writer, const struct wire_target *target)
{
	wire_put_text(writer, target->base);
	wire_put_text(writer, target->path);
	wire_put_u8(writer, target->flag);
	wire_put_u64(writer, target->limit_ms);
}

bool wire_get_target(const struct wire_frame *frame, struct wire_target *ret_target)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_target target = { 0 };

	wire_get_text(&cursor, target.base, WIRE_PATH_MAX);
	wire_get_text(&cursor, target.path, WIRE_PATH_MAX);
	target.flag = record_get_flag(&cursor);
	target.limit_ms = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_target = target;
	return true;
}

void wire_put_removed(struct wire_writer *writer, const struct wire_removed *removed)
{
	wire_put_u64(writer, removed->count);
	wire_put_u32(writer, removed->failed.number);
	wire_put_text(writer, removed->failed.where);
	wire_put_text(writer, removed->path);
}

bool wire_get_removed(const struct wire_frame *frame, struct wire_removed *ret_removed)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_removed removed = { 0 };

	removed.count = wire_get_u64(&cursor);
	removed.failed.number = wire_get_u32(&cursor);
	wire_get_text(&cursor, removed.failed.where, sizeof(removed.failed.where) - 1);
	wire_get_text(&cursor, removed.path, WIRE_PATH_MAX);
	if (!wire_done(&cursor) || (removed.path[0] != '/' && removed.failed.number == 0))
		return false;
	*ret_removed = removed;
	return true;
}

void wire_put_move(struct wire_writer *writer, const struct wire_move *move)
{
	wire_put_text(writer, move->base);
	wire_put_text(writer, move->source);
	wire_put_text(writer, move->destination);
	wire_put_u8(writer, move->overwrite);
	wire_put_u64(writer, move->limit_ms);
}

bool wire_get_move(const struct wire_frame *frame, struct wire_move *ret_move)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_move move = { 0 };

	wire_get_text(&cursor, move.base, WIRE_PATH_MAX);
	wire_get_text(&cursor, move.source, WIRE_PATH_MAX);
	wire_get_text(&cursor, move.destination, WIRE_PATH_MAX);
	move.overwrite = record_get_flag(&cursor);
	move.limit_ms = wire_get_u64(&cursor);
	if (!wire_done(&cursor))
		return false;
	*ret_move = move;
	return true;
}

void wire_put_moved(struct wire_writer *writer, const struct wire_moved *moved)
{
	wire_put_text(writer, moved->source);
	wire_put_text(writer, moved->destination);
}

bool wire_get_moved(const struct wire_frame *frame, struct wire_moved *ret_moved)
{
	struct wire_cursor cursor = record_cursor(frame);
	struct wire_moved moved = { 0 };

	wire_get_text(&cursor, moved.source, WIRE_PATH_MAX);
	wire_get_text(&cursor, moved.destination, WIRE_PATH_MAX);
	if (!wire_done(&cursor) || moved.source[0] != '/' || moved.destination[0] != '/')
		return false;
	*ret_moved = moved;
	return true;
}
