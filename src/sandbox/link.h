/* Private to src/sandbox: frames to a container's process 1 and back, and who is told of them. */
#ifndef SANDBOX_LINK_H
#define SANDBOX_LINK_H

#include "digest.h"
#include "internal.h"

/* --- link.c: frames to and from process 1 -------------------------------------------------- */

/* Before the container is started: its process 1 finds us waiting, where it comes by itself. */
void link_expect(struct sandbox *sb);
/* Opens a link and opens a new one, with back-off, whenever it breaks, until link_drop.  The first
 * HELLO calls sandbox_linked (birth.c); a failure to get one within `link deadline` on a
 * container that was never linked calls sandbox_link_failed. */
void link_keep(struct sandbox *sb);
/* What carries the frames: a local socket, an exec session.  A third (another engine's exec stream)
 * is one more of these; the callbacks and their promises are those of podman_link_open. */
struct link_carrier {
	void *(*open)(struct sandbox *sb, const struct podman_link_events *events, void *ctx,
		      struct error *err);
	size_t (*write)(void *stream, const void *data, size_t len);
	void (*close)(void *stream);
	/* Has process 1 kill everything but itself, without a link: the way back into a container
	 * whose processes are all in use, so that no link can be opened.  NULL: it needs none. */
	void (*clear)(struct sandbox *sb);
	/* Without Podman's service: process 1 comes to us. */
	bool is_local;
};
extern const struct link_carrier exec_carrier;
extern const struct link_carrier socket_carrier;
/* No link from now on; commands and readers are not told (command_container_over does that). */
void link_drop(struct sandbox *sb);
/* Podman is down or up again: closes what passes through it, or opens it at once. */
void link_pause(struct sandbox *sb);
/* HELLO and the list of commands have come: frames may be sent. */
bool link_is_up(const struct sandbox *sb);
/* Queues one frame.  False while the link is not up (the frame is not kept: what must not be lost
 * is sent again from the object's state when the link is up). */
bool link_send(struct sandbox *sb, enum wire_type type, uint32_t stream, const void *payload,
	       size_t len);
/* A frame without payload that nobody waits for: it goes out with the next one, or by itself soon.
 */
void link_send_soon(struct sandbox *sb, enum wire_type type, uint32_t stream);
/* As link_send, the payload in two pieces. */
bool link_send_chunk(struct sandbox *sb, enum wire_type type, uint32_t stream, uint64_t offset,
		     const void *data, size_t len);
/* Called by link.c, once a link: sb->hello is measured, the list of commands is settled, frames may
 * be sent.  May drop the link (birth.c). */
void sandbox_linked(struct sandbox *sb);
void sandbox_link_failed(struct sandbox *sb, const struct error *err);
/* The container's process 1 is another one than before: it is over. */
void sandbox_died(struct sandbox *sb);
/* Podman said something as if it did not run, which may have been about an exec session only: a new
 * one fails, for an old one Podman's list decides. */
void sandbox_doubted(struct sandbox *sb);

/* --- link_place.c: where process 1 comes to ------------------------------------------------- */

/* The caller owns it. */
char *link_place_path(const struct sandboxes *all, const char *id);
/* What the socket is called; a secret between process 1 and us. */
void link_place_name(const struct sandboxes *all, const char *id, char ret_name[DIGEST_TEXT_SIZE]);
/* Before Podman makes the container. */
bool link_place_make(const struct sandbox *sb, struct error *err) must_check;
/* Whether this container has one: not with a Podman elsewhere, nor with exec_links. */
bool link_place_is_there(const struct sandbox *sb);
/* Makes the socket and rings the bell.  A descriptor, which the caller owns; -1 with err. */
int link_place_listen(const struct sandbox *sb, struct error *err) must_check;
/* Takes the socket's name away. */
void link_place_withdraw(const struct sandbox *sb);
/* Once the container is gone. */
void link_place_remove(const struct sandbox *sb);
/* At the start: makes the directory of them all, and removes what no living container has. */
bool link_place_sweep(struct sandboxes *all, struct error *err) must_check;

#endif
