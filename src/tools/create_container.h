/* The wish for a container, as create_container and run_once take it. */
#ifndef TOOLS_CREATE_CONTAINER_H
#define TOOLS_CREATE_CONTAINER_H

#include "internal.h"

/* clang-format off */
#define CONTAINER_ARGUMENTS SCHEMA( \
		"image": {"type": "string", "description": "One of the images that this server allows"}, \
		"memory_mb": {"type": "integer", "description": "Memory in MiB"}, \
		"cpus": {"type": "number", "description": "Processors; 0.5 is half of one"}, \
		"pids": {"type": "integer", "description": "Processes at the same time"}, \
		"disk_mb": {"type": "integer", "description": "Disk in MiB"}, \
		"ttl_seconds": {"type": "integer", "description": "It is destroyed after this time"}, \
		"network": {"type": "string", "description": "none: no network at all. internet: public addresses only"}, \
		"env": {"type": "object", "maxProperties": 256, "additionalProperties": {"type": "string"}, "description": "Environment variables of all its commands. Default: none"}, \
		"workdir": {"type": "string", "minLength": 1, "maxLength": 4096, "default": "/workspace", "description": "Absolute path where commands start"})
/* clang-format on */

enum container_arg {
	CONTAINER_NAME,
	CONTAINER_IMAGE,
	CONTAINER_MEMORY,
	CONTAINER_CPUS,
	CONTAINER_PIDS,
	CONTAINER_DISK,
	CONTAINER_TTL,
	CONTAINER_NETWORK,
	CONTAINER_ENV,
	CONTAINER_WORKDIR,
	CONTAINER_ARGS,
};
/* They come first in the tables of both tools. */
extern const struct arg container_args[CONTAINER_ARGS];
bool container_bind(const void *ctx, const char *name, struct json *property);
/* The caller frees *ret_env, which the request borrows. */
bool container_wish(const struct arg_value values[CONTAINER_ARGS],
		    struct sandbox_request *ret_request, char ***ret_env,
		    struct error *err) must_check;
/* A list of domains as network is not known yet: answers the call (which is dead then) and returns
 * true. */
bool container_refuse_allowlist(struct call *call, const struct json *args) must_check;

#endif
