/* The mode "internet": a bridge of our own, fenced in before any container is on it.  Where that
 * cannot be put in force the only mode is "none", and the note says why. */
#include "internal.h"
#include <stdio.h>
#include <string.h>
#include "log.h"

enum { GAPS_MAX = CONFIG_REACH_MAX, RANGES_MAX = 8, SUBNET_SIZE = 32 };

static void no_internet(struct app *app, const char *why)
{
	struct error err;

	app->fenced = false;
	free(app->network_note);
	app->network_note = mem_strdup(why);
	if (strcmp(app->config.sandbox_network, "internet") == 0) {
		error_set(&err, ERROR_UNAVAILABLE,
			  "SANDBOX_NETWORK is \"internet\", which cannot be fenced in here: %s",
			  why);
		step_done(app, &err);
		return;
	}
	log_warn("network", "containers get none: %s", why);
	step_done(app, NULL);
}

static void on_fenced(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	if (err) {
		no_internet(app, err->text);
		return;
	}
	app->fenced = true;
	step_done(app, NULL);
}

/* What NETWORK_ALLOW says, for Podman's module; the networks lie in texts. */
static size_t read_gaps(const char *list, struct config_reach *texts, struct podman_gap *gaps)
{
	size_t count = 0;

	while (count < GAPS_MAX && config_reach_next(&list, &texts[count])) {
		gaps[count] = (struct podman_gap){ texts[count].network, texts[count].port };
		count++;
	}
	gaps[count] = (struct podman_gap){ NULL, 0 };
	return count;
}

static bool raise_fence(struct app *app, struct error *err)
{
	struct config_reach texts[GAPS_MAX];
	struct podman_gap gaps[GAPS_MAX + 1];
	size_t count = read_gaps(app->config.network_allow, texts, gaps);

	if (count > 0)
		log_info("network", "containers may also reach what NETWORK_ALLOW names: %s",
			 app->config.network_allow);
	return podman_fence_raise(app->loop, app->interface_name, gaps, on_fenced, app, err);
}

/* Interface and network follow from the instance, so that several servers on one machine differ. */
static bool name_network(struct app *app, struct error *err)
{
	char instance[ID_SIZE];

	if (!store_instance_id(app->store, instance, err))
		return false;
	digest_text("network", instance, app->network_digest);
	app->interface_name = mem_format("sp%.8s", app->network_digest);
	app->network_name = mem_format("sandpod-%.8s", app->network_digest);
	return true;
}

static void try_network(struct app *app);

static void on_network(void *ctx, const struct error *err)
{
	struct app *app = ctx;
	struct error problem;

	/* Something else on this machine may use the addresses. */
	if (err && ++app->network_tries < RANGES_MAX)
		try_network(app);
	else if (err)
		no_internet(app, err->text);
	else if (!raise_fence(app, &problem))
		no_internet(app, problem.text);
}

/* One of 10.0.0.0/8's 4096 ranges of 20 bits, out of the instance's digest; another for each try.
 */
static void try_network(struct app *app)
{
	unsigned second, third;
	char subnet[SUBNET_SIZE];

	if (sscanf(app->network_digest + (size_t)8 + (size_t)app->network_tries * 4, "%2x%2x",
		   &second, &third) != 2) {
		no_internet(app, "a digest is not hexadecimal");
		return;
	}
	snprintf(subnet, sizeof(subnet), "10.%u.%u.0/20", second, third & 0xf0);
	podman_network_create(app->podman, app->network_name, app->interface_name, subnet,
			      on_network, app);
}

bool step_network(struct app *app, struct error *err)
{
	if (strcmp(app->config.sandbox_network, "none") == 0) {
		app->network_note = mem_strdup("SANDBOX_NETWORK is \"none\"");
		step_done(app, NULL);
		return true;
	}
	if (!podman_is_local(app->podman)) {
		no_internet(app,
			    "Podman runs on another machine, where we cannot set up the fence");
		return true;
	}
	if (!app->machine.bridge) {
		no_internet(app, app->machine.bridge_why);
		return true;
	}
	if (!name_network(app, err))
		return false;
	try_network(app);
	return true;
}

/* --- at the end, when no container is left --- */

static void on_lowered(void *ctx, const struct error *err)
{
	struct app *app = ctx;

	if (err)
		log_warn("network", "%s", err->text);
	app->fenced = false;
	stop_network_removed(app);
}

static void on_removed(void *ctx, const struct error *err)
{
	struct app *app = ctx;
	struct error problem;

	if (err) {
		log_warn("network", "its bridge and fence stay: %s", err->text);
		stop_network_removed(app);
	} else if (!podman_fence_lower(app->loop, app->interface_name, on_lowered, app, &problem)) {
		on_lowered(app, &problem);
	}
}

void network_remove(struct app *app)
{
	if (app->fenced)
		podman_network_remove(app->podman, app->network_name, on_removed, app);
	else
		stop_network_removed(app);
}
