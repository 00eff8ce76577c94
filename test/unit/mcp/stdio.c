/* One client on two pipes. */
#include "fixture.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}\n"
#define PONG(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}\n"
#define SLOW(id)                                                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\",\"params\":{\"name\":"       \
	"\"slow\"}}\n"
#define INITIALIZE(version)                                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":" \
	"\"" version "\"}}\n"

struct pipes {
	struct fixture base; /* first: the tools get it */
	struct mcp_stdio *stdio;
	int in[2], out[2]; /* [0] is read from, [1] written to */
	bool ended;
};

static void on_tick(void *ctx)
{
	loop_stop(ctx);
}

static void on_end(void *ctx)
{
	struct pipes *p = ctx;

	assert_false(p->ended);
	p->ended = true;
}

static void turn(struct pipes *p)
{
	struct timer *tick = timer_start(p->base.loop, 1, 0, on_tick, p->base.loop);

	loop_run(p->base.loop);
	timer_stop(tick);
}

static void begin(struct pipes *p)
{
	struct error err;

	p->stdio = mcp_stdio_open(p->base.mcp, p->in[0], p->out[1], on_end, p, &err);
	assert_non_null(p->stdio);
}

static int setup(void **state)
{
	struct pipes *p = mem_new(struct pipes);
	struct error err;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(p->in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(p->out, O_CLOEXEC), 0);
	fcntl(p->out[0], F_SETFL, O_NONBLOCK);
	p->base.loop = loop_new(&err);
	p->base.store = store_open(":memory:", &err);
	mcp_start(&p->base, false);
	*state = p;
	return 0;
}

static void close_in(struct pipes *p)
{
	close(take_fd(p->in[1]));
}

static int teardown(void **state)
{
	struct pipes *p = *state;

	mcp_stdio_close(p->stdio);
	mcp_free(p->base.mcp);
	while (p->base.held_count > 0)
		slow_answer(&p->base);
	store_close(p->base.store);
	loop_free(p->base.loop);
	for (int i = 0; i < 2; i++) {
		if (p->in[i] >= 0)
			close(p->in[i]);
		if (p->out[i] >= 0)
			close(p->out[i]);
	}
	free(p->base.answer);
	free(p);
	return 0;
}

static void type(struct pipes *p, const char *text)
{
	assert_int_equal(write(p->in[1], text, strlen(text)), (ssize_t)strlen(text));
}

/* Lets the loop run until the output is exactly this. */
static void expect(struct pipes *p, const char *wanted)
{
	char text[64 * 1024] = "";
	size_t len = 0;

	for (int i = 0; i < 5000 && len < strlen(wanted); i++) {
		ssize_t n;

		turn(p);
		n = read(p->out[0], text + len, sizeof(text) - 1 - len);
		if (n > 0)
			len += (size_t)n;
		text[len] = '\0';
	}
	assert_string_equal(text, wanted);
}

static void wait_for_end(struct pipes *p)
{
	for (int i = 0; i < 5000 && !p->ended; i++)
		turn(p);
	assert_true(p->ended);
}

static void each_line_is_answered_by_a_line(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, PING("1") "\r\n  \n" PING("\"two\""));
	expect(p, PONG("1") PONG("\"two\""));
}

static void a_line_may_come_in_pieces(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, "{\"jsonrpc\":\"2.0\",");
	turn(p);
	type(p, "\"id\":1,\"method\":\"pi");
	turn(p);
	type(p, "ng\"}\n" PING("2"));
	expect(p, PONG("1") PONG("2"));
}

static void the_owner_of_everything_is_local(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, SLOW("1"));
	for (int i = 0; i < 5000 && p->base.held_count == 0; i++)
		turn(p);
	assert_string_equal(call_owner(p->base.held[0]), "local");
}

static void broken_lines_are_answered_and_the_next_is_read(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}\n" PING("2"));
	expect(p, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"the id must be a "
		  "string or a whole number\"}}\n" PONG("2"));
}

static void initialize_answers_once(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, INITIALIZE("2025-06-18"));
	expect(p, "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"protocolVersion\":\"2025-06-18\","
		  "\"capabilities\":{\"tools\":{},\"logging\":{}},\"serverInfo\":{\"name\":"
		  "\"sandpod\",\"title\":\"Sandpod\",\"version\":\"1.2.3\"},\"instructions\":\"be "
		  "kind\"}}\n");
	type(p, INITIALIZE("2025-06-18"));
	expect(p, "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32600,\"message\":\"this "
		  "session is initialized already\"}}\n");
}

static void a_batch_is_a_line_in_2025_03_26(void **state)
{
	struct pipes *p = *state;
	char text[4096];

	begin(p);
	type(p, "[]\n");
	expect(p, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"only revision "
		  "2025-03-26 has batches; send one message\"}}\n");
	type(p, INITIALIZE("2025-03-26"));
	for (int i = 0; i < 5000 && read(p->out[0], text, sizeof(text)) < 0; i++)
		turn(p);
	type(p, "[{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}]\n");
	expect(p, "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}]\n");
}

static void the_end_waits_for_the_last_answer(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, SLOW("1"));
	close_in(p);
	for (int i = 0; i < 5000 && p->base.held_count == 0; i++)
		turn(p);
	for (int i = 0; i < 10; i++)
		turn(p);
	assert_false(p->ended);
	slow_answer(&p->base);
	wait_for_end(p);
	expect(p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":\"text\","
		  "\"text\":\"{\\\"slow\\\":\\\"done\\\"}\"}],\"structuredContent\":{\"slow\":"
		  "\"done\"}}}\n");
}

static void the_last_line_may_lack_its_newline(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
	close_in(p);
	expect(p, PONG("1"));
	wait_for_end(p);
}

static void a_file_is_read_to_its_end(void **state)
{
	struct pipes *p = *state;
	char path[] = "/tmp/stdio-test-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);
	static const char text[] = PING("1") PING("2");

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	lseek(fd, 0, SEEK_SET);
	close(p->in[0]);
	p->in[0] = fd;
	begin(p);
	expect(p, PONG("1") PONG("2"));
	wait_for_end(p);
}

static void nothing_to_read_ends_at_once(void **state)
{
	struct pipes *p = *state;

	close(p->in[0]);
	p->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	begin(p);
	wait_for_end(p);
}

static void a_closed_input_ends_at_once(void **state)
{
	struct pipes *p = *state;

	close(take_fd(p->in[0]));
	begin(p);
	wait_for_end(p);
}

static void a_reader_that_is_slow_gets_everything(void **state)
{
	enum { COUNT = 20000 };
	struct pipes *p = *state;
	size_t wanted = COUNT * strlen(PONG("1")), got = 0, sent = 0;
	char text[64 * 1024];

	fcntl(p->in[1], F_SETFL, O_NONBLOCK);
	begin(p);
	/* More than the pipe holds, before anything is read. */
	for (int i = 0; i < 100000 && (sent < COUNT || got < wanted); i++) {
		ssize_t n;

		while (sent < COUNT &&
		       write(p->in[1], PING("1"), strlen(PING("1"))) == (ssize_t)strlen(PING("1")))
			sent++;
		turn(p);
		n = sent < COUNT / 2 ? 0 : read(p->out[0], text, sizeof(text));
		if (n > 0)
			got += (size_t)n;
	}
	assert_int_equal(got, wanted);
}

static void a_line_that_is_too_long_is_refused_and_skipped(void **state)
{
	struct pipes *p = *state;
	char chunk[32 * 1024];
	size_t left = MESSAGE_MAX + sizeof(chunk);

	fcntl(p->in[1], F_SETFL, O_NONBLOCK);
	memset(chunk, 'x', sizeof(chunk));
	begin(p);
	while (left > 0) {
		ssize_t n = write(p->in[1], chunk, left < sizeof(chunk) ? left : sizeof(chunk));

		if (n > 0)
			left -= (size_t)n;
		turn(p);
	}
	type(p, "\n" PING("1"));
	expect(p, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"a message may "
		  "have 4 MiB\"}}\n" PONG("1"));
}

static void an_output_that_nobody_takes_ends_it(void **state)
{
	struct pipes *p = *state;

	begin(p);
	close(take_fd(p->out[0]));
	type(p, PING("1"));
	wait_for_end(p);
}

#define LISTEN(id)                                                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"subscriptions/listen\",\"params\":{"      \
	"\"notifications\":{\"toolsListChanged\":true},\"_meta\":{\"io.modelcontextprotocol/"      \
	"protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}}}\n"
#define GRANTED(id)                                                                                \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\","            \
	"\"params\":{\"notifications\":{\"toolsListChanged\":true},\"_meta\":{"                    \
	"\"io.modelcontextprotocol/subscriptionId\":" id "}}}\n"

static void listeners_of_an_output_that_breaks_end_after_all_were_told(void **state)
{
	struct pipes *p = *state;

	p->base.mcp->offers.lists_change = true;
	begin(p);
	type(p, LISTEN("1") LISTEN("2") LISTEN("3"));
	expect(p, GRANTED("1") GRANTED("2") GRANTED("3"));
	close(take_fd(p->out[0]));
	mcp_list_changed(p->base.mcp, MCP_TOOLS);
	wait_for_end(p);
	assert_int_equal(p->base.mcp->listener_count, 0);
}

static void it_may_be_closed_with_calls_under_way(void **state)
{
	struct pipes *p = *state;

	begin(p);
	type(p, SLOW("1"));
	for (int i = 0; i < 5000 && p->base.held_count == 0; i++)
		turn(p);
	mcp_stdio_close(take(p->stdio));
	slow_answer(&p->base);
}

#define WITH_PIPES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PIPES(each_line_is_answered_by_a_line),
		WITH_PIPES(a_line_may_come_in_pieces),
		WITH_PIPES(the_owner_of_everything_is_local),
		WITH_PIPES(broken_lines_are_answered_and_the_next_is_read),
		WITH_PIPES(initialize_answers_once),
		WITH_PIPES(a_batch_is_a_line_in_2025_03_26),
		WITH_PIPES(the_end_waits_for_the_last_answer),
		WITH_PIPES(the_last_line_may_lack_its_newline),
		WITH_PIPES(a_file_is_read_to_its_end),
		WITH_PIPES(nothing_to_read_ends_at_once),
		WITH_PIPES(a_closed_input_ends_at_once),
		WITH_PIPES(a_reader_that_is_slow_gets_everything),
		WITH_PIPES(a_line_that_is_too_long_is_refused_and_skipped),
		WITH_PIPES(an_output_that_nobody_takes_ends_it),
		WITH_PIPES(listeners_of_an_output_that_breaks_end_after_all_were_told),
		WITH_PIPES(it_may_be_closed_with_calls_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
