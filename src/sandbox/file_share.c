/* Making a link to a file in a container.  The agent opens the file, which proves that it is there,
 * is a regular file and can be read; what the link then stands for is the absolute path that the
 * agent found, opened anew for each download. */
#include <string.h>
#include "internal.h"

enum { LINKS_MAX = 1000 };

struct share {
	struct sandbox_op op; /* first */
	struct file_reader *reader;
	char container_id[ID_SIZE];
	char *path;
	int64_t ttl_ms;
	struct file_row row;
	uint64_t size;
	int64_t modified_ms;
	file_view_fn *done;
	void *ctx;
};

/* The caller owns it. */
static char *url_of(const struct sandboxes *all, const char *id)
{
	return mem_format("%s/files/%s", all->settings.base_url, id);
}

static void deliver(struct share *share, const struct error *err)
{
	struct sandboxes *all = share->op.all;
	const struct sandbox *sb = registry_find(all, NULL, share->container_id);
	struct file_view view = {
		.id = share->row.id,
		.name = share->row.name,
		.path = share->row.path,
		.size = share->size,
		.modified_ms = share->modified_ms,
		.expires_at = share->row.expires_at,
	};
	auto_str url = NULL;

	if (err) {
		share->done(share->ctx, NULL, err);
		return;
	}
	if (sb && sb->row.expires_at < view.expires_at)
		view.expires_at = sb->row.expires_at;
	url = url_of(all, share->row.id);
	view.url = url;
	share->done(share->ctx, &view, NULL);
}

static void on_end(struct sandbox_op *op, const struct error *err)
{
	struct share *share = (struct share *)op;

	deliver(share, err);
	file_reader_close(share->reader);
	file_row_release(&share->row);
	free(share->path);
	free(share);
}

/* A link without a time of its own lives as long as its container might, extensions included; that
 * it ends with the container is seen when it is followed. */
static int64_t expiry_of(const struct share *share, const struct sandbox *sb, int64_t now)
{
	int64_t longest = sb->row.created_at + sb->all->settings.ttl_ms;

	if (longest < sb->row.expires_at)
		longest = sb->row.expires_at;
	if (share->ttl_ms > 0 && share->ttl_ms < longest - now)
		return now + share->ttl_ms;
	return longest;
}

/* What the download will be called: as the caller called it, not as a symbolic link resolved. */
static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool add_row(struct share *share, const struct file_opened *file, struct error *err)
{
	struct sandboxes *all = share->op.all;
	int64_t now = clock_wall_ms();
	struct sandbox *sb;
	int64_t links;

	if (!registry_use(all, NULL, share->container_id, &sb, err) ||
	    !store_file_count(all->store, share->container_id, now, &links, err))
		return false;
	if (links >= LINKS_MAX)
		return error_set(err, ERROR_LIMIT,
				 "container %s has %d file links already; let some end "
				 "(ttl_seconds), or make an archive of many files",
				 share->container_id, LINKS_MAX);
	id_new("f-", share->row.id);
	memcpy(share->row.container_id, share->container_id, ID_SIZE);
	share->row.path = mem_strdup(file->path);
	share->row.name = mem_strdup(last_part(share->path));
	share->row.created_at = now;
	share->row.expires_at = expiry_of(share, sb, now);
	share->size = file->size;
	share->modified_ms = file->modified_ms;
	return store_file_add(all->store, &share->row, err);
}

static void on_open(void *ctx, const struct file_opened *file, const struct error *err)
{
	struct share *share = ctx;
	struct error why;

	if (share->op.ended)
		return;
	if (err)
		op_end(&share->op, err);
	else if (add_row(share, file, &why))
		op_end(&share->op, NULL);
	else
		op_end(&share->op, &why);
}

/* Nothing is read. */
static void on_data(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

static void on_over(void *ctx, const struct error *err)
{
	(void)ctx;
	(void)err;
}

static const struct file_events share_events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_over = on_over,
};

struct sandbox_op *file_share(struct sandboxes *all, const struct file_request *request,
			      file_view_fn *done, void *ctx, struct error *err)
{
	struct share *share;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err))
		return NULL;
	share = mem_new(struct share);
	share->reader = file_reader_begin(sb, request->path, &share_events, share, err);
	if (!share->reader) {
		free(share);
		return NULL;
	}
	memcpy(share->container_id, sb->row.id, ID_SIZE);
	share->path = mem_strdup(request->path);
	share->ttl_ms = request->ttl_ms;
	share->row.disposition = mem_strdup(request->disposition ? request->disposition : "auto");
	share->done = done;
	share->ctx = ctx;
	op_begin(&share->op, all, on_end);
	return &share->op;
}

struct each {
	struct sandbox *sb;
	file_each_fn *on_file;
	void *ctx;
};

static bool each_row(void *ctx, const struct file_row *row)
{
	const struct each *each = ctx;
	const struct container_row *container = &each->sb->row;
	auto_str url = url_of(each->sb->all, row->id);
	struct file_view view = { .id = row->id,
				  .url = url,
				  .name = row->name,
				  .path = row->path,
				  .expires_at = row->expires_at < container->expires_at
							? row->expires_at
							: container->expires_at };

	return each->on_file(each->ctx, &view);
}

bool file_each(struct sandboxes *all, const char *owner, const char *container_id,
	       file_each_fn *on_file, void *ctx, struct error *err)
{
	struct each each = { .on_file = on_file, .ctx = ctx };

	return registry_use(all, owner, container_id, &each.sb, err) &&
	       store_file_each(all->store, container_id, clock_wall_ms(), each_row, &each, err);
}
