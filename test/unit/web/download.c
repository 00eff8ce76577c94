/* The routes and downloads over a real connection, with a container that is played by fakes.h. */
#include "fakes.h"

static int open_web(void **state)
{
	static struct fixture fixture;

	open_fakes(&fixture);
	*state = &fixture;
	return 0;
}

static int close_web(void **state)
{
	fixture_close(*state);
	return container.opened == container.closed ? 0 : 1;
}

/* --- downloads ---------------------------------------------------------------------------- */

static void a_file_comes_with_its_name_type_and_fences(void **state)
{
	const char *got = answer_to(*state, ASK("GET", "/files/f-x", "Origin: https://other\r\n"));

	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "Content-Length: 46\r\n");
	assert_has(got, "Content-Type: text/plain; charset=utf-8\r\n");
	assert_has(got, "Content-Disposition: inline; filename=\"report.txt\"\r\n");
	assert_has(got, "X-Content-Type-Options: nosniff\r\n");
	assert_has(got, "Content-Security-Policy: sandbox; default-src 'none'\r\n");
	assert_has(got, "Cross-Origin-Resource-Policy: same-origin\r\n");
	assert_has(got, "Referrer-Policy: no-referrer\r\n");
	assert_has(got, "Cache-Control: private, no-store\r\n");
	assert_has(got, "ETag: \"0000000000000abc\"\r\n");
	assert_has(got, "Last-Modified: Thu, 01 Jan 1970 00:00:01 GMT\r\n");
	assert_has(got, "\r\n\r\nabcdefghijklmnopqrstuvwabcdefghijklmnopqrstuvw");
	assert_lacks(got, "Access-Control");
	assert_string_equal(container.asked, "f-x");
}

static void what_could_run_is_saved_whatever_was_wished(void **state)
{
	const char *got;

	container.name = "a.svg";
	container.disposition = "inline";
	got = answer_to(*state, ASK("GET", "/files/f-x", ""));
	assert_has(got, "Content-Type: image/svg+xml\r\n");
	assert_has(got, "Content-Disposition: attachment; filename=\"a.svg\"\r\n");
}

static void HEAD_equals_GET_without_the_body(void **state)
{
	const char *got = answer_to(*state, ASK("HEAD", "/files/f-x", "Range: bytes=0-1\r\n"));

	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "Content-Length: 46\r\n");
	assert_has(got, "ETag: ");
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
}

static void a_part_is_sent_and_a_wrong_one_refused(void **state)
{
	const char *got = answer_to(*state, ASK("GET", "/files/f-x", "Range: bytes=2-4\r\n"));

	assert_has(got, "HTTP/1.1 206");
	assert_has(got, "Content-Range: bytes 2-4/46\r\n");
	assert_has(got, "Content-Length: 3\r\n");
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\ncde");
	got = answer_to(*state, ASK("GET", "/files/f-x", "Range: bytes=46-\r\n"));
	assert_has(got, "HTTP/1.1 416");
	assert_has(got, "Content-Range: bytes */46\r\n");
	got = answer_to(*state,
			ASK("GET", "/files/f-x", "If-None-Match: \"0000000000000abc\"\r\n"));
	assert_has(got, "HTTP/1.1 304");
}

static void an_empty_file_is_a_whole_answer(void **state)
{
	const char *got;

	container.size = 0;
	got = answer_to(*state, ASK("GET", "/files/f-x", ""));
	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "Content-Length: 0\r\n");
}

static void read_slowly(struct fixture *fixture)
{
	static char piece[64 * 1024];
	uint64_t offset = 0;
	char c = 0;
	const char *end = "\r\n\r\n";
	ssize_t len;
	int fd = client_connect_sized(fixture, 16 * 1024);

	client_say(fd, ASK("GET", "/files/f-x", ""));
	/* Not a byte is read before the container has come to a stop. */
	while (!__atomic_load_n(&container.stalled, __ATOMIC_SEQ_CST))
		sched_yield();
	while (*end && recv(fd, &c, 1, 0) == 1)
		end = c == *end ? end + 1 : c == '\r' ? "\n\r\n" : "\r\n\r\n";
	fixture->note[0] = 1;
	while ((len = recv(fd, piece, sizeof(piece), 0)) > 0)
		for (ssize_t i = 0; i < len; i++)
			fixture->note[0] &= piece[i] == byte_at(offset++);
	fixture->note[1] = offset == container.size;
	close(fd);
}

static void a_big_file_flows_no_faster_than_it_is_read(void **state)
{
	struct fixture *fixture = *state;

	container.size = 20 * 1024 * 1024 + 7;
	play(fixture, read_slowly);
	assert_true(fixture->note[0]);
	assert_true(fixture->note[1]);
	assert_in_range(container.most_ahead, 1, WINDOW);
}

static void a_file_that_shrinks_is_visibly_incomplete(void **state)
{
	const char *got, *body;

	container.size = 1024 * 1024;
	container.ends_at = 512 * 1024;
	got = answer_to(*state, ASK("GET", "/files/f-x", ""));
	body = strstr(got, "\r\n\r\n") + 4;
	assert_has(got, "Content-Length: 1048576\r\n");
	assert_true(strlen(body) < 1048576);
}

static void leave_while_opening(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, ASK("GET", "/files/f-x", ""));
	shutdown(fd, SHUT_WR);
	(void)!recv(fd, &fixture->note, 1, 0);
	close(fd);
	while (!__atomic_load_n(&container.closed, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void a_person_who_leaves_lets_go_of_the_file(void **state)
{
	container.silent = true;
	play(*state, leave_while_opening);
	assert_int_equal(container.opened, 1);
	assert_int_equal(container.closed, 1);
}

static void a_dead_link_says_why_to_people_and_programs(void **state)
{
	const char *got;

	container.open_error = ERROR_GONE;
	got = answer_to(*state, ASK("GET", "/files/f-x", "Accept: text/html,*/*;q=0.8\r\n"));
	assert_has(got, "HTTP/1.1 404");
	assert_has(got, "Content-Type: text/html; charset=utf-8\r\n");
	assert_has(got, "Content-Security-Policy: default-src 'none'; style-src");
	assert_has(got, "<p>It is &lt;gone&gt;.</p>");
	got = answer_to(*state, ASK("GET", "/files/f-x", "Accept: */*\r\n"));
	assert_has(got, "Content-Type: application/json\r\n");
	assert_has(got, "{\"code\":\"gone\",\"message\":\"it is <gone>\",\"next\":\"");
	container.open_error = ERROR_NONE;
	container.later_error = ERROR_UNAVAILABLE;
	got = answer_to(*state, ASK("GET", "/files/f-x", ""));
	assert_has(got, "HTTP/1.1 503");
	assert_has(got, "Retry-After: ");
	assert_has(got, "\"code\":\"unavailable\"");
}

/* --- routes ------------------------------------------------------------------------------- */

static void each_path_goes_to_its_handler(void **state)
{
	static const struct {
		const char *text, *wanted, *also;
	} cases[] = {
		{ ASK("POST", "/", ""), "HTTP/1.1 202", "" },
		{ ASK("POST", "/mcp", ""), "HTTP/1.1 202", "" },
		{ ASK("DELETE", "/mcp", ""), "HTTP/1.1 202", "" },
		{ ASK("OPTIONS", "/mcp", ""), "HTTP/1.1 202", "" },
		{ ASK("GET", "/mcp", "Accept: text/event-stream\r\n"), "HTTP/1.1 202", "" },
		{ ASK("GET", "/", ""), "HTTP/1.1 200", "\"version\":\"1.2.3\"" },
		{ ASK("GET", "/", "Accept: */*\r\n"), "HTTP/1.1 200", "\"2025-11-25\"" },
		{ ASK("GET", "/", "Origin: http://evil\r\n"), "HTTP/1.1 403", "" },
		{ ASK("GET", "/health", "Origin: http://evil\r\n"), "HTTP/1.1 200",
		  "{\"status\":\"ok\"}" },
		{ ASK("POST", "/health", ""), "HTTP/1.1 405", "Allow: GET, HEAD, OPTIONS\r\n" },
		{ ASK("POST", "/health", ""), "HTTP/1.1 405", "Use one of these methods: GET" },
		{ ASK("GET", "/metrics", ""), "HTTP/1.1 404", "What this server has: /" },
		{ ASK("DELETE", "/files/f-x", ""), "HTTP/1.1 405", "Allow: GET, HEAD, OPTIONS" },
		{ ASK("OPTIONS", "/files/f-x", ""), "HTTP/1.1 204", "Allow: GET, HEAD, OPTIONS" },
		{ ASK("GET", "/uploads/u-x", ""), "HTTP/1.1 405", "Allow: PUT, OPTIONS\r\n" },
		{ ASK("HEAD", "/uploads/u-x", ""), "HTTP/1.1 405", "Allow: PUT, OPTIONS\r\n" },
		{ ASK("POST", "/uploads/u-x", ""), "HTTP/1.1 405", "Allow: PUT, OPTIONS\r\n" },
		{ ASK("OPTIONS", "/uploads/u-x", ""), "HTTP/1.1 204", "Allow: PUT, OPTIONS\r\n" },
		{ ASK("PUT", "/uploads/", "Content-Length: 0\r\n"), "HTTP/1.1 404", "" },
		{ ASK("GE", "/health", ""), "HTTP/1.1 405", "" },
		{ ASK("GET", "/files/", ""), "HTTP/1.1 404", "\"code\":\"not_found\"" },
		{ ASK("GET", "/files", ""), "HTTP/1.1 404", "" },
		{ ASK("GET", "/mcp/", ""), "HTTP/1.1 404", "" },
		{ ASK("GET", "/healthy", "Accept: text/html\r\n"), "HTTP/1.1 404", "<!doctype" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = answer_to(*state, cases[i].text);

		assert_has(got, cases[i].wanted);
		assert_has(got, cases[i].also);
	}
}

static void ready_names_what_is_missing(void **state)
{
	const char *got = answer_to(*state, ASK("GET", "/ready", ""));

	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "{\"podman\":\"ok\",\"database\":\"ok\",\"image\":\"ok\"}");
	container.up = false;
	got = answer_to(*state, ASK("GET", "/ready", ""));
	assert_has(got, "HTTP/1.1 503");
	assert_has(got, "\"podman\":\"unavailable\",\"database\":\"ok\"");
	container.up = true;
	container.database = false;
	got = answer_to(*state, ASK("GET", "/ready", ""));
	assert_has(got, "HTTP/1.1 503");
	assert_has(got, "\"database\":\"unavailable\"");
	container.database = true;
	web.draining = true;
	got = answer_to(*state, ASK("GET", "/ready", ""));
	assert_has(got, "HTTP/1.1 503");
	assert_has(got, "\"status\":\"stopping\"");
}

#define WEB_TEST(name) cmocka_unit_test_setup_teardown(name, open_web, close_web)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(a_file_comes_with_its_name_type_and_fences),
		WEB_TEST(what_could_run_is_saved_whatever_was_wished),
		WEB_TEST(HEAD_equals_GET_without_the_body),
		WEB_TEST(a_part_is_sent_and_a_wrong_one_refused),
		WEB_TEST(an_empty_file_is_a_whole_answer),
		WEB_TEST(a_big_file_flows_no_faster_than_it_is_read),
		WEB_TEST(a_file_that_shrinks_is_visibly_incomplete),
		WEB_TEST(a_person_who_leaves_lets_go_of_the_file),
		WEB_TEST(a_dead_link_says_why_to_people_and_programs),
		WEB_TEST(each_path_goes_to_its_handler),
		WEB_TEST(ready_names_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
