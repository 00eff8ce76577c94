-- Links with which a file is put into a container, once.  They go with their container.
-- state: free; taken, while a transfer is under way; used, from the moment all of it has come.

CREATE TABLE upload (
	id           TEXT PRIMARY KEY NOT NULL,
	container_id TEXT NOT NULL REFERENCES container (id),
	path         TEXT NOT NULL,
	max_bytes    INTEGER NOT NULL,
	state        TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX upload_container ON upload (container_id, expires_at);

PRAGMA user_version = 6;
