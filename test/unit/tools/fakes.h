/* A call and a domain that are both played by the test, so that a tool stands alone between them:
 * what arguments become, and what views and errors become. */
#ifndef FAKES_H
#define FAKES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "code.h"
#include "internal.h"
#include "package.h"

/* --- the call --- */

static const char *client_name; /* of every call of a test */
static bool can_ask;
static struct json *person_said; /* the answer to what was asked; NULL: none yet */
static const char *question_key = "destroy";
static char *kept_state; /* from one round of a call to the next */

struct call {
	struct tools_context tools;
	struct json *structured; /* of the answer */
	char *text;
	char *link;
	struct json *asked;  /* params of the question */
	struct json *blocks; /* of the answer */
	char *warning;
	struct error err;
	char *next;
	unsigned ends;
	call_cancel_fn *on_cancel;
	void *cancel_ctx;
	bool takes_tasks, is_task, stopping;
	char handle[64];
	bool wants_progress;
	char *progress; /* the last text */
};

bool call_was_taken_back(const struct call *call)
{
	return !call->stopping;
}

bool call_is_task(const struct call *call)
{
	return call->is_task;
}

bool call_detach(struct call *call, const char *handle)
{
	call->is_task = call->is_task || call->takes_tasks;
	snprintf(call->handle, sizeof(call->handle), "%s", handle);
	return call->is_task;
}

bool call_wants_progress(const struct call *call)
{
	return call->wants_progress;
}

void call_progress(struct call *call, double progress, double total, const char *text)
{
	(void)progress;
	(void)total;
	free(call->progress);
	call->progress = mem_strdup(text);
}

const char *command_op_id(const struct sandbox_op *op)
{
	(void)op;
	return "x-1";
}

void *call_context(const struct call *call)
{
	return (void *)(uintptr_t)&call->tools;
}

static const char *called_set; /* of the tool that is used */

const char *call_set(const struct call *call)
{
	(void)call;
	return called_set;
}

const char *call_client(const struct call *call)
{
	(void)call;
	return client_name;
}

const char *call_owner(const struct call *call)
{
	(void)call;
	return "me";
}

void call_on_cancel(struct call *call, call_cancel_fn *on_cancel, void *ctx)
{
	call->on_cancel = on_cancel;
	call->cancel_ctx = ctx;
}

void call_add_text(struct call *call, const char *text)
{
	assert_null(call->text);
	call->text = mem_strdup(text);
}

void call_add_link(struct call *call, const char *uri, const char *name, const char *media_type,
		   int64_t size)
{
	char *before = call->link;

	call->link = mem_format("%s%s%s %s %s %lld", before ? before : "", before ? "\n" : "", uri,
				name, media_type, (long long)size);
	free(before);
}

void call_add_block(struct call *call, struct json *block)
{
	if (!call->blocks)
		call->blocks = json_array();
	json_append(call->blocks, block);
}

void call_warn(struct call *call, const char *format, ...)
{
	va_list args;

	free(call->warning);
	va_start(args, format);
	assert_true(vasprintf(&call->warning, format, args) >= 0);
	va_end(args);
}

bool call_can_ask(const struct call *call, enum ask_kind kind)
{
	(void)call;
	return kind == ASK_FORM && can_ask;
}

const struct json *call_input(const struct call *call, const char *key, enum ask_kind kind)
{
	(void)call;
	(void)kind;
	assert_string_equal(key, question_key);
	return person_said;
}

void call_ask(struct call *call, const char *key, enum ask_kind kind, struct json *params)
{
	(void)kind;
	assert_string_equal(key, question_key);
	call->asked = params;
}

void call_set_state(struct call *call, const char *text)
{
	(void)call;
	free(kept_state);
	kept_state = mem_strdup(text);
}

const char *call_state(const struct call *call)
{
	(void)call;
	return kept_state;
}

void call_await(struct call *call)
{
	call->ends++;
}

void call_answer(struct call *call, struct json *structured)
{
	call->structured = structured;
	call->ends++;
}

void call_fail(struct call *call, const struct error *err, const char *next)
{
	call->err = *err;
	call->next = mem_strdup(next);
	call->ends++;
}

/* --- the domain --- */

static struct domain {
	struct error refusal; /* kind ERROR_NONE: nothing is refused */
	char said[4096];      /* what was asked */
	sandbox_view_fn *on_view;
	command_view_fn *on_command;
	command_grep_fn *on_grep;
	file_view_fn *on_file;
	upload_view_fn *on_upload;
	void *ctx;
	unsigned cancelled;
	const char *out, *err;
	const char *outcome; /* lines of a driver; NULL: none */
	bool outcome_cut;
	work_fn *on_work_done; /* what a helper thread was asked for; it is over at once */
	void *work_ctx;
	struct command_row *rows;
	size_t row_count;
	size_t file_count;
	struct package_report report;
	struct sandbox_line line; /* sandbox_create makes it longer by one */
	bool is_full;             /* … when none is ready */
} domain;

static inline struct sandbox_op *start(void *ctx, struct error *err)
{
	if (domain.refusal.kind != ERROR_NONE) {
		*err = domain.refusal;
		return NULL;
	}
	domain.ctx = ctx;
	return (struct sandbox_op *)&domain;
}

static inline void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(domain.said, sizeof(domain.said), format, args);
	va_end(args);
}

void sandbox_cancel(struct sandbox_op *op)
{
	assert_ptr_equal(op, &domain);
	domain.cancelled++;
}

struct sandbox_line sandboxes_line(const struct sandboxes *all, const char *owner)
{
	(void)all;
	assert_string_equal(owner, "me");
	return domain.line;
}

struct sandbox_op *sandbox_create(struct sandboxes *all, const struct sandbox_request *r,
				  sandbox_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("create %s name=%s request=%s image=%s memory=%lld cpu=%lld pids=%lld disk=%lld "
	     "ttl=%lld network=%s workdir=%s env=%s",
	     r->owner, r->name, r->request_id, r->image, (long long)r->memory,
	     (long long)r->cpu_milli, (long long)r->pids, (long long)r->disk, (long long)r->ttl_ms,
	     r->network, r->workdir, r->env ? r->env[0] : NULL);
	domain.on_view = done;
	domain.line.length += domain.is_full;
	return start(ctx, err);
}

struct sandbox_op *sandbox_create_once(struct sandboxes *all, const struct sandbox_request *r,
				       sandbox_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("once %s image=%s memory=%lld network=%s env=%s", r->owner, r->image,
	     (long long)r->memory, r->network, r->env ? r->env[0] : NULL);
	domain.on_view = done;
	return start(ctx, err);
}

const char *sandbox_session(const struct container_row *row)
{
	return row->request_id;
}

struct sandbox_op *sandbox_default(struct sandboxes *all, const struct sandbox_request *r,
				   const char *label, sandbox_view_fn *done, void *ctx,
				   struct error *err)
{
	(void)all;
	note("default %s %s image=%s network=%s memory=%lld cpu=%lld pids=%lld by_operator=%d",
	     r->owner, label, r->image, r->network, (long long)r->memory, (long long)r->cpu_milli,
	     (long long)r->pids, r->by_operator);
	domain.on_view = done;
	return start(ctx, err);
}

struct sandbox_op *sandbox_check(struct sandboxes *all, const char *owner, const char *id,
				 int64_t extend_ms, sandbox_view_fn *done, void *ctx,
				 struct error *err)
{
	(void)all;
	note("check %s %s extend=%lld", owner, id, (long long)extend_ms);
	domain.on_view = done;
	return start(ctx, err);
}

static struct container_row container = {
	.id = "c-1",
	.name = "box",
	.image = "alpine",
	.state = "running",
	.memory = 256 << 20,
	.cpu_milli = 500,
	.pids = 100,
	.network = "internet",
	.workdir = "/workspace",
	.posture = "{\"seccomp\":\"enforced\",\"disk\":\"not bounded\",\"runtimes\":\"sh\"}",
	.created_at = 1000,
	.expires_at = 7201000,
};

static inline struct sandbox_view container_view(void)
{
	return (struct sandbox_view){ .row = &container,
				      .linked = true,
				      .uptime_ms = 1500,
				      .runtimes = "sh python3.11 ",
				      .commands_running = 1,
				      .files_shared = 2,
				      .memory_bytes = 1 << 20,
				      .memory_peak_bytes = -1,
				      .cpu_ms = 30,
				      .pids = 3,
				      .disk_bytes = -1 };
}

bool sandbox_each(struct sandboxes *all, const char *owner, bool include_gone,
		  sandbox_each_fn *on_view, void *ctx, struct error *err)
{
	struct sandbox_view view = container_view();

	(void)all;
	note("each %s %d", owner, include_gone);
	if (domain.refusal.kind != ERROR_NONE)
		return error_set(err, domain.refusal.kind, "%s", domain.refusal.text);
	for (size_t i = 0; i < domain.row_count; i++)
		if (!on_view(ctx, &view))
			break;
	return true;
}

bool sandbox_destroy(struct sandboxes *all, const char *owner, const char *id,
		     int64_t *ret_destroyed_at, struct error *err)
{
	(void)all;
	note("destroy %s %s", owner, id);
	if (domain.refusal.kind != ERROR_NONE)
		return error_set(err, domain.refusal.kind, "%s", domain.refusal.text);
	*ret_destroyed_at = 1000;
	return true;
}

struct sandbox_op *command_start(struct sandboxes *all, const struct command_request *r,
				 command_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("start %s %s command=%s workdir=%s env=%s stdin=%s wait=%lld kill=%lld", r->owner,
	     r->container_id, r->command, r->workdir, r->env ? r->env[0] : NULL, r->stdin_text,
	     (long long)r->wait_ms, (long long)r->kill_after_ms);
	domain.on_command = done;
	return start(ctx, err);
}

struct sandbox_op *code_run(struct sandboxes *all, const struct code_request *r,
			    command_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("code %s %s %s/%s code=%.*s fresh=%d workdir=%s env=%s wait=%lld turn=%lld kill=%lld",
	     r->owner, r->container_id, r->language, r->context, (int)r->len, r->code, r->fresh,
	     r->workdir, r->env ? r->env[0] : NULL, (long long)r->wait_ms, (long long)r->turn_ms,
	     (long long)r->kill_after_ms);
	domain.on_command = done;
	return start(ctx, err);
}

struct sandbox_op *command_check(struct sandboxes *all, const struct command_watch *w,
				 command_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("watch %s %s wait=%lld for=%s", w->owner, w->command_id, (long long)w->wait_ms,
	     w->wait_for);
	domain.on_command = done;
	return start(ctx, err);
}

struct sandbox_op *command_input(struct sandboxes *all, const char *owner, const char *command_id,
				 const char *text, size_t len, bool eof, command_view_fn *done,
				 void *ctx, struct error *err)
{
	(void)all;
	note("input %s %s text=%.*s eof=%d", owner, command_id, (int)len, text, eof);
	domain.on_command = done;
	return start(ctx, err);
}

struct sandbox_op *command_kill(struct sandboxes *all, const char *owner, const char *command_id,
				int signal, int64_t wait_ms, command_view_fn *done, void *ctx,
				struct error *err)
{
	(void)all;
	note("kill %s %s signal=%d wait=%lld", owner, command_id, signal, (long long)wait_ms);
	if (!ctx) /* nobody waits for it */
		return (struct sandbox_op *)&domain;
	domain.on_command = done;
	return start(ctx, err);
}

bool command_each(struct sandboxes *all, const char *owner, const char *container_id,
		  command_each_fn *on_row, void *ctx, struct error *err)
{
	(void)all;
	note("commands %s %s", owner, container_id);
	if (domain.refusal.kind != ERROR_NONE)
		return error_set(err, domain.refusal.kind, "%s", domain.refusal.text);
	for (size_t i = 0; i < domain.row_count; i++)
		on_row(ctx, &domain.rows[i]);
	return true;
}

bool command_output(const struct command_view *view, enum command_stream stream, int64_t offset,
		    int64_t len, struct buf *ret_data, struct error *err)
{
	const char *data = stream == COMMAND_STDOUT ? domain.out : domain.err;

	(void)view;
	assert_true(offset + len <= (int64_t)strlen(data));
	return buf_add(ret_data, data + offset, (size_t)len) ||
	       error_set(err, ERROR_INTERNAL, "full");
}

bool code_outcome_open(const struct command_view *view, struct code_outcome *ret_outcome,
		       struct error *err)
{
	(void)view;
	/* What is long is read in a helper thread. */
	*ret_outcome =
		(struct code_outcome){ .fd = domain.outcome && strlen(domain.outcome) > 16384 ? 0
											      : -1,
				       .held = BUF_INIT(CODE_OUTCOME_MAX),
				       .cut = domain.outcome_cut };
	return !domain.outcome || buf_add_text(&ret_outcome->held, domain.outcome) ||
	       error_set(err, ERROR_INTERNAL, "full");
}

const char *code_outcome_line(struct code_outcome *outcome, size_t *ret_len)
{
	char *line = outcome->held.data + outcome->at;

	if (outcome->at == outcome->held.len)
		return NULL;
	*ret_len = strcspn(line, "\n");
	assert_int_equal(line[*ret_len], '\n');
	line[*ret_len] = '\0';
	outcome->at += *ret_len + 1;
	return line;
}

void code_outcome_close(struct code_outcome *outcome)
{
	buf_release(&outcome->held);
}

void loop_work(struct loop *loop, work_fn *run, work_fn *done, void *ctx)
{
	(void)loop;
	run(ctx);
	domain.on_work_done = done;
	domain.work_ctx = ctx;
}

struct sandbox_op *command_grep(struct sandboxes *all, const struct command_grep *g,
				command_grep_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("grep %s %s %s stream=%d most=%zu", g->owner, g->command_id, g->pattern, g->stream,
	     g->most);
	domain.on_grep = done;
	return start(ctx, err);
}

bool file_each(struct sandboxes *all, const char *owner, const char *container_id,
	       file_each_fn *on_file, void *ctx, struct error *err)
{
	struct file_view view = { .id = "f-1",
				  .url = "http://localhost:3000/files/f-1",
				  .name = "a.txt",
				  .path = "/workspace/a.txt",
				  .expires_at = 7201000 };

	(void)all;
	(void)owner;
	(void)container_id;
	(void)err;
	for (size_t i = 0; i < domain.file_count; i++)
		if (!on_file(ctx, &view))
			break;
	return true;
}

struct sandbox_op *file_share(struct sandboxes *all, const struct file_request *r,
			      file_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("share %s %s path=%s disposition=%s ttl=%lld", r->owner, r->container_id, r->path,
	     r->disposition, (long long)r->ttl_ms);
	domain.on_file = done;
	return start(ctx, err);
}

struct sandbox_op *upload_offer(struct sandboxes *all, const struct upload_request *r,
				upload_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("offer %s %s path=%s ttl=%lld max=%lld", r->owner, r->container_id, r->path,
	     (long long)r->ttl_ms, (long long)r->max_bytes);
	domain.on_upload = done;
	return start(ctx, err);
}

const char *const package_managers[] = { "pip", "npm", "apk", "apt", NULL };

struct sandbox_op *package_install(struct sandboxes *all, const struct package_request *r,
				   command_view_fn *done, void *ctx, struct error *err)
{
	(void)all;
	note("install %s %s manager=%s first=%s wait=%lld kill=%lld", r->owner, r->container_id,
	     r->manager, r->packages[0], (long long)r->wait_ms, (long long)r->kill_after_ms);
	domain.on_command = done;
	return start(ctx, err);
}

bool package_report(const struct command_view *view, struct package_report *ret_report,
		    struct error *err)
{
	(void)view;
	*ret_report = domain.report;
	return domain.refusal.kind == ERROR_NONE ||
	       error_set(err, domain.refusal.kind, "%s", domain.refusal.text);
}

size_t package_said_len(const struct command_view *view, const char *printed)
{
	const char *at = strstr(printed, "\nreport-");

	(void)view;
	return at ? (size_t)(at - printed) : strlen(printed);
}

void package_report_release(struct package_report *report)
{
	(void)report;
}

#include "fake_files.h"

/* --- the verbs of the tests --- */

#define ALL_SETS "containers,commands,code,files,web,compat-container-mcp,compat-code-sandbox"

static inline const struct tool *find_tool(const char *name)
{
	const struct tool **tools = tools_select(ALL_SETS);
	const struct tool *found = NULL;

	for (const struct tool **tool = tools; *tool; tool++)
		if (strcmp((*tool)->name, name) == 0)
			found = *tool;
	free(tools);
	assert_non_null(found);
	return found;
}

static struct call *call;
static struct json *args;

static struct sandbox_settings settings = {
	.image = "alpine",
	.memory = 256 << 20,
	.cpu_milli = 500,
	.pids = 100,
	.ttl_ms = 7200 * 1000,
	.network = "internet",
	.command_timeout_ms = 3600 * 1000,
	.upload_limit = 10000000000,
};

static inline int setup(void **state)
{
	(void)state;
	client_name = "";
	can_ask = false;
	question_key = "destroy";
	domain = (struct domain){ .out = "", .err = "" };
	domain_files = (struct domain_files){ .open = false };
	call = mem_new(struct call);
	call->tools = (struct tools_context){ .settings = &settings,
					      .output_limit = 16384,
					      .command_wait_ms = 3000,
					      .max_wait_ms = 45000,
					      .compat = { .command_ms = 30000,
							  .python_ms = 30000,
							  .memory = 256 << 20,
							  .file_bytes = 1 << 20,
							  .extensions = "txt,py" } };
	return 0;
}

/* Whatever was begun ends, as it does when the server stops. */
static inline void end_operation(void)
{
	struct error err;

	if (call->ends > 0 || !domain.ctx)
		return;
	error_set(&err, ERROR_CANCELLED, "cancelled");
	if (domain.on_view)
		domain.on_view(domain.ctx, NULL, &err);
	else if (domain.on_command)
		domain.on_command(domain.ctx, NULL, &err);
}

static inline void call_clear(void)
{
	end_operation();
	domain.ctx = NULL;
	domain.on_view = NULL;
	domain.on_command = NULL;
	json_free(call->structured);
	json_free(args);
	args = NULL;
	free(call->text);
	free(call->link);
	json_free(call->asked);
	json_free(call->blocks);
	free(call->warning);
	free(call->next);
	free(call->progress);
	*call = (struct call){ .tools = call->tools };
}

static inline int teardown(void **state)
{
	(void)state;
	call_clear();
	free(call);
	free(kept_state);
	kept_state = NULL;
	return 0;
}

static inline void use(const char *tool, const char *text)
{
	struct error err;

	call_clear();
	domain.said[0] = '\0';
	args = json_parse(text, strlen(text), &err);
	if (!args)
		fail_msg("%s: %s", text, err.text);
	called_set = find_tool(tool)->set;
	find_tool(tool)->run(call, args);
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text ? text : "(nothing)");
}

static inline struct command_row command_row(const char *state)
{
	struct command_row row = { .id = "x-1",
				   .container_id = "c-1",
				   .command = "make\nall",
				   .started_at = clock_wall_ms() - 5000,
				   .duration_ms = 12,
				   .cpu_ms = 3,
				   .memory_peak = 1 << 20,
				   .kill_after_ms = 60000 };

	snprintf(row.state, sizeof(row.state), "%s", state);
	return row;
}

/* All of the output can be read. */
static inline void answer_view(struct command_view view)
{
	struct command_row row = *view.row;

	row.stdout_bytes = (int64_t)strlen(domain.out);
	row.stderr_bytes = (int64_t)strlen(domain.err);
	view.kept[COMMAND_STDOUT] = view.tail_from[COMMAND_STDOUT] = row.stdout_bytes;
	view.kept[COMMAND_STDERR] = view.tail_from[COMMAND_STDERR] = row.stderr_bytes;
	view.row = &row;
	domain.on_command(domain.ctx, &view, NULL);
}

static inline void answer_command(const struct command_row *row, const char *hint)
{
	answer_view((struct command_view){ .row = row, .hint = hint });
}

static inline const struct json *property(const struct tool *tool, const char *key)
{
	struct error err;
	static struct json *schema;

	json_free(schema);
	schema = json_parse(tool->output_schema, strlen(tool->output_schema), &err);
	assert_non_null(schema);
	if (!key)
		return schema;
	return json_get(json_get_object(schema, "properties"), key);
}

static inline bool is_of_type(const struct json *schema, const struct json *value)
{
	const char *type = json_get_text(schema, "type");

	assert_non_null(type);
	return strstr(json_type_name(value), type) ||
	       (json_type(value) == JSON_NUMBER && strcmp(type, "integer") == 0) ||
	       (json_type(value) == JSON_BOOL && strcmp(type, "boolean") == 0);
}

static inline bool is_one_of(const struct json *schema, const struct json *value)
{
	const struct json *choices = json_get_array(schema, "anyOf");

	if (!choices)
		return is_of_type(schema, value);
	for (const struct json *choice = json_first(choices); choice; choice = json_next(choice))
		if (is_of_type(choice, value))
			return true;
	return false;
}

/* Whether each member is declared, and each that is required is there. */
static inline void assert_fits_schema(const char *name, const struct json *value)
{
	const struct tool *tool = find_tool(name);
	const struct json *required;

	assert_non_null(value);
	for (const struct json *m = json_first(value); m; m = json_next(m)) {
		const struct json *declared = property(tool, json_key(m));

		if (!declared)
			fail_msg("%s: %s is not in the output schema", name, json_key(m));
		if (!is_one_of(declared, m))
			fail_msg("%s: %s may not be %s", name, json_key(m), json_type_name(m));
	}
	required = json_get_array(json_first(json_get_array(property(tool, NULL), "anyOf")),
				  "required");
	assert_true(json_size(required) > 0);
	for (const struct json *r = json_first(required); r; r = json_next(r))
		if (!json_get(value, json_text(r)))
			fail_msg("%s: %s is missing", name, json_text(r));
}

static inline void expect_invalid(const char *tool, const char *text, const char *sentence)
{
	use(tool, text);
	assert_int_equal(call->ends, 1);
	assert_int_equal(call->err.kind, ERROR_INVALID);
	assert_contains(call->err.text, sentence);
	assert_string_equal(domain.said, "");
}

#define WITH_CALL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
