/* Allocation of small things.  Running out of memory here ends the program: nothing that a client
 * can make large is allocated this way, so there is no caller who could do better. */
#include "own.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *or_abort(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *mem_zeroed(size_t count, size_t size)
{
	/* calloc(0) may give NULL. */
	return or_abort(calloc(count ? count : 1, size ? size : 1));
}

char *mem_strdup(const char *text)
{
	return text ? or_abort(strdup(text)) : NULL;
}

char *mem_strndup(const char *text, size_t len)
{
	return text ? or_abort(strndup(text, len)) : NULL;
}

char *mem_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	return or_abort(len < 0 ? NULL : text);
}

void mem_give_back(void)
{
	malloc_trim(0);
}
