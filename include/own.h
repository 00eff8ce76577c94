/* Ownership.  Every object has one owner.  A local owner is declared `auto_…` and releases what it
 * holds when its scope ends; take() gives the thing away.  Small fixed-size allocations abort when
 * memory is out; anything whose size a client chooses goes through buf.h, which has a cap. */
#ifndef OWN_H
#define OWN_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define must_check __attribute__((warn_unused_result))

/* Declares the cleanup function behind an `auto_name` local; release is not called with NULL. */
#define OWNED_BY_SCOPE(name, type, release)                                                        \
	static inline void auto_##name##_(__typeof__(type) *slot)                                  \
	{                                                                                          \
		if (*slot)                                                                         \
			release(*slot);                                                            \
	}
#define AUTO(name) __attribute__((cleanup(auto_##name##_)))

/* The value of an `auto_` local, which is left empty: the receiver owns it now. */
#define take(local)                                                                                \
	__extension__({                                                                            \
		__typeof__(local) taken_ = (local);                                                \
		(local) = NULL;                                                                    \
		taken_;                                                                            \
	})

/* Zeroed memory for one object; never NULL. */
#define mem_new(type) ((type *)mem_zeroed(1, sizeof(type)))
/* Zeroed memory for count objects; never NULL, also for count 0. */
#define mem_array(type, count) ((type *)mem_zeroed((count), sizeof(type)))

void *mem_zeroed(size_t count, size_t size);
/* NULL gives NULL. */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
/* A formatted string that the caller owns.  Never for JSON, SQL or a shell. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Gives memory that was freed back to the system, which free() does only at the heap's end: after a
 * crowd of clients has gone, say.  Takes well under a millisecond when there is little. */
void mem_give_back(void);

OWNED_BY_SCOPE(str, char *, free)
#define auto_str AUTO(str) char *

static inline void auto_fd_(const int *slot)
{
	if (*slot >= 0)
		close(*slot);
}
/* A descriptor that is closed at the end of its scope; -1 is empty. */
#define auto_fd AUTO(fd) int

/* The descriptor of an `auto_fd` local, which is left empty. */
#define take_fd(local)                                                                             \
	__extension__({                                                                            \
		int taken_ = (local);                                                              \
		(local) = -1;                                                                      \
		taken_;                                                                            \
	})

#endif
