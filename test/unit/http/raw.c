/* Bytes on the wire: what is refused, that it closes the connection, and that nothing behind it is
 * ever taken for a request. */
#include "fixture.h"
#include "internal.h"

static void answer(void *ctx, struct http_request *req)
{
	struct fixture *fixture = ctx;
	size_t len;
	const char *body = http_body(req, &len);
	auto_buf text = BUF_INIT(4096);

	fixture->handled++;
	assert_true(buf_addf(&text, "%s %s [%s]\n", http_method(req), http_path(req), body));
	http_reply(req, 200, "text/plain", buf_text(&text), text.len);
}

struct raw_case {
	const char *name;
	const char *bytes;
	size_t len;
	int status;  /* of the first answer */
	int answers; /* how many come before the server closes, 0: any */
	int handled; /* requests that reached the handler */
};

#define H "Host: x\r\n"
#define RAW(name_, status_, answers_, handled_, bytes_)                                            \
	{                                                                                          \
		name_, bytes_, sizeof(bytes_) - 1, status_, answers_, handled_                     \
	}
#define POST  "POST /a HTTP/1.1\r\n" H
#define LATER "GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static const struct raw_case cases[] = {
	RAW("two equal lengths", 400, 1, 0,
	    POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" LATER),
	RAW("two lengths", 400, 1, 0, POST "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" LATER),
	RAW("two lengths, other order", 400, 1, 0,
	    POST "Content-Length: 44\r\nContent-Length: 0\r\n\r\n" LATER),
	RAW("length list", 400, 0, 0, POST "Content-Length: 5, 5\r\n\r\nhello" LATER),
	RAW("length and chunks", 400, 1, 0,
	    POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	RAW("unknown coding", 400, 1, 0,
	    POST "Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" LATER),
	RAW("coding list", 400, 1, 0,
	    POST "Transfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n" LATER),
	RAW("two codings", 400, 1, 0,
	    POST
	    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	RAW("two codings, other order", 400, 1, 0,
	    POST
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	RAW("chunks in HTTP/1.0", 400, 1, 0,
	    "POST /a HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	RAW("length +5", 400, 0, 0, POST "Content-Length: +5\r\n\r\nhello"),
	RAW("length -1", 400, 0, 0, POST "Content-Length: -1\r\n\r\nhello"),
	RAW("length 0x5", 400, 0, 0, POST "Content-Length: 0x5\r\n\r\nhello"),
	RAW("empty length", 400, 0, 0, POST "Content-Length: \r\n\r\nhello"),
	RAW("huge length", 413, 0, 0, POST "Content-Length: 99999999999999999999999\r\n\r\nhello"),
	RAW("length 2^64-1", 413, 1, 0, POST "Content-Length: 18446744073709551615\r\n\r\nhello"),
	RAW("space before colon", 400, 1, 0, POST "Content-Length : 5\r\n\r\nhello" LATER),
	RAW("space in front of a name", 400, 0, 0, "GET /a HTTP/1.1\r\n X: a\r\n" H "\r\n" LATER),
	RAW("folded line", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n" LATER),
	RAW("folded empty line", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X: a\r\n \r\n\r\n" LATER),
	RAW("bare LF everywhere", 400, 1, 0, "GET /a HTTP/1.1\nHost: x\n\n" LATER),
	RAW("bare LF after the request line", 400, 1, 0, "GET /a HTTP/1.1\nHost: x\r\n\r\n"),
	RAW("bare LF after a header", 400, 1, 0, "GET /a HTTP/1.1\r\nX: y\nHost: x\r\n\r\n" LATER),
	RAW("bare LF after the last header", 400, 1, 0, "GET /a HTTP/1.1\r\nHost: x\n\r\n" LATER),
	RAW("bare LF at the end", 400, 1, 0, "GET /a HTTP/1.1\r\nHost: x\r\n\n" LATER),
	RAW("bare CR in a header", 400, 1, 0,
	    "GET /a HTTP/1.1\r\n" H "X: a\rContent-Length: 3\r\n\r\n" LATER),
	RAW("NUL in a value", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X: a\0b\r\n\r\n" LATER),
	RAW("NUL at the end of a value", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X: a\0\r\n\r\n" LATER),
	RAW("NUL in a name", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X\0: a\r\n\r\n" LATER),
	RAW("NUL in the target", 0, 0, 0, "GET /a\0b HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("control byte in a value", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X: a\1b\r\n\r\n" LATER),
	RAW("name that is no token", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "X(y): a\r\n\r\n" LATER),
	RAW("empty name", 400, 0, 0, "GET /a HTTP/1.1\r\n" H ": a\r\n\r\n" LATER),
	RAW("line without colon", 400, 1, 0, "GET /a HTTP/1.1\r\n" H "nothing\r\n\r\n" LATER),
	RAW("no Host", 400, 1, 0, "GET /a HTTP/1.1\r\n\r\n" LATER),
	RAW("empty Host", 400, 1, 0, "GET /a HTTP/1.1\r\nHost:\r\n\r\n" LATER),
	RAW("two Hosts", 400, 1, 0, "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" LATER),
	RAW("two Origins", 400, 1, 0,
	    "GET /a HTTP/1.1\r\n" H "Origin: http://a\r\norigin: http://b\r\n\r\n" LATER),
	RAW("two keys", 400, 1, 0,
	    "GET /a HTTP/1.1\r\n" H "Authorization: a\r\nAuthorization: b\r\n\r\n" LATER),
	RAW("two sessions", 400, 1, 0,
	    "GET /a HTTP/1.1\r\n" H "Mcp-Session-Id: a\r\nMCP-Session-ID: b\r\n\r\n" LATER),
	RAW("HTTP/1.2", 400, 1, 0, "GET /a HTTP/1.2\r\n" H "\r\n" LATER),
	RAW("HTTP/9.9", 505, 1, 0, "GET /a HTTP/9.9\r\n" H "\r\n" LATER),
	RAW("two spaces in the request line", 400, 1, 0, "GET  /a HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("space in the target", 400, 1, 0, "GET /a b HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("chunk size with a space", 400, 0, 0,
	    POST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n" LATER),
	RAW("chunk size 0x5", 400, 0, 0,
	    POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n" LATER),
	RAW("chunk size too large", 413, 0, 0,
	    POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n" LATER),
	RAW("chunk lines with bare LF end the connection", 0, 1, -1,
	    POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n" LATER),
	RAW("chunks, and then nothing more", 200, 1, 1,
	    POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" LATER),
	RAW("%00 in the path", 400, 1, 0, "GET /files/a%00b HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("dot segments", 400, 1, 0, "GET /files/../../etc/passwd HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("encoded dot segments", 400, 1, 0,
	    "GET /files/%2e%2e%2f%2e%2e%2fetc HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("half encoded dot segment", 400, 1, 0, "GET /files/.%2e/x HTTP/1.1\r\n" H "\r\n"),
	RAW("absolute target", 400, 1, 0, "GET http://evil/a HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("no path", 400, 1, 0, "OPTIONS * HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("CONNECT", 400, 1, 0, "CONNECT evil:443 HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("malformed escape", 400, 1, 0, "GET /a%2 HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("fragment", 400, 1, 0, "GET /a#b HTTP/1.1\r\n" H "\r\n" LATER),
	RAW("expectation", 0, 0, 1,
	    POST "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"),
	RAW("three in a row", 200, 4, 4,
	    "GET /p HTTP/1.1\r\n" H "\r\nGET /p HTTP/1.1\r\n" H "\r\nGET /p HTTP/1.1\r\n" H
	    "\r\n" LATER),
	RAW("bodies in a row", 200, 3, 3,
	    POST "Content-Length: 5\r\n\r\nhello" POST "Content-Length: 3\r\n\r\nyou" LATER),
	RAW("no space before a value, several behind", 200, 1, 1,
	    "GET /a HTTP/1.1\r\nHost:x\r\nX: \t y \t \r\nConnection:  close \r\nEmpty:\r\n\r\n"),
	RAW("query", 200, 1, 1, "GET /a?b=c&d=%41+e&f HTTP/1.1\r\nConnection: close\r\n" H "\r\n"),
	RAW("cookies", 200, 1, 1,
	    "GET /a HTTP/1.1\r\nCookie: a=b; c=\"d\"\r\nConnection: close\r\n" H "\r\n"),
	RAW("HTTP/1.0 without Host", 200, 1, 1, "GET /a HTTP/1.0\r\n\r\n"),
};

static const struct raw_case *current;

static void send_case(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_send(fd, current->bytes, current->len);
	fixture->note[0] = (int)client_read_all(fd, &fixture->got);
	close(fd);
}

/* The same, a byte at a time: no outcome may depend on how the bytes came in. */
static void drip_case(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	for (size_t i = 0; i < current->len && client_send(fd, current->bytes + i, 1); i++)
		continue;
	fixture->note[0] = (int)client_read_all(fd, &fixture->got);
	close(fd);
}

static int count_answers(const char *text)
{
	int count = 0;

	for (; (text = strstr(text, "HTTP/1.")); text++)
		count += text[8] == ' ' && text[9] >= '1' && text[9] <= '5';
	return count;
}

/* True when the case came out as its row wants. */
static bool check_case(void (*client)(struct fixture *fixture))
{
	struct fixture fixture;
	const char *got;
	int answers, status;
	bool right;

	fixture_open(&fixture, answer);
	play(&fixture, client);
	got = buf_text(&fixture.got);
	answers = count_answers(got);
	status = strlen(got) > 12 ? (int)strtol(got + 9, NULL, 10) : 0;
	right = (!current->status || status == current->status) &&
		(!current->answers || answers == current->answers) &&
		(current->handled < 0 || fixture.handled == current->handled) &&
		(current->status < 400 || strstr(got, "Connection: close")) &&
		!strstr(got, "/smuggled [x");
	if (!right)
		print_error("%s: status %d, %d answers, %d handled:\n%s\n", current->name, status,
			    answers, fixture.handled, got);
	fixture_close(&fixture);
	return right;
}

static void check_all(void (*client)(struct fixture *fixture))
{
	int wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		current = &cases[i];
		wrong += !check_case(client);
	}
	assert_int_equal(wrong, 0);
}

static void ambiguous_framing_is_refused_and_ends_the_connection(void **state)
{
	(void)state;
	check_all(send_case);
}

static void the_outcome_is_the_same_when_bytes_arrive_one_by_one(void **state)
{
	(void)state;
	check_all(drip_case);
}

static void send_large_header(struct fixture *fixture)
{
	int fd = client_connect(fixture);
	char filler[1024];

	memset(filler, 'a', sizeof(filler));
	client_say(fd, "GET /a HTTP/1.1\r\nHost: x\r\nX: ");
	for (int i = 0; i < 64 && client_send(fd, filler, sizeof(filler)); i++)
		continue;
	client_say(fd, "\r\n\r\n");
	client_read_all(fd, &fixture->got);
	close(fd);
}

static void send_many_headers(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, "GET /a HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 1000 && client_say(fd, "X: y\r\n"); i++)
		continue;
	client_say(fd, "\r\n");
	client_read_all(fd, &fixture->got);
	close(fd);
}

static void a_header_that_is_too_large_gives_431(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture, answer);
	play(&fixture, send_large_header);
	assert_memory_equal(buf_text(&fixture.got), "HTTP/1.1 431", 12);
	buf_clear(&fixture.got);
	play(&fixture, send_many_headers);
	assert_memory_equal(buf_text(&fixture.got), "HTTP/1.1 431", 12);
	assert_int_equal(fixture.handled, 0);
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ambiguous_framing_is_refused_and_ends_the_connection),
		cmocka_unit_test(the_outcome_is_the_same_when_bytes_arrive_one_by_one),
		cmocka_unit_test(a_header_that_is_too_large_gives_431),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
