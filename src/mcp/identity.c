/* Bearer keys.  The database holds a salted digest of each; a key is shown once, when it is made.
 * Every key is compared, in constant time, so that neither time nor order tells anything. */
#include "internal.h"
#include <string.h>
#include <strings.h>
#include "clock.h"

enum {
	KEY_LETTERS = 52, /* of base 32: 260 bits */
	KEYS_MAX = 64,    /* compared for each request */
	REREAD_MS = 1000, /* how soon a key made by another process is known */
};

static const char key_prefix[] = "sp_";

/* --- making --- */

static void make_salt(char ret_salt[DIGEST_TEXT_SIZE])
{
	unsigned char bytes[32];

	id_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret_salt + 2 * i, 3, "%02x", bytes[i]);
}

bool mcp_key_make(struct store *store, char ret_key[MCP_KEY_SIZE], struct error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[KEY_LETTERS];
	char key[MCP_KEY_SIZE];
	struct key_row row = { .created_at = clock_wall_ms() };
	size_t at = strlen(key_prefix);

	memcpy(key, key_prefix, at);
	id_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		key[at++] = letters[bytes[i] % 32];
	key[at] = '\0';
	id_new("k-", row.id);
	make_salt(row.salt);
	digest_text(row.salt, key, row.hash);
	if (!store_key_add(store, &row, err))
		return error_wrap(err, "keeping the key");
	memcpy(ret_key, key, sizeof(key));
	return true;
}

static bool on_any_key(void *ctx, const struct key_row *row)
{
	bool *exists = ctx;

	(void)row;
	*exists = true;
	return false;
}

bool mcp_key_exists(struct store *store, bool *ret_exists, struct error *err)
{
	bool exists = false;

	if (!store_key_each(store, on_any_key, &exists, err))
		return false;
	*ret_exists = exists;
	return true;
}

/* --- comparing --- */

static bool on_key(void *ctx, const struct key_row *row)
{
	struct key_cache *cache = ctx;

	cache->rows[cache->count++] = *row;
	return cache->count < KEYS_MAX;
}

static bool cache_read(struct mcp *mcp, struct error *err)
{
	struct key_cache fresh = { .rows = mem_array(struct key_row, KEYS_MAX),
				   .read_at_ms = clock_mono_ms(),
				   .was_read = true };

	if (!store_key_each(mcp->store, on_key, &fresh, err)) {
		key_cache_release(&fresh);
		return false;
	}
	key_cache_release(&mcp->keys);
	mcp->keys = fresh;
	return true;
}

void key_cache_release(struct key_cache *cache)
{
	free(cache->rows);
	*cache = (struct key_cache){ .rows = NULL };
}

static const struct key_row *cache_find(const struct key_cache *cache, const char *key)
{
	const struct key_row *found = NULL;
	char hash[DIGEST_TEXT_SIZE];

	for (size_t i = 0; i < cache->count; i++) {
		digest_text(cache->rows[i].salt, key, hash);
		if (digest_equal(hash, cache->rows[i].hash))
			found = &cache->rows[i];
	}
	return found;
}

/* NULL with err when the key is wrong or the database does not answer. */
static const struct key_row *key_find(struct mcp *mcp, const char *key, struct error *err)
{
	const struct key_row *found = cache_find(&mcp->keys, key);

	if (!found &&
	    (!mcp->keys.was_read || clock_mono_ms() - mcp->keys.read_at_ms >= REREAD_MS)) {
		if (!cache_read(mcp, err))
			return NULL;
		found = cache_find(&mcp->keys, key);
	}
	if (!found)
		error_set(err, ERROR_INVALID, "this key is not known here");
	return found;
}

/* RFC 6750 section 2.1; the scheme in any case (RFC 9110 section 11.1).  NULL: no bearer key. */
static const char *bearer_key(const char *authorization)
{
	static const char scheme[] = "Bearer ";

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return NULL;
	authorization += strlen(scheme);
	while (*authorization == ' ')
		authorization++;
	return authorization;
}

bool identity_of(struct mcp *mcp, const char *authorization, char ret_owner[STORE_OWNER_SIZE],
		 struct error *err)
{
	const char *key = bearer_key(authorization);
	const struct key_row *row = NULL;

	error_set(err, ERROR_INVALID,
		  "a key is needed: send the header Authorization: Bearer sp_…");
	if (key && strlen(key) < MCP_KEY_SIZE)
		row = key_find(mcp, key, err);
	if (!row && mcp->key_required)
		return false;
	/* Where none is asked for, a wrong one opens no more than having none. */
	snprintf(ret_owner, STORE_OWNER_SIZE, "%s%s", row ? "key:" : "", row ? row->id : "");
	return true;
}
