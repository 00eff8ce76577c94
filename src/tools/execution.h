/* A command on behalf of its call: see execution.c. */
#ifndef TOOLS_EXECUTION_H
#define TOOLS_EXECUTION_H

#include "internal.h"

/* Starts the command and leads the call to its end. */
void execution_begin(struct call *call, const struct command_request *request,
		     const struct command_wish *wish, bool background);
/* Goes on with a command that a task of an earlier server began. */
void execution_resume(struct call *call, const char *command_id);

#endif
