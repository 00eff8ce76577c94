/* SHA-256, for keys and session ids that must not lie in the database as they are. */
#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum { DIGEST_TEXT_SIZE = 65 };

/* Lower-case hexadecimal SHA-256 of salt followed by text; salt may be "". */
void digest_text(const char *salt, const char *text, char ret_hex[DIGEST_TEXT_SIZE]);
/* Lower-case hexadecimal HMAC-SHA-256 of text: who does not know key cannot make it. */
void digest_mac(const char *key, const char *text, char ret_hex[DIGEST_TEXT_SIZE]);
/* Compares two digests (or other secrets of one length) in constant time. */
bool digest_equal(const char *a, const char *b);

#endif
