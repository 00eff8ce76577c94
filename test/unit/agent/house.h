/* The agent itself, as process 1 of namespaces made for each test: what a container is to it,
 * without Podman.  Links come in as they do in production, by a process from outside that runs
 * `agent link`.  Needs root, and fails where namespaces cannot be made. */
#ifndef HOUSE_H
#define HOUSE_H

#include "wire.h"
#include "wire_call.h"
#include "wire_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_MS = 20000, QUIET_MS = 150, KEPT = 256 * 1024 };

/* --- a house for the agent --------------------------------------------------------------- */

struct house {
	char root[64];
	char place[72]; /* where process 1 meets a server of this machine */
	pid_t builder;
	pid_t init;
};

static inline void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	_exit(99);
}

static inline void show(const char *path, const char *as, bool directory)
{
	if (directory)
		must(mkdir(as, 0755) == 0, as);
	else
		must(close(open(as, O_CREAT | O_WRONLY, 0644)) == 0, as);
	must(mount(path, as, NULL, MS_BIND | MS_REC, NULL) == 0, path);
}

/* The host's programs and libraries, which are folders or links into /usr. */
static inline void show_system(const char *name)
{
	char path[32];
	char target[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/%s", name);
	len = readlink(path, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		must(symlink(target, name) == 0, name);
	} else if (access(path, F_OK) == 0) {
		show(path, name, true);
	}
}

/* In the new namespaces, as their process 1: never returns. */
static inline void become_init(const struct house *house)
{
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	must(mount("tmpfs", house->root, "tmpfs", 0, "size=64m,mode=755") == 0, "root");
	must(chdir(house->root) == 0, "chdir");
	show_system("usr");
	show_system("bin");
	show_system("lib");
	show_system("lib64");
	must(mkdir("dev", 0755) == 0 && mkdir("proc", 0755) == 0 && mkdir("old", 0755) == 0,
	     "dirs");
	show("/dev/null", "dev/null", false);
	show("/dev/zero", "dev/zero", false);
	show("/dev/urandom", "dev/urandom", false);
	show(AGENT, "agent", false);
	must(mkdir(".sandpod", 0755) == 0, ".sandpod");
	show(house->place, ".sandpod/link", true);
	must(setenv("SANDPOD_LINK", "meet", 1) == 0, "environment");
	must(syscall(SYS_pivot_root, ".", "old") == 0 && chdir("/") == 0, "pivot_root");
	must(umount2("/old", MNT_DETACH) == 0, "umount");
	must(mount("proc", "/proc", "proc", 0, NULL) == 0, "proc");
	execl("/agent", "agent", "init", (char *)NULL);
	must(false, "exec");
}

static const char *in_place(const struct house *house, const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", house->place, name);
	return path;
}

static inline void make_place(struct house *house)
{
	snprintf(house->place, sizeof(house->place), "%s.link", house->root);
	assert_int_equal(mkdir(house->place, 0711), 0);
	assert_int_equal(mkfifo(in_place(house, "bell"), 0644), 0);
}

static inline int house_build(void **state)
{
	struct house *house = calloc(1, sizeof(*house));
	int told[2];

	assert_non_null(house);
	snprintf(house->root, sizeof(house->root), "/tmp/sandpod-agent-XXXXXX");
	assert_non_null(mkdtemp(house->root));
	make_place(house);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	house->builder = fork();
	assert_true(house->builder >= 0);
	if (house->builder == 0) {
		pid_t init;

		must(unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) == 0,
		     "unshare");
		init = fork();
		must(init >= 0, "fork");
		if (init == 0)
			become_init(house);
		must(write(told[1], &init, sizeof(init)) == (ssize_t)sizeof(init), "write");
		close(told[1]);
		waitpid(init, NULL, 0);
		_exit(0);
	}
	close(told[1]);
	assert_int_equal(read(told[0], &house->init, sizeof(house->init)), sizeof(house->init));
	/* The last copy is closed by the exec: from then on its root is the one that links see. */
	assert_int_equal(read(told[0], &(char){ 0 }, 1), 0);
	close(told[0]);
	*state = house;
	return 0;
}

static inline int house_demolish(void **state)
{
	struct house *house = *state;

	kill(house->init, SIGKILL);
	waitpid(house->builder, NULL, 0);
	rmdir(house->root);
	unlink(in_place(house, "bell"));
	unlink(in_place(house, "meet"));
	rmdir(house->place);
	free(house);
	return 0;
}

/* --- a link ------------------------------------------------------------------------------ */

struct link {
	pid_t process;
	int to;
	int from;
	struct wire_reader reader;
	bool got_frame;
	bool at_end;
	/* the last frame */
	struct wire_frame frame;
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_hello hello;
	/* what LISTED ended */
	unsigned listed;
	uint32_t listed_stream;
	struct wire_command listed_command;
	struct wire_called listed_call;
};

static inline void enter(const struct house *house, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)house->init, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && setns(fd, 0) == 0, path);
}

/* What Podman does for an exec session: a process inside whose parent is outside. */
static inline void become_session(const struct house *house, int in, int out)
{
	pid_t pid;
	int status;

	enter(house, "pid");
	enter(house, "net");
	enter(house, "mnt");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		dup2(in, 0);
		dup2(out, 1);
		execl("/agent", "agent", "link", (char *)NULL);
		must(false, "exec");
	}
	close(in);
	close(out);
	must(waitpid(pid, &status, 0) == pid, "waitpid");
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

static inline bool on_frame(void *ctx, const struct wire_frame *frame)
{
	struct link *link = ctx;

	memcpy(link->payload, frame->payload, frame->length);
	link->frame = *frame;
	link->frame.payload = link->payload;
	link->got_frame = true;
	return true;
}

/* The next frame; false when none came in time, or the link ended. */
static inline bool try_next(struct link *link, int wait_ms)
{
	uint8_t piece[WIRE_HEADER + WIRE_PAYLOAD_MAX];

	link->got_frame = false;
	while (!link->got_frame) {
		struct pollfd ready = { .fd = link->from, .events = POLLIN };
		ssize_t got;

		if (poll(&ready, 1, wait_ms) <= 0)
			return false;
		got = read(link->from, piece, wire_reader_wants(&link->reader));
		if (got <= 0) {
			link->at_end = true;
			return false;
		}
		assert_true(wire_feed(&link->reader, piece, (size_t)got, on_frame, link));
	}
	return true;
}

static const struct wire_frame *next(struct link *link)
{
	assert_true(try_next(link, PATIENCE_MS));
	return &link->frame;
}

static const struct wire_frame *expect(struct link *link, enum wire_type type, uint32_t stream)
{
	next(link);
	assert_int_equal(link->frame.type, type);
	assert_int_equal(link->frame.stream, stream);
	return &link->frame;
}

/* What every link begins with. */
static inline void take_greeting(struct link *link)
{
	wire_reader_init(&link->reader);
	assert_true(wire_get_hello(expect(link, WIRE_HELLO, 0), &link->hello));
	while (next(link)->type == WIRE_COMMAND || link->frame.type == WIRE_CALLED) {
		link->listed++;
		link->listed_stream = link->frame.stream;
		if (link->frame.type == WIRE_CALLED)
			assert_true(wire_get_called(&link->frame, &link->listed_call));
		else
			assert_true(wire_get_command(&link->frame, &link->listed_command));
	}
	assert_int_equal(link->frame.type, WIRE_LISTED);
}

static inline struct link *link_make(const struct house *house)
{
	struct link *link = calloc(1, sizeof(*link));
	int in[2];
	int out[2];

	assert_non_null(link);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	link->process = fork();
	assert_true(link->process >= 0);
	if (link->process == 0) {
		close(in[1]);
		close(out[0]);
		become_session(house, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	link->to = in[1];
	link->from = out[0];
	take_greeting(link);
	return link;
}

/* Breaks it off from our side, as a server that dies does. */
static inline void link_drop(struct link *link)
{
	int status;

	close(link->to);
	close(link->from);
	assert_int_equal(waitpid(link->process, &status, 0), link->process);
	free(link);
}

static inline void order(struct link *link, enum wire_type type, uint32_t stream,
			 const void *payload, size_t len)
{
	uint8_t bytes[WIRE_HEADER + WIRE_PAYLOAD_MAX];

	wire_put_header(bytes, type, stream, (uint32_t)len);
	if (len > 0)
		memcpy(bytes + WIRE_HEADER, payload, len);
	assert_int_equal(write(link->to, bytes, WIRE_HEADER + len), WIRE_HEADER + len);
}

/* A writer for the payload of one order; not for two at once. */
static inline struct wire_writer fresh(void)
{
	static uint8_t payload[WIRE_PAYLOAD_MAX];

	return (struct wire_writer){ .data = payload, .room = sizeof(payload) };
}

static inline void order_start(struct link *link, uint32_t stream, const struct wire_start *start)
{
	struct wire_writer writer = fresh();

	wire_put_start(&writer, start);
	order(link, WIRE_START, stream, writer.data, writer.len);
}

static inline void begin(struct link *link, uint32_t stream, const char *command)
{
	order_start(link, stream, &(struct wire_start){ .command = command, .workdir = "/tmp" });
	order(link, WIRE_INPUT_END, stream, NULL, 0);
}

static inline void order_offsets(struct link *link, enum wire_type type, uint32_t stream,
				 uint64_t out, uint64_t err)
{
	struct wire_writer writer = fresh();

	wire_put_offsets(&writer, &(struct wire_offsets){ .out = out, .err = err });
	order(link, type, stream, writer.data, writer.len);
}

static inline void order_kill(struct link *link, uint32_t stream, uint32_t signal,
			      uint64_t escalate_ms)
{
	struct wire_writer writer = fresh();

	wire_put_kill(&writer, &(struct wire_kill){ .signal = signal, .escalate_ms = escalate_ms });
	order(link, WIRE_KILL, stream, writer.data, writer.len);
}

/* --- a command's result ------------------------------------------------------------------ */

struct result {
	char out[KEPT];
	char err[4096];
	uint64_t out_len;
	uint64_t err_len;
	bool acknowledge;
	bool ended;
	struct wire_exited exited;
	struct wire_failed failed;
};

static inline void result_chunk(struct result *result, const struct wire_frame *frame)
{
	bool is_out = frame->type == WIRE_STDOUT;
	uint64_t *len = is_out ? &result->out_len : &result->err_len;
	const uint8_t *data;
	uint64_t offset;
	size_t more;

	assert_true(wire_get_chunk(frame, &offset, &data, &more));
	assert_int_equal(offset, *len);
	assert_true(*len + more < (is_out ? sizeof(result->out) : sizeof(result->err)));
	memcpy((is_out ? result->out : result->err) + *len, data, more);
	*len += more;
}

/* Takes one frame of the command in. */
static inline void result_take(struct result *result, struct link *link, uint32_t stream)
{
	const struct wire_frame *frame = &link->frame;

	assert_int_equal(frame->stream, stream);
	if (frame->type == WIRE_STDOUT || frame->type == WIRE_STDERR) {
		result_chunk(result, frame);
		if (result->acknowledge)
			order_offsets(link, WIRE_ACK, stream, result->out_len, result->err_len);
	} else if (frame->type == WIRE_EXITED) {
		assert_true(wire_get_exited(frame, &result->exited));
		assert_int_equal(result->exited.out_total, result->out_len);
		assert_int_equal(result->exited.err_total, result->err_len);
		result->ended = true;
	} else if (frame->type == WIRE_FAILED) {
		assert_true(wire_get_failed(frame, &result->failed));
		result->ended = true;
	}
}

static inline struct result *result_new(void)
{
	struct result *result = calloc(1, sizeof(*result));

	assert_non_null(result);
	result->acknowledge = true;
	return result;
}

static inline struct result *finish(struct link *link, uint32_t stream, struct result *result)
{
	while (!result->ended) {
		next(link);
		result_take(result, link, stream);
	}
	return result;
}

/* Until a whole window has come, not one byte of it acknowledged, and then nothing more. */
static inline void fill_window(struct link *link, uint32_t stream, struct result *result,
			       int quiet_ms)
{
	result->acknowledge = false;
	while (result->out_len < WIRE_WINDOW) {
		next(link);
		result_take(result, link, stream);
	}
	assert_int_equal(result->out_len, WIRE_WINDOW);
	assert_false(try_next(link, quiet_ms));
	assert_false(link->at_end);
	result->acknowledge = true;
}

/* Until text has come out of it. */
static inline struct result *until(struct link *link, uint32_t stream, const char *text)
{
	struct result *result = result_new();

	while (!strstr(result->out, text)) {
		next(link);
		result_take(result, link, stream);
		assert_false(result->ended);
	}
	return result;
}

static inline struct result *run(struct link *link, uint32_t stream, const char *command)
{
	begin(link, stream, command);
	return finish(link, stream, result_new());
}

static inline void assert_out(struct link *link, uint32_t stream, const char *command,
			      const char *out)
{
	struct result *result = run(link, stream, command);

	assert_string_equal(result->out, out);
	free(result);
}

static inline uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
