/* How a link comes in.  The exec session's process, `agent link`, connects to an abstract socket of
 * process 1 (such names belong to the network namespace, which is the container's own), hands over
 * its standard input and output, and then only waits: while it lives, so does the session.
 *
 * Who may: a process with our user id whose parent is 0, which is how a process that was put into
 * the container from outside looks.  Whatever is started inside has a parent inside, for ever: its
 * orphans become children of process 1 or of a supervisor. */
#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char name[] = "sandpod";
enum { KNOCK_EVERY_MS = 10, KNOCK_FOR_MS = 5000, BACKLOG = 16, ACCEPTS_AT_ONCE = 8 };

/* The address, whose first byte of name is NUL; returns its length. */
static socklen_t address_fill(struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path + 1, name, sizeof(name) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));
}

/* --- process 1 --------------------------------------------------------------------------- */

bool door_open(struct agent *agent)
{
	struct sockaddr_un address;
	socklen_t len = address_fill(&address);

	agent->door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return agent->door >= 0 && bind(agent->door, (struct sockaddr *)&address, len) == 0 &&
	       listen(agent->door, BACKLOG) == 0 &&
	       watch(agent, agent->door, EPOLLIN, FROM_DOOR, 0, 0);
}

static bool peer_may_link(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct pollfd gone = { .fd = fd };

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid != getuid() || peer.pid <= 0 || process_parent(peer.pid) != 0)
		return false;
	/* A peer that is gone by now could have left its number to somebody else. */
	return poll(&gone, 1, 0) == 0;
}

static void guest_add(struct agent *agent, int fd)
{
	unsigned index = agent->next_guest++ % GUESTS_MAX;

	unwatch_close(agent, &agent->guests[index]);
	agent->guests[index] = fd;
	if (!watch(agent, fd, EPOLLIN, FROM_GUEST, index, 0))
		unwatch_close(agent, &agent->guests[index]);
}

void door_ready(struct agent *agent)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = accept4(agent->door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		if (peer_may_link(fd))
			guest_add(agent, fd);
		else
			close(fd);
	}
}

/* Takes the two descriptors out of a message; anything else that came along is closed. */
static bool take_descriptors(struct msghdr *message, int ret_fds[2])
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fds[4];
	size_t count;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return false;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	if (count > sizeof(fds) / sizeof(fds[0]))
		return false;
	memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	if (count == 2 && !(message->msg_flags & MSG_CTRUNC)) {
		memcpy(ret_fds, fds, 2 * sizeof(int));
		return true;
	}
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	return false;
}

void guest_ready(struct agent *agent, unsigned index)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	char byte;
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int session = agent->guests[index];
	int fds[2];

	if (session < 0)
		return;
	if (recvmsg(session, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1 ||
	    !take_descriptors(&message, fds)) {
		unwatch_close(agent, &agent->guests[index]);
		return;
	}
	epoll_ctl(agent->epoll, EPOLL_CTL_DEL, session, NULL);
	agent->guests[index] = -1;
	(void)!send(session, "y", 1, MSG_NOSIGNAL);
	link_open(agent, fds[0], fds[1], session);
}

/* --- the link process -------------------------------------------------------------------- */

/* Process 1 may be just about to listen: knocks for a while. */
static int knock(void)
{
	struct sockaddr_un address;
	socklen_t len = address_fill(&address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	for (int waited = 0; connect(fd, (struct sockaddr *)&address, len) < 0;
	     waited += KNOCK_EVERY_MS) {
		if (waited >= KNOCK_FOR_MS || (errno != ECONNREFUSED && errno != EAGAIN)) {
			close(fd);
			return -1;
		}
		poll(NULL, 0, KNOCK_EVERY_MS);
	}
	return fd;
}

static bool hand_over(int session)
{
	static const int fds[2] = { STDIN_FILENO, STDOUT_FILENO };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fds))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(fds)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char byte = 'l';
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	return sendmsg(session, &message, MSG_NOSIGNAL) == 1 && recv(session, &byte, 1, 0) == 1;
}

/* A command that says `kill -TERM -1` means its own processes, not the link. */
static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

int link_run(void)
{
	int session;
	char byte;

	block_signals();
	session = knock();
	if (session < 0) {
		fputs("agent link: process 1 of this container does not listen\n", stderr);
		return 1;
	}
	if (!hand_over(session)) {
		fputs("agent link: refused; only a process from outside may link\n", stderr);
		return 1;
	}
	/* The streams are process 1's now: its closing must reach the other end. */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	while (recv(session, &byte, 1, 0) > 0)
		;
	return 0;
}
