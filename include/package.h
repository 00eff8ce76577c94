/* Packages for a container, put in by the package manager of its image.  An install is a command
 * (sandbox.h): it can be watched, killed and listed, and its output is the manager's own; what came
 * of each package is read from its end by package_report. */
#ifndef PACKAGE_H
#define PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "error.h"
#include "own.h"
#include "sandbox.h"

/* "pip", "npm", "apk", "apt"; NULL-terminated. */
extern const char *const package_managers[];

enum { PACKAGES_MAX = 64, PACKAGE_TEXT_MAX = 512 };

struct package_request {
	const char *owner;
	const char *container_id;
	const char *manager;         /* one of package_managers; NULL: the first the image has */
	const char *const *packages; /* as the manager writes them, versions included; also paths
					in the container and URLs; NULL-terminated */
	int64_t wait_ms;
	int64_t kill_after_ms; /* 0: the default */
};

/* As command_start.  Refused at once: a name that the manager could take for something else, an
 * image without any manager, a container without a network where one is needed. */
struct sandbox_op *package_install(struct sandboxes *all, const struct package_request *request,
				   command_view_fn *done, void *ctx, struct error *err) must_check;

/* What came of an install. */
struct package_row {
	const char *name;
	const char *text; /* its version, or why it failed */
};
struct package_report {
	const char *manager; /* NULL: the command ended before it could tell, or is no install */
	const char *here;    /* the manager is not in the image; these are: "pip, apt" */
	struct package_row *installed; /* first those that were asked for by name */
	size_t installed_count;
	struct package_row *failed;
	size_t failed_count;
	char *text; /* what the others point into */
};
/* Of a command that is over, inside its callback.  False only when its output cannot be read. */
bool package_report(const struct command_view *view, struct package_report *ret_report,
		    struct error *err) must_check;
/* How much of what the install printed, as text, was said before the report. */
size_t package_said_len(const struct command_view *view, const char *printed);
void package_report_release(struct package_report *report);
static inline void auto_package_report_(struct package_report *slot)
{
	package_report_release(slot);
}
#define auto_package_report AUTO(package_report) struct package_report

#endif
