/* Filling in errors.  Texts are cut to fit, never inside a character, and carry no newline at their
 * end, so that whoever shows one can put it into a sentence, a log line or JSON as it is. */
#include "error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "utf8.h"

static void tidy(struct error *err)
{
	size_t len = utf8_whole(err->text, strlen(err->text));

	while (len > 0 && (err->text[len - 1] == '\n' || err->text[len - 1] == '\r'))
		len--;
	err->text[len] = '\0';
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	/* Arguments may point into err->text, so it is not written to before they are read. */
	char text[sizeof(err->text)];
	va_list args;

	assert(kind != ERROR_NONE);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	err->kind = kind;
	err->next = NULL;
	err->retryable = error_kind_is_retryable(kind);
	memcpy(err->text, text, sizeof(text));
	tidy(err);
	return false;
}

bool error_set_errno(struct error *err, enum error_kind kind, int number, const char *format, ...)
{
	char text[sizeof(err->text)];
	char reason[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(err, kind, "%s: %s", text, strerror_r(number, reason, sizeof(reason)));
}

bool error_advise(struct error *err, const char *next, bool retryable)
{
	assert(err->kind != ERROR_NONE);
	err->next = next;
	err->retryable = retryable;
	return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	const char *next = err->next;
	bool retryable = err->retryable;
	va_list args;

	assert(err->kind != ERROR_NONE);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	error_set(err, err->kind, "%s: %s", text, err->text);
	return error_advise(err, next, retryable);
}

const char *error_kind_name(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NONE:
		return "none";
	case ERROR_INVALID:
		return "invalid";
	case ERROR_NOT_FOUND:
		return "not_found";
	case ERROR_GONE:
		return "gone";
	case ERROR_CONFLICT:
		return "conflict";
	case ERROR_LIMIT:
		return "limit";
	case ERROR_TIMEOUT:
		return "timeout";
	case ERROR_CANCELLED:
		return "cancelled";
	case ERROR_UNAVAILABLE:
		return "unavailable";
	case ERROR_INTERNAL:
		return "internal";
	}
	return "internal";
}

bool error_kind_is_retryable(enum error_kind kind)
{
	return kind == ERROR_TIMEOUT || kind == ERROR_UNAVAILABLE;
}
