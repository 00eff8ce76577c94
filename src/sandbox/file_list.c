/* What is in a folder of a container.  The agent tells every entry that matches, in any order; the
 * first `limit` of them by name are kept here, in a heap whose top is the last of those.  What is
 * kept is bounded in number and in bytes, whatever the agent says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "internal.h"

enum {
	LIMIT_MS = 10000,
	TEXT_MAX = 4 * 1024 * 1024, /* of all names that are kept */
};

struct kept {
	struct file_entry entry;
	char *text; /* the path, and behind its NUL the target */
	size_t path_len;
	size_t size; /* of text */
};

struct list {
	struct file_op file; /* first */
	size_t limit;
	struct kept *heap; /* the greatest path is on top */
	size_t count;
	size_t room;
	size_t text_bytes;
	uint64_t seen;
	bool truncated;
	bool moved; /* the bar, since the agent was told of it */
	char *base; /* once it is known */
	file_list_fn *done;
	void *ctx;
};

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	if (order != 0)
		return order;
	return a_len < b_len ? -1 : a_len > b_len;
}

static int by_path(const void *a, const void *b)
{
	const struct kept *x = a;
	const struct kept *y = b;

	return compare(x->text, x->path_len, y->text, y->path_len);
}

/* --- the heap ------------------------------------------------------------------------------ */

static void sink(struct list *list, struct kept kept)
{
	struct kept *heap = list->heap;
	size_t at = 0;
	size_t child;

	while ((child = 2 * at + 1) < list->count) {
		if (child + 1 < list->count && by_path(&heap[child], &heap[child + 1]) < 0)
			child++;
		if (by_path(&kept, &heap[child]) >= 0)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = kept;
}

static void drop_last(struct list *list)
{
	struct kept last = list->heap[0];
	struct kept end = list->heap[--list->count];

	if (list->count > 0)
		sink(list, end);
	list->text_bytes -= last.size;
	list->truncated = true;
	free(last.text);
}

static void grow(struct list *list)
{
	size_t room = list->room ? 2 * list->room : 64;
	struct kept *heap = mem_array(struct kept, room);

	if (list->room > 0)
		memcpy(heap, list->heap, list->room * sizeof(struct kept));
	free(list->heap);
	list->heap = heap;
	list->room = room;
}

static void push(struct list *list, struct kept kept)
{
	size_t at = list->count++;

	if (list->count > list->room)
		grow(list);
	while (at > 0 && by_path(&list->heap[(at - 1) / 2], &kept) < 0) {
		list->heap[at] = list->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	list->heap[at] = kept;
	list->text_bytes += kept.size;
}

/* --- entries ------------------------------------------------------------------------------- */

void file_entry_of(const struct wire_entry *told, struct file_entry *ret_entry)
{
	static const enum file_type types[] = {
		[WIRE_FILE_REGULAR] = FILE_TYPE_REGULAR,
		[WIRE_FILE_DIRECTORY] = FILE_TYPE_DIRECTORY,
		[WIRE_FILE_LINK] = FILE_TYPE_LINK,
		[WIRE_FILE_FIFO] = FILE_TYPE_FIFO,
		[WIRE_FILE_SOCKET] = FILE_TYPE_SOCKET,
		[WIRE_FILE_DEVICE] = FILE_TYPE_DEVICE,
		[WIRE_FILE_UNKNOWN] = FILE_TYPE_UNKNOWN,
	};

	*ret_entry = (struct file_entry){
		.type = types[told->type], /* wire_get_entry has looked at it */
		.size = told->size,
		.mode = told->mode,
		.modified_ms = (int64_t)told->modified_ns / 1000000,
	};
}

static void keep(struct list *list, const struct wire_entry *told)
{
	struct kept kept = { .path_len = told->path_len,
			     .size = told->path_len + told->target_len + 2 };

	file_entry_of(told, &kept.entry);
	kept.text = mem_array(char, kept.size);
	memcpy(kept.text, told->path, told->path_len);
	if (told->type == WIRE_FILE_LINK) {
		kept.entry.target = kept.text + told->path_len + 1;
		memcpy(kept.text + told->path_len + 1, told->target, told->target_len);
	}
	push(list, kept);
}

static void take_in(struct list *list, const struct wire_entry *told)
{
	bool full = list->count >= list->limit || list->text_bytes >= TEXT_MAX;

	if (full &&
	    compare(told->path, told->path_len, list->heap[0].text, list->heap[0].path_len) >= 0) {
		list->truncated = true;
		return;
	}
	list->moved = true;
	keep(list, told);
	while (list->count > list->limit || (list->text_bytes > TEXT_MAX && list->count > 1))
		drop_last(list);
}

/* Spares the agent the look at what is not going to be kept. */
static void raise_bar(struct list *list)
{
	uint8_t payload[WIRE_PATH_MAX + 16];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	const struct file_op *op = &list->file;

	if (list->count < list->limit || !list->moved)
		return;
	list->moved = false;
	wire_put_bar(&writer, list->heap[0].text, list->heap[0].path_len);
	link_send(op->sb, WIRE_BAR, op->stream, payload, writer.len);
}

static bool on_entries(struct list *list, const struct wire_frame *frame)
{
	struct wire_cursor cursor = { .data = frame->payload, .len = frame->length };
	struct wire_entry told;

	while (cursor.at < cursor.len) {
		if (!wire_get_entry(&cursor, &told) || ++list->seen > FILE_LIST_LOOKS_MAX)
			return false;
		take_in(list, &told);
	}
	raise_bar(list);
	return true;
}

static bool on_list_end(struct list *list, const struct wire_frame *frame)
{
	struct wire_list_end end;

	if (!wire_get_list_end(frame, &end))
		return false;
	list->truncated = list->truncated || end.truncated;
	list->base = mem_strdup(end.path);
	file_op_end(&list->file, NULL);
	return true;
}

static bool on_frame(struct file_op *op, const struct wire_frame *frame)
{
	struct list *list = (struct list *)op;
	struct wire_failed failed;
	struct error err;

	if (frame->type == WIRE_ENTRIES)
		return on_entries(list, frame);
	if (frame->type == WIRE_LIST_END)
		return on_list_end(list, frame);
	if (frame->type != WIRE_FAILED || !wire_get_failed(frame, &failed))
		return false;
	folder_error(&failed, op->path, &err);
	file_op_end(op, &err);
	return true;
}

/* --- the answer ---------------------------------------------------------------------------- */

/* A folder that changes while it is read can name an entry twice. */
static void sort(struct list *list)
{
	size_t count = 0;

	if (list->count > 1)
		qsort(list->heap, list->count, sizeof(struct kept), by_path);
	for (size_t i = 0; i < list->count; i++) {
		if (count > 0 && by_path(&list->heap[count - 1], &list->heap[i]) == 0)
			free(list->heap[i].text);
		else
			list->heap[count++] = list->heap[i];
	}
	list->count = count;
}

/* All paths with the folder's before them, in one piece of memory.  The caller owns it; NULL when
 * there are none.  A long path of the folder makes fewer of them. */
static char *make_absolute(struct list *list, struct file_entry *ret_entries, size_t *ret_count)
{
	size_t base_len = strcmp(list->base, "/") == 0 ? 0 : strlen(list->base);
	size_t room = 0;
	size_t count = 0;
	char *paths;
	char *at;

	while (count < list->count && room <= 2 * (size_t)TEXT_MAX)
		room += base_len + list->heap[count++].path_len + 2;
	list->truncated = list->truncated || count < list->count;
	*ret_count = count;
	paths = at = mem_zeroed(1, room + 1);
	for (size_t i = 0; i < count; i++) {
		const struct kept *kept = &list->heap[i];

		ret_entries[i] = kept->entry;
		ret_entries[i].path = at;
		memcpy(at, list->base, base_len);
		at += base_len;
		*at++ = '/';
		memcpy(at, kept->text, kept->path_len + 1);
		at += kept->path_len + 1;
	}
	return paths;
}

static void tell(struct list *list)
{
	struct file_entry *entries;
	char *paths;
	struct file_listing listing = { .path = list->base };

	sort(list);
	entries = mem_array(struct file_entry, list->count + 1);
	paths = make_absolute(list, entries, &listing.count);
	listing.entries = entries;
	listing.truncated = list->truncated;
	list->done(list->ctx, &listing, NULL);
	free(paths);
	free(entries);
}

static void deliver(struct file_op *op, const struct error *err)
{
	struct list *list = (struct list *)op;

	if (err)
		list->done(list->ctx, NULL, err);
	else
		tell(list);
	while (list->count > 0)
		free(list->heap[--list->count].text);
	free(list->heap);
	free(list->base);
}

static const struct file_question question = {
	.type = WIRE_LIST,
	.on_frame = on_frame,
	.deliver = deliver,
	.limit_ms = LIMIT_MS,
};

/* --- the question -------------------------------------------------------------------------- */

static bool has_parent_part(const char *pattern)
{
	for (const char *at = pattern; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == '\0'))
			return true;
	}
	return false;
}

static bool pattern_fits(const char *pattern, struct error *err)
{
	if (!pattern)
		return true;
	if (pattern[0] == '\0' || strlen(pattern) > WIRE_PATTERN_MAX - 3)
		return error_set(err, ERROR_INVALID, "a pattern has between 1 and %d bytes",
				 WIRE_PATTERN_MAX - 3);
	if (pattern[0] != '/' && !has_parent_part(pattern))
		return true;
	error_set(err, ERROR_INVALID,
		  "a pattern is matched against what lies below the folder: it neither begins with "
		  "a slash nor has a part ..");
	return error_advise(err, "put the folder into path, and the rest into pattern", false);
}

static bool request_fits(const struct file_list_request *request, struct error *err)
{
	if (request->limit < 1 || request->limit > FILE_LIST_MAX)
		return error_set(err, ERROR_INVALID, "limit is between 1 and %d", FILE_LIST_MAX);
	return (!request->path || file_path_fits(request->path, err)) &&
	       pattern_fits(request->pattern, err);
}

/* A pattern without a slash is about names: at any depth, when that is wished. */
static void put_order(struct wire_writer *writer, const struct sandbox *sb,
		      const struct file_list_request *request)
{
	struct wire_list order = { 0 };
	const char *pattern = request->pattern ? request->pattern : "";
	const char *path = request->path ? request->path : ".";
	bool deep = *pattern && request->recursive && !strchr(pattern, '/');

	file_base(sb, order.base);
	memcpy(order.path, path, strlen(path));
	snprintf(order.pattern, sizeof(order.pattern), "%s%s", deep ? "**/" : "", pattern);
	order.recursive = request->recursive;
	order.looks_max = FILE_LIST_LOOKS_MAX;
	order.limit_ms = LIMIT_MS;
	wire_put_list(writer, &order);
}

struct sandbox_op *file_list(struct sandboxes *all, const struct file_list_request *request,
			     file_list_fn *done, void *ctx, struct error *err)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };
	struct sandbox *sb;
	struct list *list;

	if (!registry_use(all, request->owner, request->container_id, &sb, err) ||
	    !request_fits(request, err) || !file_op_may_begin(sb, err))
		return NULL;
	put_order(&writer, sb, request);
	list = mem_new(struct list);
	list->limit = (size_t)request->limit;
	list->done = done;
	list->ctx = ctx;
	file_op_begin(&list->file, sb, &question, request->path ? request->path : ".", &writer);
	return &list->file.op;
}
