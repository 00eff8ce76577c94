/* SHA-256 by OpenSSL's libcrypto, which no other file sees. */
#include "digest.h"

#include <assert.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "own.h"

OWNED_BY_SCOPE(hash, EVP_MD_CTX *, EVP_MD_CTX_free)
#define auto_hash AUTO(hash) EVP_MD_CTX *

static void to_hex(const unsigned char *bytes, size_t len, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		ret_hex[2 * i] = digits[bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_hex[2 * len] = '\0';
}

/* Looked up once: EVP_sha256() looks it up at each use, which takes longer than the hash. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *found;

	if (!found)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	return found;
}

void digest_text(const char *salt, const char *text, char ret_hex[DIGEST_TEXT_SIZE])
{
	auto_hash hash = EVP_MD_CTX_new();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool ok = hash && EVP_DigestInit_ex(hash, sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(hash, salt, strlen(salt)) == 1 &&
		  EVP_DigestUpdate(hash, text, strlen(text)) == 1 &&
		  EVP_DigestFinal_ex(hash, bytes, &len) == 1;

	/* Fails only without memory or without libcrypto's provider: no key could be checked. */
	assert(ok && 2 * len + 1 == DIGEST_TEXT_SIZE);
	to_hex(bytes, len, ret_hex);
}

void digest_mac(const char *key, const char *text, char ret_hex[DIGEST_TEXT_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool ok = HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text,
		       strlen(text), bytes, &len) != NULL;

	assert(ok && 2 * len + 1 == DIGEST_TEXT_SIZE);
	to_hex(bytes, len, ret_hex);
}

bool digest_equal(const char *a, const char *b)
{
	size_t len = strlen(a);

	/* The length of a digest is no secret; its digits are. */
	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
