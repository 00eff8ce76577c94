/* Who gets a page about a file and who gets its bytes, over a real connection, with a container
 * that is played by fakes.h. */
#include "fakes.h"
#include "clock.h"

#define BROWSER                                                                                    \
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"

static int open_web(void **state)
{
	static struct fixture fixture;

	open_fakes(&fixture);
	container.content = "<b>hello</b> & welcome\n";
	container.size = strlen(container.content);
	*state = &fixture;
	return 0;
}

static int close_web(void **state)
{
	fixture_close(*state);
	return container.opened == container.closed && web.previews == 0 ? 0 : 1;
}

static void a_browser_gets_a_page_that_can_do_nothing(void **state)
{
	const char *got;

	container.expires_at = clock_wall_ms() + 90 * 60 * 1000 + 5000;
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER "Sec-Fetch-Dest: document\r\n"));
	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "Content-Type: text/html; charset=utf-8\r\n");
	assert_has(got, "Content-Security-Policy: default-src 'none'; style-src 'sha256-");
	assert_has(got, "frame-ancestors 'none'; sandbox allow-downloads allow-popups");
	assert_lacks(got, "allow-scripts");
	assert_lacks(got, "script-src");
	assert_has(got, "X-Content-Type-Options: nosniff\r\n");
	assert_has(got, "X-Frame-Options: DENY\r\n");
	assert_has(got, "Referrer-Policy: no-referrer\r\n");
	assert_has(got, "Cache-Control: private, no-store\r\n");
	assert_has(got, "Vary: Accept, Sec-Fetch-Dest\r\n");
	assert_lacks(got, "ETag");
	assert_lacks(got, "Content-Disposition");
	assert_has(got, "<title>report.txt</title>");
	assert_has(got, "<bdi>report.txt</bdi>");
	assert_has(got, "<span>23 bytes</span>");
	assert_has(got, "link works for 1 h 30 min (until ");
	assert_has(got, "href=\"?download=1\"");
	assert_has(got, "&lt;b&gt;hello&lt;/b&gt; &amp; welcome\n");
	assert_has(got, "</html>\n");
	assert_string_equal(container.asked, "f-x");
}

static void HEAD_of_a_page_equals_GET_without_the_body(void **state)
{
	const char *got = answer_to(*state, ASK("HEAD", "/files/f-x", BROWSER));

	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "Content-Type: text/html; charset=utf-8\r\n");
	assert_has(got, "Content-Length: ");
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
}

static void a_page_is_not_kept_and_is_no_match_for_the_bytes(void **state)
{
	const char *got = answer_to(*state, ASK("GET", "/files/f-x",
						BROWSER "If-None-Match: \"0000000000000abc\"\r\n"));

	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "<!doctype html>");
}

static void programs_and_parts_of_pages_get_the_bytes(void **state)
{
	static const char *const asked[] = {
		ASK("GET", "/files/f-x", ""),
		ASK("GET", "/files/f-x", "Accept: */*\r\n"),
		ASK("GET", "/files/f-x", "Accept: text/html;q=0, */*\r\n"),
		ASK("GET", "/files/f-x", "Accept: text/html;q=0.5, */*;q=0.5\r\n"),
		ASK("GET", "/files/f-x",
		    "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\n"),
		ASK("GET", "/files/f-x", "Accept: application/json\r\n"),
		ASK("GET", "/files/f-x", BROWSER "Range: bytes=0-\r\n"),
		ASK("GET", "/files/f-x", BROWSER "Sec-Fetch-Dest: iframe\r\n"),
		ASK("GET", "/files/f-x", BROWSER "Sec-Fetch-Dest: image\r\n"),
		ASK("GET", "/files/f-x?other=1", "Accept: */*\r\n"),
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const char *got = answer_to(*state, asked[i]);

		assert_has(got, "Content-Type: text/plain; charset=utf-8\r\n");
		assert_has(got, "Vary: Accept, Sec-Fetch-Dest\r\n");
		assert_has(got, "Content-Security-Policy: sandbox; default-src 'none'\r\n");
		assert_has(got, "\r\n\r\n<b>hello</b> & welcome\n");
	}
}

static void the_button_saves_whatever_it_is(void **state)
{
	const char *got = answer_to(*state, ASK("GET", "/files/f-x?download=1", BROWSER));

	assert_has(got, "Content-Disposition: attachment; filename=\"report.txt\"\r\n");
	assert_has(got, "Content-Security-Policy: sandbox; default-src 'none'\r\n");
	assert_has(got, "ETag: \"0000000000000abc\"\r\n");
	assert_has(got, "\r\n\r\n<b>hello</b> & welcome\n");
	got = answer_to(*state, ASK("GET", "/files/f-x?a=b&download=1", "Range: bytes=3-7\r\n"));
	assert_has(got, "HTTP/1.1 206");
	assert_has(got, "\r\n\r\nhello");
	got = answer_to(*state, ASK("GET", "/files/f-x?download=0", BROWSER));
	assert_has(got, "<!doctype html>");
}

static void the_pages_own_pictures_come_as_what_they_are(void **state)
{
	const char *got = answer_to(*state, ASK("GET", "/files/f-x?raw=png", BROWSER));

	assert_has(got, "Content-Type: image/png\r\n");
	assert_has(got, "Content-Disposition: inline; ");
	assert_has(got, "Content-Security-Policy: sandbox; default-src 'none'; frame-ancestors "
			"'self'\r\n");
	assert_has(got, "Cross-Origin-Resource-Policy: same-origin\r\n");
	assert_has(got, "X-Content-Type-Options: nosniff\r\n");
	got = answer_to(*state, ASK("GET", "/files/f-x?raw=mp4", "Range: bytes=3-7\r\n"));
	assert_has(got, "HTTP/1.1 206");
	assert_has(got, "Content-Type: video/mp4\r\n");
}

static void what_could_run_is_shown_inside_of_our_page_only(void **state)
{
	static const char *const words[] = { "pdf", "svg" };

	for (size_t i = 0; i < 2; i++) {
		auto_str window =
			mem_format("GET /files/f-x?raw=%s HTTP/1.1\r\nHost: x\r\n"
				   "Connection: close\r\nSec-Fetch-Dest: document\r\n\r\n",
				   words[i]);
		auto_str part = mem_format("GET /files/f-x?raw=%s HTTP/1.1\r\nHost: x\r\n"
					   "Connection: close\r\nSec-Fetch-Dest: iframe\r\n\r\n",
					   words[i]);

		assert_has(answer_to(*state, window), "Content-Disposition: attachment; ");
		assert_has(answer_to(*state, part), "Content-Disposition: inline; ");
		assert_has(answer_to(*state, part), "frame-ancestors 'self'\r\n");
	}
}

static void no_word_of_a_link_makes_bytes_into_a_page(void **state)
{
	static const char *const words[] = { "html", "text/html", "1", "", "xhtml", "js" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		auto_str asked = mem_format(
			"GET /files/f-x?raw=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			words[i]);
		const char *got = answer_to(*state, asked);

		assert_has(got, "Content-Type: text/plain; charset=utf-8\r\n");
		assert_has(got, "Content-Security-Policy: sandbox; default-src 'none'\r\n");
	}
}

static void only_the_beginning_of_a_large_file_is_read(void **state)
{
	const char *got;

	container.content = NULL;
	container.size = 20 * 1024 * 1024;
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER));
	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "The first 262 KB are shown.");
	assert_in_range(container.most_ahead, 1, WINDOW);
}

static void a_link_to_be_saved_has_a_page_too(void **state)
{
	const char *got;

	container.disposition = "attachment";
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER));
	assert_has(got, "<!doctype html>");
	got = answer_to(*state, ASK("GET", "/files/f-x", ""));
	assert_has(got, "Content-Disposition: attachment; ");
}

static void an_empty_file_is_said_to_be_empty(void **state)
{
	container.size = 0;
	assert_has(answer_to(*state, ASK("GET", "/files/f-x", BROWSER)), "This file is empty.");
}

static void what_fails_is_explained_in_the_same_dress(void **state)
{
	const char *got;

	container.open_error = ERROR_GONE;
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER));
	assert_has(got, "HTTP/1.1 404");
	assert_has(got, "<p>It is &lt;gone&gt;.</p>");
	container.open_error = ERROR_NONE;
	container.later_error = ERROR_UNAVAILABLE;
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER));
	assert_has(got, "HTTP/1.1 503");
	assert_has(got, "style-src 'sha256-");
	container.later_error = ERROR_NONE;
	container.ends_at = 4;
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER));
	assert_has(got, "HTTP/1.1 409");
	assert_has(got, "It became shorter.");
}

static void leave_while_reading(struct fixture *fixture)
{
	int fd = client_connect(fixture);

	client_say(fd, ASK("GET", "/files/f-x", BROWSER));
	shutdown(fd, SHUT_WR);
	(void)!recv(fd, &fixture->note, 1, 0);
	close(fd);
	while (!__atomic_load_n(&container.closed, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void a_person_who_leaves_lets_go_of_the_file(void **state)
{
	container.silent = true;
	play(*state, leave_while_reading);
	assert_int_equal(container.opened, 1);
	assert_int_equal(container.closed, 1);
}

static void when_many_look_a_page_says_less(void **state)
{
	const char *got;

	web.previews = 1000;
	got = answer_to(*state, ASK("GET", "/files/f-x", BROWSER));
	web.previews -= 1000;
	assert_has(got, "HTTP/1.1 200");
	assert_has(got, "Many files are being looked at.");
	assert_has(got, "href=\"?download=1\"");
	assert_lacks(got, "hello");
}

#define WEB_TEST(name) cmocka_unit_test_setup_teardown(name, open_web, close_web)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(a_browser_gets_a_page_that_can_do_nothing),
		WEB_TEST(HEAD_of_a_page_equals_GET_without_the_body),
		WEB_TEST(a_page_is_not_kept_and_is_no_match_for_the_bytes),
		WEB_TEST(programs_and_parts_of_pages_get_the_bytes),
		WEB_TEST(the_button_saves_whatever_it_is),
		WEB_TEST(the_pages_own_pictures_come_as_what_they_are),
		WEB_TEST(what_could_run_is_shown_inside_of_our_page_only),
		WEB_TEST(no_word_of_a_link_makes_bytes_into_a_page),
		WEB_TEST(only_the_beginning_of_a_large_file_is_read),
		WEB_TEST(a_link_to_be_saved_has_a_page_too),
		WEB_TEST(an_empty_file_is_said_to_be_empty),
		WEB_TEST(what_fails_is_explained_in_the_same_dress),
		WEB_TEST(a_person_who_leaves_lets_go_of_the_file),
		WEB_TEST(when_many_look_a_page_says_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
