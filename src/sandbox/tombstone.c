/* What is said of containers that are no more, and of what never was.  Handles explain themselves
 * for 48 hours: when it ended, why, and what to do now.  Another owner's thing and a thing that
 * never existed get the same words, so that nobody can find out what exists. */
#include <stdio.h>
#include <string.h>
#include "internal.h"
#include "utf8.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MINUTES = 60, DAY_MINUTES = 24 * HOUR_MINUTES };

static void count(char *ret_text, size_t room, int64_t number, const char *unit)
{
	snprintf(ret_text, room, "its %lld %s%s over", (long long)number, unit,
		 number == 1 ? " was" : "s were");
}

/* The one reason that is better told with a number; without it where the clock was set in between
 * and the span makes no sense. */
static void explain_expiry(const struct container_row *row, char *ret_text, size_t room)
{
	int64_t span = row->expires_at - row->created_at;
	int64_t minutes = (span + MINUTE_MS / 2) / MINUTE_MS;

	if (span <= 0 || minutes > DAY_MINUTES)
		snprintf(ret_text, room, "%s", REASON_EXPIRED);
	else if (span < MINUTE_MS)
		count(ret_text, room, (span + 500) / 1000, "second");
	else if (minutes % HOUR_MINUTES == 0)
		count(ret_text, room, minutes / HOUR_MINUTES, "hour");
	else
		count(ret_text, room, minutes, "minute");
}

/* The second half of the sentence; "" when no reason is known. */
static void explain(const struct container_row *row, char *ret_text, size_t room)
{
	const char *reason = row->gone_reason ? row->gone_reason : "";

	if (strcmp(reason, REASON_EXPIRED) == 0)
		explain_expiry(row, ret_text, room);
	else
		snprintf(ret_text, room, "%s", reason);
}

/* Reasons are facts ("its time was over") except this one, which is what was done. */
static bool was_asked(const struct container_row *row)
{
	return row->gone_reason && strcmp(row->gone_reason, REASON_ASKED) == 0;
}

bool tombstone_error(const struct container_row *row, struct error *err)
{
	char hm[CLOCK_TEXT_SIZE];
	char why[200];

	clock_format_hm(row->gone_at ? row->gone_at : clock_wall_ms(), hm);
	explain(row, why, sizeof(why));
	if (was_asked(row) || why[0] == '\0')
		error_set(err, ERROR_GONE, "container %s was destroyed%s at %s UTC", row->id,
			  why[0] ? " on request" : "", hm);
	else
		error_set(err, ERROR_GONE, "container %s was destroyed at %s UTC because %s",
			  row->id, hm, why);
	return error_advise(err, "call create_container for a new one", false);
}

bool not_found_error(const char *what, const char *id, struct error *err)
{
	/* The id is the caller's text: bounded, so that the sentence keeps its end. */
	size_t len = strlen(id);

	len = utf8_whole(id, len < ID_SIZE ? len : ID_SIZE);
	return error_set(err, ERROR_NOT_FOUND,
			 "there is no %s %.*s: check the id, or list what you have", what, (int)len,
			 id);
}
