/* Private to src/app: the whole program as one struct, and which file does what to it.
 *
 *	app.c       app_main: settings in, steps, the loop, everything closed in reverse
 *	start.c     the list of start-up steps and what drives them
 *	data_dir.c  the directory and its lock
 *	engine.c    Podman: the private service or a given socket, up and down, and what it can do
 *	image.c     the image found, pulled or imported
 *	images.c    those that may be named beside it
 *	network.c   the bridge and its fence
 *	sandbox.c   the domain opened, one container made to measure its walls
 *	front.c     keys, MCP, HTTP or stdio
 *	stop.c      signals and the graceful stop
 *	doctor.c    the table
 */
#ifndef APP_INTERNAL_H
#define APP_INTERNAL_H

#include "app.h"
#include "config.h"
#include "digest.h"
#include "error.h"
#include "http.h"
#include "loop.h"
#include "mcp.h"
#include "podman.h"
#include "sandbox.h"
#include "store.h"
#include "tool.h"
#include "tools.h"
#include "web.h"

struct app;

/* One thing that must work before the server can serve. */
struct app_step {
	const char *name;
	/* Begins; false when it failed at once.  Else step_done follows, now or later. */
	bool (*begin)(struct app *app, struct error *err);
	const char *means; /* what does not work without it */
	const char *mend;  /* what a person can do about it */
	bool server_only;  /* not a part of doctor */
};

struct app {
	struct app_options options;
	struct config config;
	struct loop *loop;
	int status; /* what app_main returns */

	/* start.c */
	const struct app_step *step; /* the one under way */
	struct timer *step_deadline;
	bool started;

	/* data_dir.c */
	char *data_dir; /* the one in use: config.data_dir, or a place beside it */
	int lock_fd;
	struct store *store;

	/* engine.c */
	struct podman_machine machine;
	struct podman_service *service; /* NULL with PODMAN_SOCKET */
	struct podman *podman;
	struct timer *pulse; /* pings Podman */
	unsigned pulses;
	struct podman_call *ping;
	bool podman_up;
	char *engine_text; /* "Podman 4.3.1, runc 1.1.5, overlay, cgroup v1", for people */

	/* image.c */
	char *image; /* the one containers are made of */
	char *import_path;

	/* images.c */
	struct images *images;

	/* network.c */
	char network_digest[DIGEST_TEXT_SIZE]; /* of the instance: what names and ranges are of */
	int network_tries;
	char *network_name;
	char *interface_name;
	bool fenced;
	char *network_note; /* why there is no "internet", when there is not */

	/* sandbox.c */
	struct sandboxes *sandboxes;
	struct sandbox_settings settings;
	char *agent_path;
	char base_url[512]; /* filled in once the port is known; settings point to it */

	/* front.c */
	const struct tool **tools;
	struct tools_context tools_context;
	struct mcp *mcp;
	struct mcp_stdio *stdio;
	struct http_server *http;
	struct web web;

	/* stop.c */
	struct signal_watch *on_term, *on_int;
	struct timer *stop_poll;
	int64_t stop_deadline_ms;
	int64_t stop_left; /* containers, when last looked at */
	bool stopping;
	bool destroying;
};

/* --- start.c --- */
extern const struct app_step app_steps[]; /* ended by one with a NULL name */
void start_run(struct app *app);
/* The step under way is over; err NULL: go on to the next. */
void step_done(struct app *app, const struct error *err);

/* --- the steps --- */
bool step_data_dir(struct app *app, struct error *err);
bool step_store(struct app *app, struct error *err);
bool step_engine(struct app *app, struct error *err);
bool step_engine_info(struct app *app, struct error *err);
bool step_image(struct app *app, struct error *err);
bool step_images(struct app *app, struct error *err);
bool step_network(struct app *app, struct error *err);
bool step_sandboxes(struct app *app, struct error *err);
bool step_prove(struct app *app, struct error *err);
bool step_pool(struct app *app, struct error *err);
bool step_front(struct app *app, struct error *err);

/* --- closing, in app.c's order; each is harmless when there is nothing to close --- */
void front_close(struct app *app);
void sandbox_part_close(struct app *app);
void engine_close(struct app *app);
void images_close(struct app *app); /* after the engine, which ends the calls under way */
void data_dir_close(struct app *app);

/* --- data_dir.c --- */
/* The directory of this program's file, for what lies beside it; the caller owns it. */
char *program_dir(void);

/* --- images.c --- */
/* The further images, ended by one without a name; they change while the program runs. */
const struct sandbox_image *images_list(const struct app *app);

/* --- network.c --- */
/* Takes the bridge and its fence away, unless a container is still on it. */
void network_remove(struct app *app);

/* --- stop.c --- */
bool stop_listen(struct app *app, struct error *err);
void stop_close(struct app *app);
/* Begins the graceful stop. */
void stop_begin(struct app *app);
/* network_remove is over. */
void stop_network_removed(struct app *app);

/* --- doctor.c --- */
void doctor_row(const struct app *app, const struct app_step *step, const struct error *err);
void doctor_not_tried(const struct app_step *step);
void doctor_end(struct app *app, bool healthy);

#endif
