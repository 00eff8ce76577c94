/* The program as a whole: what `serve`, `stdio` and `doctor` share, from the settings to a graceful
 * stop.  Nothing but main.c sees it. */
#ifndef APP_H
#define APP_H

#include <stdbool.h>

enum app_mode {
	APP_SERVE,  /* HTTP */
	APP_STDIO,  /* one client on standard input and output */
	APP_DOCTOR, /* only try everything, and print a table */
};

struct app_options {
	enum app_mode mode;
	bool destroy_on_exit; /* remove every container at a graceful stop */
};

/* Runs until it is told to stop.  The exit status: 0 after a graceful stop (for doctor: when a
 * server would start), 1 when it could not start. */
int app_main(const struct app_options *options);

#endif
