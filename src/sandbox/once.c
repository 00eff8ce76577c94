/* Containers that live for one command: each is destroyed when no command of its own runs any more,
 * by whichever server is there then.  What marks them is a request id of a form that no caller can
 * give. */
#include <stdio.h>
#include <string.h>
#include "internal.h"

#define PREFIX "sandpod.once/"

bool once_has_form(const char *request_id)
{
	return strncmp(request_id, PREFIX, strlen(PREFIX)) == 0;
}

struct sandbox_op *sandbox_create_once(struct sandboxes *all, const struct sandbox_request *request,
				       sandbox_view_fn *done, void *ctx, struct error *err)
{
	struct sandbox_request once = *request;
	char unique[ID_SIZE];
	char request_id[sizeof(PREFIX) + ID_SIZE];

	id_new("o-", unique);
	snprintf(request_id, sizeof(request_id), PREFIX "%s", unique);
	once.request_id = request_id;
	return create_anew(all, &once, done, ctx, err);
}

static void on_turn(void *ctx)
{
	struct sandbox *sb = ctx;

	sb->once_turn = NULL;
	if (sb->state == SANDBOX_RUNNING && command_running_count(sb) == 0)
		destroy_begin(sb, REASON_ONCE);
}

void once_look(struct sandbox *sb)
{
	if (!sb->once_turn && sb->row.request_id && once_has_form(sb->row.request_id))
		sb->once_turn = loop_defer(sb->all->loop, on_turn, sb);
}
