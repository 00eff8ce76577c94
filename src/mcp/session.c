/* Sessions of the 2025 revisions.  The database holds the digest of each id, so that sessions
 * survive a restart and a stolen database opens none; memory holds the ones in use, in the order of
 * use.  A session belongs to a key, or without one to itself. */
#include "internal.h"
#include <string.h>
#include "clock.h"

enum {
	/* How old the database's seen_at may become before it is worth a write. */
	SEEN_WRITE_MS = 10 * 60 * 1000,
	CREDIT_PER_SESSION_MS = 1000 / SESSION_PER_SECOND,
	CREDIT_MAX_MS = SESSION_BURST * CREDIT_PER_SESSION_MS,
};

/* --- the cache --- */

static void forget(struct mcp *mcp, struct session *session)
{
	HASH_DELETE(hh, mcp->sessions, session);
	call_cancel_asking(mcp, session->hash);
	task_waits_drop_scope(mcp, session->hash);
	outlets_forget(session);
	subscriptions_end_scope(mcp, session->hash);
	free(session);
}

/* What only memory knows of it is needed: an open stream, a request under way. */
static bool is_in_use(const struct session *session)
{
	return session->waiting > 0 || (session->feed && outlet_is_attached(session->feed));
}

/* Makes room for one more. */
static void evict_oldest(struct mcp *mcp)
{
	struct session *session, *next;

	HASH_ITER(hh, mcp->sessions, session, next)
	{
		if (!is_in_use(session)) {
			forget(mcp, session);
			return;
		}
	}
}

static void cache_add(struct mcp *mcp, struct session *session)
{
	if (HASH_COUNT(mcp->sessions) >= SESSIONS_CACHED)
		evict_oldest(mcp);
	HASH_ADD_STR(mcp->sessions, hash, session);
}

static struct session *cache_find(struct mcp *mcp, const char *hash)
{
	struct session *session;

	HASH_FIND_STR(mcp->sessions, hash, session);
	if (session && session->hh.next) {
		HASH_DELETE(hh, mcp->sessions, session);
		HASH_ADD_STR(mcp->sessions, hash, session);
	}
	return session;
}

/* --- beginning --- */

/* Handshakes cost a row each, so that they have a rate: time earns credit, up to a burst. */
static bool take_credit(struct mcp *mcp, struct error *err)
{
	int64_t now = clock_mono_ms();
	int64_t earliest = now - CREDIT_MAX_MS;

	if (mcp->session_credit_ms < earliest)
		mcp->session_credit_ms = earliest;
	if (mcp->session_credit_ms + CREDIT_PER_SESSION_MS > now)
		return error_set(err, ERROR_LIMIT,
				 "too many sessions were begun; try again in a few seconds");
	mcp->session_credit_ms += CREDIT_PER_SESSION_MS;
	return true;
}

static void fill_row(const struct session *session, int64_t now, struct session_row *ret_row)
{
	*ret_row = (struct session_row){ .created_at = now, .seen_at = now };
	snprintf(ret_row->id_hash, sizeof(ret_row->id_hash), "%s", session->hash);
	snprintf(ret_row->owner, sizeof(ret_row->owner), "%s", session->owner);
	snprintf(ret_row->protocol_version, sizeof(ret_row->protocol_version), "%s",
		 session->hello.version);
	snprintf(ret_row->client_name, sizeof(ret_row->client_name), "%s", session->hello.client);
	ret_row->client_can = session->hello.client_can;
}

struct session *session_new(struct mcp *mcp, const char *owner, const struct hello *hello,
			    char ret_id[ID_SIZE], struct error *err)
{
	struct session *session;
	struct session_row row;
	char id[ID_SIZE];

	if (!take_credit(mcp, err))
		return NULL;
	session = mem_new(struct session);
	id_new("s-", id);
	digest_text("", id, session->hash);
	if (owner)
		snprintf(session->owner, sizeof(session->owner), "%s", owner);
	else
		snprintf(session->owner, sizeof(session->owner), "session:%s", session->hash);
	session->hello = *hello;
	session->log_level = LEVEL_INFO;
	session->seen_written_ms = clock_wall_ms();
	fill_row(session, session->seen_written_ms, &row);
	if (!store_session_add(mcp->store, &row, err)) {
		free(session);
		return NULL;
	}
	cache_add(mcp, session);
	memcpy(ret_id, id, sizeof(id));
	return session;
}

/* --- finding and ending --- */

static struct session *load(struct mcp *mcp, const char *hash, struct error *err)
{
	struct session *session;
	struct session_row row;

	if (!store_session_find(mcp->store, hash, &row, err))
		return NULL;
	session = mem_new(struct session);
	snprintf(session->hash, sizeof(session->hash), "%s", hash);
	snprintf(session->owner, sizeof(session->owner), "%s", row.owner);
	snprintf(session->hello.version, sizeof(session->hello.version), "%s",
		 row.protocol_version);
	snprintf(session->hello.client, sizeof(session->hello.client), "%s", row.client_name);
	session->hello.client_can = (unsigned)row.client_can;
	session->log_level = LEVEL_INFO;
	session->seen_written_ms = row.seen_at;
	cache_add(mcp, session);
	return session;
}

struct session *session_cached(struct mcp *mcp, const char *hash)
{
	struct session *session;

	HASH_FIND_STR(mcp->sessions, hash, session);
	return session;
}

bool session_tell(struct session *session, const struct json *message)
{
	if (!session->feed)
		return false;
	outlet_send(session->feed, message);
	return true;
}

static void mark_seen(struct mcp *mcp, struct session *session)
{
	int64_t now = clock_wall_ms();
	struct error ignored;

	if (now - session->seen_written_ms < SEEN_WRITE_MS && now >= session->seen_written_ms)
		return;
	/* A full disk must not end a session that works: the next request tries again. */
	if (store_session_seen(mcp->store, session->hash, now, &ignored))
		session->seen_written_ms = now;
}

/* Without a key the session's only owner is whoever knows its id. */
static bool is_owned_by(const struct session *session, const char *owner)
{
	return strcmp(session->owner, owner) == 0 ||
	       (!*owner && strncmp(session->owner, "session:", strlen("session:")) == 0);
}

struct session *session_find(struct mcp *mcp, const char *id, const char *owner, struct error *err)
{
	char hash[DIGEST_TEXT_SIZE];
	struct session *session = NULL;

	if (id_is_formed("s-", id)) {
		digest_text("", id, hash);
		session = cache_find(mcp, hash);
		if (!session)
			session = load(mcp, hash, err);
		if (!session && err->kind != ERROR_NOT_FOUND)
			return NULL;
	}
	if (!session || !is_owned_by(session, owner)) {
		error_set(err, ERROR_NOT_FOUND,
			  "there is no such session (any more); send initialize again");
		return NULL;
	}
	mark_seen(mcp, session);
	return session;
}

bool session_end(struct mcp *mcp, struct session *session, struct error *err)
{
	if (!store_session_remove(mcp->store, session->hash, err))
		return false;
	forget(mcp, session);
	return true;
}

void sessions_free(struct mcp *mcp)
{
	struct session *session, *next;

	HASH_ITER(hh, mcp->sessions, session, next)
	forget(mcp, session);
}
