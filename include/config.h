/* Settings, from the environment, read once.  One table in settings.c gives for each its variable,
 * type, default, bounds and help line; `sandpod --help` prints that table. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "error.h"
#include "log.h"
#include "own.h"

enum {
	CONFIG_NETWORK_SIZE = sizeof("255.255.255.255/32"),
	CONFIG_REACH_MAX = 64, /* networks that NETWORK_ALLOW may name */
	CONFIG_IMAGES_MAX = 32,
	CONFIG_IMAGE_NAME_SIZE = 33,
	CONFIG_IMAGE_REFERENCE_SIZE = 512,
};

enum auth_mode {
	AUTH_AUTO, /* none on a loopback address, a bearer key on any other */
	AUTH_NONE,
	AUTH_KEY,
};

struct config {
	int64_t port; /* 0 picks a free one */
	char *host;
	char *base_url;      /* without a slash at its end; NULL: http://localhost:PORT */
	char *data_dir;      /* absolute */
	char *podman_socket; /* a path or tcp://host:port; NULL: run a private service */
	char *sandbox_image;
	bool sandbox_image_is_default; /* SANDBOX_IMAGE was not set */
	char *sandbox_images;          /* "python=/srv/python.tar,…"; NULL: no further ones */
	char *image_store;             /* a directory; NULL: none */
	int64_t sandbox_memory;        /* bytes */
	int64_t sandbox_cpu_milli;     /* 500 is half a processor */
	int64_t sandbox_pids;
	int64_t sandbox_disk; /* bytes; 0: not bounded */
	int64_t sandbox_ttl_ms;
	char *sandbox_network; /* "none", "internet", or "auto": internet where it can be fenced in
				*/
	char *network_allow;   /* "10.1.2.3:8080,…"; NULL: nothing that is not public */
	char *sandbox_link; /* "exec", or "auto": a local socket where Podman is on this machine */
	int64_t command_wait_ms;
	int64_t command_timeout_ms;
	int64_t output_limit; /* bytes of each stream inside a result */
	int64_t output_spool; /* bytes of each stream kept on disk */
	int64_t upload_limit; /* bytes of an upload, at most */
	/* Where packages come from; NULL: where the image's package manager looks by itself.  They
	 * may hold a password. */
	char *pip_index, *npm_registry, *apk_mirror;
	char *apt_mirror; /* a URL, or a line as in sources.list */
	int64_t max_containers;
	int64_t pool_size;
	char *web_domains;      /* that pages may be of: "*", or "example.org,*.example.com" */
	int64_t web_timeout_ms; /* of a page or search */
	int64_t web_size;       /* bytes that a page may load, at most */
	int64_t web_memory;     /* of a container for the web, like the next two */
	int64_t web_cpu_milli;
	int64_t web_pids;
	char *web_search;    /* "none", "searxng", "brave", "duckduckgo" */
	char *searxng_url;   /* NULL without SearXNG */
	char *brave_api_key; /* secret; NULL without Brave */
	char *tool_sets;     /* "containers,commands,code,files" */
	/* Policies of the drop-in set compat-container-mcp, in the units of the server whose names
	 * they have. */
	char *bash_allowed_commands; /* NULL: all */
	int64_t bash_timeout_default_ms, bash_timeout_max_ms;
	int64_t python_memory_limit_mb;
	int64_t python_timeout_default_ms, python_timeout_max_ms;
	int64_t file_max_size_mb;
	char *file_allowed_extensions; /* "txt,md", or "*": all */
	enum auth_mode auth;
	char *allow_unenforced; /* "memory,pids,…": limits that may be missing on this machine */
	enum log_level log_level;
	enum log_format log_format;
};

/* Reads the environment.  On a bad value: false, and a sentence that names the variable, what it
 * says and what it may say.  Fills all of ret_config or nothing. */
bool config_read(struct config *ret_config, struct error *err) must_check;
void config_release(struct config *config);

/* A further image that create_container may name. */
struct config_image {
	char name[CONFIG_IMAGE_NAME_SIZE];
	/* What Podman calls it, or from '/' on the path of a root file system's tar. */
	char reference[CONFIG_IMAGE_REFERENCE_SIZE];
};
/* Reads the first of a list as sandbox_images has it, and moves *list behind it; false at its end.
 */
bool config_image_next(const char **list, struct config_image *ret_image);

/* What containers with network may reach besides public addresses. */
struct config_reach {
	char network[CONFIG_NETWORK_SIZE]; /* "10.1.2.0/24", always with its bits */
	int port;                          /* 0: all */
};
/* Reads the first of a list as network_allow has it, and moves *list behind it; false at its end.
 */
bool config_reach_next(const char **list, struct config_reach *ret_reach);

/* The table of settings, for --help. */
void config_print_help(FILE *out);

/* What ALLOW_UNENFORCED may name: the walls that the domain measures. */
#define CONFIG_WALLS "memory,swap,cpu,pids,capabilities,privileges,seccomp,userns,proc"

/* Whether `word` is one of the comma-separated words of `list` (NULL is empty). */
bool config_list_has(const char *list, const char *word);

#endif
