/* A server that ends and starts again while its containers live: how soon it listens, and how soon
 * each of them answers a command again.  Beside it, the same start with no container. */
#include "bench.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { CALLERS = 8, RELINK_MS = 60000, RETRY_MS = 20, IDS_MAX = 200 };

struct crew {
	const struct server *server;
	char ids[IDS_MAX][CONTAINER_ID_SIZE];
	int count;
	atomic_int next;
	int64_t deadline_ns;
	struct samples answered; /* each container's first answer, since the start */
	int64_t start_ns;
};

static bool list_all(struct crew *crew, struct error *err)
{
	auto_caller caller = { 0 };
	auto_json list = NULL;
	const struct json *one;

	if (!server_caller(crew->server, &caller, err))
		return false;
	list = caller_tool(&caller, "list_containers", json_object(), err);
	one = json_first(json_get_array(list, "containers"));
	for (; one && crew->count < IDS_MAX; one = json_next(one))
		snprintf(crew->ids[crew->count++], CONTAINER_ID_SIZE, "%s",
			 json_get_text(one, "container_id"));
	return list != NULL;
}

/* A link that is not there yet is an error that says so: it is asked again. */
static void call_each(void *ctx, int index)
{
	struct crew *crew = ctx;
	auto_caller caller = { 0 };
	struct error err;
	int i;

	(void)index;
	if (!server_caller(crew->server, &caller, &err))
		return;
	while ((i = atomic_fetch_add(&crew->next, 1)) < crew->count) {
		while (!caller_run(&caller, crew->ids[i], "true", NULL, &err)) {
			if (now_ns() > crew->deadline_ns || !wait_until(ns_in(RETRY_MS), &err)) {
				samples_fail(&crew->answered, &err);
				return;
			}
		}
		samples_add(&crew->answered, ms_since(crew->start_ns));
	}
}

static bool restart(struct bench *bench, struct server *server, int sig, double empty_ms,
		    struct error *err)
{
	struct crew crew = { .server = server };
	const char *name = sig == SIGTERM ? "SIGTERM" : "SIGKILL";
	struct summary answered;
	struct error first_err;
	auto_str listens = NULL;
	auto_str answers = NULL;
	int64_t start_ns = now_ns();
	double end_ms;
	bool good;

	if (!list_all(&crew, err) || !server_end(server, sig, err))
		return false;
	end_ms = ms_since(start_ns);
	crew.start_ns = now_ns();
	crew.deadline_ns = ns_in(RELINK_MS);
	if (!server_again(server, true, err))
		return false;
	good = in_threads(CALLERS, call_each, &crew, err);
	answered = samples_summary(&crew.answered);
	first_err = crew.answered.first_err;
	samples_release(&crew.answered);
	if (!good)
		return false;
	if (answered.count != (size_t)crew.count)
		return error_set(err, ERROR_TIMEOUT,
				 "after %s only %zu of %d containers answered: %s", name,
				 answered.count, crew.count, first_err.text);
	report_note(&bench->report, "%s with %d containers: it ended after %.0f ms", name,
		    crew.count, end_ms);
	listens = mem_format("%s: until it listens", name);
	answers = mem_format("%s: until all have answered a command", name);
	report_value(&bench->report, listens, server->start_ms, "ms", BETTER_LESS,
		     (const struct versus[]){ { "with no container", empty_ms }, { NULL, 0 } });
	report_value(&bench->report, answers, answered.max, "ms", BETTER_LESS, NULL);
	return true;
}

bool part_restart(struct bench *bench, struct error *err)
{
	auto_server server = { 0 };
	int count = pick(bench, 200, 20);
	double empty_ms;

	report_part(&bench->report, "restart", "the server starts again over living containers");
	if (!server_start(&server, bench->sandpod, NULL, err) ||
	    !server_end(&server, SIGTERM, err) || !server_again(&server, true, err))
		return false;
	empty_ms = server.start_ms;
	report_value(&bench->report, "with no container, until it listens", empty_ms, "ms",
		     BETTER_LESS, NULL);
	return create_many(&server, count, err) &&
	       restart(bench, &server, SIGTERM, empty_ms, err) &&
	       restart(bench, &server, SIGKILL, empty_ms, err);
}
