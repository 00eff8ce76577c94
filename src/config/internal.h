/* How the words of settings become numbers, and back for sentences. */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include "config.h"

enum { VALUE_TEXT_SIZE = 32 };

enum value_unit {
	UNIT_COUNT,    /* 100 */
	UNIT_SIZE,     /* 4096, 16k, 256m, 1g, 1t: bytes */
	UNIT_DURATION, /* 500ms, 3s, 90m, 2h, 7d: milliseconds */
	UNIT_SECONDS,  /* the same, and 30, as other servers have it: seconds */
	UNIT_MILLI,    /* 0.5: thousandths */
};

/* False when text is not of that form, or too large for the type. */
bool value_parse(enum value_unit unit, const char *text, int64_t *ret_number);
/* The shortest exact form. */
void value_format(enum value_unit unit, int64_t number, char ret_text[VALUE_TEXT_SIZE]);

/* Whether text is http:// or https://, a host and no more than a path. */
bool value_is_base_url(const char *text);
/* Whether text is http:// or https://, a host and anything behind it, without spaces. */
bool value_is_url(const char *text);
/* Whether text is such a URL, or a line of apt's sources.list. */
bool value_is_apt_source(const char *text);
/* Whether text is a path from the root that fits a socket's address, or tcp://host:port. */
bool value_is_podman_socket(const char *text);
/* Whether text is a numeric address or "localhost". */
bool value_is_host(const char *text);

/* images.c: whether text is a list of what config_image_next reads, each name once. */
bool value_is_image_list(const char *text);
/* Whether text is an absolute path that needs no quoting in Podman's configuration. */
bool value_is_plain_path(const char *text);
/* reach.c: whether text is a list of what config_reach_next reads. */
bool value_is_reach_list(const char *text);

/* web.c: whether text is "*", or a list of domains, each with "*." in front or without. */
bool value_is_domain_list(const char *text);
/* Whether text is what keys of interfaces consist of. */
bool value_is_token(const char *text);
/* What the settings of the web tools need of each other; by_default: SANDPOD_TOOLS is not set. */
bool web_finish(struct config *config, bool by_default, struct error *err) must_check;

#endif
