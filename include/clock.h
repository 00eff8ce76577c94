/* Two clocks: a monotonic one for durations and deadlines, the wall clock for what people read and
 * for what must survive a restart. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_TEXT_SIZE = 32 };

/* Milliseconds of CLOCK_BOOTTIME: it counts on while the machine sleeps and never jumps. */
int64_t clock_mono_ms(void);
/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);
/* RFC 3339 in UTC with milliseconds: "2026-11-20T10:02:03.456Z". */
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);
/* IMF-fixdate (RFC 9110 5.6.7): "Fri, 20 Nov 2026 10:02:03 GMT". */
void clock_format_http(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);
/* "10:02" in UTC, for sentences. */
void clock_format_hm(int64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);

#endif
