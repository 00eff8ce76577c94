/* Networks of containers. */
#include "internal.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct json *create_body(const char *name, const char *interface_name, const char *subnet)
{
	struct json *body = json_object();
	struct json *subnets = json_array();
	struct json *one = json_object();
	struct json *options = json_object();

	json_put_text(body, "name", name);
	json_put_text(body, "driver", "bridge");
	json_put_text(body, "network_interface", interface_name);
	json_put_text(one, "subnet", subnet);
	json_append(subnets, one);
	json_put(body, "subnets", subnets);
	json_put_bool(body, "ipv6_enabled", false);
	json_put_bool(body, "internal", false);
	/* Podman's resolver would listen on the machine, which the fence keeps out of reach. */
	json_put_bool(body, "dns_enabled", false);
	json_put_text(options, "isolate", "true");
	json_put(body, "options", options);
	return body;
}

/* 409 means this very name.  A bridge or a subnet that is in use by something else is a 500. */
static bool on_network(struct podman_call *call, const struct answer *answer,
		       const struct error *err)
{
	call->tell.done(call->ctx, answer->status == 409 ? NULL : err);
	return true;
}

struct podman_call *podman_network_create(struct podman *podman, const char *name,
					  const char *interface_name, const char *subnet,
					  podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "create the network", on_network, ctx);
	struct error err;

	call->tell.done = done;
	if (!interface_name_is_plain(interface_name)) {
		error_set(&err, ERROR_INVALID, "a bridge's name may have up to %d of a-z and 0-9",
			  INTERFACE_NAME_MAX);
		call_refuse(call, &err);
		return call;
	}
	call_send(call, "POST", mem_strdup(API "/networks/create"),
		  create_body(name, interface_name, subnet), CHANGE_MS);
	return call;
}

struct podman_call *podman_network_remove(struct podman *podman, const char *name,
					  podman_done_fn *done, void *ctx)
{
	struct podman_call *call = call_new(podman, "remove the network", answer_removed, ctx);

	call->tell.done = done;
	call_send(call, "DELETE", path_of("/networks/", name, ""), NULL, QUICK_MS);
	return call;
}

bool podman_bridge_keep_address(const char *interface_name, struct error *err)
{
	auto_fd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	if (!interface_name_is_plain(interface_name))
		return error_set(err, ERROR_NOT_FOUND, "there is no such bridge");
	memcpy(request.ifr_name, interface_name, strlen(interface_name));
	/* An address that was set, be it to what it was, does not follow the ports any more. */
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0 ||
	    ioctl(fd, SIOCSIFHWADDR, &request) != 0)
		return error_set_errno(err, ERROR_UNAVAILABLE, errno,
				       "the bridge's hardware address cannot be kept");
	return true;
}
