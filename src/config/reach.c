/* NETWORK_ALLOW: the exceptions to "public addresses only", each ADDRESS[/BITS][:PORT].  What is
 * read is written anew, so that nothing of the operator's text gets into a rule of the kernel's. */
#include "internal.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	BITS_LEAST = 8, /* wider than any private network: a slip of the finger */
	BITS_MOST = 32,
	ITEM_SIZE = 32, /* "255.255.255.255/32:65535" and a NUL */
};

/* The number behind a mark that text is cut at; otherwise when there is no such mark. */
static bool cut_number(char *text, char mark, int64_t otherwise, int64_t *ret_number)
{
	char *at = strchr(text, mark);

	*ret_number = otherwise;
	if (!at)
		return true;
	*at = '\0';
	return value_parse(UNIT_COUNT, at + 1, ret_number);
}

/* "10.1.2.3/8" says two things at once, and is none. */
static bool has_only_bits(struct in_addr address, int64_t bits)
{
	uint32_t mask = UINT32_MAX << (BITS_MOST - bits);

	return (ntohl(address.s_addr) & ~mask) == 0;
}

/* Multicast and beyond is nobody's address, and loopback and 0.0.0.0/8 mean a container itself. */
static bool is_of_a_host(struct in_addr address)
{
	uint32_t first = ntohl(address.s_addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

static bool read_item(const char *item, size_t len, struct config_reach *ret_reach)
{
	char text[ITEM_SIZE];
	struct in_addr address;
	int64_t port, bits;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, item, len);
	text[len] = '\0';
	if (!cut_number(text, ':', 0, &port) || !cut_number(text, '/', BITS_MOST, &bits) ||
	    inet_pton(AF_INET, text, &address) != 1)
		return false;
	if (port > 65535 || (port == 0 && memchr(item, ':', len)) || bits < BITS_LEAST ||
	    bits > BITS_MOST || !has_only_bits(address, bits) || !is_of_a_host(address))
		return false;
	inet_ntop(AF_INET, &address, text, sizeof(text));
	snprintf(ret_reach->network, sizeof(ret_reach->network), "%.15s/%d", text, (int)bits);
	ret_reach->port = (int)port;
	return true;
}

bool config_reach_next(const char **list, struct config_reach *ret_reach)
{
	size_t len = *list ? strcspn(*list, ",") : 0;

	if (!read_item(*list, len, ret_reach))
		return false;
	*list += len;
	if (**list)
		++*list;
	return true;
}

bool value_is_reach_list(const char *text)
{
	struct config_reach reach;
	size_t len;

	for (int count = 1; count <= CONFIG_REACH_MAX; count++, text += len + 1) {
		len = strcspn(text, ",");
		if (!read_item(text, len, &reach))
			return false;
		if (!text[len])
			return true;
	}
	return false;
}
