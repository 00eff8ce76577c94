/* A row into what Podman is asked to make.  The walls themselves (no capabilities, no new
 * privileges, private namespaces, no log) are podman_container_create's business; here are the
 * limits, the user ids and the mounts of one container. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "digest.h"
#include "internal.h"

enum {
	UID_RANGE = 65536,
	SHM_BYTES = 16 * 1024 * 1024,
	/* Podman's own time limit comes behind ours: it is for when nobody is left to keep it. */
	GRACE_SECONDS = 60,
	MOUNTS_MAX = 6,
};

struct spec_room {
	char name[SPEC_NAME_SIZE];
	char owner[DIGEST_TEXT_SIZE];
	char expires[24];
	char *passwd_path;
	char *group_path;
	char *place_path;
	char place_name[DIGEST_TEXT_SIZE];
	struct podman_pair env[4];
	struct podman_pair labels[5];
	struct podman_mount mounts[MOUNTS_MAX];
};

struct spec_room *spec_room_new(void)
{
	return mem_new(struct spec_room);
}

void spec_room_free(struct spec_room *room)
{
	if (!room)
		return;
	free(room->passwd_path);
	free(room->group_path);
	free(room->place_path);
	free(room);
}

void spec_name(const char *id, char ret_name[SPEC_NAME_SIZE])
{
	snprintf(ret_name, SPEC_NAME_SIZE, "sandpod-%s", id);
}

static const char *const entrypoint[] = { "/.sandpod/agent", "init", NULL };

/* Public ones: the fence around the bridge lets nothing through to private addresses, where this
 * machine's own resolver may be. */
static const char *const dns[] = { "1.1.1.1", "9.9.9.9", NULL };

/* Scripts in /etc are read by interpreters; nothing there needs to be executed itself, but a
 * package may think otherwise and no wall depends on it, so exec stays allowed.  Counts as memory.
 */
static const char *const etc_options[] = { "tmpcopyup", "size=4m", "mode=755",
					   "nosuid",    "nodev",   NULL };
static const char *const file_options[] = { "rbind", "ro", "nosuid", "nodev", "noexec", NULL };
/* A mount point cannot be renamed, but the directory around one can: without this file system a
 * tenant could move /.sandpod away and have us execute a program of its own at the next link. */
static const char *const fort_options[] = { "ro",    "size=4k", "mode=755", "nosuid",
					    "nodev", "noexec",  NULL };
static const char *const agent_options[] = { "rbind", "ro", "nosuid", "nodev", NULL };

static void add_mount(struct podman_spec *spec, struct spec_room *room,
		      const struct podman_mount *mount)
{
	room->mounts[spec->mount_count++] = *mount;
	spec->mounts = room->mounts;
}

bool spec_has_place(const struct sandboxes *all)
{
	return podman_is_local(all->podman) && !all->settings.exec_links;
}

/* Of process 1 and of the exec that links: nobody else inside can read it; commands get theirs from
 * the agent. */
static void build_env(const struct sandboxes *all, const struct container_row *row,
		      struct spec_room *room)
{
	struct podman_pair *env = room->env;

	*env++ = (struct podman_pair){ "LANG", "C.UTF-8" };
	*env++ = (struct podman_pair){
		"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	};
	if (spec_has_place(all)) {
		link_place_name(all, row->id, room->place_name);
		*env++ = (struct podman_pair){ "SANDPOD_LINK", room->place_name };
	}
	*env = (struct podman_pair){ NULL, NULL };
}

/* Sources are paths on Podman's machine.  One that is elsewhere has none of our files: the agent is
 * put into the container before its start, and /etc/passwd stays the image's own. */
static void build_mounts(const struct sandboxes *all, const struct container_row *row,
			 struct spec_room *room, struct podman_spec *spec)
{
	const struct sandbox_settings *settings = &all->settings;

	add_mount(spec, room, &(struct podman_mount){ "tmpfs", "tmpfs", "/etc", etc_options });
	if (!podman_is_local(all->podman))
		return;
	room->passwd_path = mem_format("%s/etc/passwd", settings->data_dir);
	room->group_path = mem_format("%s/etc/group", settings->data_dir);
	add_mount(spec, room,
		  &(struct podman_mount){ "bind", room->passwd_path, "/etc/passwd", file_options });
	add_mount(spec, room,
		  &(struct podman_mount){ "bind", room->group_path, "/etc/group", file_options });
	add_mount(spec, room,
		  &(struct podman_mount){ "tmpfs", "tmpfs", "/.sandpod", fort_options });
	add_mount(spec, room,
		  &(struct podman_mount){ "bind", settings->agent_path, "/.sandpod/agent",
					  agent_options });
	if (!spec_has_place(all))
		return;
	room->place_path = link_place_path(all, row->id);
	add_mount(
		spec, room,
		&(struct podman_mount){ "bind", room->place_path, "/.sandpod/link", file_options });
}

/* A life can be renewed up to the maximum, and one that is made ahead of need may be given away at
 * the end of its own; Podman's limit cannot be changed.  Process 1 keeps the exact time (LIFE). */
static int64_t longest_life_ms(const struct sandboxes *all, const struct container_row *row)
{
	return all->settings.ttl_ms * (row->shape ? 2 : 1);
}

/* Labels are read by whoever may list containers: the owner only as a digest, for it can be a key's
 * or a session's name. */
static void build_labels(const struct sandboxes *all, const struct container_row *row,
			 struct spec_room *room)
{
	digest_text(all->instance, row->owner, room->owner);
	/* Labels cannot be changed: of a spare one the latest end. */
	snprintf(room->expires, sizeof(room->expires), "%" PRId64,
		 (row->shape ? row->created_at + longest_life_ms(all, row) : row->expires_at) /
			 1000);
	room->labels[0] = (struct podman_pair){ "sandpod.instance", all->instance };
	room->labels[1] = (struct podman_pair){ "sandpod.container", row->id };
	room->labels[2] = (struct podman_pair){ "sandpod.owner", room->owner };
	room->labels[3] = (struct podman_pair){ "sandpod.expires", room->expires };
	room->labels[4] = (struct podman_pair){ NULL, NULL };
}

void spec_build(const struct sandboxes *all, const struct container_row *row,
		struct spec_room *room, struct podman_spec *ret_spec)
{
	const struct sandbox_settings *settings = &all->settings;
	bool networked = strcmp(row->network, "none") != 0;

	spec_name(row->id, room->name);
	build_labels(all, row, room);
	build_env(all, row, room);
	*ret_spec = (struct podman_spec){
		.name = room->name,
		.image = image_reference(settings, row->image),
		.entrypoint = entrypoint,
		.hostname = "sandbox",
		.workdir = "/",
		.labels = room->labels,
		.env = room->env,
		.memory = row->memory,
		.cpu_milli = row->cpu_milli,
		.pids = row->pids,
		.shm_size = SHM_BYTES,
		.disk = row->disk,
		.uid_base = (uint32_t)row->uid_slot * UID_RANGE,
		.uid_count = UID_RANGE,
		.network = networked ? settings->network_name : NULL,
		.dns = networked ? dns : NULL,
		.seccomp_profile = settings->seccomp_profile,
		.open_files_max = settings->open_files_max,
		.processes_max = settings->processes_max,
		.timeout_seconds = longest_life_ms(all, row) / 1000 + GRACE_SECONDS,
	};
	build_mounts(all, row, room, ret_spec);
}
