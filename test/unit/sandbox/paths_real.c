/* What is done with paths, in a container on a real Podman with the real agent: that it holds for
 * what a container's files really are: layers, mounts, few rights, and processes that run out. */
#include "house.h"

enum { OUT_MAX = 4000 };

/* The last answer of whatever was asked, copied. */
static struct answer {
	bool came;
	struct error err;
	char path[300]; /* the first of a listing, or the one it is about */
	char out[OUT_MAX];
	size_t count;
	uint64_t size, version;
	bool truncated, replaced;
	enum file_type type;
} answer;
static struct house *house;

static void await_answer(void)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &answer.came));
}

/* The error is the test's to look at. */
static void begun(const struct sandbox_op *op, const struct error *err)
{
	if (!op)
		fail_msg("%s", err->text);
	answer = (struct answer){ 0 };
	await_answer();
}

static void assert_good(void)
{
	if (answer.err.kind != ERROR_NONE)
		fail_msg("%s", answer.err.text);
}

static void came(const struct error *err, const char *path)
{
	answer.came = true;
	if (err)
		answer.err = *err;
	else
		snprintf(answer.path, sizeof(answer.path), "%s", path);
}

static void on_command(void *ctx, const struct command_view *view, const struct error *err)
{
	auto_buf data = BUF_INIT(OUT_MAX - 1);
	struct error why;

	(void)ctx;
	came(err, "");
	if (err)
		return;
	assert_string_equal(view->row->state, "exited");
	assert_true(command_output(view, COMMAND_STDOUT, 0, OUT_MAX - 1, &data, &why));
	memcpy(answer.out, buf_text(&data), data.len);
}

static void run(const char *command)
{
	struct command_request request = { .owner = "me",
					   .container_id = house->id,
					   .command = command,
					   .wait_ms = 30 * SECONDS };
	struct error err;

	begun(command_start(house->all, &request, on_command, NULL, &err), &err);
	assert_good();
}

static void on_listing(void *ctx, const struct file_listing *listing, const struct error *err)
{
	(void)ctx;
	came(err, listing && listing->count ? listing->entries[0].path : "");
	if (err)
		return;
	answer.count = listing->count;
	answer.truncated = listing->truncated;
}

static void list(const char *path, const char *pattern, bool recursive, int64_t limit)
{
	struct file_list_request request = { .owner = "me",
					     .container_id = house->id,
					     .path = path,
					     .pattern = pattern,
					     .recursive = recursive,
					     .limit = limit };
	struct error err;

	begun(file_list(house->all, &request, on_listing, NULL, &err), &err);
}

static void on_stat(void *ctx, const struct file_entry *entry, const struct error *err)
{
	(void)ctx;
	came(err, entry ? entry->path : "");
	if (err)
		return;
	answer.type = entry->type;
	answer.size = entry->size;
}

static struct file_path_request path_of(const char *path)
{
	return (struct file_path_request){
		.owner = "me", .container_id = house->id, .path = path, .recursive = true
	};
}

static void look(const char *path)
{
	struct file_path_request request = path_of(path);
	struct error err;

	begun(file_stat(house->all, &request, on_stat, NULL, &err), &err);
}

static void on_wrote(void *ctx, const struct file_wrote *wrote, const struct error *err)
{
	(void)ctx;
	came(err, wrote ? wrote->path : "");
	if (err)
		return;
	answer.size = wrote->size;
	answer.replaced = wrote->replaced;
}

static void write_text(const char *path, const char *text, uint64_t only_if)
{
	struct file_write_request request = { .owner = "me",
					      .container_id = house->id,
					      .path = path,
					      .data = text,
					      .len = strlen(text),
					      .mode = -1,
					      .create_parents = true,
					      .only_if = only_if };
	struct error err;

	begun(file_write(house->all, &request, on_wrote, NULL, &err), &err);
}

static void on_deleted(void *ctx, const char *path, uint64_t count, const struct error *err)
{
	(void)ctx;
	came(err, path);
	answer.count = count;
}

static void remove_path(const char *path)
{
	struct file_path_request request = path_of(path);
	struct error err;

	begun(file_delete(house->all, &request, on_deleted, NULL, &err), &err);
}

static void on_moved(void *ctx, const char *source, const char *destination,
		     const struct error *err)
{
	(void)ctx;
	(void)source;
	came(err, destination);
}

static void move(const char *source, const char *destination)
{
	struct file_move_request request = { .owner = "me",
					     .container_id = house->id,
					     .source = source,
					     .destination = destination };
	struct error err;

	begun(file_move(house->all, &request, on_moved, NULL, &err), &err);
}

static void open_house(void **state)
{
	house = *state;
	create_default(house);
}

/* The version of a file, as reading tells it. */
static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	(void)ctx;
	came(err, "");
	answer.version = file ? file->version : 0;
}

static void on_data(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

static void on_over(void *ctx, const struct error *err)
{
	(void)ctx;
	(void)err;
}

static uint64_t version_of(const char *path)
{
	static const struct file_events events = { on_open, on_data, on_over };
	struct file_request request = { .owner = "me", .container_id = house->id, .path = path };
	struct file_reader *reader;
	struct error err;

	answer = (struct answer){ 0 };
	reader = file_reader_open_path(house->all, &request, &events, NULL, &err);
	assert_non_null(reader);
	await_answer();
	assert_good();
	file_reader_close(reader);
	return answer.version;
}

static void files_are_written_listed_moved_and_removed(void **state)
{
	uint64_t version;

	open_house(state);
	write_text("src/deep/a.c", "hello", 0);
	assert_good();
	assert_string_equal(answer.path, "/workspace/src/deep/a.c");
	assert_false(answer.replaced);
	list(NULL, "**/*.c", false, 10);
	assert_good();
	assert_int_equal(answer.count, 1);
	assert_string_equal(answer.path, "/workspace/src/deep/a.c");
	version = version_of("src/deep/a.c");
	write_text("src/deep/a.c", "hello again", version);
	assert_good();
	assert_true(answer.replaced);
	write_text("src/deep/a.c", "too late", version);
	assert_int_equal(answer.err.kind, ERROR_CONFLICT);
	look("src/deep/a.c");
	assert_good();
	assert_int_equal(answer.size, 11);
	move("src/deep/a.c", "b.c");
	assert_good();
	assert_string_equal(answer.path, "/workspace/b.c");
	remove_path("src");
	assert_good();
	assert_int_equal(answer.count, 2);
	run("ls -A; cat b.c");
	assert_string_equal(answer.out, "b.c\nhello again");
}

static void layers_and_mounts_are_moved_from_and_stay(void **state)
{
	open_house(state);
	/* A folder of the image itself, which the kernel may refuse to rename. */
	move("/usr", "/workspace/usr");
	assert_good();
	run("test -d /workspace/usr/bin && ! test -e /usr && mv /workspace/usr /usr");
	remove_path("/.sandpod");
	assert_int_equal(answer.err.kind, ERROR_CONFLICT);
	remove_path("/workspace");
	assert_int_equal(answer.err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(answer.err.text, "working directory"));
	remove_path("/");
	assert_int_equal(answer.err.kind, ERROR_INVALID);
	write_text("/.sandpod/x", "x", 0);
	assert_true(answer.err.kind != ERROR_NONE);
	list("/", NULL, true, 10000);
	assert_good();
	assert_string_equal(answer.path, "/.sandpod");
	run("mkdir -p /workspace/d && echo x > /workspace/d/x");
	move("/workspace/d", "/dev/shm");
	assert_good();
	assert_string_equal(answer.path, "/dev/shm/d");
	run("cat /dev/shm/d/x; ls -A /workspace");
	assert_string_equal(answer.out, "x\n");
}

static void a_folder_of_a_hundred_thousand_is_listed_and_removed(void **state)
{
	open_house(state);
	run("mkdir huge; cd huge; seq 100000 | xargs touch");
	list("huge", NULL, false, 1000);
	assert_good();
	assert_int_equal(answer.count, 1000);
	assert_true(answer.truncated);
	assert_string_equal(answer.path, "/workspace/huge/1");

	list("huge", "9999?", false, 1000);
	assert_good();
	assert_int_equal(answer.count, 10);
	assert_false(answer.truncated);
	remove_path("huge");
	assert_good();
	assert_int_equal(answer.count, 100001);
}

/* Every process id taken: neither listing nor writing needs one. */
static void files_are_there_when_no_process_can_be_had(void **state)
{
	open_house(state);
	run("(i=0; while [ $i -lt 100 ]; do sleep 100 & i=$((i+1)); done) >/dev/null 2>&1; true");
	write_text("file", "written all the same", 0);
	assert_good();
	list(NULL, NULL, false, 10);
	assert_good();
	assert_int_equal(answer.count, 1);
	remove_path("file");
	assert_good();
}

static int changes;

static void on_changed(void *ctx)
{
	(void)ctx;
	changes++;
}

static bool has_changed(void *ctx)
{
	(void)ctx;
	return changes > 0;
}

static void await_change(void)
{
	assert_true(rig_until(rig->loop, 20 * SECONDS, has_changed, NULL));
	changes = 0;
}

static void a_watch_sees_changes_also_on_the_next_link(void **state)
{
	struct file_path_request request;
	struct file_watch *watch;
	struct sandbox *sb;
	struct error err;

	open_house(state);
	request = path_of("in/file");
	changes = 0;
	watch = file_watch_begin(house->all, &request, on_changed, NULL, &err);
	assert_non_null(watch);
	write_text("in/file", "one", 0);
	await_change();
	run("echo two > in/new; mv in/new in/file");
	await_change();
	sb = registry_find(house->all, "me", house->id);
	link_drop(sb);
	link_keep(sb);
	await_change(); /* it may have been missed */
	run("true");
	changes = 0;
	remove_path("in/file");
	await_change();
	file_watch_end(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE(files_are_written_listed_moved_and_removed),
		LIFE(layers_and_mounts_are_moved_from_and_stay),
		LIFE(a_folder_of_a_hundred_thousand_is_listed_and_removed),
		LIFE(files_are_there_when_no_process_can_be_had),
		LIFE(a_watch_sees_changes_also_on_the_next_link),
	};

	return cmocka_run_group_tests(tests, group_open, group_close);
}
