/* The files of a private service: configuration that fits this machine and shares nothing with
 * another Podman, and a run directory that does not outlive the boot.  (Podman's runroot and tmpdir
 * must die with the processes they speak of, or it hands out locks twice: Podman issues 5057,
 * 11274, 26823.) */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void service_paths_init(struct service_paths *ret_paths, const char *data_dir)
{
	*ret_paths = (struct service_paths){
		.podman_dir = mem_format("%s/podman", data_dir),
		.home = mem_format("%s/podman/home", data_dir),
		.containers_conf = mem_format("%s/podman/containers.conf", data_dir),
		.storage_conf = mem_format("%s/podman/storage.conf", data_dir),
		.registries_conf = mem_format("%s/podman/registries.conf", data_dir),
		.seccomp_json = mem_format("%s/podman/seccomp.json", data_dir),
		.storage = mem_format("%s/storage", data_dir),
		.run = mem_format("%s/run", data_dir),
		.runroot = mem_format("%s/run/containers", data_dir),
		.tmpdir = mem_format("%s/run/libpod", data_dir),
		.socket = mem_format("%s/run/podman.sock", data_dir),
		.pid_file = mem_format("%s/run/podman.pid", data_dir),
		.tmp = mem_format("%s/tmp", data_dir),
	};
}

void service_paths_release(struct service_paths *paths)
{
	free(paths->podman_dir);
	free(paths->home);
	free(paths->containers_conf);
	free(paths->storage_conf);
	free(paths->registries_conf);
	free(paths->seccomp_json);
	free(paths->storage);
	free(paths->run);
	free(paths->runroot);
	free(paths->tmpdir);
	free(paths->socket);
	free(paths->pid_file);
	free(paths->tmp);
	*paths = (struct service_paths){ 0 };
}

bool directory_make(const char *path, mode_t mode, struct error *err)
{
	auto_str part = mem_strdup(path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return error_set_errno(err, ERROR_UNAVAILABLE, errno,
					       "cannot make the directory %s", part);
		*slash = '/';
	}
	if (mkdir(part, mode) != 0 && errno != EEXIST)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno,
				       "cannot make the directory %s", part);
	return true;
}

static bool write_file(const char *path, const char *text, struct error *err)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot write %s", path);
	return true;
}

/* The first line of a file; "" when there is none.  The caller owns it. */
static char *first_line(const char *path)
{
	char line[1024] = "";
	FILE *file = fopen(path, "re");

	if (file) {
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
	}
	return mem_strndup(line, strcspn(line, "\n"));
}

/* Names the present life of this machine: its boot, and the start of its process 1, which differs
 * after a restart of the container that we may live in.  The caller owns it. */
static char *present_life(void)
{
	auto_str boot = first_line("/proc/sys/kernel/random/boot_id");
	auto_str stat = first_line("/proc/1/stat");
	const char *field = strrchr(stat, ')'); /* the end of field 2 */

	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	return mem_format("%s %.*s", boot, field ? (int)strcspn(field + 1, " ") : 0,
			  field ? field + 1 : "");
}

/* Called for what is inside of a directory before the directory itself. */
static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	if (walk->level == 0)
		return 0;
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

/* Follows no symbolic link and enters no other file system. */
static bool empty_directory(const char *path, struct error *err)
{
	if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno, "cannot empty %s", path);
	return true;
}

static bool begin_life(const struct service_paths *paths, struct error *err)
{
	auto_str file = mem_format("%s/life", paths->run);
	auto_str saved = first_line(file);
	auto_str life = present_life();

	if (strcmp(saved, life) == 0)
		return true;
	return empty_directory(paths->run, err) && write_file(file, life, err);
}

/* Where Podman looks for its own (containers-common, SeccompOverridePath and DefaultPath). */
static const char *const profile_places[] = {
	"/etc/containers/seccomp.json",
	"/usr/share/containers/seccomp.json",
	NULL,
};

/* Without a profile of ours Podman takes its own. */
static bool write_seccomp(const struct service_paths *paths, struct buf *conf, struct error *err)
{
	auto_str profile = seccomp_profile_read(profile_places);

	if (!profile)
		return true;
	(void)buf_addf(conf, "seccomp_profile = \"%s\"\n", paths->seccomp_json);
	return write_file(paths->seccomp_json, profile, err);
}

static bool write_containers_conf(const struct service_paths *paths,
				  const struct podman_machine *machine, struct error *err)
{
	long long files = machine->open_files_max < 1024 ? machine->open_files_max : 1024;
	long long processes = machine->processes_max < 4096 ? machine->processes_max : 4096;
	auto_buf text = BUF_INIT(16 << 10);

	(void)buf_addf(&text,
		       "[engine]\nruntime = \"%s\"\ncgroup_manager = \"cgroupfs\"\n"
		       "events_logger = \"file\"\nlock_type = \"file\"\n",
		       machine->runtime);
	/* 0 loses exit codes, the default of 300 keeps two processes per exec that long. */
	(void)buf_add_text(&text, "exit_command_delay = 2\n");
	(void)buf_addf(&text,
		       "[containers]\nlog_driver = \"none\"\ndefault_sysctls = []\n"
		       "default_ulimits = [\"nofile=%lld:%lld\", \"nproc=%lld:%lld\"]\n",
		       files, files, processes, processes);
	if (!write_seccomp(paths, &text, err))
		return false;
	(void)buf_addf(&text, "[network]\nnetwork_config_dir = \"%s/networks\"\n",
		       paths->podman_dir);
	if (machine->bridge)
		(void)buf_addf(&text, "network_backend = \"netavark\"\nfirewall_driver = \"%s\"\n",
			       machine->firewall);
	return write_file(paths->containers_conf, buf_text(&text), err);
}

static bool write_storage_conf(const struct service_paths *paths,
			       const struct podman_machine *machine, struct error *err)
{
	bool is_vfs = strcmp(machine->storage_driver, "vfs") == 0;
	auto_buf text = BUF_INIT(16 << 10);

	(void)buf_addf(&text, "[storage]\ndriver = \"%s\"\ngraphroot = \"%s\"\nrunroot = \"%s\"\n",
		       is_vfs ? "vfs" : "overlay", paths->storage, paths->runroot);
	if (strcmp(machine->storage_driver, "fuse-overlayfs") == 0)
		(void)buf_add_text(&text, "[storage.options.overlay]\n"
					  "mount_program = \"/usr/bin/fuse-overlayfs\"\n");
	return write_file(paths->storage_conf, buf_text(&text), err);
}

/* Whether an image is trusted is decided by its name in our settings, not by signatures. */
static bool write_policy(const struct service_paths *paths, struct error *err)
{
	static const char text[] = "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}\n";
	auto_str dir = mem_format("%s/.config/containers", paths->home);
	auto_str file = mem_format("%s/policy.json", dir);

	return directory_make(dir, 0700, err) && write_file(file, text, err);
}

static bool make_directories(const struct service_paths *paths, struct error *err)
{
	/* The root of a user namespace has to pass through these two. */
	return directory_make(paths->storage, 0711, err) && directory_make(paths->run, 0711, err) &&
	       directory_make(paths->tmp, 0711, err) &&
	       directory_make(paths->podman_dir, 0700, err);
}

bool service_files_write(const struct service_paths *paths, const struct podman_machine *machine,
			 struct error *err)
{
	static const char registries[] = "unqualified-search-registries = [\"docker.io\"]\n";

	if (strpbrk(paths->run, "\"\\\n\r\t"))
		return error_set(err, ERROR_INVALID,
				 "DATA_DIR may not contain quotes, backslashes or control "
				 "characters");
	return make_directories(paths, err) && begin_life(paths, err) &&
	       directory_make(paths->runroot, 0711, err) &&
	       directory_make(paths->tmpdir, 0711, err) &&
	       write_containers_conf(paths, machine, err) &&
	       write_storage_conf(paths, machine, err) && write_policy(paths, err) &&
	       write_file(paths->registries_conf, registries, err);
}
