/* Which era a message is of, and what a request of 2026-07-28 must say. */
#include "fixture.h"

#define META(version, more)                                                                        \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" version                          \
	",\"io.modelcontextprotocol/clientCapabilities\":{}" more "}"
#define CALL_2026(version, more)                                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"                                        \
	"call\",\"params\":{\"name\":\"echo\"," META(version, more) "}}"
#define PLAIN "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"
#define HELLO                                                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":" \
	"\"2025-11-25\"}}"
#define NOW "\"2026-07-28\""

struct outcome {
	bool good;
	enum era era;
	struct envelope envelope;
	int status;
	int code;
	char *data;
};

static void decide(const char *text, const struct mcp_headers *headers, struct outcome *ret)
{
	auto_rpc_message message = { .body = NULL };
	struct fault fault = { .status = 0 };

	rpc_read(text, strlen(text), &message);
	assert_int_not_equal(message.kind, RPC_FAULT);
	ret->good = era_decide(&message, headers, &ret->era, &ret->envelope, &fault);
	ret->status = fault.status;
	ret->code = fault.code;
	ret->data = ret->good || !fault.data ? NULL : json_print(fault.data);
	if (!ret->good)
		json_free(fault.data);
}

static struct mcp_headers headers_of(const char *version, const char *method, const char *name)
{
	return (struct mcp_headers){ true, version, method, name };
}

static void expect_era(const char *text, struct mcp_headers headers, enum era era)
{
	struct outcome out;

	decide(text, &headers, &out);
	if (!out.good || out.era != era)
		fail_msg("%s: good %d, era %d, code %d", text, out.good, out.era, out.code);
	free(out.data);
}

static void expect_code(const char *text, struct mcp_headers headers, int code)
{
	struct outcome out;

	decide(text, &headers, &out);
	if (out.good || out.code != code || out.status != 400)
		fail_msg("%s: good %d, status %d, code %d", text, out.good, out.status, out.code);
	free(out.data);
}

static void the_body_decides(void **state)
{
	(void)state;
	expect_era(PLAIN, headers_of(NULL, NULL, NULL), ERA_2025);
	expect_era(PLAIN, headers_of("2025-11-25", "tools/list", NULL), ERA_2025);
	expect_era(HELLO, headers_of(NULL, "initialize", NULL), ERA_2025);
	expect_era(CALL_2026(NOW, ""), headers_of("2026-07-28", "tools/call", "echo"), ERA_2026);
	expect_era(CALL_2026(NOW, ""), (struct mcp_headers){ .http = false }, ERA_2026);
	expect_era("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}",
		   headers_of("2026-07-28", NULL, NULL), ERA_2026);
	expect_era("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
		   headers_of("2026-07-28", NULL, NULL), ERA_2025);
}

static void headers_must_be_there_and_agree(void **state)
{
	(void)state;
	expect_code(CALL_2026(NOW, ""), headers_of(NULL, "tools/call", "echo"), -32020);
	expect_code(CALL_2026(NOW, ""), headers_of("2025-11-25", "tools/call", "echo"), -32020);
	expect_code(CALL_2026(NOW, ""), headers_of("2026-07-28", NULL, "echo"), -32020);
	expect_code(CALL_2026(NOW, ""), headers_of("2026-07-28", "TOOLS/CALL", "echo"), -32020);
	expect_code(CALL_2026(NOW, ""), headers_of("2026-07-28", "tools/call", NULL), -32020);
	expect_code(CALL_2026(NOW, ""), headers_of("2026-07-28", "tools/call", "Echo"), -32020);
	expect_code(CALL_2026("\"v999.0.0\"", ""), headers_of("2026-07-28", "tools/call", "echo"),
		    -32020);
	expect_code(HELLO, headers_of("2026-07-28", NULL, NULL), -32020);
	expect_era(CALL_2026(NOW, ""), headers_of(" 2026-07-28\t", "tools/call", " echo "),
		   ERA_2026);
	expect_era(CALL_2026(NOW, ""),
		   headers_of("2026-07-28", "tools/call", "=?base64?ZWNobw==?="), ERA_2026);
}

static void an_unknown_version_names_the_known(void **state)
{
	struct mcp_headers headers = headers_of("v999.0.0", "tools/call", "echo");
	struct outcome out;

	(void)state;
	decide(CALL_2026("\"v999.0.0\"", ""), &headers, &out);
	assert_int_equal(out.code, -32022);
	assert_string_equal(out.data,
			    "{\"supported\":[\"2026-07-28\",\"2025-11-25\",\"2025-06-18\","
			    "\"2025-03-26\",\"2024-11-05\"],\"requested\":\"v999.0.0\"}");
	free(out.data);
	expect_code(CALL_2026("\"2025-11-25\"", ""), headers_of("2025-11-25", "tools/call", "echo"),
		    -32022);
}

static void the_envelope_must_be_whole(void **state)
{
	struct mcp_headers now = headers_of("2026-07-28", "tools/list", NULL);

	(void)state;
	expect_code(PLAIN, now, -32602);
	expect_code(CALL_2026("7", ""), now, -32602);
	expect_code("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"_meta\":"
		    "{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
		    now, -32602);
	expect_code(CALL_2026(NOW, ",\"io.modelcontextprotocol/clientInfo\":{\"name\":1}"), now,
		    -32602);
	expect_code(CALL_2026(NOW, ",\"io.modelcontextprotocol/logLevel\":\"loud\""), now, -32602);
}

static void a_handshake_with_a_whole_envelope_is_no_handshake(void **state)
{
	(void)state;
	expect_era("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{" META(
			   NOW, "") "}}",
		   headers_of("2026-07-28", "initialize", NULL), ERA_2026);
}

static unsigned can(const char *text)
{
	struct error err;
	auto_json capabilities = json_parse(text, strlen(text), &err);

	return client_can(capabilities);
}

static void capabilities_are_what_was_declared(void **state)
{
	(void)state;
	assert_int_equal(can("{}"), 0);
	assert_int_equal(can("{\"elicitation\":{}}"), CLIENT_ELICITS);
	assert_int_equal(can("{\"elicitation\":{\"form\":{}}}"), CLIENT_ELICITS);
	assert_int_equal(can("{\"elicitation\":{\"url\":{}}}"), CLIENT_ELICITS_URL);
	assert_int_equal(can("{\"sampling\":{},\"roots\":{\"listChanged\":true}}"),
			 CLIENT_SAMPLES | CLIENT_ROOTS);
	assert_int_equal(can("{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}"),
			 CLIENT_TASKS);
	assert_int_equal(can("{\"sampling\":true}"), 0);
}

static void a_token_is_kept_as_it_was_sent(void **state)
{
	static const char *const tokens[] = { "\"p1\"", "7", "\"\\u00e9\"" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		auto_str text = mem_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\","
					   "\"params\":{\"_meta\":{\"progressToken\":%s}}}",
					   tokens[i]);
		auto_rpc_message message = { .body = NULL };
		const char *start;
		size_t len;

		rpc_read(text, strlen(text), &message);
		assert_true(envelope_token(&message, &start, &len));
		assert_int_equal(len, strlen(tokens[i]));
		assert_memory_equal(start, tokens[i], len);
	}
}

static void encoded_header_values_are_decoded_or_refused(void **state)
{
	(void)state;
	assert_true(header_says("=?base64?w6k=?=", "é"));
	assert_false(header_says("=?base64?w6k?=", "é"));
	assert_false(header_says("=?base64?!!!!?=", ""));
	assert_true(header_says("=?base64?w6k=", "=?base64?w6k="));
	assert_false(header_says("=?base64?AA==?=", ""));
	assert_false(header_says("=?base64?/w==?=", "\xff"));
}

static void expect_match(const char *form, const char *uri, const char *values)
{
	struct json *found = NULL;
	bool matched = template_match(form, uri, &found);
	auto_str text = matched ? json_print(found) : NULL;

	if (!values ? matched : !matched || strcmp(text, values) != 0)
		fail_msg("%s on %s: %s", uri, form, text ? text : "no match");
	if (matched)
		json_free(found);
}

static void a_uri_fits_its_template_or_not(void **state)
{
	static const char form[] = "sandbox://{container_id}/{+path}";

	(void)state;
	expect_match("test://t/{id}/data", "test://t/123/data", "{\"id\":\"123\"}");
	expect_match("test://t/{id}/data", "test://t/1/2/data", NULL);
	expect_match("test://t/{id}/data", "test://t//data", NULL);
	expect_match("test://t/{id}/data", "test://t/1/dat", NULL);
	expect_match("test://t/{id}/data", "test://t/1/data2", NULL);
	expect_match(form, "sandbox://c-1/etc/a%20b",
		     "{\"container_id\":\"c-1\",\"path\":\"etc/a b\"}");
	expect_match(form, "sandbox://c-1/", NULL);
	expect_match(form, "sandbox://c-1/a%0", NULL);
	expect_match(form, "sandbox://c-1/a%00b", NULL);
	expect_match(form, "sandbox://c-1/%ff", NULL);
	expect_match(form, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_decides),
		cmocka_unit_test(headers_must_be_there_and_agree),
		cmocka_unit_test(an_unknown_version_names_the_known),
		cmocka_unit_test(the_envelope_must_be_whole),
		cmocka_unit_test(a_handshake_with_a_whole_envelope_is_no_handshake),
		cmocka_unit_test(capabilities_are_what_was_declared),
		cmocka_unit_test(a_token_is_kept_as_it_was_sent),
		cmocka_unit_test(encoded_header_values_are_decoded_or_refused),
		cmocka_unit_test(a_uri_fits_its_template_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
