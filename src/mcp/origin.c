/* Who may speak to us through a browser: nobody's page but our own and those of this machine.  Host
 * is checked as well where it can be, because a page may point its own name at our address (DNS
 * rebinding), and then its Origin and its Host agree. */
#include "internal.h"
#include <string.h>
#include <strings.h>

struct host {
	const char *name; /* without a port; with brackets if it is an IPv6 address */
	size_t len;
};

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits >= 1 && digits <= 5 && text[digits] == '\0';
}

/* host [ ":" port ] and nothing else: no user name, no path. */
static bool host_read(const char *text, struct host *ret_host)
{
	size_t len;

	if (*text == '[') {
		len = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (text[len] != ']')
			return false;
		len++;
	} else {
		len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-_");
	}
	if (len == 0 || !(text[len] == '\0' || (text[len] == ':' && is_port(text + len + 1))))
		return false;
	*ret_host = (struct host){ text, len };
	return true;
}

static bool host_equals(const struct host *a, const char *name, size_t len)
{
	return a->len == len && strncasecmp(a->name, name, len) == 0;
}

static bool host_is_local(const struct host *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (host_equals(host, names[i], strlen(names[i])))
			return true;
	return false;
}

/* RFC 6454 section 7: scheme "://" host [ ":" port ].  "null" is no such thing. */
static bool origin_read(const char *text, struct host *ret_host)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(text, schemes[i], len) == 0)
			return host_read(text + len, ret_host);
	}
	return false;
}

bool origin_is_allowed(const char *host, const char *origin, bool any_host, struct error *err)
{
	struct host ours, theirs;

	if (!host || !host_read(host, &ours))
		return error_set(err, ERROR_INVALID, "the Host header is missing or malformed");
	if (!any_host && !host_is_local(&ours))
		return error_set(err, ERROR_INVALID,
				 "this server answers to localhost, 127.0.0.1 and [::1] only");
	if (!origin)
		return true;
	if (!origin_read(origin, &theirs) ||
	    !(host_is_local(&theirs) || host_equals(&theirs, ours.name, ours.len)))
		return error_set(err, ERROR_INVALID,
				 "pages of this origin may not use this server");
	return true;
}

bool mcp_guard(struct mcp *mcp, struct http_request *req)
{
	struct error err;
	auto_json message = NULL;
	auto_str text = NULL;

	if (origin_is_allowed(http_header(req, "Host"), http_header(req, "Origin"),
			      mcp->key_required || mcp->any_host, &err))
		return true;
	message = rpc_error(NULL, 0, RPC_SERVER_ERROR, err.text);
	text = json_print(message);
	http_reply(req, 403, "application/json", text, strlen(text));
	return false;
}
