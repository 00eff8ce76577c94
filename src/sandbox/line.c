/* The line in front of the births.  Podman and the runtime saturate the processors with a few
 * births at a time; more of them only make each slower.  So wishes wait here, one line for each
 * owner, and the owners take turns: whoever asks for a hundred does not keep the next one waiting
 * for all of them.  Who would wait too long is told so at once. */
#include <string.h>
#include "internal.h"

enum {
	LINE_MOST_MS = 20000, /* the longest wait that is entered into */
	LINE_MAX = 1000,      /* wishes, however quick the births */
	BIRTH_USUAL_MS = 200, /* until there was one */
	SMOOTHING = 8,
};

struct customer;

struct wish {
	struct line *line;
	struct customer *customer;
	struct wish *next;
	struct container_row row; /* no id yet */
	struct creations waiting;
	struct timer *deadline;
	int64_t since_mono;
};

struct customer {
	char owner[STORE_OWNER_SIZE];
	struct wish *first; /* NULL only while one is being put in or taken out */
	int64_t length;
	struct customer *next;
};

struct line {
	struct sandboxes *all;
	struct customer *turn; /* whose turn it is, then the others; NULL: nobody waits */
	struct deferred *pump;
	int64_t length;
	int64_t births;   /* under way */
	int64_t usual_ms; /* a birth took so long, lately */
};

int64_t line_length(const struct line *line)
{
	return line->length;
}

bool line_has_place(const struct line *line)
{
	return line->length == 0 && line->births < line->all->settings.births_most;
}

bool line_is_idle(const struct line *line)
{
	return line->length == 0 && line->births == 0;
}

/* --- the ring of owners -------------------------------------------------------------------- */

static struct customer **find_customer(struct line *line, const char *owner)
{
	struct customer **at = &line->turn;

	while (*at && strcmp((*at)->owner, owner) != 0)
		at = &(*at)->next;
	return at;
}

static void put_in(struct line *line, struct wish *wish)
{
	struct customer **at = find_customer(line, wish->row.owner);
	struct wish **last;

	if (!*at) {
		*at = mem_new(struct customer);
		memcpy((*at)->owner, wish->row.owner, sizeof((*at)->owner));
	}
	wish->customer = *at;
	for (last = &wish->customer->first; *last; last = &(*last)->next)
		;
	*last = wish;
	wish->customer->length++;
	line->length++;
}

/* Whoever had a turn is behind all others from then on. */
static void take_out(struct line *line, struct wish *wish, bool was_turn)
{
	struct customer *customer = wish->customer;
	struct customer **place = find_customer(line, customer->owner);
	struct wish **at;

	for (at = &customer->first; *at != wish; at = &(*at)->next)
		;
	*at = wish->next;
	customer->length--;
	line->length--;
	if (customer->first && !was_turn)
		return;
	*place = customer->next;
	customer->next = NULL;
	if (!customer->first) {
		free(customer);
		return;
	}
	while (*place)
		place = &(*place)->next;
	*place = customer;
}

static void wish_free(struct wish *wish)
{
	timer_stop(wish->deadline);
	container_row_release(&wish->row);
	free(wish);
}

static void wish_refuse(struct wish *wish, const struct error *err)
{
	creations_end(&wish->waiting, err);
	wish_free(wish);
}

/* --- getting in ---------------------------------------------------------------------------- */

static void on_late(void *ctx)
{
	struct wish *wish = ctx;
	struct line *line = wish->line;
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE,
		  "no container could be made in %d seconds: %lld others are being made or wait",
		  (int)(line->all->line_late_ms / 1000),
		  (long long)(line->length + line->births - 1));
	error_advise(&err, "make the same call again in a few seconds", true);
	take_out(line, wish, false);
	wish_refuse(wish, &err);
}

/* Whose turns come before the next wish of this owner is served: all of its own, and as many of
 * each other's. */
static int64_t before(const struct line *line, const char *owner)
{
	int64_t own = 0;
	int64_t number = line->births;

	for (const struct customer *c = line->turn; c; c = c->next)
		if (strcmp(c->owner, owner) == 0)
			own = c->length;
	for (const struct customer *c = line->turn; c; c = c->next)
		number += c->length <= own ? c->length : own + 1;
	return number;
}

struct sandbox_line sandboxes_line(const struct sandboxes *all, const char *owner)
{
	const struct line *line = all->line;
	int64_t at_once = all->settings.births_most;
	int64_t number = before(line, owner);
	int64_t rounds = number < at_once ? 0 : number - at_once + 1;

	return (struct sandbox_line){ line->length, number, rounds * line->usual_ms / at_once };
}

static bool has_room(const struct line *line, const char *owner, struct error *err)
{
	struct sandbox_line place = sandboxes_line(line->all, owner);
	int64_t seconds = place.wait_ms / 1000 + 1;
	int64_t others = place.before;

	if (line->length < LINE_MAX && place.wait_ms <= LINE_MOST_MS)
		return true;
	error_set(err, ERROR_LIMIT,
		  "%lld containers are being made or waited for already, which takes about %lld "
		  "seconds",
		  (long long)others, (long long)seconds);
	return error_advise(err, "make the same call again after that time", true);
}

bool line_join(struct line *line, struct container_row *row, struct creations **ret_waiting,
	       struct error *err)
{
	struct wish *wish;

	if (!has_room(line, row->owner, err))
		return false;
	wish = mem_new(struct wish);
	wish->line = line;
	wish->since_mono = clock_mono_ms();
	wish->row = *row;
	*row = (struct container_row){ 0 };
	wish->deadline = timer_start(line->all->loop, line->all->line_late_ms, 0, on_late, wish);
	put_in(line, wish);
	*ret_waiting = &wish->waiting;
	line_wake(line);
	return true;
}

struct creations *line_find(struct line *line, const char *owner, const char *request_id)
{
	struct customer *customer = *find_customer(line, owner);

	for (struct wish *wish = customer ? customer->first : NULL; wish; wish = wish->next)
		if (wish->row.request_id && strcmp(wish->row.request_id, request_id) == 0)
			return &wish->waiting;
	return NULL;
}

/* --- being served -------------------------------------------------------------------------- */

/* Nothing was made for them yet, and nobody would know of it. */
static void drop_the_abandoned(struct line *line)
{
	while (line->turn && !line->turn->first->waiting.first) {
		struct wish *wish = line->turn->first;

		take_out(line, wish, false);
		wish_free(wish);
	}
}

/* The wish whose turn it is.  When none of the ready ones suits it, the next one's may. */
static bool serve_from_pool(struct line *line)
{
	for (struct customer *customer = line->turn; customer; customer = customer->next) {
		struct wish *wish = customer->first;
		struct sandbox *sb = wish->waiting.first ? pool_give(line->all, &wish->row) : NULL;

		if (!sb)
			continue;
		take_out(line, wish, true);
		creations_follow(&wish->waiting, sb);
		wish_free(wish);
		return true;
	}
	return false;
}

static void serve_by_birth(struct line *line)
{
	struct wish *wish;
	struct sandbox *sb;
	struct error err;

	drop_the_abandoned(line);
	if (!line->turn)
		return;
	wish = line->turn->first;
	take_out(line, wish, true);
	sb = create_born(line->all, &wish->row, clock_mono_ms() - wish->since_mono, &err);
	if (!sb) {
		wish_refuse(wish, &err);
		return;
	}
	creations_follow(&wish->waiting, sb);
	wish_free(wish);
}

static void on_pump(void *ctx)
{
	struct line *line = ctx;

	line->pump = NULL;
	while (line->turn && serve_from_pool(line))
		;
	while (line->turn && line->births < line->all->settings.births_most)
		serve_by_birth(line);
	pool_refill(line->all);
}

void line_wake(struct line *line)
{
	if (!line->pump && !line->all->closing)
		line->pump = loop_defer(line->all->loop, on_pump, line);
}

void line_birth_begun(struct line *line)
{
	line->births++;
}

void line_birth_over(struct line *line, int64_t took_ms)
{
	line->births--;
	if (took_ms >= 0)
		line->usual_ms += (took_ms - line->usual_ms) / SMOOTHING;
	line_wake(line);
}

/* --- the whole ----------------------------------------------------------------------------- */

struct line *line_new(struct sandboxes *all)
{
	struct line *line = mem_new(struct line);

	line->all = all;
	line->usual_ms = BIRTH_USUAL_MS;
	return line;
}

void line_end(struct line *line, const struct error *err)
{
	deferred_cancel(take(line->pump));
	while (line->turn) {
		struct wish *wish = line->turn->first;

		take_out(line, wish, false);
		wish_refuse(wish, err);
	}
}

void line_free(struct line *line)
{
	free(line);
}
