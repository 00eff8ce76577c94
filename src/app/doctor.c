/* `sandpod doctor`: the steps of a start, one row each: what works, what does not, what that means
 * and how to mend it. */
#include "internal.h"
#include <stdio.h>
#include <string.h>

static void print_row(const char *name, const char *verdict, const char *text)
{
	printf("%-16s %-6s %s\n", name, verdict, text);
}

static void print_images(const struct app *app)
{
	for (const struct sandbox_image *i = images_list(app); i->name; i++) {
		auto_str text = mem_format("%s%s", i->name,
					   i->missing ? ": not here; a server fetches it" : "");

		print_row("", i->missing ? "part" : "ok", text);
	}
}

/* What was found, in a few words; "" when there is nothing to tell. */
static const char *finding(const struct app *app, const struct app_step *step)
{
	if (step->begin == step_data_dir)
		return app->config.data_dir;
	if (step->begin == step_engine_info)
		return app->engine_text;
	if (step->begin == step_image)
		return app->image;
	if (step->begin == step_network && app->fenced && app->config.network_allow)
		return "internet: fenced in (public addresses and what NETWORK_ALLOW names)";
	if (step->begin == step_network && app->fenced)
		return "internet: fenced in (nothing private, nobody on this machine, no "
		       "neighbour)";
	if (step->begin == step_prove)
		return "memory, cpu, pids, capabilities, privileges, seccomp, user namespace: "
		       "measured";
	return "";
}

void doctor_row(const struct app *app, const struct app_step *step, const struct error *err)
{
	if (!err && step->begin == step_network && !app->fenced) {
		print_row(step->name, "part", app->network_note);
		print_row("", "means", step->means);
		print_row("", "mend", step->mend);
		return;
	}
	if (!err) {
		print_row(step->name, "ok", finding(app, step));
		if (step->begin == step_images)
			print_images(app);
		return;
	}
	print_row(step->name, "FAILS", err->text);
	print_row("", "means", step->means);
	print_row("", "mend", step->mend);
}

void doctor_not_tried(const struct app_step *step)
{
	print_row(step->name, "-", "not tried");
}

void doctor_end(struct app *app, bool healthy)
{
	if (app->config.allow_unenforced && *app->config.allow_unenforced)
		printf("\nnot enforced, because ALLOW_UNENFORCED says so: %s\n",
		       app->config.allow_unenforced);
	puts(healthy ? "\nA server can start here." : "\nA server would not start here.");
	fflush(stdout);
}
