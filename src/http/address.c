/* A peer's address, as what a limit counts together. */
#include "internal.h"

#include <arpa/inet.h>
#include <string.h>

static void read_v4(const struct in_addr *from, struct address *ret_address)
{
	memcpy(ret_address->group, from, sizeof(*from));
	ret_address->loopback = (ntohl(from->s_addr) >> 24) == IN_LOOPBACKNET;
}

/* One host has a /64 of its own as a rule, so that is what a limit must count. */
static void read_v6(const struct in6_addr *from, struct address *ret_address)
{
	struct in_addr mapped;

	if (IN6_IS_ADDR_V4MAPPED(from)) {
		memcpy(&mapped, from->s6_addr + 12, sizeof(mapped));
		read_v4(&mapped, ret_address);
		return;
	}
	memcpy(ret_address->group, from, sizeof(ret_address->group));
	ret_address->loopback = IN6_IS_ADDR_LOOPBACK(from);
}

void address_read(const struct sockaddr *from, struct address *ret_address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memset(ret_address, 0, sizeof(*ret_address));
	if (from && from->sa_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		read_v4(&v4.sin_addr, ret_address);
	} else if (from && from->sa_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		read_v6(&v6.sin6_addr, ret_address);
	}
}
