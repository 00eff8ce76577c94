/* Watching a path.  The agent watches as long as a link lasts; on the next one it is asked again,
 * and a change is told, because one may have been missed between the two.  However often the agent
 * speaks, a change is told at most once in BUNDLE_MS. */
#include <string.h>
#include "internal.h"

enum { BUNDLE_MS = 100, WATCHES_MAX = 32 /* the agent's own limit */ };

struct file_watch {
	struct loop *loop;
	struct sandbox *sb; /* NULL once the container is over */
	uint32_t stream;    /* of this link */
	bool asked;         /* on this link */
	char *path;
	struct timer *timer; /* until the next change is told */
	int64_t told_mono_ms;
	file_changed_fn *on_changed;
	void *ctx;
	UT_hash_handle hh;
};

static void on_due(void *ctx)
{
	struct file_watch *watch = ctx;

	timer_stop(take(watch->timer));
	watch->told_mono_ms = clock_mono_ms();
	watch->on_changed(watch->ctx); /* which may end the watch */
}

static void tell(struct file_watch *watch)
{
	int64_t since = clock_mono_ms() - watch->told_mono_ms;

	if (!watch->timer)
		watch->timer = timer_start(watch->loop, since < BUNDLE_MS ? BUNDLE_MS - since : 0,
					   0, on_due, watch);
}

static void ask(struct file_watch *watch)
{
	uint8_t payload[WIRE_PAYLOAD_MAX];
	struct wire_writer writer = { .data = payload, .room = sizeof(payload) };

	if (!link_is_up(watch->sb) || watch->sb->hello.version < WIRE_VERSION_FILES)
		return;
	file_put_target(&writer, watch->sb, watch->path, false, 0);
	watch->asked = link_send(watch->sb, WIRE_OBSERVE, watch->stream, payload, writer.len);
}

static void attach(struct file_watch *watch, struct sandbox *sb)
{
	watch->sb = sb;
	watch->asked = false;
	watch->stream = sb->next_file_stream++ | WIRE_FILE_STREAM;
	HASH_ADD(hh, sb->file_watches, stream, sizeof(watch->stream), watch);
	ask(watch);
}

static bool may_begin(const struct sandbox *sb, struct error *err)
{
	if (sb->measured && sb->hello.version < WIRE_VERSION_FILES)
		return error_set(err, ERROR_CONFLICT,
				 "container %s is of an earlier version of this server, which "
				 "cannot watch files",
				 sb->row.id);
	if (HASH_COUNT(sb->file_watches) < WATCHES_MAX)
		return true;
	error_set(err, ERROR_LIMIT, "%d files of container %s are being watched already",
		  WATCHES_MAX, sb->row.id);
	return error_advise(err, "end some of these subscriptions", false);
}

struct file_watch *file_watch_begin(struct sandboxes *all, const struct file_path_request *request,
				    file_changed_fn *on_changed, void *ctx, struct error *err)
{
	struct file_watch *watch;
	struct sandbox *sb;

	if (!registry_use(all, request->owner, request->container_id, &sb, err) ||
	    !file_path_fits(request->path, err) || !may_begin(sb, err))
		return NULL;
	watch = mem_new(struct file_watch);
	watch->loop = all->loop;
	watch->path = mem_strdup(request->path);
	watch->told_mono_ms = clock_mono_ms() - BUNDLE_MS;
	watch->on_changed = on_changed;
	watch->ctx = ctx;
	attach(watch, sb);
	return watch;
}

void file_watch_end(struct file_watch *watch)
{
	if (!watch)
		return;
	timer_stop(watch->timer);
	if (watch->sb) {
		if (watch->asked)
			link_send(watch->sb, WIRE_CLOSE, watch->stream, NULL, 0);
		HASH_DEL(watch->sb->file_watches, watch);
	}
	free(watch->path);
	free(watch);
}

/* --- frames and the link ------------------------------------------------------------------- */

static bool on_failed(const struct file_watch *watch, const struct wire_frame *frame)
{
	struct wire_failed failed;

	if (!wire_get_failed(frame, &failed))
		return false;
	/* Whoever watches cannot do anything about it: it is as if nothing changed. */
	log_warn(watch->sb->row.id, "a file cannot be watched: error %u in %s", failed.number,
		 failed.where);
	return true;
}

bool file_watch_frame(struct sandbox *sb, const struct wire_frame *frame, bool *ret_good)
{
	struct file_watch *watch = NULL;

	HASH_FIND(hh, sb->file_watches, &frame->stream, sizeof(frame->stream), watch);
	if (!watch)
		return false;
	*ret_good = false;
	if (!watch->asked)
		return true;
	if (frame->type == WIRE_FAILED)
		*ret_good = on_failed(watch, frame);
	else if (frame->type == WIRE_OBSERVED || frame->type == WIRE_CHANGED)
		*ret_good = frame->length == 0;
	if (*ret_good && frame->type == WIRE_CHANGED)
		tell(watch);
	return true;
}

void file_watches_link_up(struct sandbox *sb)
{
	unsigned count = HASH_COUNT(sb->file_watches);

	/* Those that are added again come last. */
	while (count-- > 0) {
		struct file_watch *watch = sb->file_watches;

		HASH_DEL(sb->file_watches, watch);
		attach(watch, sb);
		tell(watch);
	}
}

void file_watches_over(struct sandbox *sb)
{
	while (sb->file_watches) {
		struct file_watch *watch = sb->file_watches;

		HASH_DEL(sb->file_watches, watch);
		watch->sb = NULL;
		tell(watch);
	}
}
