/* What this machine allows Podman to do, found by trying it where looking is not enough. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/magic.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum {
	TOOL_MS = 5000,
	/* Higher limits are of no use, and Podman hands them on as they are. */
	OPEN_FILES_MOST = 1048576,
	PROCESSES_MOST = 4194304,
};

/* Whether argv runs and ends with status 0; what it printed is in output. */
static bool works(const char *const *argv, const char *input, struct buf *output)
{
	int status;

	return tool_run(argv, input, output, &status, TOOL_MS) && status == 0;
}

static bool has_program(const char *name)
{
	const char *const argv[] = { name, "--version", NULL };
	auto_buf output = BUF_INIT(4096);

	return works(argv, NULL, &output);
}

static bool find_podman(struct error *err)
{
	static const char *const argv[] = { "podman", "--version", NULL };
	auto_buf output = BUF_INIT(4096);
	int major = 0;
	int minor = 0;

	if (!works(argv, NULL, &output))
		return error_set(err, ERROR_UNAVAILABLE,
				 "Podman is not installed; `apt-get install podman` installs it, "
				 "or PODMAN_SOCKET names a Podman that runs elsewhere");
	if (sscanf(buf_text(&output), "podman version %d.%d", &major, &minor) == 2 &&
	    (major < 4 || (major == 4 && minor < 3)))
		return error_set(err, ERROR_UNAVAILABLE,
				 "Podman %d.%d is too old: 4.3 or newer is needed", major, minor);
	return true;
}

static bool file_mentions(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char line[4096];
	bool is_found = false;

	while (file && !is_found && fgets(line, sizeof(line), file))
		is_found = strstr(line, text) != NULL;
	if (file)
		fclose(file);
	return is_found;
}

static const char *cgroup_layout(void)
{
	struct statfs info;

	if (statfs("/sys/fs/cgroup", &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC)
		return "v2";
	return file_mentions("/proc/self/mountinfo", " - cgroup2 ") ? "mixed" : "v1";
}

/* crun first where only cgroup v2 is, runc first elsewhere; crun refuses a mixed layout (crun issue
 * 849).  NULL when there is none. */
static const char *find_runtime(const char *cgroup_layout_name)
{
	bool is_v2 = strcmp(cgroup_layout_name, "v2") == 0;
	const char *first = is_v2 ? "crun" : "runc";
	const char *second = is_v2 ? "runc" : "crun";

	if (has_program(first))
		return first;
	if (strcmp(cgroup_layout_name, "mixed") != 0 && has_program(second))
		return second;
	return NULL;
}

static bool choose_runtime(struct podman_machine *machine, struct error *err)
{
	const char *runtime = find_runtime(machine->cgroup_layout);

	if (!runtime)
		return error_set(err, ERROR_UNAVAILABLE,
				 "no OCI runtime works here; `apt-get install runc` installs one");
	snprintf(machine->runtime, sizeof(machine->runtime), "%s", runtime);
	return true;
}

static int64_t hard_limit(int resource, int64_t most)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_max == RLIM_INFINITY ||
	    limit.rlim_max > (rlim_t)most)
		return most;
	return (int64_t)limit.rlim_max;
}

/* Mounts an overlay of empty directories in dir and takes it away again. */
static bool overlay_mounts(const char *dir)
{
	static const char *const parts[] = { "lower", "upper", "work", "merged" };
	auto_str options =
		mem_format("lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", dir, dir, dir);
	auto_str merged = mem_format("%s/merged", dir);
	bool is_mounted;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		auto_str part = mem_format("%s/%s", dir, parts[i]);

		if (mkdir(part, 0700) != 0)
			return false;
	}
	is_mounted = mount("overlay", merged, "overlay", MS_NODEV | MS_NOSUID, options) == 0;
	if (is_mounted)
		umount2(merged, MNT_DETACH);
	return is_mounted;
}

/* What overlay_mounts left; the kernel itself makes work/work. */
static void remove_parts(const char *dir)
{
	static const char *const parts[] = { "work/work", "lower", "upper", "work", "merged" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		auto_str part = mem_format("%s/%s", dir, parts[i]);

		(void)rmdir(part);
	}
	(void)rmdir(dir);
}

static bool overlay_works(const char *data_dir)
{
	auto_str dir = mem_format("%s/overlay-XXXXXX", data_dir);
	struct statfs info;
	bool is_fine;

	/* The kernel may accept overlay over overlay; Podman's storage does not. */
	if (statfs(data_dir, &info) == 0 && info.f_type == OVERLAYFS_SUPER_MAGIC)
		return false;
	if (!mkdtemp(dir))
		return false;
	is_fine = overlay_mounts(dir);
	remove_parts(dir);
	return is_fine;
}

static bool can_open(const char *path, int flags)
{
	auto_fd fd = open(path, flags | O_CLOEXEC);

	return fd >= 0;
}

static const char *storage_driver(const char *data_dir)
{
	if (overlay_works(data_dir))
		return "overlay";
	if (has_program("fuse-overlayfs") && can_open("/dev/fuse", O_RDWR))
		return "fuse-overlayfs";
	return "vfs";
}

static bool bridge_fails(struct podman_machine *machine, const char *why)
{
	snprintf(machine->bridge_why, sizeof(machine->bridge_why), "%s", why);
	return false;
}

/* nft -c lets the kernel judge the rules without keeping them. */
static bool nft_works(struct podman_machine *machine)
{
	static const char *const argv[] = { "nft", "-c", "-f", "-", NULL };
	auto_buf rules = BUF_INIT(16 << 10);
	auto_buf output = BUF_INIT(4096);
	char clean[100];

	if (!has_program("nft"))
		return bridge_fails(machine, "nft is missing; `apt-get install nftables`");
	if (fence_text("probe", NULL, false, &rules) && works(argv, buf_text(&rules), &output))
		return true;
	failure_clean(buf_text(&output), output.len, clean, sizeof(clean));
	(void)snprintf(machine->bridge_why, sizeof(machine->bridge_why),
		       "nft does not work here: %s", *clean ? clean : "it crashes");
	return false;
}

/* Runs Podman's network program, which lies outside of PATH. */
static bool netavark_version(int *ret_major, int *ret_minor)
{
	static const char *const places[] = {
		"/usr/lib/podman/netavark",
		"/usr/libexec/podman/netavark",
		"/usr/local/lib/podman/netavark",
		"/usr/local/libexec/podman/netavark",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *const argv[] = { places[i], "--version", NULL };
		auto_buf output = BUF_INIT(4096);

		if (works(argv, NULL, &output) &&
		    sscanf(buf_text(&output), "netavark %d.%d", ret_major, ret_minor) == 2)
			return true;
	}
	return false;
}

/* netavark speaks nft itself since 1.11; before that it calls iptables. */
static bool choose_firewall(struct podman_machine *machine)
{
	static const char *const argv[] = { "iptables", "-w", "2", "-t", "nat", "-n", "-L", NULL };
	auto_buf output = BUF_INIT(16 << 10);
	int major = 0;
	int minor = 0;

	if (!netavark_version(&major, &minor))
		return bridge_fails(machine, "netavark is missing; `apt-get install netavark`");
	if (major > 1 || minor >= 11) {
		snprintf(machine->firewall, sizeof(machine->firewall), "nftables");
		return true;
	}
	if (!has_program("iptables"))
		return bridge_fails(machine, "netavark needs iptables; `apt-get install iptables`");
	if (!works(argv, NULL, &output))
		return bridge_fails(machine, "iptables does not work here");
	snprintf(machine->firewall, sizeof(machine->firewall), "iptables");
	return true;
}

static bool bridges_work(void)
{
	static const char name[IFNAMSIZ] = "sandpodprobe";
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || (ioctl(fd, SIOCBRADDBR, name) != 0 && errno != EEXIST))
		return false;
	return ioctl(fd, SIOCBRDELBR, name) == 0;
}

static bool forwarding_works(void)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";

	return file_mentions(path, "1") || can_open(path, O_WRONLY);
}

static bool probe_bridge(struct podman_machine *machine)
{
	if (geteuid() != 0)
		return bridge_fails(machine, "it needs root");
	if (!nft_works(machine) || !choose_firewall(machine))
		return false;
	if (!bridges_work())
		return bridge_fails(machine, "this machine does not allow bridges");
	if (!forwarding_works())
		return bridge_fails(machine, "this machine does not allow packets to be forwarded");
	return true;
}

bool podman_machine_probe(const char *data_dir, struct podman_machine *ret_machine,
			  struct error *err)
{
	struct podman_machine machine = { 0 };

	if (!find_podman(err) || !directory_make(data_dir, 0711, err))
		return false;
	snprintf(machine.cgroup_layout, sizeof(machine.cgroup_layout), "%s", cgroup_layout());
	if (!choose_runtime(&machine, err))
		return false;
	snprintf(machine.storage_driver, sizeof(machine.storage_driver), "%s",
		 storage_driver(data_dir));
	machine.open_files_max = hard_limit(RLIMIT_NOFILE, OPEN_FILES_MOST);
	machine.processes_max = hard_limit(RLIMIT_NPROC, PROCESSES_MOST);
	machine.bridge = probe_bridge(&machine);
	*ret_machine = machine;
	return true;
}
