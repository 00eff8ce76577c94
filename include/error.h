/* Errors are values: a kind, which says what the caller can do about it, and a sentence for the
 * person or model that asked.  Nothing is allocated, so an error that is dropped cannot leak. */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

enum error_kind {
	ERROR_NONE,
	ERROR_INVALID,     /* the request makes no sense */
	ERROR_NOT_FOUND,   /* the thing named never existed, or belongs to somebody else */
	ERROR_GONE,        /* it existed; the text says when it ended, why, and what to do */
	ERROR_CONFLICT,    /* it exists, in the wrong state */
	ERROR_LIMIT,       /* a quota or a size limit would be exceeded */
	ERROR_TIMEOUT,     /* somebody did not answer in time; a retry can help */
	ERROR_CANCELLED,   /* the caller took the request back */
	ERROR_UNAVAILABLE, /* Podman, the database or the agent cannot answer now; a retry can help
			    */
	ERROR_INTERNAL,    /* our bug */
};

struct error {
	enum error_kind kind;
	char text[512]; /* one sentence, UTF-8, no newline at its end */
	/* What the caller (a program that has our tools) does about it, without a full stop; NULL:
	 * what fits the kind.  A literal. */
	const char *next;
	bool retryable; /* whether the same request may succeed if it is simply sent again later */
};

/* Fills err and returns false, so that a failing function can end with `return error_set(…)`.
 * next is NULL then, and retryable what is usual for the kind. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and the text of the given errno value behind the sentence. */
bool error_set_errno(struct error *err, enum error_kind kind, int number, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Says what to do about an error that is set, where its kind says too little; returns false. */
bool error_advise(struct error *err, const char *next, bool retryable);

/* Puts "what we were doing: " in front of an error that is set; keeps the rest; returns false. */
bool error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The stable word for a kind, as clients see it in `code`: "invalid", "not_found", "gone", … */
const char *error_kind_name(enum error_kind kind);

/* Whether waiting usually helps against errors of this kind. */
bool error_kind_is_retryable(enum error_kind kind);

#endif
