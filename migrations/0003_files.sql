-- Links to files inside containers.  They go with their container.

CREATE TABLE file (
	id           TEXT PRIMARY KEY NOT NULL,
	container_id TEXT NOT NULL REFERENCES container (id),
	path         TEXT NOT NULL,
	name         TEXT NOT NULL,
	disposition  TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX file_container ON file (container_id, expires_at);

PRAGMA user_version = 3;
