/* A well-behaved agent behind a hijacked exec connection: every command prints "fake\n" and ends
 * with status 0.  One whose text holds "hold" prints "before\n", and "after\n" and its end only on
 * the next link; one with "babble" likewise, after bytes that are no frame. */
#ifndef FAKE_AGENT_H
#define FAKE_AGENT_H

#include <stdbool.h>
#include <stdint.h>

/* One agent: what outlives a link. */
struct fake_memory {
	unsigned long host_id; /* what the user namespace maps root to */
	bool holds;            /* a command runs */
	uint32_t stream;
};

/* Answers the upgrade and speaks frames until the connection ends. */
void fake_agent_serve(int fd, struct fake_memory *memory);

#endif
