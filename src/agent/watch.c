/* Paths that the server watches.  What is watched by the kernel is the folder that the path's last
 * part is in, so that a file which is replaced by another is seen; where that folder is not there,
 * the nearest one above it that is, until the way grows.  If a link leads to the file, the file
 * too. Events only say when to look: what is told is that there is a change, at most once in
 * BUNDLE_MS.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUNDLE_MS = 100,
	EVENTS_ROOM = 16 * 1024,
	OF_CONTENT = IN_MODIFY,
	OF_NAMES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
	OF_THE_FOLDER = IN_DELETE_SELF | IN_MOVE_SELF,
};

/* Apart from the rest, so that its pages cost nothing before they are used. */
static char *path_of(struct agent *agent, const struct observer *observer)
{
	return agent->observed[observer - agent->observers];
}

static struct observer *observer_find(struct agent *agent, uint32_t stream)
{
	for (int i = 0; i < OBSERVERS_MAX; i++)
		if (agent->observers[i].stream == stream)
			return &agent->observers[i];
	return NULL;
}

bool observer_is_there(struct agent *agent, uint32_t stream)
{
	return observer_find(agent, stream) != NULL;
}

/* --- what the kernel watches --------------------------------------------------------------- */

static bool is_used(const struct agent *agent, int number)
{
	for (int i = 0; i < OBSERVERS_MAX; i++)
		if (agent->observers[i].folder == number || agent->observers[i].file == number)
			return true;
	return false;
}

/* The kernel gives one number for all who watch the same thing. */
static void exchange(struct agent *agent, int *number, int other)
{
	int old = *number;

	*number = other;
	if (old > 0 && old != other && !is_used(agent, old))
		inotify_rm_watch(agent->inotify, old);
}

static int add(const struct agent *agent, int fd, uint32_t events)
{
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return inotify_add_watch(agent->inotify, self, events);
}

/* Opens the deepest folder on the way that is there; *ret_name: the part of path behind it. */
static int open_nearest(const char *path, const char **ret_name)
{
	static char folder[WIRE_PATH_MAX + 1];
	size_t len = strlen(path);

	memcpy(folder, path, len + 1);
	for (;;) {
		int fd;

		while (len > 0 && folder[len - 1] != '/')
			len--;
		while (len > 1 && folder[len - 1] == '/')
			len--;
		folder[len] = '\0';
		fd = open_plainly(AT_FDCWD, len ? folder : "/", O_PATH | O_DIRECTORY);
		*ret_name = path + len + strspn(path + len, "/");
		if (fd >= 0 || len <= 1)
			return fd;
	}
}

static int watch_folder(struct agent *agent, struct observer *observer)
{
	const char *name;
	int fd = open_nearest(path_of(agent, observer), &name);
	size_t len = strcspn(name, "/");
	int number;

	if (fd < 0)
		return errno;
	if (is_kernel_file(fd) || len >= sizeof(observer->name)) {
		close(fd);
		return EACCES;
	}
	memcpy(observer->name, name, len);
	observer->name[len] = '\0';
	observer->is_last = name[len] == '\0';
	number = add(agent, fd, OF_CONTENT | OF_NAMES | OF_THE_FOLDER | IN_ATTRIB | IN_ONLYDIR);
	close(fd);
	if (number < 0)
		return errno;
	exchange(agent, &observer->folder, number);
	return 0;
}

/* The file that a link leads to.  Without one, or where it may not be watched, the folder does. */
static void watch_file(struct agent *agent, struct observer *observer)
{
	const char *path = path_of(agent, observer);
	struct stat info;
	int number = 0;
	int fd = -1;

	if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
		fd = open_plainly(AT_FDCWD, path, O_PATH);
	if (fd >= 0) {
		number = add(agent, fd, OF_CONTENT | OF_THE_FOLDER | IN_ATTRIB);
		close(fd);
	}
	exchange(agent, &observer->file, number > 0 ? number : 0);
}

/* What is there now; 0: nothing. */
static uint64_t look(const char *path)
{
	struct stat info;

	if (fstatat(AT_FDCWD, path, &info, 0) < 0)
		return 0;
	return wire_version(info.st_ino,
			    (uint64_t)info.st_mtim.tv_sec * 1000000000 +
				    (uint64_t)info.st_mtim.tv_nsec,
			    (uint64_t)info.st_size);
}

/* Watches what is there now, then looks: nothing falls in between.  0 or an errno value. */
static int arm(struct agent *agent, struct observer *observer)
{
	int number = watch_folder(agent, observer);
	uint64_t version;

	if (number)
		return number;
	watch_file(agent, observer);
	version = look(path_of(agent, observer));
	if (version != observer->version)
		observer->changed = true;
	observer->version = version;
	return 0;
}

/* --- beginning and ending ------------------------------------------------------------------- */

static bool open_inotify(struct agent *agent)
{
	if (agent->inotify >= 0)
		return true;
	agent->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (agent->inotify >= 0 && !watch(agent, agent->inotify, EPOLLIN, FROM_INOTIFY, 0, 0))
		unwatch_close(agent, &agent->inotify);
	return agent->inotify >= 0;
}

static void drop(struct agent *agent, struct observer *observer)
{
	exchange(agent, &observer->folder, 0);
	exchange(agent, &observer->file, 0);
	*observer = (struct observer){ 0 };
}

void observer_close(struct agent *agent, uint32_t stream)
{
	struct observer *observer = stream ? observer_find(agent, stream) : NULL;

	if (observer)
		drop(agent, observer);
}

void observers_close(struct agent *agent)
{
	for (int i = 0; i < OBSERVERS_MAX; i++)
		if (agent->observers[i].stream)
			drop(agent, &agent->observers[i]);
	unwatch_close(agent, &agent->inotify);
}

static int begin(struct agent *agent, struct observer *observer, const struct wire_target *order)
{
	const char *base = order->base[0] ? order->base : "/workspace";
	bool relative = order->path[0] != '/';
	int len = snprintf(path_of(agent, observer), WIRE_PATH_MAX + 1, "%s%s%s",
			   relative ? base : "", relative ? "/" : "", order->path);
	int number;

	if (len < 0 || len > WIRE_PATH_MAX)
		return ENAMETOOLONG;
	if (!open_inotify(agent))
		return errno;
	number = arm(agent, observer);
	observer->changed = false;
	return number;
}

bool observe_order(struct agent *agent, const struct wire_frame *frame)
{
	static struct wire_target order;
	struct box *box = &agent->link.control;
	struct wire_writer writer = box_begin(box);
	struct observer *observer;
	int number;

	if (!stream_is_free(agent, frame->stream) || !wire_get_target(frame, &order))
		return false;
	observer = observer_find(agent, 0);
	if (!observer) {
		put_failed(box, WIRE_FAILED, frame->stream, EMFILE, "observers");
		return true;
	}
	number = begin(agent, observer, &order);
	if (number) {
		drop(agent, observer);
		put_failed(box, WIRE_FAILED, frame->stream, number, "observe");
		return true;
	}
	observer->stream = frame->stream;
	return box_end(box, &writer, WIRE_OBSERVED, frame->stream);
}

/* --- events ---------------------------------------------------------------------------------- */

/* A moment later: what is written in pieces is then told once. */
static void notice(struct observer *observer, bool changed)
{
	observer->changed = observer->changed || changed;
	if (observer->look_at_ms == 0)
		observer->look_at_ms = now_ms() + BUNDLE_MS;
}

static void tell_one(struct observer *observer, const struct inotify_event *event)
{
	bool of_name = event->len > 0 && strcmp(event->name, observer->name) == 0;

	if (event->mask & IN_Q_OVERFLOW)
		notice(observer, true);
	else if (event->wd == observer->file)
		notice(observer, (event->mask & OF_CONTENT) != 0);
	else if (event->wd == observer->folder && of_name)
		notice(observer, observer->is_last && (event->mask & (OF_CONTENT | OF_NAMES)) != 0);
	else if (event->wd == observer->folder && event->len == 0)
		notice(observer, false); /* the folder itself */
}

static void forget_number(struct observer *observer, int number)
{
	if (observer->folder == number)
		observer->folder = 0;
	if (observer->file == number)
		observer->file = 0;
}

static void take_event(struct agent *agent, const struct inotify_event *event)
{
	for (int i = 0; i < OBSERVERS_MAX; i++) {
		struct observer *observer = &agent->observers[i];

		if (!observer->stream)
			continue;
		tell_one(observer, event);
		if (event->mask & IN_IGNORED)
			forget_number(observer, event->wd);
	}
}

void inotify_ready(struct agent *agent)
{
	static union {
		struct inotify_event event; /* for its alignment */
		char bytes[EVENTS_ROOM];
	} room;
	ssize_t got = agent->inotify >= 0 ? read(agent->inotify, room.bytes, EVENTS_ROOM) : -1;
	ssize_t at = 0;

	while (at < got) {
		const struct inotify_event *event =
			(const struct inotify_event *)(const void *)(room.bytes + at);

		take_event(agent, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

void observers_tick(struct agent *agent, uint64_t now)
{
	for (int i = 0; i < OBSERVERS_MAX; i++) {
		struct observer *observer = &agent->observers[i];

		if (observer->look_at_ms == 0 || observer->look_at_ms > now)
			continue;
		observer->look_at_ms = 0;
		(void)arm(agent, observer);
		observer->due = observer->due || observer->changed;
		observer->changed = false;
	}
}

uint64_t observers_deadline(const struct agent *agent)
{
	uint64_t next = UINT64_MAX;

	for (int i = 0; i < OBSERVERS_MAX; i++)
		if (agent->observers[i].look_at_ms > 0 && agent->observers[i].look_at_ms < next)
			next = agent->observers[i].look_at_ms;
	return next;
}

void observers_tell(struct agent *agent, struct box *box)
{
	for (int i = 0; i < OBSERVERS_MAX; i++) {
		struct observer *observer = &agent->observers[i];
		struct wire_writer writer = box_begin(box);

		if (observer->due && box_end(box, &writer, WIRE_CHANGED, observer->stream))
			observer->due = false;
	}
}
