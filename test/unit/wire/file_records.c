/* The records about files by path go there and back, and what is malformed is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "wire_file.h"

static uint8_t payload[WIRE_PAYLOAD_MAX];

static struct wire_writer fresh(void)
{
	return (struct wire_writer){ .data = payload, .room = sizeof(payload) };
}

static struct wire_frame frame_of(const struct wire_writer *writer)
{
	assert_false(writer->full);
	return (struct wire_frame){ .payload = payload, .length = (uint32_t)writer->len };
}

/* Every shorter payload, and one that is a byte longer, is refused. */
#define ASSERT_WHOLE_ONLY(get, writer, result)                                                     \
	do {                                                                                       \
		struct wire_frame cut_ = frame_of(&(writer));                                      \
		uint32_t whole_ = cut_.length;                                                     \
		for (cut_.length = 0; cut_.length < whole_; cut_.length++)                         \
			assert_false(get(&cut_, &(result)));                                       \
		cut_.length = whole_ + 1;                                                          \
		assert_false(get(&cut_, &(result)));                                               \
		cut_.length = whole_;                                                              \
		assert_true(get(&cut_, &(result)));                                                \
	} while (0)

static void compose_goes_there_and_back(void **state)
{
	static struct wire_compose in = { .place = { "/base", "a\nb", 77 },
					  .mode = 0640,
					  .append = 1,
					  .make_folders = 1,
					  .version = 1ull << 60 };
	static struct wire_compose out;
	struct wire_writer writer = fresh();
	struct wire_frame frame;

	(void)state;
	wire_put_compose(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_compose, writer, out);
	assert_memory_equal(&in, &out, sizeof(in));
	in.mode = 010000;
	writer = fresh();
	wire_put_compose(&writer, &in);
	frame = frame_of(&writer);
	assert_false(wire_get_compose(&frame, &out));
	in.mode = WIRE_MODE_KEPT;
	in.append = 2;
	writer = fresh();
	wire_put_compose(&writer, &in);
	frame = frame_of(&writer);
	assert_false(wire_get_compose(&frame, &out));
}

static void a_version_differs_when_anything_does(void **state)
{
	uint64_t version = wire_version(1, 2, 3);

	(void)state;
	assert_int_equal(version, wire_version(1, 2, 3));
	assert_int_not_equal(version, wire_version(2, 2, 3));
	assert_int_not_equal(version, wire_version(1, 3, 3));
	assert_int_not_equal(version, wire_version(1, 2, 4));
	assert_int_not_equal(version, wire_version(2, 1, 3));
	assert_int_not_equal(version, 0);
}

static struct wire_entry entry_of(const char *path)
{
	return (struct wire_entry){ .type = WIRE_FILE_LINK,
				    .mode = 07777,
				    .size = INT64_MAX,
				    .modified_ns = 5,
				    .path = path,
				    .path_len = strlen(path),
				    .target = "to\nthere",
				    .target_len = 8 };
}

static bool get_first(const struct wire_entry *entry, struct wire_entry *ret_entry)
{
	struct wire_writer writer = fresh();
	struct wire_cursor cursor;

	wire_put_entry(&writer, entry);
	cursor = (struct wire_cursor){ .data = payload, .len = writer.len };
	return wire_get_entry(&cursor, ret_entry);
}

static void entries_go_one_behind_the_other(void **state)
{
	static const char *const paths[] = { "a", "...", "a/.b/..c", "\xff\n" };
	struct wire_writer writer = fresh();
	struct wire_cursor cursor;
	struct wire_entry out;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct wire_entry in = entry_of(paths[i]);

		wire_put_entry(&writer, &in);
	}
	cursor = (struct wire_cursor){ .data = payload, .len = writer.len };
	for (size_t i = 0; i < 4; i++) {
		assert_true(wire_get_entry(&cursor, &out));
		assert_int_equal(out.type, WIRE_FILE_LINK);
		assert_int_equal(out.mode, 07777);
		assert_int_equal(out.size, INT64_MAX);
		assert_int_equal(out.modified_ns, 5);
		assert_int_equal(out.path_len, strlen(paths[i]));
		assert_memory_equal(out.path, paths[i], out.path_len);
		assert_int_equal(out.target_len, 8);
		assert_memory_equal(out.target, "to\nthere", 8);
	}
	assert_true(wire_done(&cursor));
	assert_false(wire_get_entry(&cursor, &out));
}

static void an_entry_lies_below_its_folder(void **state)
{
	static const char *const lies[] = { "",   "/",    "/a",   ".",   "..",    "../a",
					    "a/", "a//b", "a/..", "./a", "a/./b", "a/../b" };
	struct wire_entry out;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct wire_entry in = entry_of(lies[i]);

		if (get_first(&in, &out))
			fail_msg("%s was taken", lies[i]);
	}
}

static void an_entry_that_cannot_be_is_refused(void **state)
{
	static char longest[WIRE_PATH_MAX + 1];
	struct wire_entry good = entry_of("a");
	struct wire_entry bad = good;
	struct wire_entry out;

	(void)state;
	assert_true(get_first(&good, &out));
	bad.type = WIRE_FILE_UNKNOWN + 1;
	assert_false(get_first(&bad, &out));
	bad = good;
	bad.mode = 010000;
	assert_false(get_first(&bad, &out));
	bad = good;
	bad.size = 1ull << 63;
	assert_false(get_first(&bad, &out));
	bad = good;
	bad.path = "a\0b";
	bad.path_len = 3;
	assert_false(get_first(&bad, &out));
	bad = good;
	memset(longest, 'x', sizeof(longest));
	bad.path = longest;
	bad.path_len = WIRE_PATH_MAX;
	assert_true(get_first(&bad, &out));
	bad.path_len++;
	assert_false(get_first(&bad, &out));
}

static void stated_is_one_entry_whose_path_is_absolute(void **state)
{
	struct wire_entry in = entry_of("/a/b");
	struct wire_writer writer = fresh();
	struct wire_entry out;
	struct wire_frame frame;

	(void)state;
	wire_put_entry(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_stated, writer, out);
	assert_int_equal(out.path_len, 4);
	in = entry_of("a/b");
	writer = fresh();
	wire_put_entry(&writer, &in);
	frame = frame_of(&writer);
	assert_false(wire_get_stated(&frame, &out));
}

static void list_goes_there_and_back(void **state)
{
	static struct wire_list in = { "/base", "a", "**/*.c", 1, 5, 6 };
	static struct wire_list out;
	struct wire_writer writer = fresh();

	(void)state;
	wire_put_list(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_list, writer, out);
	assert_memory_equal(&in, &out, sizeof(in));
}

static bool wire_get_bar_at(const struct wire_frame *frame, char (*ret_path)[WIRE_PATH_MAX + 1])
{
	return wire_get_bar(frame, *ret_path);
}

static void bar_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh();
	char path[WIRE_PATH_MAX + 1];

	(void)state;
	wire_put_bar(&writer, "a\nb/c", 5);
	ASSERT_WHOLE_ONLY(wire_get_bar_at, writer, path);
	assert_string_equal(path, "a\nb/c");
}

static void list_end_goes_there_and_back_and_its_path_is_absolute(void **state)
{
	static struct wire_list_end in = { 1, "/x" };
	static struct wire_list_end out;
	struct wire_writer writer = fresh();
	struct wire_frame frame;

	(void)state;
	wire_put_list_end(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_list_end, writer, out);
	assert_memory_equal(&in, &out, sizeof(in));
	in.path[0] = 'x';
	writer = fresh();
	wire_put_list_end(&writer, &in);
	frame = frame_of(&writer);
	assert_false(wire_get_list_end(&frame, &out));
}

static void target_goes_there_and_back(void **state)
{
	static struct wire_target in = { "/base", "a", 1, 9 };
	static struct wire_target out;
	struct wire_writer writer = fresh();

	(void)state;
	wire_put_target(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_target, writer, out);
	assert_memory_equal(&in, &out, sizeof(in));
}

static void removed_says_how_many_and_why_not_more(void **state)
{
	static struct wire_removed in = { 7, { EBUSY, "mount" }, "" };
	static struct wire_removed out;
	struct wire_writer writer = fresh();
	struct wire_frame frame;

	(void)state;
	wire_put_removed(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_removed, writer, out);
	assert_memory_equal(&in, &out, sizeof(in));
	in.failed.number = 0; /* all went, but of what? */
	writer = fresh();
	wire_put_removed(&writer, &in);
	frame = frame_of(&writer);
	assert_false(wire_get_removed(&frame, &out));
}

static void move_and_moved_go_there_and_back(void **state)
{
	static struct wire_move in = { "/base", "a", "b/", 1, 3 };
	static struct wire_move out;
	static struct wire_moved moved = { "/a", "/b/a" };
	static struct wire_moved came;
	struct wire_writer writer = fresh();
	struct wire_frame frame;

	(void)state;
	wire_put_move(&writer, &in);
	ASSERT_WHOLE_ONLY(wire_get_move, writer, out);
	assert_memory_equal(&in, &out, sizeof(in));
	writer = fresh();
	wire_put_moved(&writer, &moved);
	ASSERT_WHOLE_ONLY(wire_get_moved, writer, came);
	assert_memory_equal(&moved, &came, sizeof(moved));
	moved.destination[0] = 'x';
	writer = fresh();
	wire_put_moved(&writer, &moved);
	frame = frame_of(&writer);
	assert_false(wire_get_moved(&frame, &came));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compose_goes_there_and_back),
		cmocka_unit_test(a_version_differs_when_anything_does),
		cmocka_unit_test(entries_go_one_behind_the_other),
		cmocka_unit_test(an_entry_lies_below_its_folder),
		cmocka_unit_test(an_entry_that_cannot_be_is_refused),
		cmocka_unit_test(stated_is_one_entry_whose_path_is_absolute),
		cmocka_unit_test(list_goes_there_and_back),
		cmocka_unit_test(bar_goes_there_and_back),
		cmocka_unit_test(list_end_goes_there_and_back_and_its_path_is_absolute),
		cmocka_unit_test(target_goes_there_and_back),
		cmocka_unit_test(removed_says_how_many_and_why_not_more),
		cmocka_unit_test(move_and_moved_go_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
