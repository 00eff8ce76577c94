/* Editing a file against a scripted agent; the writing is the test's. */
#include "fixture.h"

static struct writing {
	int calls, cancelled;
	char path[100], owner[32], container_id[ID_SIZE];
	char data[1000];
	uint64_t only_if;
	int32_t mode;
	bool append, create_parents, refuse;
	struct sandbox_op op;
	file_write_fn *done;
	void *ctx;
} writing;

static void on_write_end(struct sandbox_op *op, const struct error *err)
{
	const struct file_wrote wrote = { writing.path, strlen(writing.data), true };

	assert_ptr_equal(op, &writing.op);
	writing.cancelled += err && err->kind == ERROR_CANCELLED;
	writing.done(writing.ctx, err ? NULL : &wrote, err);
}

struct sandbox_op *file_write(struct sandboxes *all, const struct file_write_request *request,
			      file_write_fn *done, void *ctx, struct error *err)
{
	if (writing.refuse) {
		error_set(err, ERROR_LIMIT, "too many files are being written");
		return NULL;
	}
	writing.calls++;
	snprintf(writing.path, sizeof(writing.path), "%s", request->path);
	snprintf(writing.owner, sizeof(writing.owner), "%s", request->owner);
	memcpy(writing.container_id, request->container_id, ID_SIZE);
	snprintf(writing.data, sizeof(writing.data), "%.*s", (int)request->len,
		 (const char *)request->data);
	writing.only_if = request->only_if;
	writing.mode = request->mode;
	writing.append = request->append;
	writing.create_parents = request->create_parents;
	writing.done = done;
	writing.ctx = ctx;
	memset(&writing.op, 0, sizeof(writing.op));
	op_begin(&writing.op, all, on_write_end);
	return &writing.op;
}

static struct outcome_of_edit {
	int calls;
	struct error err;
	char path[100], diff[1000];
	int64_t replacements;
} edited;

static void on_edited(void *ctx, const struct file_edited *edit, const struct error *err)
{
	(void)ctx;
	edited = (struct outcome_of_edit){ .calls = edited.calls + 1 };
	if (err) {
		edited.err = *err;
		return;
	}
	snprintf(edited.path, sizeof(edited.path), "%s", edit->path);
	snprintf(edited.diff, sizeof(edited.diff), "%s", edit->diff);
	edited.replacements = edit->replacements;
}

static bool is_over(void)
{
	return edited.calls > 0;
}

static bool is_being_written(void)
{
	return writing.calls > 0;
}

static struct error refusal;

static struct sandbox_op *edit(const char *owner, const char *old_text, const char *new_text)
{
	const struct file_edit_request request = { .owner = owner,
						   .container_id = house->container_id,
						   .path = "src/../a.c",
						   .old_text = old_text,
						   .new_text = new_text,
						   .count = 1 };

	edited.calls = 0;
	writing = (struct writing){ .refuse = writing.refuse };
	return file_edit(house->all, &request, on_edited, NULL, &refusal);
}

static void say_opened(uint64_t size)
{
	struct wire_opened opened = { .size = size, .modified_ns = 5000000000, .inode = 7 };

	expect_said(WIRE_OPEN, WIRE_FILE_STREAM | (house->sb->next_file_stream - 1));
	snprintf(opened.path, sizeof(opened.path), "/workspace/a.c");
	SAY(WIRE_OPENED, WIRE_FILE_STREAM | (house->sb->next_file_stream - 1), wire_put_opened,
	    &opened);
}

static void say_text(const char *text)
{
	uint32_t stream = WIRE_FILE_STREAM | (house->sb->next_file_stream - 1);
	struct wire_failed end = { .number = 0 };

	say_opened(strlen(text));
	if (*text) {
		expect_said(WIRE_READ, stream);
		say_output(WIRE_DATA, stream, 0, text, strlen(text));
		SAY(WIRE_END, stream, wire_put_failed, &end);
	}
	expect_said(WIRE_CLOSE, stream);
}

static void what_was_read_is_changed_and_written_if_it_is_still_the_same(void **state)
{
	(void)state;
	assert_non_null(edit("me", "1", "2"));
	say_text("int a = 1;\n");
	run_until(is_being_written);
	assert_string_equal(writing.path, "/workspace/a.c");
	assert_string_equal(writing.owner, "me");
	assert_string_equal(writing.container_id, house->container_id);
	assert_string_equal(writing.data, "int a = 2;\n");
	assert_true(writing.only_if != 0);
	assert_int_equal(writing.mode, -1);
	assert_false(writing.append || writing.create_parents);
	assert_int_equal(edited.calls, 0);
	op_end(&writing.op, NULL);
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_NONE);
	assert_string_equal(edited.path, "/workspace/a.c");
	assert_int_equal(edited.replacements, 1);
	assert_string_equal(edited.diff,
			    "--- a/workspace/a.c\n+++ b/workspace/a.c\n@@ -1,1 +1,1 @@\n"
			    "-int a = 1;\n+int a = 2;\n");
}

static void what_somebody_else_changed_meanwhile_is_left_alone(void **state)
{
	struct error err;

	(void)state;
	assert_non_null(edit("me", "1", "2"));
	say_text("int a = 1;\n");
	run_until(is_being_written);
	error_set(&err, ERROR_CONFLICT, "it was changed");
	op_end(&writing.op, &err);
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_CONFLICT);
	assert_string_equal(edited.err.text, "it was changed");
	writing.refuse = true;
	assert_non_null(edit("me", "1", "2"));
	say_text("int a = 1;\n");
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_LIMIT);
	writing.refuse = false;
}

static void a_text_that_is_not_there_changes_nothing(void **state)
{
	(void)state;
	assert_non_null(edit("me", "x", "y"));
	say_text("int a = 1;\n");
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_CONFLICT);
	assert_string_equal(edited.err.text, "old_text was found 0 times in /workspace/a.c");
	assert_non_null(edit("me", "x", "y"));
	say_text("");
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_CONFLICT);
	assert_int_equal(writing.calls, 0);
}

static void what_makes_no_sense_is_refused_at_once(void **state)
{
	(void)state;
	assert_null(edit("me", "", "y"));
	assert_int_equal(refusal.kind, ERROR_INVALID);
	assert_null(edit("me", "same", "same"));
	assert_int_equal(refusal.kind, ERROR_INVALID);
	assert_null(edit("you", "x", "y"));
	assert_int_equal(refusal.kind, ERROR_NOT_FOUND);
	expect_silence();
}

static void a_file_too_large_to_edit_is_not_read(void **state)
{
	(void)state;
	assert_non_null(edit("me", "x", "y"));
	say_opened((uint64_t)FILE_EDIT_MAX + 1);
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_LIMIT);
	assert_non_null(edited.err.next);
	expect_said(WIRE_CLOSE, WIRE_FILE_STREAM | (house->sb->next_file_stream - 1));
}

static void many_large_files_are_not_edited_at_once(void **state)
{
	struct sandbox_op *ops[4];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		ops[i] = edit("me", "x", "y");
		assert_non_null(ops[i]);
		say_opened(FILE_EDIT_MAX);
		expect_said(WIRE_READ, WIRE_FILE_STREAM | (house->sb->next_file_stream - 1));
	}
	assert_non_null(edit("me", "x", "y"));
	say_opened(FILE_EDIT_MAX);
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_LIMIT);
	assert_true(edited.err.retryable);
	for (size_t i = 0; i < 4; i++) {
		edited.calls = 0;
		sandbox_cancel(ops[i]);
		run_until(is_over);
	}
	assert_int_equal(house->all->edit_bytes, 0);
	house->said_read = house->said_count;
}

static void what_the_agent_says_of_the_file_is_passed_on(void **state)
{
	struct wire_failed failed = { .number = 2 };
	uint32_t stream;

	(void)state;
	assert_non_null(edit("me", "x", "y"));
	stream = WIRE_FILE_STREAM | (house->sb->next_file_stream - 1);
	expect_said(WIRE_OPEN, stream);
	SAY(WIRE_FAILED, stream, wire_put_failed, &failed);
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_NOT_FOUND);
	expect_said(WIRE_CLOSE, stream);
	assert_non_null(edit("me", "x", "y"));
	say_opened(100);
	break_link();
	run_until(is_over);
	assert_int_equal(edited.err.kind, ERROR_UNAVAILABLE);
}

/* In each phase; done comes once, and nothing is left behind. */
static void an_edit_can_be_taken_back_at_any_time(void **state)
{
	struct sandbox_op *op;

	(void)state;
	for (int phase = 0; phase < 4; phase++) {
		op = edit("me", "1", "2");
		assert_non_null(op);
		if (phase == 1)
			say_opened(11);
		if (phase >= 2)
			say_text("int a = 1;\n");
		if (phase == 3)
			run_until(is_being_written);
		sandbox_cancel(op);
		run_until(is_over);
		assert_int_equal(edited.err.kind, ERROR_CANCELLED);
		settle();
		assert_int_equal(edited.calls, 1);
		assert_int_equal(writing.cancelled, phase == 3);
		assert_int_equal(writing.calls, phase == 3);
		house->said_read = house->said_count;
	}
}

static void edits_under_way_end_with_the_server(void **state)
{
	(void)state;
	assert_non_null(edit("me", "1", "2"));
	say_text("int a = 1;\n");
	run_until(is_being_written);
	restart_server();
	assert_int_equal(edited.calls, 1);
	assert_int_equal(edited.err.kind, ERROR_CANCELLED);
	link_up();
	house->said_read = house->said_count;
	assert_non_null(edit("me", "1", "2"));
	say_text("int a = 1;\n"); /* it is in the thread now, or was */
	restart_server();
	assert_int_equal(edited.calls, 1);
	assert_int_equal(edited.err.kind, ERROR_CANCELLED);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_HOUSE(what_was_read_is_changed_and_written_if_it_is_still_the_same),
		IN_HOUSE(what_somebody_else_changed_meanwhile_is_left_alone),
		IN_HOUSE(a_text_that_is_not_there_changes_nothing),
		IN_HOUSE(what_makes_no_sense_is_refused_at_once),
		IN_HOUSE(a_file_too_large_to_edit_is_not_read),
		IN_HOUSE(many_large_files_are_not_edited_at_once),
		IN_HOUSE(what_the_agent_says_of_the_file_is_passed_on),
		IN_HOUSE(an_edit_can_be_taken_back_at_any_time),
		IN_HOUSE(edits_under_way_end_with_the_server),
	};

	return cmocka_run_group_tests_name("sandbox file_edit", tests, NULL, NULL);
}
