/* Domains that WEB_ALLOWED_DOMAINS does not allow, and that a person allowed to a caller.  They
 * hold for that caller while the server lives. */
#include <string.h>
#include "web_tools.h"

enum { GRANTS_MAX = 256, DOMAIN_MAX = 253 };

struct grant {
	char *owner, *domain;
};

/* A ring: the oldest is forgotten first. */
struct web_grants {
	struct grant list[GRANTS_MAX];
	size_t next;
};

struct web_grants *web_grants_new(void)
{
	return mem_new(struct web_grants);
}

void web_grants_free(struct web_grants *grants)
{
	if (!grants)
		return;
	for (size_t i = 0; i < GRANTS_MAX; i++) {
		free(grants->list[i].owner);
		free(grants->list[i].domain);
	}
	free(grants);
}

static bool is_granted(const struct web_grants *grants, const char *owner, const char *domain)
{
	for (size_t i = 0; i < GRANTS_MAX; i++)
		if (grants->list[i].owner && strcmp(grants->list[i].owner, owner) == 0 &&
		    strcmp(grants->list[i].domain, domain) == 0)
			return true;
	return false;
}

static void grant(struct web_grants *grants, const char *owner, const char *domain)
{
	struct grant *slot = &grants->list[grants->next];

	if (is_granted(grants, owner, domain))
		return;
	grants->next = (grants->next + 1) % GRANTS_MAX;
	free(slot->owner);
	free(slot->domain);
	slot->owner = mem_strdup(owner);
	slot->domain = mem_strdup(domain);
}

void web_grants_add(const struct call *call, struct json *domains)
{
	const struct web_grants *grants = tools_of(call)->web.grants;

	for (size_t i = 0; i < GRANTS_MAX; i++)
		if (grants->list[i].owner && strcmp(grants->list[i].owner, call_owner(call)) == 0)
			json_append(domains, json_new_text(grants->list[i].domain));
}

/* --- the person's word ----------------------------------------------------------------------- */

/* It comes from inside the container, and is shown to a person. */
static bool is_domain(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= DOMAIN_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_:") == len;
}

static char *key_of(const char *domain)
{
	return mem_format("allow %s", domain);
}

bool web_grants_ask(struct call *call, const char *domain)
{
	static const char schema[] = SCHEMA({
		"type" : "object",
		"properties" :
			{ "allow" : { "type" : "boolean", "title" : "Allow it", "default" : true } }
	});
	auto_str key = key_of(domain);
	auto_str message = NULL;
	struct json *params;

	if (!is_domain(domain) || !call_can_ask(call, ASK_FORM) || call_input(call, key, ASK_FORM))
		return false;
	message = mem_format(
		"May this agent visit %s? It is not one of the domains that this server's "
		"operator allows to everybody. A yes holds for the agent's key, or "
		"without keys its session, until the server is started again.",
		domain);
	params = json_object();
	json_put_text(params, "mode", "form");
	json_put_text(params, "message", message);
	json_put(params, "requestedSchema", json_new_raw(schema, strlen(schema)));
	call_set_state(call, domain);
	call_ask(call, key, ASK_FORM, params);
	call_await(call);
	return true;
}

/* A form sent back as it was shown is a yes; what the form does not know is none. */
static bool is_agreed(const struct json *answer)
{
	const struct json *content = json_get_object(answer, "content");

	return strcmp(json_get_text(answer, "action"), "accept") == 0 &&
	       json_get_bool(content, "allow", !json_get(content, "allow"));
}

bool web_grants_hear(struct call *call)
{
	const char *domain = call_state(call);
	auto_str key = domain ? key_of(domain) : NULL;
	const struct json *answer = domain ? call_input(call, key, ASK_FORM) : NULL;
	struct error err;

	if (!answer || !is_domain(domain))
		return true;
	if (is_agreed(answer)) {
		grant(tools_of(call)->web.grants, call_owner(call), domain);
		return true;
	}
	error_set(&err, ERROR_CONFLICT,
		  "%s is not one of the domains that this server allows, and the person who was "
		  "asked did not agree",
		  domain);
	error_advise(&err, "go on without this site", false);
	call_fail(call, &err, err.next);
	return false;
}
