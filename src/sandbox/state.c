/* States, the moves that are allowed between them, and the one function that makes a move.  A move
 * is in the database before anything else can see it, so that a crash at any point leaves a row
 * from which the next start can go on: what was being made or destroyed is finished off. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

#define TO(state) (1u << (state))

static const struct {
	const char *name;
	uint32_t next;
} states[] = {
	[SANDBOX_CREATING] = { "creating",
			       TO(SANDBOX_WARM) | TO(SANDBOX_RUNNING) | TO(SANDBOX_FAILED) },
	[SANDBOX_WARM] = { "warm",
			   TO(SANDBOX_CREATING) | TO(SANDBOX_RUNNING) | TO(SANDBOX_DESTROYING) },
	[SANDBOX_RUNNING] = { "running", TO(SANDBOX_DESTROYING) | TO(SANDBOX_FAILED) },
	[SANDBOX_FAILED] = { "failed", TO(SANDBOX_DESTROYING) },
	[SANDBOX_DESTROYING] = { "destroying", TO(SANDBOX_GONE) },
	[SANDBOX_GONE] = { "gone", 0 },
};

enum { STATE_COUNT = sizeof(states) / sizeof(states[0]) };

const char *sandbox_state_name(enum sandbox_state state)
{
	return states[state].name;
}

bool sandbox_state_parse(const char *word, enum sandbox_state *ret_state)
{
	for (int i = 0; i < STATE_COUNT; i++) {
		if (strcmp(states[i].name, word) == 0) {
			*ret_state = (enum sandbox_state)i;
			return true;
		}
	}
	return false;
}

bool sandbox_may_become(enum sandbox_state from, enum sandbox_state to)
{
	return (states[from].next & TO(to)) != 0;
}

static bool write_move(struct sandbox *sb, enum sandbox_state to, struct error *err)
{
	struct store *store = sb->all->store;

	if (to != SANDBOX_GONE)
		return store_container_set_state(store, sb->row.id, states[to].name, err);
	/* The time that its owner was told, when the end began. */
	if (sb->row.gone_at == 0)
		sb->row.gone_at = clock_wall_ms();
	return store_container_gone(store, sb->row.id, sb->row.gone_at, err);
}

static void set_state(struct sandbox *sb, enum sandbox_state to)
{
	log_info(sb->row.id, "%s -> %s", states[sb->state].name, states[to].name);
	sb->state = to;
	memcpy(sb->row.state, states[to].name, strlen(states[to].name) + 1);
}

bool sandbox_move(struct sandbox *sb, enum sandbox_state to, struct error *err)
{
	if (!sandbox_may_become(sb->state, to))
		return error_set(err, ERROR_CONFLICT, "container %s is %s and cannot become %s",
				 sb->row.id, states[sb->state].name, states[to].name);
	if (!write_move(sb, to, err))
		return error_wrap(err, "container %s, from %s to %s", sb->row.id,
				  states[sb->state].name, states[to].name);
	set_state(sb, to);
	return true;
}

bool sandbox_give(struct sandbox *sb, struct container_row *row, enum sandbox_state to,
		  struct error *err)
{
	assert(sb->state == SANDBOX_WARM && sandbox_may_become(sb->state, to));
	snprintf(row->state, sizeof(row->state), "%s", states[to].name);
	if (!store_container_give(sb->all->store, row, err))
		return error_wrap(err, "giving container %s away", sb->row.id);
	sb->row = *row;
	set_state(sb, to);
	registry_set_clocks(sb);
	reaper_wake(sb->all->reaper);
	reaper_tell(sb);
	return true;
}

void sandbox_move_anyway(struct sandbox *sb, enum sandbox_state to)
{
	struct error err;

	assert(sandbox_may_become(sb->state, to));
	if (sandbox_move(sb, to, &err))
		return;
	log_error(sb->row.id, "its state could not be written, it ends all the same: %s", err.text);
	set_state(sb, to);
}
