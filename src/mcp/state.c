/* requestState: what a call of 2026-07-28 must remember from one round to the next.  It goes
 *through the client, who may be an attacker; so it is signed, for this owner, this request and ten
 *minutes.
 *
 *	base64(JSON) "." HMAC(key, what it is bound to, base64(JSON)) */
#include <string.h>
#include "base64.h"
#include "buf.h"
#include "call.h"
#include "clock.h"

static void sign(const struct call *call, const char *payload, char ret_mac[DIGEST_TEXT_SIZE])
{
	const char *name = json_get_text(json_get(call->body, "params"), "name");
	auto_str args = json_print(call->args);
	auto_str about = mem_format("%d\n%s\n%s\n%s\n%s\n%s", (int)call->kind, call->owner,
				    name ? name : "", call->uri ? call->uri : "", args, payload);

	digest_mac(call->mcp->state_key, about, ret_mac);
}

struct json *state_make(const struct call *call)
{
	auto_json content = json_object();
	auto_str text = NULL;
	auto_buf state = BUF_INIT((size_t)2 * MESSAGE_MAX);
	char mac[DIGEST_TEXT_SIZE];

	json_put_int(content, "until", clock_wall_ms() + STATE_MS);
	if (call->inputs)
		json_put(content, "inputs", json_copy(call->inputs));
	if (call->state)
		json_put_text(content, "state", call->state);
	text = json_print(content);
	base64_encode(text, strlen(text), &state);
	sign(call, buf_text(&state), mac);
	buf_addf(&state, ".%s", mac);
	return json_new_text(buf_text(&state));
}

/* The JSON inside, if it is signed by us; the caller owns it. */
static struct json *state_open(const struct call *call, const char *text)
{
	const char *dot = strchr(text, '.');
	auto_str payload = dot ? mem_strndup(text, (size_t)(dot - text)) : NULL;
	auto_buf content = BUF_INIT(MESSAGE_MAX);
	char mac[DIGEST_TEXT_SIZE];
	struct error ignored;

	if (!payload)
		return NULL;
	sign(call, payload, mac);
	if (!digest_equal(mac, dot + 1) || !base64_decode(payload, strlen(payload), &content))
		return NULL;
	return json_parse(buf_text(&content), content.len, &ignored);
}

bool state_read(struct call *call, const char *text)
{
	auto_json content = text ? state_open(call, text) : NULL;
	const char *state = json_get_text(content, "state");
	const struct json *inputs = json_get_object(content, "inputs");
	int64_t until;

	if (!content || !json_get_int(content, "until", &until) || until < clock_wall_ms())
		return false;
	if (state)
		call_set_state(call, state);
	if (inputs)
		call->inputs = json_copy(inputs);
	return true;
}
