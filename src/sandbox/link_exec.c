/* Links by an exec session of Podman's: to a Podman on another machine, and wherever a socket does
 * not do.  Each costs a start of the runtime, a conmon, and a free process in the container. */
#include "internal.h"

static void *exec_open(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
		       struct error *err)
{
	static const char *const argv[] = { "/.sandpod/agent", "link", NULL };

	return podman_link_open(sb->all->podman, sb->row.podman_id, argv, events, ctx, err);
}

static size_t exec_write(void *stream, const void *data, size_t len)
{
	return podman_link_write(stream, data, len);
}

static void exec_close(void *stream)
{
	podman_link_close(stream);
}

static void on_cleared(void *ctx, const struct error *err)
{
	(void)ctx;
	if (err)
		log_warn("link", "a container could not be cleared: %s", err->text);
}

/* The agent takes this signal from outside of its container only. */
static void exec_clear(struct sandbox *sb)
{
	(void)podman_container_signal(sb->all->podman, sb->row.podman_id, "USR1", on_cleared, NULL);
}

const struct link_carrier exec_carrier = {
	.open = exec_open,
	.write = exec_write,
	.close = exec_close,
	.clear = exec_clear,
};
