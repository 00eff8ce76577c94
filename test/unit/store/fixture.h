/* A store for each test (in memory, or a file in a directory of its own) and sample rows. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store.h"
#include "internal.h"

/* Where the calls under test put their errors. */
static struct error err;

#define must(call)                                                                                 \
	do {                                                                                       \
		if (!(call))                                                                       \
			fail_msg("%s: %s", #call, err.text);                                       \
	} while (0)

#define must_fail(call, wanted)                                                                    \
	do {                                                                                       \
		err = (struct error){ 0 };                                                         \
		assert_false(call);                                                                \
		assert_string_equal(error_kind_name(err.kind), error_kind_name(wanted));           \
		assert_true(strlen(err.text) > 0);                                                 \
	} while (0)

static inline struct store *must_open(const char *path)
{
	struct store *store = store_open(path, &err);

	if (!store)
		fail_msg("%s: %s", path, err.text);
	return store;
}

static inline int memory_setup(void **state)
{
	*state = store_open(":memory:", &err);
	return *state ? 0 : -1;
}

static inline int memory_teardown(void **state)
{
	store_close(*state);
	return 0;
}

/* A directory for one test; its only file is the database. */
struct place {
	char folder[32];
	char path[64];
};

static inline int place_setup(void **state)
{
	struct place *place = mem_new(struct place);

	memcpy(place->folder, "/tmp/store-XXXXXX", 18);
	if (!mkdtemp(place->folder))
		return -1;
	(void)snprintf(place->path, sizeof(place->path), "%s/sandpod.db", place->folder);
	*state = place;
	return 0;
}

static inline int place_teardown(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	struct place *place = *state;
	char path[96];

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", place->path, endings[i]);
		(void)unlink(path);
	}
	(void)rmdir(place->folder);
	free(place);
	return 0;
}

static inline struct container_row container_sample(const char *id, int64_t uid_slot)
{
	struct container_row row = {
		.owner = "key:one",
		.image = mem_strdup("docker.io/library/alpine"),
		.state = "creating",
		.uid_slot = uid_slot,
		.memory = 268435456,
		.cpu_milli = 500,
		.pids = 100,
		.network = mem_strdup("internet"),
		.workdir = mem_strdup("/workspace"),
		.next_stream = 1,
		.created_at = 1790000000000 + uid_slot,
		.expires_at = 1790007200000,
	};

	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	return row;
}

static inline void add_container(struct store *store, const char *id, int64_t uid_slot)
{
	auto_container_row row = container_sample(id, uid_slot);

	must(store_container_add(store, &row, &err));
}

static inline struct command_row command_sample(const char *id, const char *container_id,
						int64_t stream)
{
	struct command_row row = {
		.stream = stream,
		.command = mem_strdup("true"),
		.state = "running",
		.started_at = 1790000001000 + stream,
		.kill_after_ms = 3600000,
	};

	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	(void)snprintf(row.container_id, sizeof(row.container_id), "%s", container_id);
	return row;
}

static inline void add_command(struct store *store, const char *id, const char *container_id,
			       int64_t stream)
{
	auto_command_row row = command_sample(id, container_id, stream);

	must(store_command_add(store, &row, &err));
}

static inline struct file_row file_sample(const char *id, const char *container_id)
{
	struct file_row row = {
		.path = mem_strdup("/workspace/report.pdf"),
		.name = mem_strdup("report.pdf"),
		.disposition = mem_strdup("auto"),
		.created_at = 1790000002000,
		.expires_at = 1790007200000,
	};

	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	(void)snprintf(row.container_id, sizeof(row.container_id), "%s", container_id);
	return row;
}

static inline void add_file(struct store *store, const char *id, const char *container_id)
{
	auto_file_row row = file_sample(id, container_id);

	must(store_file_add(store, &row, &err));
}

static inline struct upload_row upload_sample(const char *id, const char *container_id)
{
	struct upload_row row = {
		.path = mem_strdup("/workspace/data.csv"),
		.max_bytes = 5000000000,
		.created_at = 1790000002000,
		.expires_at = 1790007200000,
	};

	(void)snprintf(row.id, sizeof(row.id), "%s", id);
	(void)snprintf(row.container_id, sizeof(row.container_id), "%s", container_id);
	return row;
}

static inline void add_upload(struct store *store, const char *id, const char *container_id)
{
	auto_upload_row row = upload_sample(id, container_id);

	must(store_upload_add(store, &row, &err));
}

/* The first column of the first row of a query, as a number. */
static inline int64_t number_of(struct store *store, const char *sql)
{
	sqlite3_stmt *handle;
	int64_t number;

	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &handle, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(handle), SQLITE_ROW);
	number = sqlite3_column_int64(handle, 0);
	(void)sqlite3_finalize(handle);
	return number;
}

/* Text that breaks whoever pastes SQL together or counts characters for bytes. */
static const char awkward[] = "it's \"quoted\"; DROP TABLE container; -- \n\t\\ 한국어 😀 %s ?1 :id";

#endif
