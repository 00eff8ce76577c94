/* What a request says about itself in params._meta: each one of 2026-07-28 its revision, its client
 * and what that can be asked; any one a token for progress.  Pure. */
#include "internal.h"
#include <string.h>

#define PREFIX "io.modelcontextprotocol/"

const char tasks_extension[] = PREFIX "tasks";

static const struct json *get_meta(const struct rpc_message *message)
{
	return json_get_object(message->params, "_meta");
}

bool envelope_claims(const struct rpc_message *message)
{
	return json_get(get_meta(message), PREFIX "protocolVersion") != NULL;
}

unsigned client_can(const struct json *capabilities)
{
	const struct json *elicits = json_get_object(capabilities, "elicitation");
	unsigned can = 0;

	if (json_get_object(capabilities, "sampling"))
		can |= CLIENT_SAMPLES;
	if (json_get_object(capabilities, "roots"))
		can |= CLIENT_ROOTS;
	/* {} means a form, as before there were two modes. */
	if (elicits && (json_get(elicits, "form") || !json_get(elicits, "url")))
		can |= CLIENT_ELICITS;
	if (json_get(elicits, "url"))
		can |= CLIENT_ELICITS_URL;
	if (json_get_object(json_get_object(capabilities, "extensions"), tasks_extension))
		can |= CLIENT_TASKS;
	return can;
}

static bool is_client_info(const struct json *info)
{
	return !info || (json_get_text(info, "name") && json_get_text(info, "version"));
}

static bool read_level(const struct json *meta, int *ret_level)
{
	const struct json *level = json_get(meta, PREFIX "logLevel");
	int found = level ? level_of(json_text(level)) : LEVEL_NONE;

	*ret_level = found;
	return !level || found != LEVEL_NONE;
}

bool envelope_read(const struct rpc_message *message, struct envelope *ret_envelope,
		   struct fault *ret_fault)
{
	const struct json *meta = get_meta(message);
	const struct json *capabilities = json_get_object(meta, PREFIX "clientCapabilities");
	const struct json *client = json_get_object(meta, PREFIX "clientInfo");

	ret_envelope->version = json_get_text(meta, PREFIX "protocolVersion");
	if (!ret_envelope->version)
		return fault_set(ret_fault, 400, RPC_INVALID_PARAMS,
				 "params._meta must have \"" PREFIX "protocolVersion\", a string");
	if (!capabilities)
		return fault_set(ret_fault, 400, RPC_INVALID_PARAMS,
				 "params._meta must have \"" PREFIX
				 "clientCapabilities\", an object");
	if (!is_client_info(json_get(meta, PREFIX "clientInfo")))
		return fault_set(ret_fault, 400, RPC_INVALID_PARAMS,
				 "\"" PREFIX
				 "clientInfo\" must be an object with name and version");
	if (!read_level(meta, &ret_envelope->log_level))
		return fault_set(ret_fault, 400, RPC_INVALID_PARAMS,
				 "\"" PREFIX "logLevel\" must be one of debug, info, notice, "
				 "warning, error, critical, alert and emergency");
	ret_envelope->client = client ? json_get_text(client, "name") : "";
	ret_envelope->client_can = client_can(capabilities);
	return true;
}

bool envelope_token(const struct rpc_message *message, const char **ret_start, size_t *ret_len)
{
	const struct json *token = json_get(get_meta(message), "progressToken");
	const char *params, *meta;
	size_t params_len, meta_len;
	int64_t whole;

	if (!token || !(json_text(token) || json_whole(token, &whole)))
		return false;
	return json_raw_member(message->text, message->text_len, "params", &params, &params_len) &&
	       json_raw_member(params, params_len, "_meta", &meta, &meta_len) &&
	       json_raw_member(meta, meta_len, "progressToken", ret_start, ret_len) &&
	       *ret_len <= RPC_ID_MAX;
}
