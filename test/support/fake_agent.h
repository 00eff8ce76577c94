/* A well-behaved agent behind a hijacked exec connection: every command prints "fake\n" and ends
 * with status 0. */
#ifndef FAKE_AGENT_H
#define FAKE_AGENT_H

/* Answers the upgrade and speaks frames until the connection ends.  host_id: what the user
 * namespace maps root to. */
void fake_agent_serve(int fd, unsigned long host_id);

#endif
