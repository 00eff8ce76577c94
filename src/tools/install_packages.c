/* install_packages: what came of each package, or the id of an install that takes longer. */
#include <string.h>
#include "execution.h"
#include "package.h"
#include "utf8.h"

/* clang-format off */
static const char input_schema[] = SCHEMA({
	"type": "object",
	"properties": {
		"container_id": {"type": "string", "minLength": 1, "maxLength": 64, "description": "From create_container"},
		"packages": {"type": "array", "minItems": 1, "maxItems": 64, "items": {"type": "string", "minLength": 1, "maxLength": 512}, "description": "Names as the manager writes them, with a version where one is wanted (requests==2.31.0, lodash@4, curl=8.5.0-r0); also paths of package files in the container, and URLs for pip and npm"},
		"manager": {"type": "string", "enum": ["pip", "npm", "apk", "apt"], "description": "pip for Python, npm for Node, apk or apt for programs of the system. Default: the first of pip, npm, apk and apt that the image has"},
		"wait_seconds": {"type": "number", "description": "How long this call waits before it hands the install back running"},
		"kill_after_seconds": {"type": "number", "description": "The install is killed after this"}
	},
	"required": ["container_id", "packages"]
});

static const char output_schema[] = SCHEMA({"type": "object", "properties": {
		"container_id": {"type": "string"},
		"command_id": {"type": "string", "description": "Of the install: check_command shows what the manager says"},
		"state": {"type": "string", "enum": ["running", "exited"], "description": "running: not over yet; call again with the same arguments for the end of it"},
		"manager": {"type": "string", "description": "Absent while it runs"},
		"installed": {"type": "array", "description": "What is in the container now: what was asked for by name, then whatever came with it", "items": {"type": "object", "properties": {
			"name": {"type": "string"}, "version": {"type": "string"}}, "required": ["name", "version"]}},
		"failed": {"type": "array", "description": "What could not be installed", "items": {"type": "object", "properties": {
			"name": {"type": "string", "description": "As it was asked for"}, "reason": {"type": "string", "description": "What the manager says"}}, "required": ["name", "reason"]}},
		"duration_ms": {"type": "integer"},)
	FAILURE_PROPERTIES
	SCHEMA(}, "anyOf": [{"required": ["command_id", "container_id", "state", "installed", "failed", "duration_ms"]}, {"required": ["code", "message"]}]});
/* clang-format on */

enum {
	WAIT_USUAL_MS = 30000,
	KILL_LEAST_S = 1,
	KILL_LEAST_MS = 1000,
	SHOWN_MAX = 400,
	TEXT_MAX = 256 * 1024
};

enum { A_CONTAINER, A_PACKAGES, A_MANAGER, A_WAIT, A_KILL_AFTER, A_COUNT };

static const char *const packages_aliases[] = { "names", NULL };
static const char *const kill_after_aliases[] = { "timeout_seconds", "timeout", NULL };

static const struct arg args_table[A_COUNT] = {
	[A_CONTAINER] = { "container_id", ARG_TEXT, .required = true, .least = 1,
			  .aliases = container_id_aliases },
	[A_PACKAGES] = { "packages", ARG_LIST, .required = true, .least = 1, .most = PACKAGES_MAX,
			 .aliases = packages_aliases },
	[A_MANAGER] = { "manager", ARG_CHOICE, .choices = package_managers },
	[A_WAIT] = { "wait_seconds", ARG_NUMBER, .least = 0, .most = 45 },
	[A_KILL_AFTER] = { "kill_after_seconds", ARG_NUMBER, .least = KILL_LEAST_S,
			   .most = 31536000, .aliases = kill_after_aliases },
};

static bool bind(const void *ctx, const char *name, struct json *property)
{
	const struct tools_context *tools = ctx;
	const struct sandbox_settings *s = tools->settings;
	int64_t kill_most = s->ttl_ms > s->command_timeout_ms ? s->ttl_ms : s->command_timeout_ms;
	int64_t usual = tools->max_wait_ms < WAIT_USUAL_MS ? tools->max_wait_ms : WAIT_USUAL_MS;
	const struct argument_bound bounds[] = {
		{ "wait_seconds", 1000, 0, tools->max_wait_ms, usual },
		{ "kill_after_seconds", 1000, KILL_LEAST_MS, kill_most, s->command_timeout_ms },
	};

	(void)bind_number(property, name, bounds, 2);
	return true;
}

/* --- the answer ---------------------------------------------------------------------------- */

static struct json *rows_json(const struct package_row *rows, size_t count, const char *second)
{
	struct json *list = json_array();

	for (size_t i = 0; i < count; i++) {
		struct json *row = json_object();
		size_t shown = utf8_whole(rows[i].text, strnlen(rows[i].text, SHOWN_MAX));
		auto_str text = mem_strndup(rows[i].text, shown);

		json_put_text(row, "name", rows[i].name);
		json_put_text(row, second, text);
		json_append(list, row);
	}
	return list;
}

static void add_rows(struct buf *text, const struct package_report *report)
{
	for (size_t i = 0; i < report->installed_count; i++)
		buf_addf(text, "installed %s %s\n", report->installed[i].name,
			 report->installed[i].text);
	for (size_t i = 0; i < report->failed_count; i++)
		buf_addf(text, "failed %s: %.*s\n", report->failed[i].name,
			 (int)utf8_whole(report->failed[i].text,
					 strnlen(report->failed[i].text, SHOWN_MAX)),
			 report->failed[i].text);
	if (report->installed_count + report->failed_count == 0)
		buf_add_text(text, "nothing new was installed\n");
}

static void tell(struct call *call, const struct command_view *view,
		 const struct package_report *report)
{
	bool running = strcmp(view->row->state, "running") == 0;
	auto_buf text = BUF_INIT(TEXT_MAX);
	struct json *structured = json_object();
	char duration[FORMAT_SIZE];

	format_duration(view->row->duration_ms, duration);
	json_put_text(structured, "container_id", view->row->container_id);
	json_put_text(structured, "command_id", view->row->id);
	json_put_text(structured, "state", running ? "running" : "exited");
	if (!running)
		json_put_text(structured, "manager", report->manager);
	json_put(structured, "installed",
		 rows_json(report->installed, report->installed_count, "version"));
	json_put(structured, "failed", rows_json(report->failed, report->failed_count, "reason"));
	json_put_int(structured, "duration_ms", view->row->duration_ms);
	if (running) {
		buf_addf(&text,
			 "[still installing after %s; check_command(\"%s\") shows what the manager "
			 "says; call install_packages again with the same arguments for the end "
			 "of it]",
			 duration, view->row->id);
	} else {
		add_rows(&text, report);
		buf_addf(&text, "[%s, %s, by %s]", view->row->id, duration, report->manager);
	}
	call_add_text(call, buf_text(&text));
	call_answer(call, structured);
}

/* The manager is not in the image. */
static void tell_missing(struct call *call, const struct command_view *view,
			 const struct package_report *report)
{
	struct error err;

	error_set(&err, ERROR_INVALID, "there is no %s in container %s; there is: %s",
		  report->manager, view->row->container_id,
		  report->here[0] ? report->here : "no package manager that this tool knows");
	call_fail(call, &err,
		  report->here[0] ? "give manager one of those, or make a container with another "
				    "image"
				  : "make a container with another image");
}

/* It was killed, say: nobody knows what it had done by then. */
static void tell_cut_short(struct call *call, const struct command_view *view)
{
	auto_buf next = BUF_INIT(2048);
	struct error err;

	error_set(&err, ERROR_CONFLICT,
		  "the install ended before it was done (command %s: %s); what was installed by "
		  "then is not known",
		  view->row->id, view->row->state);
	err.retryable = true;
	buf_addf(&next, "read what it said with check_command(\"%s\")%s%s", view->row->id,
		 view->hint ? "; " : "", view->hint ? view->hint : "");
	call_fail(call, &err, buf_text(&next));
}

static void answer(struct call *call, const struct command_view *view, const struct error *err,
		   const struct command_wish *wish)
{
	auto_package_report report = { 0 };
	struct error own;
	bool over;

	(void)wish;
	if (err) {
		tool_fail(call, err);
		return;
	}
	over = strcmp(view->row->state, "running") != 0;
	if (over && !package_report(view, &report, &own))
		tool_fail(call, &own);
	else if (over && !report.manager)
		tell_cut_short(call, view);
	else if (report.here)
		tell_missing(call, view, &report);
	else
		tell(call, view, &report);
}

/* --- the call ------------------------------------------------------------------------------ */

static struct sandbox_op *start(struct sandboxes *all, const void *request, int64_t wait_ms,
				command_view_fn *done, void *ctx, struct error *err)
{
	struct package_request wish = *(const struct package_request *)request;

	wish.wait_ms = wait_ms;
	return package_install(all, &wish, done, ctx, err);
}

static const struct execution_kind kind = { start, answer };

static bool read_packages(const struct json *list, const char *ret_packages[PACKAGES_MAX + 1],
			  struct error *err)
{
	size_t count = 0;

	for (const struct json *item = json_first(list); item; item = json_next(item)) {
		if (!json_text(item))
			return error_set(err, ERROR_INVALID,
					 "packages must be an array of strings, but item %zu is %s",
					 count + 1, json_type_name(item));
		ret_packages[count++] = json_text(item);
	}
	ret_packages[count] = NULL;
	return true;
}

static void run(struct call *call, const struct json *args)
{
	struct arg_value values[A_COUNT];
	const char *packages[PACKAGES_MAX + 1];
	struct package_request request = { .owner = call_owner(call), .packages = packages };
	struct execution_plan plan = { .kind = &kind, .request = &request };
	struct error err;

	if (!args_read(call, args, args_table, A_COUNT, values))
		return;
	if (!read_packages(values[A_PACKAGES].object, packages, &err)) {
		tool_fail(call, &err);
		return;
	}
	request.container_id = values[A_CONTAINER].text;
	request.manager = values[A_MANAGER].text;
	request.kill_after_ms = (int64_t)(values[A_KILL_AFTER].real * 1000);
	plan.wait_ms = wait_of(call, &values[A_WAIT], WAIT_USUAL_MS);
	execution_begin(call, &plan);
}

static void resume(struct call *call, const char *command_id)
{
	execution_resume(call, &kind, command_id);
}

const struct tool tool_install_packages = {
	.name = "install_packages",
	.title = "Install packages",
	.description =
		"Use this to install Python, Node or system packages in a container. It says for "
		"each package which version is there now, or why it could not be installed; the "
		"failure of one does not keep the others out. npm installs into the container's "
		"workdir, the others for the whole container. The container needs the network "
		"\"internet\", unless all packages are files in it.",
	.input_schema = input_schema,
	.output_schema = output_schema,
	.idempotent = true,
	.open_world = true,
	.set = "code",
	.bind = bind,
	.task = TOOL_TASK_MAY,
	.run = run,
	.resume = resume,
};
