/* The containers that are not yet gone, in memory, by id.  uthash lives here and in the lists that
 * hang on a container.  What is gone lives in the database only, as a tombstone. */
#include <string.h>
#include "internal.h"

static int64_t clamp(int64_t value, int64_t most)
{
	if (value < 0)
		return 0;
	return value < most ? value : most;
}

/* How much of its life is over and left, from times on a wall clock that may have been set while we
 * were not running: never more than a whole life of each. */
void registry_set_clocks(struct sandbox *sb)
{
	int64_t mono = clock_mono_ms();
	int64_t wall = clock_wall_ms();
	int64_t most = sb->all->settings.ttl_ms;

	sb->born_mono = mono - clamp(wall - sb->row.created_at, most);
	sb->expires_mono = mono + clamp(sb->row.expires_at - wall, most);
}

struct sandbox *registry_add(struct sandboxes *all, struct container_row *row,
			     enum sandbox_state state)
{
	struct sandbox *sb = mem_new(struct sandbox);

	sb->all = all;
	sb->row = *row;
	*row = (struct container_row){ 0 };
	sb->state = state;
	registry_set_clocks(sb);
	HASH_ADD_STR(all->living, row.id, sb);
	return sb;
}

void registry_remove(struct sandbox *sb)
{
	struct sandboxes *all = sb->all;

	deferred_cancel(sb->code_turn);
	deferred_cancel(sb->once_turn);
	birth_abandon(sb);
	check_container_over(sb);
	link_drop(sb);
	destroy_abandon(sb);
	programs_forget(sb);
	HASH_DEL(all->living, sb);
	container_row_release(&sb->row);
	free(sb);
}

int64_t registry_active(const struct sandboxes *all)
{
	int64_t count = 0;

	for (const struct sandbox *sb = all->living; sb; sb = sb->hh.next)
		count += !sb->row.shape &&
			 (sb->state == SANDBOX_CREATING || sb->state == SANDBOX_RUNNING);
	return count;
}

struct sandbox *registry_find(struct sandboxes *all, const char *owner, const char *id)
{
	struct sandbox *sb = NULL;

	HASH_FIND_STR(all->living, id, sb);
	if (!sb && owner && !id_is_formed("c-", id))
		sb = default_of_session(all, owner, id);
	if (!sb || (owner && strcmp(sb->row.owner, owner) != 0))
		return NULL;
	return sb;
}

bool registry_tombstone(struct sandboxes *all, const char *owner, const char *id,
			struct container_row *ret_row, struct error *err)
{
	auto_container_row row = { 0 };

	if (!id_is_formed("c-", id))
		return not_found_error("container", id, err);
	if (!store_container_find(all->store, id, &row, err))
		return err->kind == ERROR_NOT_FOUND ? not_found_error("container", id, err) : false;
	if (owner && strcmp(row.owner, owner) != 0)
		return not_found_error("container", id, err);
	*ret_row = row;
	row = (struct container_row){ 0 };
	return true;
}

static bool explain_absence(struct sandboxes *all, const char *owner, const char *id,
			    struct error *err)
{
	auto_container_row row = { 0 };

	return registry_tombstone(all, owner, id, &row, err) && tombstone_error(&row, err);
}

bool registry_use(struct sandboxes *all, const char *owner, const char *id, struct sandbox **ret_sb,
		  struct error *err)
{
	struct sandbox *sb = registry_find(all, owner, id);

	if (!sb)
		return explain_absence(all, owner, id, err);
	switch (sb->state) {
	case SANDBOX_RUNNING:
		*ret_sb = sb;
		return true;
	case SANDBOX_CREATING:
		error_set(err, ERROR_CONFLICT, "container %s is still being created", id);
		return error_advise(err, "make the same call again in a few seconds", true);
	case SANDBOX_WARM:
		return not_found_error("container", id, err);
	case SANDBOX_FAILED:
	case SANDBOX_DESTROYING:
	case SANDBOX_GONE:
		return tombstone_error(&sb->row, err);
	}
	return error_set(err, ERROR_INTERNAL, "container %s is in no state", id);
}
