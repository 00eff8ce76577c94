/* Private to src/sandbox: the parts of an install; see package_install.c. */
#ifndef SANDBOX_PACKAGES_H
#define SANDBOX_PACKAGES_H

#include "internal.h"
#include "package.h"

/* package_name.c: whether the manager takes the text for one package, and for nothing else.  Then
 * *ret_name is what the manager lists it by ("": only the install will tell) and *ret_local whether
 * it lies in the container already.  The caller owns *ret_name. */
bool package_name(const char *manager, const char *text, char **ret_name, bool *ret_local,
		  struct error *err) must_check;

/* package_report.c: what stands in front of the report that the script of this command line gives;
 * false: it is no install's.  The caller owns *ret_mark. */
bool package_mark(const char *command, char **ret_mark);
/* The command line for a mark. */
char *package_command(const char *mark);
/* Takes text over. */
void package_report_parse(char *text, const char *mark, struct package_report *ret_report);

#endif
