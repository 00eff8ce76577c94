/* The interpreters' drivers, each run by this machine's own interpreter as process 1 runs it: code
 * on descriptor 3, outcomes on 4, output on 1 and 2.  A language that this machine has not got is
 * skipped, and says so. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "internal.h"

enum { STEPS_MAX = 6, TEXT_MAX = 8 * 1024 * 1024, ANSWER_MS = 30000 };

/* One call.  Texts are parts of what must come; NULL: nothing may come. */
struct step {
	const char *code;
	const char *out, *err, *outcome;
	int status;
	bool interrupt;     /* once it has printed "go" */
	bool ends;          /* the interpreter, with that status */
	const char *absent; /* what must not be in the outcome */
};

struct sentence {
	const char *name;
	const char *language; /* of the table of drivers; "dash" and "ash" are sh without bash */
	struct step steps[STEPS_MAX];
};

/* clang-format off */
#define JSON(value) .outcome = "{\"type\": \"result\", \"json\": " value "}\n"
#define TEXT(value) .outcome = "{\"type\": \"result\", \"text\": \"" value

static const struct sentence sentences[] = {
	/* --- Python --- */
	{ "python: state lives on between calls", "python", {
		{ "import math\nx = 41\ndef f(): return x + 1", .status = 0 },
		{ "print('hi'); f()", .out = "hi\n", JSON("42") },
		{ "_", JSON("42") } } },
	{ "python: a semicolon hides the result, and None is none", "python", {
		{ "5;", .status = 0 }, { "None", .status = 0 }, { "x = 5", .status = 0 } } },
	{ "python: _ is the result where the code sets it, not as the name of a loop", "python", {
		{ "_ = {'a': [1, 2.5, None, True]}\nprint('p')", .out = "p\n", JSON("{\"a\": [1, 2.5, null, true]}") },
		{ "for _ in range(3): pass", .status = 0 },
		{ "if True:\n  _ = 7\nprint(0)", .out = "0\n", JSON("7") } } },
	{ "python: a traceback shows the user's lines alone", "python", {
		{ "def f():\n  return 1/0\n\nf()", .status = 1, .absent = "sandpod", .outcome =
		  "\"error_type\": \"ZeroDivisionError\", \"message\": \"division by zero\", \"traceback\": \"Traceback (most recent call last):\\n  File \\\"<cell 1>\\\", line 4, in <module>\\n    f()" } } },
	{ "python: a syntax error has its line and caret", "python", {
		{ "x = 1\ny = (", .status = 1, .absent = "ast.py", .outcome = "line 2\\n    y = (\\n        ^" },
		{ "return 5", .status = 1, .outcome = "    return 5\\n    ^" } } },
	{ "python: sys.exit gives the status and keeps the state", "python", {
		{ "import sys; x = 6; sys.exit(3)", .status = 3 },
		{ "sys.exit('bye')", .err = "bye\n", .status = 1 },
		{ "x", JSON("6") } } },
	{ "python: await works outside of functions", "python", {
		{ "import asyncio\nx = await asyncio.sleep(0, 4)\nx", JSON("4") },
		{ "await asyncio.sleep(0, 5)", JSON("5") },
		{ "async def f(): return 6\nasyncio.run(f())", JSON("6") } } },
	{ "python: standard input is at its end", "python", {
		{ "input()", .status = 1, .outcome = "EOFError" } } },
	{ "python: what closes or redirects the standard streams harms that call alone", "python", {
		{ "import os, sys\nos.close(1); os.close(2)", .status = 0 },
		{ "print('a')", .out = "a\n" },
		{ "sys.stdout = open(os.devnull, 'w'); sys.stderr.close(); print('lost')", .status = 0 },
		{ "print('b'); print('c', file=sys.stderr)", .out = "b\n", .err = "c\n" },
		{ "os.dup2(os.open(os.devnull, os.O_WRONLY), 1); print('lost')\ntry: os.close(3); os.close(4)\nexcept OSError: pass", .status = 0 },
		{ "os.system('echo d')", .out = "d\n", JSON("0") } } },
	{ "python: an endless loop is interrupted and the state kept", "python", {
		{ "x = 8\nprint('go')\nwhile True: pass", .out = "go\n", .interrupt = true, .status = 130, .outcome = "KeyboardInterrupt" },
		{ "x", JSON("8") } } },
	{ "python: what awaits for ever is interrupted", "python", {
		{ "import asyncio\nprint('go')\nawait asyncio.sleep(1000)", .out = "go\n", .interrupt = true, .status = 130, .absent = "asyncio/", .outcome = "KeyboardInterrupt" },
		{ "await asyncio.sleep(0, 1)", JSON("1") } } },
	{ "python: a repr that never returns is interrupted", "python", {
		{ "class A:\n  def __repr__(self):\n    print('go')\n    while True: pass\nA()", .out = "go\n", .interrupt = true, .status = 130, .outcome = "KeyboardInterrupt" },
		{ "1", JSON("1") } } },
	{ "python: what is not JSON comes as text", "python", {
		{ "[1, float('nan')]", TEXT("[1, nan]") },
		{ "2**70", TEXT("1180591620717411303424") },
		{ "{1: 2}", TEXT("{1: 2}") },
		{ "a = []; a.append(a); a", TEXT("[...]") },
		{ "'\\ud800'", TEXT("'\\\\ud800'") },
		{ "'a\\0b'", TEXT("'a\\\\x00b'") } } },
	{ "python: a repr that raises, and one that is no text, are told", "python", {
		{ "class A:\n  def __repr__(self): raise ValueError\nA()", TEXT("<A object; its repr raised ValueError>") },
		{ "class B(Exception):\n  def __str__(self): raise ValueError\nraise B", .status = 1, .outcome = "its str raised" } } },
	{ "python: a huge result is bounded, with a mark", "python", {
		{ "[0] * 5000000", .outcome = "the rest of this list of 5000000 elements is left out" },
		{ "'a' * 5000000", .outcome = "the rest of this str of 5000000 elements is left out" } } },
	{ "python: the source of functions is found", "python", {
		{ "import inspect\ndef f(a):\n  return a\ninspect.getsource(f)", JSON("\"def f(a):\\n  return a\\n\"") } } },
	{ "python: pickle and forked workers know what the code defines", "python", {
		{ "import pickle\nclass P: pass\npickle.loads(pickle.dumps(P())).__class__ is P", JSON("true") },
		{ "from multiprocessing import Pool\ndef sq(a): return a * a\nwith Pool(2) as p: r = p.map(sq, [2, 3])\nr", JSON("[4, 9]") },
		{ "__name__ == '__main__'", JSON("true") } } },
	{ "python: a forked child that comes to the end says nothing of its own", "python", {
		{ "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: print('child')\npid > 0", .out = "child\n", JSON("true") },
		{ "1", JSON("1") } } },
	{ "python: a warning shows its line, in every call", "python", {
		{ "import warnings; warnings.warn('careful')", .err = "<cell 1>:1: UserWarning: careful\n  import warnings; warnings.warn('careful')\n" },
		{ "import warnings; warnings.warn('careful')", .err = "careful" } } },
	{ "python: notebook habits work: !command, %magic, display, an indented block", "python", {
		{ "!echo shell\n%matplotlib inline\n1", .out = "shell\n", JSON("1") },
		{ "%%sh\necho $((1+1))", .out = "2\n" },
		{ "display([1, 2])", .out = "[1, 2]\n" },
		{ "   a = 3\n   a", JSON("3") } } },
	{ "python: figures are drawn when they are shown and at the end, without a word", "python", {
		{ "import os\nos.mkdir('matplotlib')\nopen('matplotlib/__init__.py', 'w')\nopen('matplotlib/pyplot.py', 'w').write('''\n"
		  "figures = {}\nclass Figure:\n  dpi = 100\n  def get_axes(self): return [1]\n  def savefig(self, file, **_): file.write(b\"\\\\x89PNG\\\\r\\\\n\\\\x1a\\\\nfigure\")\n"
		  "def get_fignums(): return list(figures)\ndef figure(n): return figures.setdefault(n, Figure())\ndef close(which): figures.clear()\ndef show(): raise ValueError\n''');", .status = 0 },
		{ "import matplotlib.pyplot as plt\nplt.figure(1)", .outcome = "{\"type\": \"image\", \"mime_type\": \"image/png\", \"data\": \"iVBORw0KGgpmaWd1cmU=\"}\n", .absent = "result" },
		{ "f = plt.figure(1)\nplt.show()\nplt.get_fignums()", .outcome = "image/png" },
		{ "f", .outcome = "image/png" },
		{ "for i in range(12): plt.figure(i)\n'end'", .outcome = "image/png", .err = "[2 pictures are left out" } } },
	{ "python: objects that draw themselves are pictures", "python", {
		{ "class A:\n  def _repr_png_(self): return b'\\x89PNG\\r\\n\\x1a\\n'\n  def __repr__(self): return 'an A'\nA()", .outcome = "\"data\": \"iVBORw0KGgo=\"}\n{\"type\": \"result\", \"text\": \"an A\"}" },
		{ "class B:\n  def _repr_html_(self): return '<b>'\nB()", TEXT("<b>") },
		{ "class C:\n  def _repr_png_(self): raise ValueError('no ink')\n  def __repr__(self): return 'a C'\nC()", .err = "could not be drawn: ValueError: no ink", TEXT("a C") } } },
	{ "python: an interpreter that leaves takes its status along", "python", {
		{ "print('a')\nimport os; os._exit(4)", .out = "a\n", .status = 4, .ends = true } } },

	/* --- JavaScript (whose JSON has no spaces) --- */
	{ "javascript: state lives on, and names may be declared again", "javascript", {
		{ "const x = 1; let {a, b: [c]} = {a: 2, b: [3]}; class K { m() { return 4 } }\nfunction f() { return x }", .status = 0 },
		{ "console.log('hi'); [x, a, c, new K().m(), f()]", .out = "hi\n", .outcome = "{\"type\":\"result\",\"json\":[1,2,3,4,1]}\n" },
		{ "const x = 5; let c; [x, f(), typeof c]", .outcome = "[5,5,\"undefined\"]" },
		{ "const crypto = require('crypto'); typeof crypto.createHash", .outcome = "\"function\"" } } },
	{ "javascript: await and import stand anywhere, and a last promise is awaited", "javascript", {
		{ "import fs, { readFileSync as r } from 'fs'\nimport * as os from 'node:os'\nconst z = await Promise.resolve(9)\nfor (var i = 0; i < 2; i++) await 0;\n[typeof r, r === fs.readFileSync, typeof os.cpus, z, i]", .outcome = "[\"function\",true,\"function\",9,2]" },
		{ "[z, i, (await import('path')).sep]", .outcome = "[9,2,\"/\"]" },
		{ "async function main() { await 0; return { ok: true } }\nmain()", .outcome = "\"json\":{\"ok\":true}" },
		{ "{ a: 1 }", .outcome = "\"json\":{\"a\":1}" },
		{ "if (require.main === module) console.log('main')", .out = "main\n" } } },
	{ "javascript: errors show the user's lines alone", "javascript", {
		{ "function g() {\n  null.x\n}\ng()", .status = 1, .absent = "node:", .outcome = "\"error_type\":\"TypeError\",\"message\":\"Cannot read properties of null (reading 'x')\",\"traceback\":\"TypeError: Cannot read properties of null (reading 'x')\\n    at g (<cell 1>:2:8)\\n    at <cell 1>:4:1\"}" },
		{ "let = 5 5", .status = 1, .outcome = "SyntaxError" },
		{ "throw { a: 1 }", .status = 1, .outcome = "{ a: 1 }" } } },
	{ "javascript: errors that nobody awaits are told and survived", "javascript", {
		{ "Promise.reject(new Error('lost')); 5", .status = 1, .outcome = "\"message\":\"lost\"" },
		{ "setTimeout(() => { throw new RangeError('late') }, 1); await new Promise(r => setTimeout(r, 30)); 6", .status = 1, .outcome = "\"RangeError\"" },
		{ "7", .outcome = "\"json\":7" } } },
	{ "javascript: an endless loop is interrupted and the state kept", "javascript", {
		{ "const x = 8; console.log('go'); for (;;) ;", .out = "go\n", .interrupt = true, .status = 130, .outcome = "Interrupted" },
		{ "await 0; console.log('go'); for (;;) ;", .out = "go\n", .interrupt = true, .status = 130, .outcome = "Interrupted" },
		{ "setTimeout(() => console.log('go'), 20); await new Promise(() => {})", .out = "go\n", .interrupt = true, .status = 130, .outcome = "Interrupted" },
		{ "x", .outcome = "\"json\":8" } } },
	{ "javascript: what is not JSON comes as text, and a huge result is bounded", "javascript", {
		{ "[1, undefined, NaN]", .outcome = "\"text\":\"[ 1, undefined, NaN ]\"" },
		{ "const a = {}; a.a = a; a", .outcome = "[Circular *1]" },
		{ "'\\ud800'", .outcome = "\"text\":" },
		{ "Array(1e6).fill(0)", .outcome = "999800 more items" } } },
	{ "javascript: what closes the standard streams harms that call alone", "javascript", {
		{ "const fs = require('fs'); fs.closeSync(1); fs.closeSync(2); fs.closeSync(3); fs.closeSync(4)", .status = 0 },
		{ "require('child_process').execSync('echo sub', { stdio: 'inherit' }); process.stdout.end()", .out = "sub\n", .outcome = "result" },
		{ "console.log('a'); console.error('b')", .out = "a\n", .err = "b\n" } } },
	{ "javascript: a picture in a buffer is one; process.exit ends the interpreter", "javascript", {
		{ "Buffer.from('89504e470d0a1a0a00', 'hex')", .outcome = "\"mime_type\":\"image/png\",\"data\":\"iVBORw0KGgoA\"" },
		{ "process.exitCode = 4; undefined", .status = 4 },
		{ "console.log('a'); process.exit(5)", .out = "a\n", .status = 5, .ends = true } } },

	/* --- sh --- */
#define SH_SENTENCES(shell) \
	{ shell ": cd, export and functions last", shell, { \
		{ "cd /; export A=1; f() { echo \"f $A $PWD\"; }", .status = 0 }, \
		{ "f\n\n", .out = "f 1 /\n" }, \
		{ "ls() { return 7; }; ls", .status = 7 }, \
		{ "cat; echo \"read $?\"; printf 'a\\n\\n'", .out = "read 0\na\n\n" } } }, \
	{ shell ": a syntax error does not end it", shell, { \
		{ "echo no; if true; then", .status = 2, .err = "yntax" }, \
		{ "echo on", .out = "on\n" } } }, \
	{ shell ": what closes descriptors harms that call alone", shell, { \
		{ "exec >&- 2>&-; exec 3<&- 4>&-", .status = 0 }, \
		{ "echo a; echo b >&2", .out = "a\n", .err = "b\n" }, \
		{ "set -ex; true", .err = "true" }, \
		{ "false; echo c", .out = "c\n" } } }, \
	{ shell ": an endless loop and a long program are interrupted, and the state kept", shell, { \
		{ "A=1; echo go; while :; do :; done; echo no", .out = "go\n", .interrupt = true, .status = 130 }, \
		{ "sh -c 'echo go; exec sleep 1000'; echo no", .out = "go\n", .interrupt = true, .status = 130 }, \
		{ "echo $A", .out = "1\n" } } }, \
	{ shell ": exit, and a failure under set -e, end it with their status", shell, { \
		{ "echo a; exit 3", .out = "a\n", .status = 3, .ends = true } } }, \
	{ shell ": a failure under set -e ends it", shell, { \
		{ "set -e; false; echo no", .status = 1, .ends = true } } }
	SH_SENTENCES("bash"),
	SH_SENTENCES("dash"),
	SH_SENTENCES("ash"),
	{ "bash: errors name the lines of the code", "bash", {
		{ "\nnosuch", .status = 127, .err = "bash: line 2: nosuch: command not found\n" } } },
};
/* clang-format on */

/* --- an interpreter ------------------------------------------------------------------------ */

static struct interpreter {
	pid_t pid;
	int requests;
	struct pollfd streams[3]; /* stdout, stderr, outcomes */
	struct buf texts[3];
	char dir[64]; /* where it runs */
} it;

static bool is_there(const char *program)
{
	auto_str command = mem_format("command -v %s >/dev/null 2>&1", program);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

/* A PATH on which sh is that shell, and no bash. */
static void shell_path(const char *shell)
{
	static const char *const programs[] = { "cat", "head", "sleep", "true" };
	bool is_ash = strcmp(shell, "ash") == 0;
	auto_str sh = mem_format("%s/sh", it.dir);

	assert_int_equal(symlink(is_ash ? "/bin/busybox" : "/bin/dash", sh), 0);
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		auto_str target = mem_format("/bin/%s", programs[i]);
		auto_str link = mem_format("%s/%s", it.dir, programs[i]);

		assert_int_equal(symlink(is_ash ? "/bin/busybox" : target, link), 0);
	}
	assert_int_equal(setenv("PATH", it.dir, 1), 0);
}

static void become(const struct driver *driver, const int fds[5])
{
	int high[5];

	setsid();
	for (int i = 0; i < 5; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 20);
	for (int i = 0; i < 5; i++)
		dup2(high[i], i);
	close_range(5, ~0U, 0);
	setenv("SANDPOD_DRIVER", driver->source, 1);
	if (chdir(it.dir) == 0)
		execl("/bin/sh", "sh", "-c", driver->command, NULL);
	_exit(126);
}

static void begin(const char *language)
{
	bool is_shell = strstr("bash dash ash", language) != NULL;
	struct sandboxes all = { 0 };
	struct error err;
	const struct driver *driver = driver_find(&all, is_shell ? "sh" : language, &err);
	int fds[5] = { open("/dev/null", O_RDONLY | O_CLOEXEC) };
	int pipes[5][2];

	assert_non_null(driver);
	for (int i = 1; i < 5; i++) {
		assert_int_equal(pipe2(pipes[i], O_CLOEXEC), 0);
		fds[i] = pipes[i][i == 3 ? 0 : 1];
	}
	it.pid = fork();
	if (it.pid == 0) {
		if (is_shell && strcmp(language, "bash") != 0)
			shell_path(language);
		become(driver, fds);
	}
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	it.requests = pipes[3][1];
	it.streams[0] = (struct pollfd){ pipes[1][0], POLLIN, 0 };
	it.streams[1] = (struct pollfd){ pipes[2][0], POLLIN, 0 };
	it.streams[2] = (struct pollfd){ pipes[4][0], POLLIN, 0 };
}

static int end(void **state)
{
	auto_str command = mem_format("rm -rf '%s'", it.dir);
	int status;
	pid_t pid;

	(void)state;
	if (it.pid > 0) {
		kill(-it.pid, SIGKILL);
		waitpid(it.pid, &status, 0);
	}
	for (int i = 0; i < 3; i++) {
		close(it.streams[i].fd);
		buf_release(&it.texts[i]);
	}
	close(it.requests);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	it = (struct interpreter){ 0 };
	return 0;
}

/* --- a call -------------------------------------------------------------------------------- */

/* False at the end of the stream. */
static bool pull(int i)
{
	char data[65536];
	ssize_t len = read(it.streams[i].fd, data, sizeof(data));

	if (len > 0)
		assert_true(buf_add(&it.texts[i], data, (size_t)len));
	return len > 0;
}

/* The line "done STATUS" is there. */
static bool is_done(int *ret_status)
{
	const char *text = buf_text(&it.texts[2]);
	const char *last = strstr(text, "done ");

	while (last && last != text && last[-1] != '\n')
		last = strstr(last + 1, "done ");
	if (!last || !strchr(last, '\n'))
		return false;
	*ret_status = (int)strtol(last + 5, NULL, 10);
	return true;
}

static void drain(void)
{
	for (int i = 0; i < 2; i++)
		while (poll(&it.streams[i], 1, 0) == 1 && pull(i))
			;
}

/* Waits for the end of the call, or of the interpreter (*ret_ended). */
static int wait_for_it(bool interrupt, bool *ret_ended)
{
	struct pollfd open[3];
	int status;

	memcpy(open, it.streams, sizeof(open));
	while (!is_done(&status)) {
		if (open[2].fd < 0) {
			assert_int_equal(waitpid(it.pid, &status, 0), it.pid);
			it.pid = 0;
			*ret_ended = true;
			drain();
			return WEXITSTATUS(status);
		}
		if (poll(open, 3, ANSWER_MS) <= 0)
			fail_msg("no answer; so far: %s%s%s", buf_text(&it.texts[0]),
				 buf_text(&it.texts[1]), buf_text(&it.texts[2]));
		for (int i = 0; i < 3; i++)
			if (open[i].revents && !pull(i))
				open[i].fd = -1;
		if (interrupt && strstr(buf_text(&it.texts[0]), "go\n")) {
			interrupt = false;
			kill(-it.pid, SIGINT);
		}
	}
	drain();
	return status;
}

static void assert_has(const struct step *step, const char *what, const char *text,
		       const char *part)
{
	if (part ? !strstr(text, part) : text[0])
		fail_msg("%s\n%s is: %.2000s\nnot: %s", step->code, what, text,
			 part ? part : "(nothing)");
}

static void call(const struct step *step)
{
	auto_str request = mem_format("run %zu\n%s", strlen(step->code), step->code);
	bool ended = false;
	char *done;
	int status;

	for (int i = 0; i < 3; i++) {
		buf_release(&it.texts[i]);
		it.texts[i] = BUF_INIT(TEXT_MAX);
	}
	assert_int_equal(write(it.requests, request, strlen(request)), strlen(request));
	status = wait_for_it(step->interrupt, &ended);
	assert_has(step, "stdout", buf_text(&it.texts[0]), step->out);
	assert_has(step, "stderr", buf_text(&it.texts[1]), step->err);
	done = it.texts[2].len > 0 ? strstr(it.texts[2].data, "done ") : NULL;
	if (done)
		*done = '\0';
	assert_has(step, "the outcome", done ? it.texts[2].data : "", step->outcome);
	if (step->absent && strstr(it.texts[2].data, step->absent))
		fail_msg("%s is in: %s", step->absent, it.texts[2].data);
	if (status != step->status || ended != step->ends)
		fail_msg("%s\nstatus %d%s", step->code, status, ended ? ", and it ended" : "");
}

static void holds(void **state)
{
	const struct sentence *sentence = *state;
	const char *program = strcmp(sentence->language, "python") == 0       ? "python3"
			      : strcmp(sentence->language, "javascript") == 0 ? "node"
			      : strcmp(sentence->language, "ash") == 0        ? "busybox"
									      : sentence->language;

	if (!is_there(program)) {
		print_message("there is no %s here: skipped\n", program);
		skip();
	}
	snprintf(it.dir, sizeof(it.dir), "/tmp/sandpod-driver-XXXXXX");
	assert_non_null(mkdtemp(it.dir));
	begin(sentence->language);
	for (size_t i = 0; i < STEPS_MAX && sentence->steps[i].code; i++)
		call(&sentence->steps[i]);
}

int main(void)
{
	enum { COUNT = sizeof(sentences) / sizeof(*sentences) };
	static struct CMUnitTest tests[COUNT];

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ sentences[i].name, holds, NULL, end,
						(void *)(uintptr_t)&sentences[i] };
	return cmocka_run_group_tests_name("drivers", tests, NULL, NULL);
}
