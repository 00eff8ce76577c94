/* The records about calls of code: as records.c. */
#include "payload.h"
#include "wire_call.h"

enum { ENV_MAX = 2 };
static struct wire_call got_call;
static const char *got_env[ENV_MAX];
static char got_room[WIRE_PAYLOAD_MAX];

static bool decode_call(const struct wire_frame *frame)
{
	return wire_get_call(frame, got_room, got_env, ENV_MAX, &got_call);
}

static const char *const env[] = { "A=1", "EMPTY=" };
static const struct wire_call sample_call = {
	.language = "python",
	.context = "a context with spaces",
	.code_len = WIRE_CODE_MAX,
	.start = { .command = "exec x",
		   .workdir = "/w",
		   .env = env,
		   .env_count = ENV_MAX,
		   .kill_after_ms = 7 },
};

static void a_call_goes_there_and_back(void **state)
{
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_call(&writer, &sample_call);
	assert_only_whole(decode_call, &writer);
	assert_string_equal(got_call.language, "python");
	assert_string_equal(got_call.context, "a context with spaces");
	assert_int_equal(got_call.code_len, WIRE_CODE_MAX);
	assert_string_equal(got_call.start.command, "exec x");
	assert_string_equal(got_call.start.workdir, "/w");
	assert_string_equal(got_call.start.env[1], "EMPTY=");
	assert_int_equal(got_call.start.kill_after_ms, 7);
}

static void a_call_without_a_name_or_with_too_much_code_is_refused(void **state)
{
	struct wire_call nameless = sample_call, long_one = sample_call;
	struct wire_writer writer = fresh_writer();

	(void)state;
	nameless.context[0] = '\0';
	wire_put_call(&writer, &nameless);
	assert_false(decode_exact(decode_call, writer.len));
	writer = fresh_writer();
	long_one.code_len++;
	wire_put_call(&writer, &long_one);
	assert_false(decode_exact(decode_call, writer.len));
}

static struct wire_retire got_retire;
static bool decode_retire(const struct wire_frame *frame)
{
	return wire_get_retire(frame, &got_retire);
}

static void retire_goes_there_and_back_with_names_of_any_allowed_length(void **state)
{
	struct wire_retire retire = { .language = "x" };
	struct wire_writer writer = fresh_writer();

	(void)state;
	memset(retire.context, 'c', WIRE_NAME_MAX);
	wire_put_retire(&writer, &retire);
	assert_only_whole(decode_retire, &writer);
	assert_string_equal(got_retire.context, retire.context);
	writer = fresh_writer();
	wire_put_text(&writer, "x");
	wire_put_bytes(&writer, retire.context, sizeof(retire.context));
	assert_false(decode_exact(decode_retire, writer.len));
}

static struct wire_call_offsets got_offsets;
static bool decode_offsets(const struct wire_frame *frame)
{
	return wire_get_call_offsets(frame, &got_offsets);
}

static void offsets_of_three_streams_go_there_and_back(void **state)
{
	const struct wire_call_offsets offsets = { .output = { 1, 2 }, .outcome = 1ull << 40 };
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_call_offsets(&writer, &offsets);
	assert_only_whole(decode_offsets, &writer);
	assert_int_equal(got_offsets.output.out, 1);
	assert_int_equal(got_offsets.output.err, 2);
	assert_int_equal(got_offsets.outcome, 1ull << 40);
}

static struct wire_began got_began;
static bool decode_began(const struct wire_frame *frame)
{
	return wire_get_began(frame, &got_began);
}

static void began_goes_there_and_back_and_only_a_fresh_one_has_lost_something(void **state)
{
	static const struct {
		struct wire_began began;
		bool good;
	} cases[] = {
		{ { .fresh = 1, .lost = 1, .cause = WIRE_CAUSE_RETIRED, .signal = 64 }, true },
		{ { .fresh = 1, .lost = 1, .exit_code = 255 }, true },
		{ { .fresh = 0 }, true },
		{ { .fresh = 0, .lost = 1 }, false },
		{ { .fresh = 2 }, false },
		{ { .fresh = 1, .cause = WIRE_CAUSE_RETIRED + 1 }, false },
		{ { .fresh = 1, .exit_code = 256 }, false },
		{ { .fresh = 1, .signal = 65 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct wire_writer writer = fresh_writer();

		wire_put_began(&writer, &cases[i].began);
		assert_int_equal(decode_exact(decode_began, writer.len), cases[i].good);
		if (!cases[i].good)
			continue;
		assert_only_whole(decode_began, &writer);
		assert_int_equal(got_began.fresh, cases[i].began.fresh);
		assert_int_equal(got_began.lost, cases[i].began.lost);
		assert_int_equal(got_began.cause, cases[i].began.cause);
		assert_int_equal(got_began.exit_code, cases[i].began.exit_code);
		assert_int_equal(got_began.signal, cases[i].began.signal);
	}
}

static struct wire_called got_called;
static bool decode_called(const struct wire_frame *frame)
{
	return wire_get_called(frame, &got_called);
}

static void called_goes_there_and_back(void **state)
{
	struct wire_called called = { .command = { .over = 1, .in_taken = 3, .in_held = 4 },
				      .outcome_kept = 5,
				      .began = { .fresh = 1 } };
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_called(&writer, &called);
	assert_only_whole(decode_called, &writer);
	assert_int_equal(got_called.command.in_held, 4);
	assert_int_equal(got_called.outcome_kept, 5);
	assert_int_equal(got_called.began.fresh, 1);
	called.command.in_held = 2;
	writer = fresh_writer();
	wire_put_called(&writer, &called);
	assert_false(decode_exact(decode_called, writer.len));
}

static struct wire_ended got_ended;
static bool decode_ended(const struct wire_frame *frame)
{
	return wire_get_ended(frame, &got_ended);
}

static void ended_goes_there_and_back_and_its_fault_is_one(void **state)
{
	struct wire_ended ended = { .exited = { .signal = 9, .cause = WIRE_CAUSE_DRIVER },
				    .outcome_total = 6,
				    .alive = 1,
				    .fault = WIRE_FAULT_CLOSED };
	struct wire_writer writer = fresh_writer();

	(void)state;
	wire_put_ended(&writer, &ended);
	assert_only_whole(decode_ended, &writer);
	assert_int_equal(got_ended.exited.cause, WIRE_CAUSE_DRIVER);
	assert_int_equal(got_ended.outcome_total, 6);
	assert_int_equal(got_ended.alive, 1);
	assert_int_equal(got_ended.fault, WIRE_FAULT_CLOSED);
	for (int bad = 0; bad < 3; bad++) {
		struct wire_ended other = ended;

		other.fault += bad == 0;
		other.alive += bad == 1;
		other.exited.cause += 2 * (bad == 2);
		writer = fresh_writer();
		wire_put_ended(&writer, &other);
		assert_false(decode_exact(decode_ended, writer.len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_goes_there_and_back),
		cmocka_unit_test(a_call_without_a_name_or_with_too_much_code_is_refused),
		cmocka_unit_test(retire_goes_there_and_back_with_names_of_any_allowed_length),
		cmocka_unit_test(offsets_of_three_streams_go_there_and_back),
		cmocka_unit_test(began_goes_there_and_back_and_only_a_fresh_one_has_lost_something),
		cmocka_unit_test(called_goes_there_and_back),
		cmocka_unit_test(ended_goes_there_and_back_and_its_fault_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
