/* The agent: the one program of ours inside a container.  `agent init` is its process 1, `agent
 * link` is what an exec session runs to connect the server with process 1. */
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	/* Before anything else: code in the container runs under the same user id, and could
	 * otherwise trace us or take our descriptors.  The file is also not readable for anybody
	 * inside (mode 0711, owned by the host's root), which makes the kernel treat us so from
	 * execve on (would_dump in fs/exec.c); this call is the second wall, and the only one where
	 * the file was copied in with other rights. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return 1;
	if (argc == 2 && strcmp(argv[1], "init") == 0)
		return init_run();
	if (argc == 2 && strcmp(argv[1], "link") == 0)
		return link_run();
	fputs("usage: agent init | agent link\n", stderr);
	return 2;
}
