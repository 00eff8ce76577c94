/* What is done with paths, against a scripted agent: questions, answers, and answers that lie. */
#include <errno.h>
#include "fixture.h"

struct listed {
	int calls;
	struct error err;
	size_t count;
	bool truncated;
	char path[200];
	char paths[4000]; /* with a blank behind each */
	struct file_entry first;
	char target[100];
};
static struct listed listed;

static void on_list(void *ctx, const struct file_listing *listing, const struct error *err)
{
	size_t len = 0;

	(void)ctx;
	listed = (struct listed){ .calls = listed.calls + 1 };
	if (err) {
		listed.err = *err;
		return;
	}
	listed.count = listing->count;
	listed.truncated = listing->truncated;
	snprintf(listed.path, sizeof(listed.path), "%s", listing->path);
	for (size_t i = 0; i < listing->count && len < sizeof(listed.paths); i++)
		len += (size_t)snprintf(listed.paths + len, sizeof(listed.paths) - len, "%s ",
					listing->entries[i].path);
	if (listing->count == 0)
		return;
	listed.first = listing->entries[0];
	if (listed.first.target)
		snprintf(listed.target, sizeof(listed.target), "%s", listed.first.target);
}

static uint32_t next_stream(void)
{
	return WIRE_FILE_STREAM | house->sb->next_file_stream;
}

static struct sandbox_op *list_as(const struct file_list_request *wish, struct error *err)
{
	struct file_list_request request = *wish;

	request.owner = "me";
	request.container_id = house->container_id;
	if (request.limit == 0)
		request.limit = 1000;
	listed.calls = 0;
	return file_list(house->all, &request, on_list, NULL, err);
}

static struct sandbox_op *list(const char *path, int64_t limit)
{
	struct error err;
	struct sandbox_op *op =
		list_as(&(struct file_list_request){ .path = path, .limit = limit }, &err);

	if (!op)
		fail_msg("%s", err.text);
	return op;
}

static struct wire_entry entry_of(const char *path)
{
	return (struct wire_entry){ .path = path, .path_len = strlen(path), .target = "" };
}

/* Names with a blank between, in one frame. */
static void say_entries(uint32_t stream, const char *names)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	while (*names) {
		struct wire_entry entry = entry_of(names);

		entry.path_len = strcspn(names, " ");
		wire_put_entry(&writer, &entry);
		names += entry.path_len;
		names += *names == ' ';
	}
	say(WIRE_ENTRIES, stream, payload, writer.len);
}

static void say_list_end(uint32_t stream, const char *path, bool truncated)
{
	struct wire_list_end end = { .truncated = truncated };

	snprintf(end.path, sizeof(end.path), "%s", path);
	SAY(WIRE_LIST_END, stream, wire_put_list_end, &end);
}

static void say_failed(uint32_t stream, int number, const char *where)
{
	struct wire_failed failed = { .number = (uint32_t)number };

	snprintf(failed.where, sizeof(failed.where), "%s", where);
	SAY(WIRE_FAILED, stream, wire_put_failed, &failed);
}

static struct wire_frame frame_of(const struct said *said)
{
	return (struct wire_frame){ said->type, said->stream, said->payload, said->length };
}

/* --- listing ------------------------------------------------------------------------------- */

static struct wire_list expect_list(uint32_t stream)
{
	struct wire_frame frame = frame_of(expect_said(WIRE_LIST, stream));
	struct wire_list order;

	assert_true(wire_get_list(&frame, &order));
	return order;
}

static void a_folder_is_asked_for_and_told_sorted(void **state)
{
	uint32_t stream = next_stream();
	struct wire_list order;

	(void)state;
	list(NULL, 0);
	order = expect_list(stream);
	assert_string_equal(order.base, "/workspace");
	assert_string_equal(order.path, ".");
	assert_string_equal(order.pattern, "");
	assert_false(order.recursive);
	say_entries(stream, "src b src/a z");
	say_entries(stream, "a-b \xff a src");
	say_list_end(stream, "/workspace", false);
	settle();
	assert_int_equal(listed.calls, 1);
	assert_string_equal(listed.path, "/workspace");
	assert_string_equal(listed.paths, "/workspace/a /workspace/a-b /workspace/b /workspace/src "
					  "/workspace/src/a /workspace/z /workspace/\xff ");
	assert_false(listed.truncated);
	expect_silence(); /* the agent is done with it by itself */
}

static void expect_bar(uint32_t stream, const char *path)
{
	struct wire_frame frame = frame_of(expect_said(WIRE_BAR, stream));
	char bar[WIRE_PATH_MAX + 1];

	assert_true(wire_get_bar(&frame, bar));
	assert_string_equal(bar, path);
}

static void the_first_of_many_are_kept(void **state)
{
	uint32_t stream = next_stream();

	(void)state;
	list("/", 3);
	say_entries(stream, "x c y");
	expect_list(stream);
	expect_bar(stream, "y");
	say_entries(stream, "b z a w d");
	expect_bar(stream, "c");
	say_entries(stream, "c d");
	expect_silence(); /* it knows */
	say_list_end(stream, "/", false);
	settle();
	assert_string_equal(listed.paths, "/a /b /c ");
	assert_true(listed.truncated);
	list("/", 2);
	say_entries(next_stream() - 1, "b a");
	say_list_end(next_stream() - 1, "/", false);
	settle();
	assert_string_equal(listed.paths, "/a /b ");
	assert_false(listed.truncated);
}

static void an_entry_comes_with_all_that_was_told(void **state)
{
	uint32_t stream = next_stream();
	struct wire_entry entry = entry_of("link");
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	(void)state;
	list("/x", 5);
	entry.type = WIRE_FILE_LINK;
	entry.mode = 04755;
	entry.size = 7;
	entry.modified_ns = (uint64_t)-2000000;
	entry.target = "../a\nb";
	entry.target_len = 6;
	wire_put_entry(&writer, &entry);
	say(WIRE_ENTRIES, stream, payload, writer.len);
	say_list_end(stream, "/x", true);
	settle();
	assert_int_equal(listed.first.type, FILE_TYPE_LINK);
	assert_int_equal(listed.first.mode, 04755);
	assert_int_equal(listed.first.size, 7);
	assert_int_equal(listed.first.modified_ms, -2);
	assert_string_equal(listed.target, "../a\nb");
	assert_true(listed.truncated);
}

static void a_pattern_about_names_looks_as_deep_as_is_wished(void **state)
{
	static const struct {
		const char *pattern;
		bool recursive;
		const char *sent;
	} cases[] = { { "*.py", false, "*.py" },
		      { "*.py", true, "**/*.py" },
		      { "src/*.py", true, "src/*.py" } };
	static const char *const refused[] = { "", "/etc/*", "../x", "a/../b", "a/.." };
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t stream = next_stream();
		struct file_list_request wish = { .pattern = cases[i].pattern,
						  .recursive = cases[i].recursive };

		assert_non_null(list_as(&wish, &err));
		assert_string_equal(expect_list(stream).pattern, cases[i].sent);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct file_list_request wish = { .pattern = refused[i] };

		assert_null(list_as(&wish, &err));
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	assert_null(list_as(&(struct file_list_request){ .limit = -1 }, &err));
	assert_null(list_as(&(struct file_list_request){ .limit = FILE_LIST_MAX + 1 }, &err));
	assert_null(list_as(&(struct file_list_request){ .path = "" }, &err));
}

static void an_entry_that_lies_about_its_place_ends_the_link(void **state)
{
	static const char *const lies[] = { "/etc/passwd", "../up", "a/../b", "a//b", "a/", "." };

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint32_t stream = next_stream();

		list("/", 10);
		say_entries(stream, lies[i]);
		assert_false(house->open);
		settle();
		assert_int_equal(listed.calls, 1);
		assert_int_equal(listed.err.kind, ERROR_UNAVAILABLE);
		link_up();
	}
}

static void more_than_was_asked_for_ends_the_link(void **state)
{
	uint32_t stream = next_stream();
	char names[30000];

	(void)state;
	for (size_t i = 0; i < sizeof(names); i++)
		names[i] = "abc "[i % 4];
	names[400] = '\0';
	list("/", 10);
	for (int i = 0; i <= FILE_LIST_LOOKS_MAX / 100 && house->open; i++)
		say_entries(stream, names);
	assert_false(house->open);
	settle();
	assert_int_equal(listed.err.kind, ERROR_UNAVAILABLE);
}

static void what_is_kept_is_bounded_in_bytes(void **state)
{
	uint32_t stream = next_stream();
	char name[WIRE_PATH_MAX + 1];

	(void)state;
	list("/", 10000);
	for (int i = 0; i < 3000; i++) {
		memset(name, 'x', sizeof(name) - 1);
		snprintf(name, sizeof(name), "%04d", i);
		name[4] = 'x';
		name[4000] = '\0';
		say_entries(stream, name);
	}
	say_list_end(stream, "/", false);
	settle();
	assert_true(listed.truncated);
	assert_in_range(listed.count, 1000, 1100);
}

static void why_a_folder_cannot_be_listed_is_said(void **state)
{
	(void)state;
	list("/none", 1);
	say_failed(next_stream() - 1, ENOENT, "list");
	settle();
	assert_int_equal(listed.err.kind, ERROR_NOT_FOUND);
	assert_string_equal(listed.err.text, "there is no folder /none in the container");
	list("/file", 1);
	say_failed(next_stream() - 1, ENOTDIR, "list");
	settle();
	assert_int_equal(listed.err.kind, ERROR_INVALID);
}

/* --- a question ---------------------------------------------------------------------------- */

static void eight_are_asked_and_the_others_wait_their_turn(void **state)
{
	uint32_t stream = next_stream();

	(void)state;
	for (int i = 0; i < 10; i++)
		list("/", 1);
	for (uint32_t i = 0; i < 8; i++)
		expect_said(WIRE_LIST, stream + i);
	expect_silence();
	say_list_end(stream + 3, "/", false);
	expect_said(WIRE_LIST, stream + 8);
	expect_silence();
	settle();
	say_list_end(stream + 8, "/", false);
	expect_said(WIRE_LIST, stream + 9);
}

static void who_takes_it_back_makes_room_and_hears_no_more(void **state)
{
	uint32_t stream = next_stream();
	struct sandbox_op *op = list("/", 1);

	(void)state;
	expect_said(WIRE_LIST, stream);
	sandbox_cancel(op);
	say_entries(stream, "a");
	settle();
	assert_int_equal(listed.calls, 1);
	assert_int_equal(listed.err.kind, ERROR_CANCELLED);
	expect_said(WIRE_CLOSE, stream);
	say_list_end(stream, "/", false); /* was on its way */
	assert_true(house->open);
}

static void a_link_that_breaks_is_told_and_a_missing_one_waited_for(void **state)
{
	uint32_t stream;

	(void)state;
	list("/", 1);
	break_link();
	settle();
	assert_int_equal(listed.err.kind, ERROR_UNAVAILABLE);
	list("/", 1);
	stream = next_stream() - 1;
	house->said_read = house->said_count;
	link_up();
	expect_said(WIRE_LIST, stream);
	say_list_end(stream, "/", false);
	settle();
	assert_int_equal(listed.err.kind, ERROR_NONE);
}

static void a_container_that_goes_says_how(void **state)
{
	struct error err;
	int64_t at;

	(void)state;
	list("/", 1);
	assert_true(sandbox_destroy(house->all, "me", house->container_id, &at, &err));
	settle();
	assert_int_equal(listed.err.kind, ERROR_GONE);
	assert_null(list_as(&(struct file_list_request){ .path = "/" }, &err));
}

static void an_earlier_agent_is_not_asked(void **state)
{
	(void)state;
	house->sb->hello.version = WIRE_VERSION_FILES - 1;
	list("/", 1);
	settle();
	assert_int_equal(listed.err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(listed.err.text, "earlier version"));
	expect_silence();
}

static void anothers_container_is_not_there(void **state)
{
	struct file_list_request request = { .owner = "you",
					     .container_id = house->container_id,
					     .limit = 1 };
	struct error err;

	(void)state;
	assert_null(file_list(house->all, &request, on_list, NULL, &err));
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void an_answer_to_another_question_ends_the_link(void **state)
{
	uint32_t stream = next_stream();

	(void)state;
	list("/", 1);
	say(WIRE_TAKEN, stream, "\0\0\0\0\0\0\0", 8);
	assert_false(house->open);
	settle();
	assert_int_equal(listed.calls, 1);
}

/* --- looking ------------------------------------------------------------------------------- */

static struct listed looked;

static void on_stat(void *ctx, const struct file_entry *entry, const struct error *err)
{
	(void)ctx;
	looked = (struct listed){ .calls = looked.calls + 1 };
	if (err) {
		looked.err = *err;
		return;
	}
	looked.first = *entry;
	snprintf(looked.path, sizeof(looked.path), "%s", entry->path);
	snprintf(looked.target, sizeof(looked.target), "%s", entry->target ? entry->target : "-");
}

static void look(const char *path, bool no_follow)
{
	struct file_path_request request = { .owner = "me",
					     .container_id = house->container_id,
					     .path = path,
					     .no_follow = no_follow };
	struct error err;

	looked.calls = 0;
	assert_non_null(file_stat(house->all, &request, on_stat, NULL, &err));
}

static void one_path_is_looked_at(void **state)
{
	uint32_t stream = next_stream();
	struct wire_entry entry = entry_of("/real/file");
	struct wire_target order;
	struct wire_frame frame;

	(void)state;
	look("file", true);
	frame = frame_of(expect_said(WIRE_STAT, stream));
	assert_true(wire_get_target(&frame, &order));
	assert_string_equal(order.path, "file");
	assert_int_equal(order.flag, 1);
	entry.size = 5;
	SAY(WIRE_STATED, stream, wire_put_entry, &entry);
	settle();
	assert_string_equal(looked.path, "/real/file");
	assert_string_equal(looked.target, "-");
	assert_int_equal(looked.first.size, 5);
	look("none", false);
	say_failed(stream + 1, ENOENT, "stat");
	settle();
	assert_int_equal(looked.err.kind, ERROR_NOT_FOUND);
	look("lie", false);
	entry = entry_of("relative");
	SAY(WIRE_STATED, stream + 2, wire_put_entry, &entry);
	assert_false(house->open);
}

/* --- writing ------------------------------------------------------------------------------- */

struct wrote {
	int calls;
	struct error err;
	char path[100];
	uint64_t size;
	bool replaced;
};
static struct wrote wrote;

static void on_wrote(void *ctx, const struct file_wrote *result, const struct error *err)
{
	(void)ctx;
	wrote = (struct wrote){ .calls = wrote.calls + 1 };
	if (err) {
		wrote.err = *err;
		return;
	}
	snprintf(wrote.path, sizeof(wrote.path), "%s", result->path);
	wrote.size = result->size;
	wrote.replaced = result->replaced;
}

static struct sandbox_op *write_as(const struct file_write_request *wish, struct error *err)
{
	struct file_write_request request = *wish;

	request.owner = "me";
	request.container_id = house->container_id;
	request.path = request.path ? request.path : "file";
	wrote.calls = 0;
	return file_write(house->all, &request, on_wrote, NULL, err);
}

/* Asked, and the agent is ready. */
static struct sandbox_op *begin_write(uint32_t stream, const struct file_write_request *wish)
{
	struct wire_created created = { .replaces = 1, .path = "/workspace/file" };
	struct error err;
	struct sandbox_op *op;

	house->said_read = house->said_count;
	op = write_as(wish, &err);
	assert_non_null(op);
	expect_said(WIRE_COMPOSE, stream);
	SAY(WIRE_CREATED, stream, wire_put_created, &created);
	return op;
}

static void say_saved(uint32_t stream, uint64_t size)
{
	struct wire_saved saved = { .size = size, .replaced = 1 };

	SAY(WIRE_SAVED, stream, wire_put_saved, &saved);
}

static void a_wish_about_a_file_is_passed_on(void **state)
{
	struct file_write_request wish = {
		.path = "a/b", .data = "12345", .len = 5, .mode = 0640, .only_if = 99
	};
	uint32_t stream = next_stream();
	struct wire_compose compose;
	struct wire_frame frame;
	struct error err;

	(void)state;
	assert_non_null(write_as(&wish, &err));
	frame = frame_of(expect_said(WIRE_COMPOSE, stream));
	assert_true(wire_get_compose(&frame, &compose));
	assert_string_equal(compose.place.base, "/workspace");
	assert_string_equal(compose.place.path, "a/b");
	assert_int_equal(compose.place.size, 5);
	assert_int_equal(compose.mode, 0640);
	assert_int_equal(compose.version, 99);
	assert_false(compose.append);
	assert_false(compose.make_folders);
	wish = (struct file_write_request){ .mode = -1, .append = true, .create_parents = true };
	assert_non_null(write_as(&wish, &err));
	frame = frame_of(expect_said(WIRE_COMPOSE, stream + 1));
	assert_true(wire_get_compose(&frame, &compose));
	assert_int_equal(compose.mode, WIRE_MODE_KEPT);
	assert_true(compose.append);
	assert_true(compose.make_folders);
}

static void a_file_is_written_as_the_agent_takes_it(void **state)
{
	static char data[WIRE_UPLOAD_WINDOW + 1000];
	struct file_write_request wish = { .data = data, .len = sizeof(data), .mode = -1 };
	uint32_t stream = next_stream();
	const struct said *said;
	size_t sum = 0;

	(void)state;
	begin_write(stream, &wish);
	while ((said = next_said()))
		sum += said->length - WIRE_CHUNK_HEADER;
	assert_int_equal(sum, WIRE_UPLOAD_WINDOW);
	SAY(WIRE_TAKEN, stream, wire_put_taken, sum);
	assert_int_equal(expect_said(WIRE_WRITE, stream)->length, 1000 + WIRE_CHUNK_HEADER);
	expect_said(WIRE_SAVE, stream);
	settle();
	assert_int_equal(wrote.calls, 0);
	say_saved(stream, sizeof(data));
	settle();
	assert_int_equal(wrote.calls, 1);
	assert_int_equal(wrote.err.kind, ERROR_NONE);
	assert_string_equal(wrote.path, "/workspace/file");
	assert_int_equal(wrote.size, sizeof(data));
	assert_true(wrote.replaced);
}

static void what_is_appended_makes_a_longer_file(void **state)
{
	struct file_write_request wish = { .data = "x", .len = 1, .mode = -1, .append = true };
	uint32_t stream = next_stream();

	(void)state;
	begin_write(stream, &wish);
	say_saved(stream, 1000);
	settle();
	assert_int_equal(wrote.size, 1000);
	begin_write(stream + 1, &wish);
	say_saved(stream + 1, 0); /* shorter than what was sent */
	assert_false(house->open);
}

static void a_file_that_was_changed_is_a_conflict(void **state)
{
	struct file_write_request wish = { .data = "x", .len = 1, .mode = -1, .only_if = 1 };
	uint32_t stream = next_stream();

	(void)state;
	begin_write(stream, &wish);
	say_failed(stream, ESTALE, "version");
	settle();
	assert_int_equal(wrote.err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(wrote.err.text, "was changed"));
}

static void a_missing_folder_names_the_argument_that_makes_it(void **state)
{
	struct file_write_request wish = { .data = "x", .len = 1, .mode = -1 };
	uint32_t stream = next_stream();

	(void)state;
	begin_write(stream, &wish);
	say_failed(stream, ENOENT, "open");
	settle();
	assert_int_equal(wrote.err.kind, ERROR_INVALID);
	assert_non_null(strstr(wrote.err.next, "create_parents"));
	wish.only_if = 1; /* an edit */
	begin_write(stream + 1, &wish);
	say_failed(stream + 1, ENOENT, "open");
	settle();
	assert_null(strstr(wrote.err.next, "create_parents"));
}

static void a_write_taken_back_is_taken_back_in_the_container(void **state)
{
	static char data[WIRE_UPLOAD_WINDOW + 1];
	struct file_write_request wish = { .data = data, .len = sizeof(data), .mode = -1 };
	uint32_t stream = next_stream();
	struct sandbox_op *op = begin_write(stream, &wish);
	const struct said *said;
	const struct said *last = NULL;

	(void)state;
	sandbox_cancel(op);
	settle();
	assert_int_equal(wrote.err.kind, ERROR_CANCELLED);
	while ((said = next_said()))
		last = said;
	assert_non_null(last);
	assert_int_equal(last->type, WIRE_CLOSE);
}

static void a_link_that_breaks_while_saving_leaves_it_unknown(void **state)
{
	struct file_write_request wish = { .data = "x", .len = 1, .mode = -1 };
	uint32_t stream = next_stream();

	(void)state;
	begin_write(stream, &wish);
	break_link();
	settle();
	assert_int_equal(wrote.err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(wrote.err.text, "not known"));
	assert_null(strstr(wrote.err.text, "link is used up"));
}

static void what_cannot_be_written_is_refused_at_once(void **state)
{
	struct error err;

	(void)state;
	assert_null(write_as(&(struct file_write_request){ .mode = 010000 }, &err));
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_null(write_as(&(struct file_write_request){ .len = FILE_WRITE_MAX + 1 }, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_null(write_as(&(struct file_write_request){ .path = "" }, &err));
	assert_non_null(write_as(&(struct file_write_request){ .path = "folder/" }, &err));
	settle();
	assert_int_equal(wrote.err.kind, ERROR_INVALID);
}

/* --- removing and moving ------------------------------------------------------------------- */

struct changed {
	int calls;
	struct error err;
	char path[200], destination[200];
	uint64_t count;
};
static struct changed changed;

static void on_deleted(void *ctx, const char *path, uint64_t count, const struct error *err)
{
	(void)ctx;
	changed = (struct changed){ .calls = changed.calls + 1, .count = count };
	snprintf(changed.path, sizeof(changed.path), "%s", path);
	if (err)
		changed.err = *err;
}

static void remove_path(const char *path, bool recursive)
{
	struct file_path_request request = { .owner = "me",
					     .container_id = house->container_id,
					     .path = path,
					     .recursive = recursive };
	struct error err;

	changed.calls = 0;
	assert_non_null(file_delete(house->all, &request, on_deleted, NULL, &err));
}

static void say_removed(uint32_t stream, uint64_t count, int number, const char *path)
{
	struct wire_removed removed = { .count = count, .failed.number = (uint32_t)number };

	snprintf(removed.path, sizeof(removed.path), "%s", path);
	SAY(WIRE_REMOVED, stream, wire_put_removed, &removed);
	settle();
	assert_int_equal(changed.calls, 1);
}

static void what_was_removed_is_counted(void **state)
{
	uint32_t stream = next_stream();
	struct wire_target order;
	struct wire_frame frame;

	(void)state;
	remove_path("tree", true);
	frame = frame_of(expect_said(WIRE_REMOVE, stream));
	assert_true(wire_get_target(&frame, &order));
	assert_string_equal(order.path, "tree");
	assert_int_equal(order.flag, 1);
	say_removed(stream, 7, 0, "/workspace/tree");
	assert_int_equal(changed.err.kind, ERROR_NONE);
	assert_int_equal(changed.count, 7);
	assert_string_equal(changed.path, "/workspace/tree");
}

static void what_could_not_be_removed_is_named_with_what_was(void **state)
{
	uint32_t stream = next_stream();

	(void)state;
	remove_path("tree", true);
	say_removed(stream, 7, EACCES, "/workspace/tree/a\nb");
	assert_int_equal(changed.err.kind, ERROR_CONFLICT);
	assert_int_equal(changed.count, 7);
	assert_non_null(strstr(changed.err.text, "after 7 entries were removed: "));
	assert_non_null(strstr(changed.err.text, "/workspace/tree/a?b"));
	remove_path("tree", false);
	say_removed(stream + 1, 0, ENOTEMPTY, "/workspace/tree");
	assert_non_null(strstr(changed.err.next, "recursive"));
	remove_path("tree", true);
	say_removed(stream + 2, 7, ETIME, "");
	assert_int_equal(changed.err.kind, ERROR_TIMEOUT);
	assert_true(changed.err.retryable);
}

static void what_stays_where_it_is_says_so(void **state)
{
	static const struct {
		int number;
		const char *where, *text;
	} cases[] = { { EBUSY, "root", "root folder" },
		      { EBUSY, "workdir", "working directory" },
		      { EBUSY, "mount", "mounted" },
		      { EACCES, "kernel file", "kernel" },
		      { ENOENT, "path", "no file or folder" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		remove_path("/x", true);
		say_failed(next_stream() - 1, cases[i].number, cases[i].where);
		settle();
		assert_int_equal(changed.calls, 1);
		assert_non_null(strstr(changed.err.text, cases[i].text));
	}
}

static void on_moved(void *ctx, const char *source, const char *destination,
		     const struct error *err)
{
	(void)ctx;
	changed = (struct changed){ .calls = changed.calls + 1 };
	snprintf(changed.path, sizeof(changed.path), "%s", source);
	snprintf(changed.destination, sizeof(changed.destination), "%s", destination);
	if (err)
		changed.err = *err;
}

static void move(const char *source, const char *destination)
{
	struct file_move_request request = { .owner = "me",
					     .container_id = house->container_id,
					     .source = source,
					     .destination = destination,
					     .overwrite = true };
	struct error err;

	changed.calls = 0;
	assert_non_null(file_move(house->all, &request, on_moved, NULL, &err));
}

static void what_was_moved_is_told_where(void **state)
{
	struct wire_moved moved = { "/workspace/a", "/workspace/b/a" };
	uint32_t stream = next_stream();
	struct wire_frame frame;
	struct wire_move order;

	(void)state;
	move("a", "b/");
	frame = frame_of(expect_said(WIRE_MOVE, stream));
	assert_true(wire_get_move(&frame, &order));
	assert_string_equal(order.source, "a");
	assert_string_equal(order.destination, "b/");
	assert_int_equal(order.overwrite, 1);
	SAY(WIRE_MOVED, stream, wire_put_moved, &moved);
	settle();
	assert_int_equal(changed.err.kind, ERROR_NONE);
	assert_string_equal(changed.path, "/workspace/a");
	assert_string_equal(changed.destination, "/workspace/b/a");
}

static void why_nothing_was_moved_names_the_right_end(void **state)
{
	static const struct {
		int number;
		const char *where, *text;
		enum error_kind kind;
	} cases[] = {
		{ ENOENT, "path", "no file or folder from", ERROR_NOT_FOUND },
		{ ENOENT, "destination", "folder of to", ERROR_NOT_FOUND },
		{ EEXIST, "destination", "something at to", ERROR_CONFLICT },
		{ ENOTEMPTY, "destination", "to is a folder", ERROR_CONFLICT },
		{ EACCES, "kernel destination", "to belongs to the kernel", ERROR_INVALID },
		{ EROFS, "destination", "to lies in a place that is read-only", ERROR_CONFLICT },
		{ ENOSPC, "copy", "nothing was moved: there is no room for to", ERROR_LIMIT },
		{ ELOOP, "copy", "from is nested too deeply", ERROR_LIMIT },
		{ EINVAL, "inside", "from cannot be moved into itself", ERROR_INVALID },
		{ ETIME, "time", "from could not be copied", ERROR_TIMEOUT },
		{ EACCES, "leftover", "not all of the source", ERROR_CONFLICT },
		{ EBUSY, "workdir", "from is the container's working directory", ERROR_CONFLICT },
		{ 9999, "what is this", "from", ERROR_CONFLICT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		move("from", "to");
		say_failed(next_stream() - 1, cases[i].number, cases[i].where);
		settle();
		assert_int_equal(changed.calls, 1);
		if (!strstr(changed.err.text, cases[i].text))
			fail_msg("%s: %s", cases[i].text, changed.err.text);
		assert_int_equal(changed.err.kind, cases[i].kind);
		assert_null(strchr(changed.err.text, '\n'));
	}
}

static void a_change_whose_answer_is_lost_is_not_known(void **state)
{
	(void)state;
	remove_path("x", true);
	break_link();
	settle();
	assert_int_equal(changed.err.kind, ERROR_UNAVAILABLE);
	assert_non_null(strstr(changed.err.text, "not known"));
	link_up();
	move("from", "to");
	break_link();
	settle();
	assert_non_null(strstr(changed.err.text, "not known"));
}

/* --- watching ------------------------------------------------------------------------------ */

static int changes;

static void on_changed(void *ctx)
{
	(void)ctx;
	changes++;
}

static bool has_changed(void)
{
	return changes > 0;
}

static struct file_watch *watch_path(const char *path, struct error *err)
{
	struct file_path_request request = { .owner = "me",
					     .container_id = house->container_id,
					     .path = path };

	changes = 0;
	return file_watch_begin(house->all, &request, on_changed, NULL, err);
}

static void changes_are_told_bundled_until_the_end(void **state)
{
	uint32_t stream = next_stream();
	struct file_watch *watch;
	struct wire_target order;
	struct wire_frame frame;
	struct error err;
	int64_t begun = clock_mono_ms();

	(void)state;
	watch = watch_path("file", &err);
	assert_non_null(watch);
	frame = frame_of(expect_said(WIRE_OBSERVE, stream));
	assert_true(wire_get_target(&frame, &order));
	assert_string_equal(order.path, "file");
	say(WIRE_OBSERVED, stream, NULL, 0);
	settle();
	assert_int_equal(changes, 0);
	for (int i = 0; i < 3; i++) {
		for (int j = 0; j < 1000; j++)
			say(WIRE_CHANGED, stream, NULL, 0);
		run_until(has_changed);
		assert_int_equal(changes, 1);
		changes = 0;
	}
	assert_true(clock_mono_ms() - begun >= 199);
	say(WIRE_CHANGED, stream, NULL, 0);
	file_watch_end(watch);
	expect_said(WIRE_CLOSE, stream);
	say(WIRE_CHANGED, stream, NULL, 0); /* was on its way */
	settle();
	assert_int_equal(changes, 0);
	assert_true(house->open);
}

static void a_watch_outlives_its_link_and_tells_what_may_have_been_missed(void **state)
{
	struct file_watch *watch;
	struct error err;
	uint32_t stream;

	(void)state;
	watch = watch_path("file", &err);
	break_link();
	settle();
	assert_int_equal(changes, 0);
	house->said_read = house->said_count;
	stream = next_stream();
	link_up();
	expect_said(WIRE_OBSERVE, stream);
	run_until(has_changed);
	assert_int_equal(changes, 1);
	changes = 0;
	say(WIRE_CHANGED, stream, NULL, 0);
	run_until(has_changed);
	file_watch_end(watch);
}

static void the_end_of_a_container_is_a_last_change(void **state)
{
	struct file_watch *watch;
	struct error err;
	int64_t at;

	(void)state;
	watch = watch_path("file", &err);
	assert_true(sandbox_destroy(house->all, "me", house->container_id, &at, &err));
	run_until(has_changed);
	assert_int_equal(changes, 1);
	file_watch_end(watch);
	assert_null(watch_path("file", &err));
	assert_int_equal(err.kind, ERROR_GONE);
}

static void as_many_as_the_agent_can_are_watched(void **state)
{
	struct file_watch *watches[32];
	struct error err;

	(void)state;
	for (int i = 0; i < 32; i++)
		assert_non_null(watches[i] = watch_path("file", &err));
	assert_null(watch_path("file", &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	say_failed(next_stream() - 1, ENOSPC, "observe");
	say(WIRE_CHANGED, next_stream() - 2, "x", 1);
	assert_false(house->open);
	for (int i = 0; i < 32; i++)
		file_watch_end(watches[i]);
	link_up();
	house->sb->hello.version = WIRE_VERSION_FILES - 1;
	assert_null(watch_path("file", &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
}

#define HOUSE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE(a_folder_is_asked_for_and_told_sorted),
		HOUSE(the_first_of_many_are_kept),
		HOUSE(an_entry_comes_with_all_that_was_told),
		HOUSE(a_pattern_about_names_looks_as_deep_as_is_wished),
		HOUSE(an_entry_that_lies_about_its_place_ends_the_link),
		HOUSE(more_than_was_asked_for_ends_the_link),
		HOUSE(what_is_kept_is_bounded_in_bytes),
		HOUSE(why_a_folder_cannot_be_listed_is_said),
		HOUSE(eight_are_asked_and_the_others_wait_their_turn),
		HOUSE(who_takes_it_back_makes_room_and_hears_no_more),
		HOUSE(a_link_that_breaks_is_told_and_a_missing_one_waited_for),
		HOUSE(a_container_that_goes_says_how),
		HOUSE(an_earlier_agent_is_not_asked),
		HOUSE(anothers_container_is_not_there),
		HOUSE(an_answer_to_another_question_ends_the_link),
		HOUSE(one_path_is_looked_at),
		HOUSE(a_wish_about_a_file_is_passed_on),
		HOUSE(a_file_is_written_as_the_agent_takes_it),
		HOUSE(what_is_appended_makes_a_longer_file),
		HOUSE(a_file_that_was_changed_is_a_conflict),
		HOUSE(a_missing_folder_names_the_argument_that_makes_it),
		HOUSE(a_write_taken_back_is_taken_back_in_the_container),
		HOUSE(a_link_that_breaks_while_saving_leaves_it_unknown),
		HOUSE(what_cannot_be_written_is_refused_at_once),
		HOUSE(what_was_removed_is_counted),
		HOUSE(what_could_not_be_removed_is_named_with_what_was),
		HOUSE(what_stays_where_it_is_says_so),
		HOUSE(what_was_moved_is_told_where),
		HOUSE(why_nothing_was_moved_names_the_right_end),
		HOUSE(a_change_whose_answer_is_lost_is_not_known),
		HOUSE(changes_are_told_bundled_until_the_end),
		HOUSE(a_watch_outlives_its_link_and_tells_what_may_have_been_missed),
		HOUSE(the_end_of_a_container_is_a_last_change),
		HOUSE(as_many_as_the_agent_can_are_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
