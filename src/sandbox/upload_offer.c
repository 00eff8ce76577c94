/* Making a link with which somebody puts a file into a container, once.  The agent opens the place
 * for writing and lets go of it again, which proves that a file can be put there; what the link
 * then stands for is the absolute path that the agent found. */
#include <string.h>
#include "internal.h"

enum { LINKS_MAX = 1000 };

struct offer {
	struct sandbox_op op; /* first */
	struct file_writer *writer;
	char container_id[ID_SIZE];
	int64_t ttl_ms;
	bool replaces;
	struct upload_row row;
	upload_view_fn *done;
	void *ctx;
};

static void deliver(struct offer *offer, const struct error *err)
{
	struct sandboxes *all = offer->op.all;
	struct upload_view view = {
		.id = offer->row.id,
		.path = offer->row.path,
		.replaces = offer->replaces,
		.max_bytes = offer->row.max_bytes,
		.expires_at = offer->row.expires_at,
	};
	auto_str url = NULL;

	if (err) {
		offer->done(offer->ctx, NULL, err);
		return;
	}
	url = mem_format("%s/uploads/%s", all->settings.base_url, offer->row.id);
	view.url = url;
	offer->done(offer->ctx, &view, NULL);
}

static void on_end(struct sandbox_op *op, const struct error *err)
{
	struct offer *offer = (struct offer *)op;

	deliver(offer, err);
	file_writer_close(offer->writer);
	upload_row_release(&offer->row);
	free(offer);
}

static bool add_row(struct offer *offer, const char *path, struct error *err)
{
	struct sandboxes *all = offer->op.all;
	int64_t now = clock_wall_ms();
	struct sandbox *sb;
	int64_t links;

	if (!registry_use(all, NULL, offer->container_id, &sb, err) ||
	    !store_upload_count(all->store, offer->container_id, now, &links, err))
		return false;
	if (links >= LINKS_MAX)
		return error_set(err, ERROR_LIMIT,
				 "container %s has %d upload links already; let some end "
				 "(ttl_seconds), or put many files into one archive",
				 offer->container_id, LINKS_MAX);
	id_new("u-", offer->row.id);
	memcpy(offer->row.container_id, offer->container_id, ID_SIZE);
	offer->row.path = mem_strdup(path);
	offer->row.created_at = now;
	offer->row.expires_at = sb->row.expires_at;
	if (offer->ttl_ms > 0 && offer->ttl_ms < sb->row.expires_at - now)
		offer->row.expires_at = now + offer->ttl_ms;
	return store_upload_add(all->store, &offer->row, err);
}

static void on_open(void *ctx, const char *path, bool replaces)
{
	struct offer *offer = ctx;
	struct error err;

	if (offer->op.ended)
		return;
	offer->replaces = replaces;
	if (add_row(offer, path, &err))
		op_end(&offer->op, NULL);
	else
		op_end(&offer->op, &err);
}

static void on_room(void *ctx)
{
	(void)ctx;
}

static void on_over(void *ctx, const struct file_written *written)
{
	struct offer *offer = ctx;

	op_end(&offer->op, written->err);
}

static const struct file_writer_events offer_events = {
	.on_open = on_open,
	.on_room = on_room,
	.on_over = on_over,
};

struct sandbox_op *upload_offer(struct sandboxes *all, const struct upload_request *request,
				upload_view_fn *done, void *ctx, struct error *err)
{
	struct offer *offer;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err))
		return NULL;
	offer = mem_new(struct offer);
	memcpy(offer->container_id, sb->row.id, ID_SIZE);
	offer->ttl_ms = request->ttl_ms;
	offer->row.max_bytes = all->settings.upload_limit;
	if (request->max_bytes > 0 && request->max_bytes < offer->row.max_bytes)
		offer->row.max_bytes = request->max_bytes;
	offer->done = done;
	offer->ctx = ctx;
	op_begin(&offer->op, all, on_end);
	offer->writer = file_writer_begin(sb, request->path, -1, &offer_events, offer);
	return &offer->op;
}
