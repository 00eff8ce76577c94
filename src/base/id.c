/* Making identifiers.  Each of the 26 characters takes 5 bits of a random byte of its own: simple,
 * and without bias, because 32 divides 256. */
#include "id.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { PREFIX_MAX = 8, RANDOM_CHARS = 26 };
_Static_assert(PREFIX_MAX + RANDOM_CHARS < ID_SIZE, "an id must fit its array");

/* RFC 4648 base 32 in lower case: no 0, 1, 8 or 9 to be mixed up with letters. */
static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void id_random(void *ret_bytes, size_t len)
{
	char *to = ret_bytes;

	while (len > 0) {
		ssize_t got = getrandom(to, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort();
		to += got;
		len -= (size_t)got;
	}
}

void id_new(const char *prefix, char ret_id[ID_SIZE])
{
	size_t at = strlen(prefix);
	uint8_t random[RANDOM_CHARS];

	assert(at <= PREFIX_MAX);
	id_random(random, sizeof(random));
	memcpy(ret_id, prefix, at);
	for (size_t i = 0; i < RANDOM_CHARS; i++)
		ret_id[at++] = alphabet[random[i] % 32];
	ret_id[at] = '\0';
}

bool id_is_formed(const char *prefix, const char *text)
{
	size_t prefix_len = strlen(prefix);

	/* strspn stops at the end of the text, so nothing behind it is looked at. */
	return strncmp(text, prefix, prefix_len) == 0 &&
	       strspn(text + prefix_len, alphabet) == RANDOM_CHARS &&
	       text[prefix_len + RANDOM_CHARS] == '\0';
}
