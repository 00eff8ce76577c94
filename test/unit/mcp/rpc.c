/* The envelope: what is a message, what is not, and how ids come back. */
#include "fixture.h"

static struct rpc_message read_text(const char *text)
{
	struct rpc_message message;

	rpc_read(text, strlen(text), &message);
	return message;
}

static void expect_fault(const char *text, enum rpc_code code, const char *id)
{
	auto_rpc_message message = read_text(text);

	if (message.kind != RPC_FAULT)
		fail_msg("taken as a message: %s", text);
	assert_int_equal(message.fault_code, code);
	if (!id) {
		assert_null(message.id);
		return;
	}
	assert_int_equal(message.id_len, strlen(id));
	assert_memory_equal(message.id, id, strlen(id));
}

static void a_request_has_method_params_and_id(void **state)
{
	auto_rpc_message m = read_text(
		"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":{\"a\":1}}");

	(void)state;
	assert_int_equal(m.kind, RPC_REQUEST);
	assert_string_equal(m.method, "ping");
	assert_int_equal(json_type(json_get(m.params, "a")), JSON_NUMBER);
	assert_int_equal(m.id_len, 1);
	assert_memory_equal(m.id, "7", 1);
}

static void a_message_without_id_is_a_notification(void **state)
{
	auto_rpc_message m = read_text("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}");

	(void)state;
	assert_int_equal(m.kind, RPC_NOTIFICATION);
	assert_null(m.params);
}

static void a_result_or_an_error_is_a_response(void **state)
{
	auto_rpc_message a = read_text("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
	auto_rpc_message b = read_text("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}");

	(void)state;
	assert_int_equal(a.kind, RPC_RESPONSE);
	assert_int_equal(b.kind, RPC_RESPONSE);
}

static void what_is_not_json_is_a_parse_error_without_id(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"nope",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x",
		"{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"ping\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\nng\"}",
		"\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		expect_fault(texts[i], RPC_PARSE_ERROR, NULL);
}

static void what_is_no_message_is_an_invalid_request(void **state)
{
	(void)state;
	expect_fault("1", RPC_INVALID_REQUEST, NULL);
	expect_fault("\"x\"", RPC_INVALID_REQUEST, NULL);
	expect_fault("[]", RPC_INVALID_REQUEST, NULL);
	expect_fault("{}", RPC_INVALID_REQUEST, NULL);
	expect_fault("{\"jsonrpc\":\"2.0\"}", RPC_INVALID_REQUEST, NULL);
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":3}", RPC_INVALID_REQUEST, "3");
	expect_fault("{\"id\":3,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "3");
	expect_fault("{\"jsonrpc\":\"1.0\",\"id\":3,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
		     "3");
	expect_fault("{\"jsonrpc\":2.0,\"id\":3,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "3");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":5}", RPC_INVALID_REQUEST, "3");
	expect_fault("{\"JSONRPC\":\"2.0\",\"id\":3,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
		     "3");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":3,\"Method\":\"ping\"}", RPC_INVALID_REQUEST,
		     "3");
	expect_fault("{\"jsonrpc\":\"2.0\",\"result\":{}}", RPC_INVALID_REQUEST, NULL);
}

static void params_must_be_an_object(void **state)
{
	(void)state;
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"a\",\"params\":[1]}",
		     RPC_INVALID_PARAMS, "3");
	expect_fault("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"a\",\"params\":null}",
		     RPC_INVALID_PARAMS, "3");
}

static void ids_that_are_null_fractional_or_structured_are_refused(void **state)
{
	static const char *const ids[] = { "null", "1.5", "1.0", "1e3", "true", "{}", "[1]" };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		auto_str text =
			mem_format("{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"ping\"}", ids[i]);

		expect_fault(text, RPC_INVALID_REQUEST, NULL);
	}
}

static void an_id_longer_than_the_cap_is_refused(void **state)
{
	auto_str text =
		mem_format("{\"jsonrpc\":\"2.0\",\"id\":\"%0300d\",\"method\":\"ping\"}", 0);

	(void)state;
	expect_fault(text, RPC_INVALID_REQUEST, NULL);
}

static void ids_are_echoed_byte_for_byte(void **state)
{
	static const char *const ids[] = {
		"0",    "-7",    "9007199254740993", "123456789012345678901234567890",
		"\"\"", "\"1\"", "\"\\u00e9\\n\"",   "\"\xED\x95\x9C\""
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		auto_str text = mem_format(
			"{ \"method\" : \"ping\", \"id\" : %s , \"jsonrpc\":\"2.0\"}", ids[i]);
		auto_str wanted =
			mem_format("{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}", ids[i]);
		auto_rpc_message m = read_text(text);
		auto_json answer = NULL;
		auto_str printed = NULL;

		assert_int_equal(m.kind, RPC_REQUEST);
		answer = rpc_result(m.id, m.id_len, json_object());
		printed = json_print(answer);
		assert_string_equal(printed, wanted);
	}
}

static void an_error_without_a_readable_id_has_none(void **state)
{
	auto_json error = rpc_error(NULL, 0, RPC_PARSE_ERROR, "no");
	auto_str text = json_print(error);

	(void)state;
	assert_string_equal(text,
			    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"no\"}}");
}

static void a_batch_is_split_into_its_elements(void **state)
{
	static const char text[] =
		" \n[ {\"a\":\"],[\\\"\"} , [1,[2]],3,\"x,y\" ,{\"b\":{\"c\":[]}} ]";
	static const char *const wanted[] = { "{\"a\":\"],[\\\"\"} ", "[1,[2]]", "3", "\"x,y\" ",
					      "{\"b\":{\"c\":[]}} " };
	struct rpc_slice batch = { text, strlen(text) };
	struct rpc_slice items[BATCH_MAX];
	size_t count;
	enum rpc_code code;
	struct error err;

	(void)state;
	assert_true(rpc_is_batch(text, strlen(text)));
	assert_true(rpc_split(&batch, items, &count, &code, &err));
	assert_int_equal(count, 5);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(items[i].len, strlen(wanted[i]));
		assert_memory_equal(items[i].text, wanted[i], items[i].len);
	}
}

static void expect_no_batch(const char *text, enum rpc_code wanted)
{
	struct rpc_slice batch = { text, strlen(text) };
	struct rpc_slice items[BATCH_MAX];
	size_t count;
	enum rpc_code code;
	struct error err;

	assert_false(rpc_split(&batch, items, &count, &code, &err));
	assert_int_equal(code, wanted);
}

static void empty_long_and_broken_batches_are_refused(void **state)
{
	auto_buf text = BUF_INIT(4096);

	(void)state;
	expect_no_batch("[]", RPC_INVALID_REQUEST);
	expect_no_batch("[ ]", RPC_INVALID_REQUEST);
	expect_no_batch("[1,]", RPC_PARSE_ERROR);
	expect_no_batch("[1", RPC_PARSE_ERROR);
	buf_add_text(&text, "[0");
	for (int i = 0; i < BATCH_MAX; i++)
		buf_add_text(&text, ",1");
	buf_add_text(&text, "]");
	expect_no_batch(buf_text(&text), RPC_INVALID_REQUEST);
}

/* A call whose arguments are these. */
#define WITH(args)                                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\","      \
	"\"arguments\":" args "}}"

static void corners_of_json_have_one_answer(void **state)
{
	static const struct {
		const char *text;
		int code; /* 0: a request */
	} corners[] = {
		{ WITH("{\"a\":1,\"a\":2}"), RPC_PARSE_ERROR },
		{ WITH("{}") "x", RPC_PARSE_ERROR },
		{ WITH("{}") " \r\n\t", 0 },
		{ WITH("{}") "{}", RPC_PARSE_ERROR },
		{ "\xef\xbb\xbf" WITH("{}"), RPC_PARSE_ERROR },
		{ WITH("{\"n\":123456789012345678901234567890}"), 0 },
		{ WITH("{\"n\":1e308}"), 0 },
		{ WITH("{\"n\":01}"), RPC_PARSE_ERROR },
		{ WITH("{\"n\":NaN}"), RPC_PARSE_ERROR },
		{ WITH("{\"n\":-0}"), 0 },
		{ WITH("{\"s\":\"\\ud83d\\ude00\"}"), 0 },
		{ WITH("{\"s\":\"\\ud83d\"}"), RPC_PARSE_ERROR },
		{ WITH("{\"s\":\"\\ude00\\ud83d\"}"), RPC_PARSE_ERROR },
		{ WITH("{\"s\":\"\xed\xa0\x80\"}"), RPC_PARSE_ERROR },
		{ WITH("{\"s\":\"\xff\"}"), RPC_PARSE_ERROR },
		{ WITH("{\"s\":\"a\nb\"}"), RPC_PARSE_ERROR },
		{ WITH("{\"s\":\"\\u0000\"}"), RPC_PARSE_ERROR },
		{ WITH("{'s':1}"), RPC_PARSE_ERROR },
		{ WITH("[1,]"), RPC_PARSE_ERROR },
		{ "", RPC_PARSE_ERROR },
		{ "null", RPC_INVALID_REQUEST },
		{ "\"text\"", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1e2,\"method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"m\"}", 0 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"m\"}", 0 },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"m\"}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_INVALID_REQUEST },
		{ "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"m\"}", RPC_INVALID_REQUEST },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(corners) / sizeof(*corners); i++) {
		auto_rpc_message message = { .body = NULL };
		int code;

		rpc_read(corners[i].text, strlen(corners[i].text), &message);
		code = message.kind == RPC_FAULT ? (int)message.fault_code : 0;
		if (code != corners[i].code || (code == 0 && message.kind != RPC_REQUEST))
			fail_msg("%s: %d, wanted %d", corners[i].text, code, corners[i].code);
	}
}

static void a_message_may_be_nested_so_deep_and_no_deeper(void **state)
{
	(void)state;
	for (int depth = JSON_DEPTH_MAX - 2; depth <= JSON_DEPTH_MAX + 1; depth++) {
		auto_rpc_message message = { .body = NULL };
		char open[JSON_DEPTH_MAX + 2] = "", close[JSON_DEPTH_MAX + 2] = "";
		auto_str text = NULL;

		/* Two levels are the message's own. */
		memset(open, '[', (size_t)depth - 2);
		memset(close, ']', (size_t)depth - 2);
		text = mem_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{"
				  "\"a\":%s%s}}",
				  open, close);
		rpc_read(text, strlen(text), &message);
		assert_int_equal(message.kind, depth <= JSON_DEPTH_MAX ? RPC_REQUEST : RPC_FAULT);
	}
}

static void a_zero_byte_in_a_message_is_a_fault(void **state)
{
	static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\0";
	auto_rpc_message message = { .body = NULL };

	(void)state;
	rpc_read(text, sizeof(text) - 1, &message);
	assert_int_equal(message.fault_code, RPC_PARSE_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corners_of_json_have_one_answer),
		cmocka_unit_test(a_message_may_be_nested_so_deep_and_no_deeper),
		cmocka_unit_test(a_zero_byte_in_a_message_is_a_fault),
		cmocka_unit_test(a_request_has_method_params_and_id),
		cmocka_unit_test(a_message_without_id_is_a_notification),
		cmocka_unit_test(a_result_or_an_error_is_a_response),
		cmocka_unit_test(what_is_not_json_is_a_parse_error_without_id),
		cmocka_unit_test(what_is_no_message_is_an_invalid_request),
		cmocka_unit_test(params_must_be_an_object),
		cmocka_unit_test(ids_that_are_null_fractional_or_structured_are_refused),
		cmocka_unit_test(an_id_longer_than_the_cap_is_refused),
		cmocka_unit_test(ids_are_echoed_byte_for_byte),
		cmocka_unit_test(an_error_without_a_readable_id_has_none),
		cmocka_unit_test(a_batch_is_split_into_its_elements),
		cmocka_unit_test(empty_long_and_broken_batches_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
