/* The fence around a bridge.  On a plain bridge containers reach one another and everything that
 * this machine serves, our own server included.  The inet table stops what leaves the bridge for
 * anything but the public internet; the bridge table, and the kernel's `isolated` flag of bridge
 * ports, stop what would never leave it.  Priorities before everybody else's: a drop is final,
 * whatever other tables accept. */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

enum { RULES_MAX = 64 << 10 };

/* RFC 6890 and RFC 5771: what is not a single public host.  The sub-blocks of 192.0.0.0/24 that
 * are global are anycast services that no sandbox needs. */
static const char not_public[] =
	"0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, "
	"192.0.0.0/24, 192.0.2.0/24, 192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, "
	"198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/4, 240.0.0.0/4";

/* Adding before deleting makes the deletion possible; nft -f is one transaction. */
static bool remove_table(struct buf *text, const char *family, const char *name)
{
	return buf_addf(text, "add table %s fence_%s\ndelete table %s fence_%s\n", family, name,
			family, name);
}

static bool begin_table(struct buf *text, const char *family, const char *name)
{
	return remove_table(text, family, name) &&
	       buf_addf(text, "table %s fence_%s {\n", family, name);
}

static bool add_chain(struct buf *text, const char *chain, const char *hook)
{
	return buf_addf(text,
			"\tchain %s {\n\t\ttype filter hook %s priority -350; policy accept;\n",
			chain, hook);
}

/* Digits, points and one slash: nothing that nft could read otherwise. */
static bool network_is_plain(const char *network)
{
	return *network && !network[strspn(network, "0123456789./")];
}

/* An accept is final in its own chain only, so what must be dropped all the same comes before. */
static bool add_gaps(struct buf *text, const char *name, const struct podman_gap *gaps)
{
	bool is_fine = true;

	for (; gaps && gaps->network && is_fine; gaps++) {
		is_fine = network_is_plain(gaps->network) &&
			  buf_addf(text, "\t\tiifname \"%s\" ip daddr %s", name, gaps->network);
		if (is_fine && gaps->port > 0)
			is_fine = buf_addf(text, " meta l4proto { tcp, udp } th dport %d",
					   gaps->port);
		is_fine = is_fine && buf_add_text(text, " accept\n");
	}
	return is_fine;
}

/* No named set: the way in which nft 1.1 stores one makes nft 1.0.6 crash on everything, should
 * both be used on one machine (a server in a container with the machine's network). */
static bool add_inet_table(struct buf *text, const char *name, const struct podman_gap *gaps)
{
	return begin_table(text, "inet", name) && add_chain(text, "to_this_machine", "input") &&
	       add_gaps(text, name, gaps) &&
	       buf_addf(text, "\t\tiifname \"%s\" drop\n\t}\n", name) &&
	       buf_addf(text, "\tchain through {\n"
			      "\t\ttype filter hook forward priority -150; policy accept;\n") &&
	       buf_addf(text, "\t\tiifname \"%s\" meta nfproto != ipv4 drop\n", name) &&
	       buf_addf(text, "\t\toifname \"%s\" meta nfproto != ipv4 drop\n", name) &&
	       /* Known only after connection tracking, which has priority -200. */
	       buf_addf(text, "\t\toifname \"%s\" ct state != { established, related } drop\n",
			name) &&
	       add_gaps(text, name, gaps) &&
	       buf_addf(text, "\t\tiifname \"%s\" ip daddr { %s } drop\n", name, not_public) &&
	       buf_add_text(text, "\t}\n}\n");
}

static bool add_bridge_table(struct buf *text, const char *name)
{
	return begin_table(text, "bridge", name) && add_chain(text, "between_ports", "forward") &&
	       buf_addf(text, "\t\tmeta ibrname \"%s\" drop\n\t}\n}\n", name);
}

bool fence_text(const char *interface_name, const struct podman_gap *gaps, bool with_ports,
		struct buf *ret_text)
{
	if (!interface_name_is_plain(interface_name))
		return false;
	return add_inet_table(ret_text, interface_name, gaps) &&
	       (!with_ports || add_bridge_table(ret_text, interface_name));
}

bool fence_removal_text(const char *interface_name, bool with_ports, struct buf *ret_text)
{
	if (!interface_name_is_plain(interface_name))
		return false;
	return remove_table(ret_text, "inet", interface_name) &&
	       (!with_ports || remove_table(ret_text, "bridge", interface_name));
}

struct fence {
	struct loop *loop;
	struct buf with_ports, without; /* the rules; the second are for when the first fail */
	const struct buf *rules;        /* those under way */
	struct child *child;
	struct timer *deadline;
	struct buf output;
	podman_done_fn *done;
	void *ctx;
};

static void fence_free(struct fence *fence)
{
	timer_stop(fence->deadline);
	buf_release(&fence->with_ports);
	buf_release(&fence->without);
	buf_release(&fence->output);
	free(fence);
}
OWNED_BY_SCOPE(fence, struct fence *, fence_free)

static void finish(struct fence *fence, const struct error *err)
{
	podman_done_fn *done = fence->done;
	void *ctx = fence->ctx;

	fence_free(fence);
	done(ctx, err);
}

static bool run_nft(struct fence *fence, struct error *err);

static void on_output(void *ctx, const char *data, size_t len)
{
	struct fence *fence = ctx;
	size_t room = fence->output.max - fence->output.len;

	(void)buf_add(&fence->output, data, len < room ? len : room);
}

static void on_exit_of_nft(void *ctx, int exit_code, int signal)
{
	struct fence *fence = ctx;
	char clean[200];
	struct error err;

	fence->child = NULL;
	if (exit_code == 0) {
		finish(fence, NULL);
		return;
	}
	if (fence->rules == &fence->with_ports) {
		fence->rules = &fence->without;
		buf_clear(&fence->output);
		if (!run_nft(fence, &err))
			finish(fence, &err);
		return;
	}
	failure_clean(buf_text(&fence->output), fence->output.len, clean, sizeof(clean));
	if (signal)
		error_set(&err, ERROR_UNAVAILABLE,
			  "the fence of the network cannot be changed: nft was ended by signal %d",
			  signal);
	else
		error_set(&err, ERROR_UNAVAILABLE,
			  "the fence of the network cannot be changed: nft says: %s", clean);
	finish(fence, &err);
}

static bool run_nft(struct fence *fence, struct error *err)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	struct child_options options = {
		.argv = argv,
		.stdin_text = buf_text(fence->rules),
		.on_output = on_output,
		.on_exit = on_exit_of_nft,
		.ctx = fence,
	};

	fence->child = child_spawn(fence->loop, &options, err);
	return fence->child || error_wrap(err, "changing the fence of the network");
}

static void on_deadline(void *ctx)
{
	struct fence *fence = ctx;
	struct error err;

	child_signal(fence->child, SIGKILL);
	child_forget(fence->child);
	error_set(&err, ERROR_TIMEOUT,
		  "the fence of the network cannot be changed: nft does not end");
	finish(fence, &err);
}

static struct fence *fence_new(struct loop *loop, podman_done_fn *done, void *ctx)
{
	struct fence *fence = mem_new(struct fence);

	fence->loop = loop;
	fence->with_ports = BUF_INIT(RULES_MAX);
	fence->without = BUF_INIT(RULES_MAX);
	fence->rules = &fence->with_ports;
	fence->output = BUF_INIT(1024);
	fence->done = done;
	fence->ctx = ctx;
	return fence;
}

static bool refuse_name(struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "a bridge's name may have up to %d of a-z and 0-9, and a gap in its fence "
			 "is a network of IPv4",
			 INTERFACE_NAME_MAX);
}

/* Takes the fence over, whatever comes of it. */
static bool fence_change(struct fence *fence, bool is_fine, struct error *err)
{
	AUTO(fence) struct fence *own = fence;

	if (!is_fine)
		return refuse_name(err);
	if (!run_nft(own, err))
		return false;
	own->deadline = timer_start(own->loop, FENCE_MS, 0, on_deadline, own);
	(void)take(own);
	return true;
}

bool podman_fence_raise(struct loop *loop, const char *interface_name,
			const struct podman_gap *gaps, podman_done_fn *done, void *ctx,
			struct error *err)
{
	struct fence *fence = fence_new(loop, done, ctx);

	return fence_change(fence,
			    fence_text(interface_name, gaps, true, &fence->with_ports) &&
				    fence_text(interface_name, gaps, false, &fence->without),
			    err);
}

bool podman_fence_lower(struct loop *loop, const char *interface_name, podman_done_fn *done,
			void *ctx, struct error *err)
{
	struct fence *fence = fence_new(loop, done, ctx);

	return fence_change(fence,
			    fence_removal_text(interface_name, true, &fence->with_ports) &&
				    fence_removal_text(interface_name, false, &fence->without),
			    err);
}

static bool isolate_port(int ports, const char *port)
{
	auto_str path = mem_format("%s/isolated", port);
	auto_fd fd = openat(ports, path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, "1", 1) == 1;
}

bool podman_ports_isolate(const char *interface_name, struct error *err)
{
	auto_str path = mem_format("/sys/class/net/%s/brif", interface_name);
	DIR *ports = interface_name_is_plain(interface_name) ? opendir(path) : NULL;
	struct dirent *port;
	bool is_fine = true;

	if (!ports)
		return error_set(err, ERROR_NOT_FOUND, "there is no such bridge");
	while ((port = readdir(ports)))
		/* A port that has gone meanwhile needs nothing any more. */
		if (port->d_name[0] != '.' && !isolate_port(dirfd(ports), port->d_name) &&
		    errno != ENOENT)
			is_fine = error_set_errno(err, ERROR_UNAVAILABLE, errno,
						  "the ports of a bridge cannot be kept apart");
	closedir(ports);
	return is_fine;
}
