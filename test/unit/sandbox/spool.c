/* The bookkeeping of output on disk: what is kept, what is only counted, what can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "internal.h"

enum { LIMIT = 50000, SIZE = 200000 };

static struct sandboxes all;
static char dir[64];
static char id[ID_SIZE];
static struct spool spool;
static char text[SIZE];

static int open_dir(void **state)
{
	struct error err;

	(void)state;
	log_open(LOG_ERROR + 1, LOG_TEXT);
	snprintf(dir, sizeof(dir), "/tmp/sandpod-unit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	all.settings.data_dir = dir;
	assert_true(spool_dir_open(&all, &err));
	id_new("x-", id);
	spool_init(&spool, all.spool_dir, id, COMMAND_STDOUT, LIMIT);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)('a' + (i / 26 + i) % 26);
	return 0;
}

static int close_dir(void **state)
{
	auto_str path = mem_format("%s/spool", dir);

	(void)state;
	spool_release(&spool);
	spool_forget(&all, id);
	spool_dir_close(&all);
	/* Forgetting left nothing behind. */
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static bool file_exists(const char *suffix)
{
	auto_str name = mem_format("%s%s", id, suffix);
	struct stat status;

	return fstatat(all.spool_dir, name, &status, 0) == 0;
}

static void expect_read(int64_t offset, int64_t len, int64_t expected_len)
{
	auto_buf data = BUF_INIT(SIZE);
	struct error err;

	assert_true(spool_read(&spool, offset, len, &data, &err));
	assert_int_equal(data.len, expected_len);
	if (data.len > 0)
		assert_memory_equal(data.data, text + offset, data.len);
}

static void reload(int64_t total)
{
	spool_release(&spool);
	spool_init(&spool, all.spool_dir, id, COMMAND_STDOUT, LIMIT);
	spool_load(&spool, total);
}

static void nothing_printed_makes_no_file(void **state)
{
	(void)state;
	spool_finish(&spool);
	assert_false(file_exists(".out"));
	assert_int_equal(spool_readable(&spool), 0);
	expect_read(0, 100, 0);
}

static void a_short_output_is_written_at_the_end_and_read_from_memory(void **state)
{
	(void)state;
	spool_write(&spool, text, 100);
	spool_write(&spool, text + 100, 50);
	assert_false(file_exists(".out"));
	assert_int_equal(spool_safe(&spool), 0);
	expect_read(90, 20, 20);
	spool_finish(&spool);
	assert_true(file_exists(".out"));
	assert_int_equal(spool_safe(&spool), 150);
	expect_read(0, 1000, 150);
	reload(150);
	expect_read(100, 1000, 50);
	assert_int_equal(spool_tail_from(&spool), 150);
}

static void a_longer_output_goes_to_disk_as_it_comes(void **state)
{
	(void)state;
	spool_write(&spool, text, SPOOL_MEMORY);
	assert_int_equal(spool_safe(&spool), 0);
	spool_write(&spool, text + SPOOL_MEMORY, 1);
	assert_int_equal(spool_safe(&spool), SPOOL_MEMORY + 1);
	reload(-1); /* a crash */
	assert_int_equal(spool.total, SPOOL_MEMORY + 1);
	spool_write(&spool, text + spool.total, 100);
	expect_read(SPOOL_MEMORY - 10, 1000, 111);
}

static void output_past_the_limit_is_counted_and_its_end_kept(void **state)
{
	(void)state;
	for (size_t at = 0; at < SIZE; at += 1000)
		spool_write(&spool, text + at, 1000);
	assert_int_equal(spool.total, SIZE);
	assert_int_equal(spool_readable(&spool), LIMIT);
	expect_read(LIMIT - 10, 100, 10);
	expect_read(LIMIT + 10, 100, 0);
	assert_true(spool_tail_from(&spool) <= SIZE - SPOOL_MEMORY);
	expect_read(SIZE - SPOOL_MEMORY, SPOOL_MEMORY, SPOOL_MEMORY);
	spool_finish(&spool);
	reload(SIZE);
	assert_int_equal(spool_readable(&spool), LIMIT);
	assert_int_equal(spool_tail_from(&spool), SIZE - SPOOL_MEMORY);
	expect_read(SIZE - SPOOL_MEMORY, SPOOL_MEMORY, SPOOL_MEMORY);
	expect_read(SIZE - SPOOL_MEMORY - 1, 100, 0);
}

static void just_past_the_limit_nothing_is_missing(void **state)
{
	(void)state;
	spool_write(&spool, text, LIMIT - 5);
	spool_write(&spool, text + LIMIT - 5, 20);
	assert_true(spool.cut);
	assert_int_equal(spool_readable(&spool), LIMIT);
	assert_int_equal(spool_tail_from(&spool), LIMIT);
	expect_read(LIMIT - 100, 1000, 115);
}

static void exactly_the_limit_is_kept_whole(void **state)
{
	(void)state;
	spool_write(&spool, text, LIMIT);
	assert_false(spool.cut);
	spool_finish(&spool);
	reload(LIMIT);
	assert_false(spool.cut);
	expect_read(0, SIZE, LIMIT);
}

static void one_huge_piece_is_cut_right(void **state)
{
	(void)state;
	spool_write(&spool, text, SIZE);
	expect_read(0, SIZE, LIMIT);
	expect_read(SIZE - 1000, 5000, 1000);
}

static void a_gap_is_never_closed_up(void **state)
{
	(void)state;
	spool_write(&spool, text, 1000);
	spool_skip(&spool, 5000);
	spool_write(&spool, text + 5000, 100);
	assert_int_equal(spool.total, 5100);
	expect_read(0, SIZE, 1000);
	expect_read(1000, SIZE, 0);
	assert_int_equal(spool_tail_from(&spool), 5000);
	expect_read(5000, SIZE, 100);
}

static void a_disk_that_refuses_loses_the_output_but_not_the_count(void **state)
{
	(void)state;
	spool.dir = -1;
	spool_write(&spool, text, 1000);
	spool_write(&spool, text + 1000, SPOOL_MEMORY);
	assert_int_equal(spool.total, SPOOL_MEMORY + 1000);
	assert_int_equal(spool_safe(&spool), SPOOL_MEMORY + 1000);
	assert_true(spool.cut);
	assert_int_equal(spool_readable(&spool), 0);
	expect_read(SPOOL_MEMORY, 1000, 1000);
	spool_finish(&spool);
}

static void a_short_output_is_shown_even_if_the_disk_refuses_it(void **state)
{
	(void)state;
	spool.dir = -1;
	spool_write(&spool, text, 1000);
	spool_finish(&spool);
	expect_read(0, 1000, 1000);
}

/* A small disk of its own, so that filling it fills nothing else. */
static void a_disk_is_never_filled_to_its_end(void **state)
{
	char place[] = "/tmp/sandpod-disk-XXXXXX";
	struct statvfs disk;
	struct spool big;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(place));
	assert_int_equal(mount("spool", place, "tmpfs", 0, "size=1m"), 0);
	fd = open(place, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	spool_init(&big, fd, id, COMMAND_STDOUT, 8 * SIZE);
	for (size_t at = 0; at < 8 * SIZE; at += 1000)
		spool_write(&big, text + at % SIZE, 1000);
	assert_int_equal(fstatvfs(fd, &disk), 0);
	spool_release(&big);
	close(fd);
	assert_int_equal(umount2(place, MNT_DETACH), 0);
	assert_int_equal(rmdir(place), 0);
	assert_true(big.kept > SIZE);
	assert_int_equal(big.total, 8 * SIZE);
	assert_true(big.cut);
	/* A twentieth stays free, but for the last piece and the rest of its page. */
	assert_true(disk.f_bavail + 2 >= disk.f_blocks / 20);
}

static void a_symbolic_link_in_the_place_of_the_file_is_not_followed(void **state)
{
	auto_str name = mem_format("%s.out", id);
	auto_str target = mem_format("%s/target", dir);
	struct stat status;

	(void)state;
	assert_int_equal(symlinkat(target, all.spool_dir, name), 0);
	spool_write(&spool, text, 30000);
	spool_finish(&spool);
	assert_int_not_equal(stat(target, &status), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_dir, close_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_printed_makes_no_file),
		test(a_short_output_is_written_at_the_end_and_read_from_memory),
		test(a_longer_output_goes_to_disk_as_it_comes),
		test(output_past_the_limit_is_counted_and_its_end_kept),
		test(just_past_the_limit_nothing_is_missing),
		test(exactly_the_limit_is_kept_whole),
		test(one_huge_piece_is_cut_right),
		test(a_gap_is_never_closed_up),
		test(a_disk_that_refuses_loses_the_output_but_not_the_count),
		test(a_short_output_is_shown_even_if_the_disk_refuses_it),
		test(a_disk_is_never_filled_to_its_end),
		test(a_symbolic_link_in_the_place_of_the_file_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
