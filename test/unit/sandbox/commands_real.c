/* Commands and files in a container on a real Podman with the real agent: what the scripted agent
 * of command.c and files.c promises is what happens. */
#include <limits.h>
#include <signal.h>
#include "private_podman.h"
#include "base64.h"
#include "internal.h"

enum { SECONDS = 1000, OUTPUT_SPOOL = 8 << 20 };

static struct rig *rig;
static char agent_path[PATH_MAX];
static struct store *store;
static struct sandbox_settings settings;
static struct sandboxes *all;
static const struct link_carrier *carrier;
static char container_id[ID_SIZE];

/* The last answer, copied. */
static struct answer {
	bool came;
	struct error err;
	char id[ID_SIZE];
	char state[STORE_STATE_SIZE];
	char hint[300];
	char reason[200];
	int64_t exit_code, signal, duration_ms, stdout_bytes, memory_peak;
	bool full, matched;
	struct buf out, error;
} answer;

static void forget_answer(void)
{
	buf_release(&answer.out);
	buf_release(&answer.error);
	answer = (struct answer){ .out = BUF_INIT(32 << 20), .error = BUF_INIT(32 << 20) };
}

static void on_command(void *ctx, const struct command_view *view, const struct error *err)
{
	struct error why;

	(void)ctx;
	answer.came = true;
	if (err) {
		answer.err = *err;
		return;
	}
	memcpy(answer.id, view->row->id, ID_SIZE);
	memcpy(answer.state, view->row->state, sizeof(answer.state));
	snprintf(answer.hint, sizeof(answer.hint), "%s", view->hint ? view->hint : "");
	snprintf(answer.reason, sizeof(answer.reason), "%s",
		 view->row->reason ? view->row->reason : "");
	answer.exit_code = view->row->exit_code;
	answer.signal = view->row->signal;
	answer.duration_ms = view->row->duration_ms;
	answer.memory_peak = view->row->memory_peak;
	answer.stdout_bytes = view->row->stdout_bytes;
	answer.full = view->kept[COMMAND_STDOUT] < view->tail_from[COMMAND_STDOUT];
	answer.matched = view->matched;
	if (!command_output(view, COMMAND_STDOUT, 0, INT64_MAX / 2, &answer.out, &why) ||
	    !command_output(view, COMMAND_STDERR, 0, INT64_MAX / 2, &answer.error, &why))
		fail_msg("%s", why.text);
}

static void await_answer(void)
{
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &answer.came));
}

static void run_request(const struct command_request *wish)
{
	struct command_request request = *wish;
	struct error err;

	request.owner = "me";
	request.container_id = container_id;
	forget_answer();
	if (!command_start(all, &request, on_command, NULL, &err))
		fail_msg("%s", err.text);
	await_answer();
}

static void run(const char *command)
{
	run_request(&(struct command_request){ .command = command, .wait_ms = 30 * SECONDS });
	if (answer.err.kind != ERROR_NONE)
		fail_msg("%s", answer.err.text);
}

static void background(const char *command)
{
	run_request(&(struct command_request){ .command = command });
	if (answer.err.kind != ERROR_NONE)
		fail_msg("%s", answer.err.text);
	assert_string_equal(answer.state, "running");
}

static void await_end(const char *wait_for)
{
	struct command_watch watch = { .owner = "me",
				       .wait_ms = 30 * SECONDS,
				       .wait_for = wait_for };
	char id[ID_SIZE];
	struct error err;

	memcpy(id, answer.id, ID_SIZE);
	watch.command_id = id;
	forget_answer();
	if (!command_check(all, &watch, on_command, NULL, &err))
		fail_msg("%s", err.text);
	await_answer();
}

static void kill_with(int signal)
{
	struct error err;
	char id[ID_SIZE];

	memcpy(id, answer.id, ID_SIZE);
	forget_answer();
	if (!command_kill(all, "me", id, signal, 30 * SECONDS, on_command, NULL, &err))
		fail_msg("%s", err.text);
	await_answer();
}

/* --- the container ------------------------------------------------------------------------- */

static bool made;

static void on_made(void *ctx, const struct sandbox_view *view, const struct error *err)
{
	(void)ctx;
	if (err)
		fail_msg("%s", err->text);
	memcpy(container_id, view->row->id, ID_SIZE);
	made = true;
}

static void open_all(void)
{
	struct error err;

	all = sandboxes_open(rig->loop, store, rig->podman, &settings, &err);
	if (!all)
		fail_msg("%s", err.text);
	all->carrier = carrier;
	sandboxes_podman_up(all);
}

static int setup(void **state)
{
	struct sandbox_request request = { .owner = "me" };
	struct error err;

	(void)state;
	log_open(LOG_ERROR, LOG_TEXT);
	assert_non_null(realpath("build/asan/agent", agent_path));
	store = store_open(":memory:", &err);
	settings = (struct sandbox_settings){
		.data_dir = rig->dir,
		.agent_path = agent_path,
		.base_url = "http://localhost:1",
		.image = RIG_IMAGE,
		.memory = 64 << 20,
		.cpu_milli = 1000,
		.pids = 50,
		.ttl_ms = 600 * SECONDS,
		.network = "none",
		.open_files_max =
			rig->machine.open_files_max < 1024 ? rig->machine.open_files_max : 1024,
		.processes_max =
			rig->machine.processes_max < 4096 ? rig->machine.processes_max : 4096,
		.command_timeout_ms = 60 * SECONDS,
		.output_limit = 16384,
		.output_spool = OUTPUT_SPOOL,
		.max_containers = 4,
	};
	open_all();
	made = false;
	assert_non_null(sandbox_create(all, &request, on_made, NULL, &err));
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &made));
	return 0;
}

static void on_all_gone(void *ctx, const struct error *err)
{
	(void)err;
	*(bool *)ctx = true;
}

static int teardown(void **state)
{
	bool gone = false;

	(void)state;
	sandboxes_destroy_all(all, on_all_gone, &gone);
	assert_true(rig_until(rig->loop, 60 * SECONDS, rig_is_set, &gone));
	sandboxes_close(all);
	store_close(store);
	forget_answer();
	rig_close(rig);
	return 0;
}

static int by_socket(void **state)
{
	rig = rig_open();
	carrier = &socket_carrier;
	return setup(state);
}

static int by_exec(void **state)
{
	rig = rig_open();
	carrier = &exec_carrier;
	return setup(state);
}

/* --- commands ------------------------------------------------------------------------------ */

static void a_command_answers_with_all_it_printed_and_its_status(void **state)
{
	(void)state;
	run("echo out; echo err >&2; exit 7");
	assert_string_equal(answer.state, "exited");
	assert_int_equal(answer.exit_code, 7);
	assert_string_equal(buf_text(&answer.out), "out\n");
	assert_string_equal(buf_text(&answer.error), "err\n");
}

static void it_runs_where_and_as_it_was_told(void **state)
{
	static const char *const env[] = { "GREETING=hello world", NULL };

	(void)state;
	run("pwd; mkdir -p sub");
	assert_string_equal(buf_text(&answer.out), "/workspace\n");
	run_request(&(struct command_request){ .command = "pwd; echo $GREETING; id -u",
					       .workdir = "sub",
					       .env = env,
					       .wait_ms = 30 * SECONDS });
	assert_string_equal(buf_text(&answer.out), "/workspace/sub\nhello world\n0\n");
}

static void a_missing_working_directory_is_an_error(void **state)
{
	(void)state;
	run_request(&(struct command_request){
		.command = "true", .workdir = "/nowhere", .wait_ms = 30 * SECONDS });
	assert_int_equal(answer.err.kind, ERROR_INVALID);
	assert_non_null(strstr(answer.err.text, "workdir: /nowhere cannot be entered"));
}

static void a_missing_program_has_a_hint(void **state)
{
	(void)state;
	run("no-such-program");
	assert_int_equal(answer.exit_code, 127);
	assert_non_null(strstr(answer.hint, "no-such-program is not in this image"));
}

static void five_megabytes_come_without_loss(void **state)
{
	uint32_t sum = 0;

	(void)state;
	run("seq 1 700000");
	assert_int_equal(answer.exit_code, 0);
	assert_int_equal(answer.stdout_bytes, answer.out.len);
	for (char *at = answer.out.data; *at; at = strchr(at, '\n') + 1)
		assert_int_equal(strtol(at, NULL, 10), ++sum);
	assert_int_equal(sum, 700000);
}

static void past_the_spool_limit_the_beginning_and_the_count_stay(void **state)
{
	(void)state;
	run("head -c 20000000 /dev/zero");
	assert_string_equal(answer.state, "exited");
	assert_int_equal(answer.stdout_bytes, 20000000);
	assert_int_equal(answer.out.len, OUTPUT_SPOOL);
	assert_true(answer.full);
}

static void a_long_command_is_handed_back_and_found_again(void **state)
{
	(void)state;
	run_request(
		&(struct command_request){ .command = "echo a; sleep 1; echo b", .wait_ms = 200 });
	assert_string_equal(answer.state, "running");
	await_end(NULL);
	assert_string_equal(answer.state, "exited");
	assert_string_equal(buf_text(&answer.out), "a\nb\n");
}

static void output_is_waited_for(void **state)
{
	(void)state;
	background("sleep 0.3; echo 'ready on 80'; sleep 30");
	await_end("ready on \\d+");
	assert_true(answer.matched);
	assert_string_equal(answer.state, "running");
	kill_with(SIGKILL);
	assert_string_equal(answer.state, "killed");
}

static void input_is_fed(void **state)
{
	struct error err;
	char id[ID_SIZE];

	(void)state;
	run_request(&(struct command_request){
		.command = "cat; echo end", .stdin_text = "given\n", .wait_ms = 30 * SECONDS });
	assert_string_equal(buf_text(&answer.out), "given\nend\n");
	background("cat");
	memcpy(id, answer.id, ID_SIZE);
	forget_answer();
	assert_non_null(command_input(all, "me", id, "later\n", 6, true, on_command, NULL, &err));
	await_answer();
	memcpy(answer.id, id, ID_SIZE);
	await_end(NULL);
	assert_string_equal(buf_text(&answer.out), "later\n");
}

static void a_whole_tree_is_killed(void **state)
{
	(void)state;
	background("trap '' TERM; sleep 1000 & setsid sleep 1000 & (sleep 1000; true) & wait");
	kill_with(SIGTERM);
	assert_string_equal(answer.state, "killed");
	run("ps | grep -c '[s]leep 1000'");
	assert_string_equal(buf_text(&answer.out), "0\n");
}

static void a_command_out_of_time_says_so(void **state)
{
	(void)state;
	run_request(&(struct command_request){
		.command = "sleep 100", .kill_after_ms = 300, .wait_ms = 30 * SECONDS });
	assert_string_equal(answer.state, "timed_out");
	assert_non_null(strstr(answer.hint, "kill_after_seconds"));
}

static void a_command_out_of_memory_says_so(void **state)
{
	(void)state;
	run("x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ${#x}");
	assert_string_not_equal(answer.state, "running");
	if (strcmp(answer.state, "oom_killed") != 0 && strcmp(answer.reason, REASON_OOM) != 0)
		fail_msg("%s %lld %s", answer.state, (long long)answer.exit_code, answer.reason);
	assert_non_null(strstr(answer.hint, "64 MiB"));
}

static void a_fork_bomb_is_told_by_its_limit(void **state)
{
	(void)state;
	run("for i in $(seq 1 100); do sleep 0.3 & done");
	assert_string_equal(answer.reason, REASON_PIDS);
	assert_non_null(strstr(answer.hint, "all 50 processes"));
	do /* until the children are gone */
		run_request(&(struct command_request){ .command = "true | true",
						       .wait_ms = 30 * SECONDS });
	while (answer.err.kind == ERROR_LIMIT || answer.reason[0]);
}

static void kill_9_of_all_frees_a_full_container(void **state)
{
	(void)state;
	run("for i in $(seq 1 100); do sleep 1000 & done");
	assert_string_equal(answer.reason, REASON_PIDS);
	assert_non_null(strstr(answer.hint, "kill -9 -1"));
	run("kill -9 -1");
	run("true | true | true; ps | grep -c '[s]leep 1000'");
	assert_string_equal(buf_text(&answer.out), "0\n");
	assert_string_equal(answer.reason, "");
}

static void a_background_child_does_not_keep_the_call_waiting(void **state)
{
	(void)state;
	run("sleep 20 & echo started");
	assert_string_equal(answer.state, "exited");
	assert_string_equal(buf_text(&answer.out), "started\n");
	assert_true(answer.duration_ms < 5 * SECONDS);
	run("killall sleep");
}

static bool link_is_back(void *ctx)
{
	struct sandbox *sb = registry_find(all, "me", container_id);

	(void)ctx;
	return sb && link_is_up(sb);
}

static void a_restart_of_the_server_loses_no_byte(void **state)
{
	uint32_t sum = 0;

	(void)state;
	background("seq 1 200000; sleep 1; seq 200001 250000; exit 3");
	sandboxes_close(all);
	open_all();
	assert_true(rig_until(rig->loop, 30 * SECONDS, link_is_back, NULL));
	await_end(NULL);
	assert_string_equal(answer.state, "exited");
	assert_int_equal(answer.exit_code, 3);
	for (char *at = answer.out.data; *at; at = strchr(at, '\n') + 1)
		assert_int_equal(strtol(at, NULL, 10), ++sum);
	assert_int_equal(sum, 250000);
}

/* Compiles the tenant's program of the end-to-end tests and puts it into the container. */
static void bring_hostile(void)
{
	auto_str program = mem_format("%s/hostile", rig->dir);
	const char *const compile[] = {
		"musl-gcc", "-static", "-Os", "-s", "-o", program, "test/e2e/support/hostile.c",
		NULL
	};
	static char bytes[256 * 1024];
	auto_buf text = BUF_INIT(2 * sizeof(bytes));
	auto_fd fd = -1;
	ssize_t len;

	rig_run(compile);
	fd = open(program, O_RDONLY | O_CLOEXEC);
	len = read(fd, bytes, sizeof(bytes));
	assert_in_range(len, 1, sizeof(bytes) - 1);
	assert_true(base64_encode(bytes, (size_t)len, &text));
	run_request(&(struct command_request){
		.command = "base64 -d > /tmp/hostile && chmod +x /tmp/hostile",
		.stdin_text = buf_text(&text),
		.wait_ms = 30 * SECONDS });
	assert_string_equal(answer.state, "exited");
	assert_int_equal(answer.exit_code, 0);
}

static void a_full_container_needs_no_process_for_a_socket(void **state)
{
	(void)state;
	bring_hostile();
	background("exec /tmp/hostile fill");
	await_end("full");
	sandboxes_close(all);
	open_all();
	assert_true(rig_until(rig->loop, 30 * SECONDS, link_is_back, NULL));
	await_end("full");
	assert_string_equal(answer.state, "running");
	kill_with(SIGKILL);
	run("echo usable");
	assert_string_equal(buf_text(&answer.out), "usable\n");
}

static void a_link_by_a_socket_outlives_podmans_service(void **state)
{
	(void)state;
	sandboxes_podman_down(all);
	assert_true(link_is_back(NULL));
	run("echo on");
	assert_string_equal(buf_text(&answer.out), "on\n");
	link_drop(registry_find(all, "me", container_id));
	link_keep(registry_find(all, "me", container_id));
	assert_true(rig_until(rig->loop, 30 * SECONDS, link_is_back, NULL));
	run("echo again");
	assert_string_equal(buf_text(&answer.out), "again\n");
	sandboxes_podman_up(all);
	assert_true(link_is_back(NULL));
}

static int refusals;

/* On a busy machine runc gets into a full container all the same: it is moved into the control
 * group only when its threads are there already, and needs no further one. */
static void *refuse_at_first(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
			     struct error *err)
{
	if (refusals-- <= 0)
		return exec_carrier.open(sb, events, ctx, err);
	error_set(err, ERROR_LIMIT, "no further process can be started in the container");
	return NULL;
}

static void a_container_without_a_process_left_for_the_link_is_cleared(void **state)
{
	static struct link_carrier refusing;

	(void)state;
	refusing = exec_carrier;
	refusing.open = refuse_at_first;
	refusals = 3;
	bring_hostile();
	/* It takes also the place of the link process, which comes free below. */
	background("exec /tmp/hostile fill");
	await_end("full");
	assert_true(answer.matched);
	sandboxes_close(all);
	carrier = &refusing;
	open_all();
	all->clear_after_ms = 0;
	assert_true(rig_until(rig->loop, 90 * SECONDS, link_is_back, NULL));
	all->carrier = carrier = &exec_carrier;
	await_end(NULL);
	assert_string_equal(answer.state, "killed");
	run("echo usable");
	assert_string_equal(buf_text(&answer.out), "usable\n");
}

static void a_break_of_the_link_loses_no_byte(void **state)
{
	uint32_t sum = 0;

	(void)state;
	background("seq 1 200000; sleep 0.5; seq 200001 400000");
	for (int i = 0; i < 3; i++) {
		link_drop(registry_find(all, "me", container_id));
		assert_false(link_is_back(NULL));
		link_keep(registry_find(all, "me", container_id));
		assert_true(rig_until(rig->loop, 30 * SECONDS, link_is_back, NULL));
	}
	await_end(NULL);
	for (char *at = answer.out.data; *at; at = strchr(at, '\n') + 1)
		assert_int_equal(strtol(at, NULL, 10), ++sum);
	assert_int_equal(sum, 400000);
}

static void on_quick(void *ctx, const struct command_view *view, const struct error *err)
{
	assert_null(err);
	assert_string_equal(view->row->state, "exited");
	loop_stop(ctx);
}

static int by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

static void many_commands_leave_nothing_behind(void **state)
{
	enum { ROUNDS = 200 };
	struct command_request request = { .owner = "me",
					   .container_id = container_id,
					   .command = "true",
					   .wait_ms = 30 * SECONDS };
	int64_t took_ms[ROUNDS];
	struct error err;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		took_ms[i] = -clock_mono_ms();
		assert_non_null(command_start(all, &request, on_quick, rig->loop, &err));
		loop_run(rig->loop);
		took_ms[i] += clock_mono_ms();
	}
	qsort(took_ms, ROUNDS, sizeof(took_ms[0]), by_size);
	print_message("[     NOTE ] a command takes %lld ms (median), %lld ms (99 of 100)\n",
		      (long long)took_ms[ROUNDS / 2], (long long)took_ms[ROUNDS * 99 / 100]);
	assert_null(registry_find(all, "me", container_id)->commands);
}

/* --- files --------------------------------------------------------------------------------- */

static struct shared {
	bool came;
	struct error err;
	char id[ID_SIZE], name[100];
	uint64_t size;
} shared;

static void on_shared(void *ctx, const struct file_view *view, const struct error *err)
{
	(void)ctx;
	shared.came = true;
	if (err) {
		shared.err = *err;
		return;
	}
	memcpy(shared.id, view->id, ID_SIZE);
	snprintf(shared.name, sizeof(shared.name), "%s", view->name);
	shared.size = view->size;
}

static void share(const char *path)
{
	struct file_request request = { .owner = "me", .container_id = container_id, .path = path };
	struct error err;

	shared = (struct shared){ 0 };
	assert_non_null(file_share(all, &request, on_shared, NULL, &err));
	assert_true(rig_until(rig->loop, 30 * SECONDS, rig_is_set, &shared.came));
}

static struct reading {
	struct file_reader *reader;
	bool opened, over;
	struct error err;
	struct buf data;
	uint64_t size;
} reading;

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	(void)ctx;
	reading.opened = true;
	if (err)
		reading.err = *err;
	else
		reading.size = file->size;
}

static void on_data(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	assert_true(buf_add(&reading.data, data, len));
	file_reader_taken(reading.reader, len);
}

static void on_over(void *ctx, const struct error *err)
{
	(void)ctx;
	reading.over = true;
	if (err)
		reading.err = *err;
}

static void read_shared(uint64_t offset, uint64_t length)
{
	static const struct file_events events = { on_open, on_data, on_over };
	struct error err;

	buf_release(&reading.data);
	reading = (struct reading){ .data = BUF_INIT(64 << 20) };
	reading.reader = file_reader_open(all, shared.id, &events, NULL, &err);
	assert_non_null(reading.reader);
	assert_true(rig_until(rig->loop, 30 * SECONDS, rig_is_set, &reading.opened));
	if (reading.err.kind == ERROR_NONE) {
		file_reader_read(reading.reader, offset, length);
		assert_true(rig_until(rig->loop, 30 * SECONDS, rig_is_set, &reading.over));
	}
	file_reader_close(reading.reader);
}

static void a_file_is_shared_and_read_whole_and_in_part(void **state)
{
	(void)state;
	run("seq 1 1500000 > '보고서 1.txt'");
	share("보고서 1.txt");
	assert_int_equal(shared.err.kind, ERROR_NONE);
	assert_string_equal(shared.name, "보고서 1.txt");
	read_shared(0, shared.size);
	assert_int_equal(reading.err.kind, ERROR_NONE);
	assert_int_equal(reading.data.len, shared.size);
	assert_memory_equal(reading.data.data, "1\n2\n3\n", 6);
	assert_string_equal(reading.data.data + reading.data.len - 8, "1500000\n");
	read_shared(2, 4);
	assert_string_equal(buf_text(&reading.data), "2\n3\n");
	read_shared(shared.size - 10, 20);
	assert_non_null(strstr(reading.err.text, "became shorter"));
	buf_release(&reading.data);
}

static void a_file_that_vanished_is_told_when_it_is_opened(void **state)
{
	(void)state;
	run("echo x > gone.txt");
	share("/workspace/gone.txt");
	run("rm gone.txt");
	read_shared(0, 2);
	assert_int_equal(reading.err.kind, ERROR_NOT_FOUND);
	buf_release(&reading.data);
}

static void what_is_no_plain_file_gets_a_clear_answer(void **state)
{
	static const struct {
		const char *path, *part;
	} cases[] = {
		{ "nothing-here", "there is no file" },
		{ "d", "is a directory" },
		{ "pipe", "not a regular file" },
		{ "/dev/zero", "not a regular file" },
		{ "/proc/self/status", "kernel" },
		{ "loop", "symbolic links" },
		{ "/proc/1/environ", "" },
		{ "d/../nothing", "there is no file" },
	};

	(void)state;
	run("mkdir -p d; mkfifo pipe; ln -s loop loop");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		share(cases[i].path);
		assert_int_not_equal(shared.err.kind, ERROR_NONE);
		if (!strstr(shared.err.text, cases[i].part))
			fail_msg("%s: %s", cases[i].path, shared.err.text);
	}
}

/* What holds with every carrier. */
#define COMMON                                                                                     \
	cmocka_unit_test(a_command_answers_with_all_it_printed_and_its_status),                    \
		cmocka_unit_test(it_runs_where_and_as_it_was_told),                                \
		cmocka_unit_test(a_missing_working_directory_is_an_error),                         \
		cmocka_unit_test(a_missing_program_has_a_hint),                                    \
		cmocka_unit_test(five_megabytes_come_without_loss),                                \
		cmocka_unit_test(past_the_spool_limit_the_beginning_and_the_count_stay),           \
		cmocka_unit_test(a_long_command_is_handed_back_and_found_again),                   \
		cmocka_unit_test(output_is_waited_for), cmocka_unit_test(input_is_fed),            \
		cmocka_unit_test(a_whole_tree_is_killed),                                          \
		cmocka_unit_test(a_command_out_of_time_says_so),                                   \
		cmocka_unit_test(a_command_out_of_memory_says_so),                                 \
		cmocka_unit_test(a_fork_bomb_is_told_by_its_limit),                                \
		cmocka_unit_test(kill_9_of_all_frees_a_full_container),                            \
		cmocka_unit_test(a_background_child_does_not_keep_the_call_waiting),               \
		cmocka_unit_test(a_restart_of_the_server_loses_no_byte),                           \
		cmocka_unit_test(a_break_of_the_link_loses_no_byte),                               \
		cmocka_unit_test(many_commands_leave_nothing_behind),                              \
		cmocka_unit_test(a_file_is_shared_and_read_whole_and_in_part),                     \
		cmocka_unit_test(a_file_that_vanished_is_told_when_it_is_opened),                  \
		cmocka_unit_test(what_is_no_plain_file_gets_a_clear_answer)

int main(void)
{
	const struct CMUnitTest socket_tests[] = {
		COMMON,
		cmocka_unit_test(a_full_container_needs_no_process_for_a_socket),
		cmocka_unit_test(a_link_by_a_socket_outlives_podmans_service),
	};
	const struct CMUnitTest exec_tests[] = {
		COMMON,
		cmocka_unit_test(a_container_without_a_process_left_for_the_link_is_cleared),
	};
	int bad = cmocka_run_group_tests(socket_tests, by_socket, teardown);

	return bad + cmocka_run_group_tests(exec_tests, by_exec, teardown);
}
