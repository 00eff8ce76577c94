/* Which era a message is of.  The body decides, not the header: a request that names its revision
 * in params._meta is of 2026-07-28 or later; headers then must agree, because gateways route by
 * them and this server acts by the body.  Pure. */
#include "internal.h"
#include <string.h>
#include "base64.h"
#include "buf.h"
#include "utf8.h"

static const char first_modern[] = "2026-07-28";

/* Versions are dates, so that they compare as text. */
static bool is_modern(const char *version)
{
	return version && strcmp(version, first_modern) >= 0;
}

/* --- header values --- */

char *header_decode(const char *header)
{
	static const char open[] = "=?base64?", close[] = "?=";
	size_t len = strlen(header);
	auto_buf data = BUF_INIT(MESSAGE_MAX);

	if (len < strlen(open) + strlen(close) || strncmp(header, open, strlen(open)) != 0 ||
	    strcmp(header + len - strlen(close), close) != 0)
		return mem_strdup(header);
	if (!base64_decode(header + strlen(open), len - strlen(open) - strlen(close), &data) ||
	    !utf8_is_valid(buf_text(&data), data.len) || strlen(buf_text(&data)) != data.len)
		return NULL;
	return buf_take(&data);
}

/* Without the white space around it (RFC 9110 section 5.5). */
static char *trimmed(const char *header)
{
	size_t len;

	header += strspn(header, " \t");
	len = strlen(header);
	while (len > 0 && strchr(" \t", header[len - 1]))
		len--;
	return mem_strndup(header, len);
}

static bool is_text(const char *header, const char *text)
{
	auto_str value = header ? trimmed(header) : NULL;

	return value && strcmp(value, text) == 0;
}

bool header_says(const char *header, const char *text)
{
	auto_str value = trimmed(header);
	auto_str decoded = header_decode(value);

	return decoded && strcmp(decoded, text) == 0;
}

/* --- the rules, in their order --- */

static bool mismatch(struct fault *ret_fault, const char *header)
{
	return fault_set(ret_fault, 400, RPC_HEADER_MISMATCH,
			 "the header %s must be there and say what the message says", header);
}

static bool check_version(const struct envelope *envelope, struct fault *ret_fault)
{
	if (strcmp(envelope->version, protocol_versions[0]) == 0)
		return true;
	fault_set(ret_fault, 400, RPC_UNSUPPORTED_VERSION,
		  "revision %.40s is not spoken here in requests without a handshake",
		  envelope->version);
	ret_fault->data = json_object();
	json_put(ret_fault->data, "supported", versions_json());
	json_put_text(ret_fault->data, "requested", envelope->version);
	return false;
}

static bool check_name(const struct rpc_message *message, const struct mcp_headers *headers,
		       struct fault *ret_fault)
{
	const char *member = method_name_param(message->method);
	const char *name = member ? json_get_text(message->params, member) : NULL;

	if (!name || (headers->name && header_says(headers->name, name)))
		return true;
	return mismatch(ret_fault, "Mcp-Name");
}

static bool check_request(const struct rpc_message *message, const struct mcp_headers *headers,
			  struct envelope *ret_envelope, struct fault *ret_fault)
{
	if (!envelope_read(message, ret_envelope, ret_fault))
		return false;
	if (headers->version && !is_text(headers->version, ret_envelope->version))
		return mismatch(ret_fault, "MCP-Protocol-Version");
	if (headers->method && !is_text(headers->method, message->method))
		return mismatch(ret_fault, "Mcp-Method");
	if (!check_version(ret_envelope, ret_fault))
		return false;
	if (!headers->http)
		return true;
	if (!headers->version)
		return mismatch(ret_fault, "MCP-Protocol-Version");
	if (!headers->method)
		return mismatch(ret_fault, "Mcp-Method");
	return check_name(message, headers, ret_fault);
}

/* A handshake is one of its era, unless it says all that a request of the other must say. */
static bool is_handshake(const struct rpc_message *message)
{
	struct envelope envelope;
	struct fault ignored;

	return method_is_initialize(message) &&
	       !(envelope_claims(message) && envelope_read(message, &envelope, &ignored) &&
		 is_modern(envelope.version));
}

static bool decide_request(const struct rpc_message *message, const struct mcp_headers *headers,
			   enum era *ret_era, struct envelope *ret_envelope,
			   struct fault *ret_fault)
{
	if (is_handshake(message))
		return !is_modern(headers->version) || mismatch(ret_fault, "MCP-Protocol-Version");
	if (!envelope_claims(message) && !is_modern(headers->version))
		return true;
	*ret_era = ERA_2026;
	return check_request(message, headers, ret_envelope, ret_fault);
}

bool era_decide(const struct rpc_message *message, const struct mcp_headers *headers,
		enum era *ret_era, struct envelope *ret_envelope, struct fault *ret_fault)
{
	*ret_era = ERA_2025;
	*ret_envelope = (struct envelope){ .log_level = LEVEL_NONE };
	switch (message->kind) {
	case RPC_REQUEST:
		return decide_request(message, headers, ret_era, ret_envelope, ret_fault);
	case RPC_NOTIFICATION:
		if (envelope_claims(message) || is_modern(headers->version))
			*ret_era = ERA_2026;
		return true;
	case RPC_RESPONSE:
	case RPC_FAULT:
		return true;
	}
	return true;
}
