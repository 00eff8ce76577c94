/* Sandpod: an MCP server that gives AI agents Linux containers.
 *
 * This file only finds out what is wanted.  What each sub-command does, step by step, is in
 * src/app: start.c has the list of steps that they share. */
#include <stdio.h>
#include <string.h>
#include "app.h"
#include "config.h"

static const char usage[] =
	"usage: sandpod [serve] [--destroy-on-exit]   serve MCP over HTTP (the default)\n"
	"       sandpod stdio                         serve one client over standard input and "
	"output\n"
	"       sandpod doctor                        try what the server needs and say what is "
	"missing\n"
	"       sandpod version                       print the version\n"
	"       sandpod --help                        print this and the settings\n";

static int help(void)
{
	fputs(usage, stdout);
	puts("");
	config_print_help(stdout);
	return 0;
}

static int misuse(const char *word)
{
	fprintf(stderr, "sandpod: \"%s\" is not understood\n%s", word, usage);
	return 2;
}

/* Reads the words behind the sub-command; the first that is not understood, or NULL. */
static const char *read_options(char **words, struct app_options *options)
{
	for (; *words; words++) {
		if (options->mode == APP_DOCTOR || strcmp(*words, "--destroy-on-exit") != 0)
			return *words;
		options->destroy_on_exit = true;
	}
	return NULL;
}

static bool asks_for(int argc, char **argv, const char *option, const char *word)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return argc > 1 && strcmp(argv[1], word) == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		enum app_mode mode;
	} commands[] = {
		{ "serve", APP_SERVE },
		{ "stdio", APP_STDIO },
		{ "doctor", APP_DOCTOR },
	};
	struct app_options options = { .mode = APP_SERVE };
	const char *strange;
	int first = 1;

	if (asks_for(argc, argv, "--help", "help"))
		return help();
	if (asks_for(argc, argv, "--version", "version")) {
		puts("sandpod " SANDPOD_VERSION);
		return 0;
	}
	if (argc > 1 && argv[1][0] != '-') {
		size_t n = sizeof(commands) / sizeof(commands[0]), i = 0;

		while (i < n && strcmp(commands[i].word, argv[1]) != 0)
			i++;
		if (i == n)
			return misuse(argv[1]);
		options.mode = commands[i].mode;
		first = 2;
	}
	strange = read_options(argv + first, &options);
	return strange ? misuse(strange) : app_main(&options);
}
