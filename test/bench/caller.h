/* One MCP client: a connection and a session of the server under test, and the tools as verbs. */
#ifndef CALLER_H
#define CALLER_H

#include "client.h"
#include "json.h"

enum { CONTAINER_ID_SIZE = 64 };

struct caller {
	struct client client;
	char session[SESSION_SIZE];
	int64_t number; /* its request id: no two requests of a session under way may have one */
};

/* With the session of another caller nothing is sent yet; with NULL a new one is opened. */
bool caller_open(struct caller *caller, int port, const char *session,
		 struct error *err) must_check;
void caller_close(struct caller *caller);

static inline void auto_caller_(struct caller *slot)
{
	caller_close(slot);
}
#define auto_caller AUTO(caller) struct caller

/* The result of any method (the caller's; params is taken over). */
struct json *caller_ask(struct caller *caller, const char *method, struct json *params,
			struct error *err) must_check;
/* Calls a tool and gives the structured form of its result (the caller's; args is taken over).
 * A result that is an error is an error. */
struct json *caller_tool(struct caller *caller, const char *name, struct json *args,
			 struct error *err) must_check;

/* cpus 0: the server's default. */
bool caller_create(struct caller *caller, double cpus, char ret_id[CONTAINER_ID_SIZE],
		   struct error *err) must_check;
bool caller_destroy(struct caller *caller, const char *id, struct error *err) must_check;
/* Runs a command to its end (45 s at most); another exit code than 0 is an error.  ret_stdout (may
 * be NULL) is the caller's. */
bool caller_run(struct caller *caller, const char *id, const char *command, char **ret_stdout,
		struct error *err) must_check;
/* The same with `text` on standard input. */
bool caller_feed(struct caller *caller, const char *id, const char *command, const char *text,
		 struct error *err) must_check;

/* A whole request that is sent again and again: nothing is built or parsed while time is taken. */
struct buf caller_prepare(struct caller *caller, const char *id, const char *command);
/* The same of any tool; args is taken over. */
struct buf caller_prepare_tool(struct caller *caller, const char *name, struct json *args);
/* Sends it; the answer has to say that a command ended with 0. */
bool caller_repeat(struct caller *caller, const struct buf *request, struct error *err) must_check;
/* Sends it; the answer has to have these words in it. */
bool caller_expect(struct caller *caller, const struct buf *request, const char *words,
		   struct error *err) must_check;

#endif
