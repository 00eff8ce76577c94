-- Containers: intent and history.  Podman is the truth about which of them exist.
-- Times are wall milliseconds.  gone_at = 0: it lives; else it is a tombstone.
-- Each migration ends by setting its own number; its rows and the number commit together.

-- One row, for the database itself.  "probes" is what store_probe writes.
CREATE TABLE instance (
	one    INTEGER PRIMARY KEY CHECK (one = 1),
	id     TEXT NOT NULL,
	probes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE container (
	id          TEXT PRIMARY KEY NOT NULL,
	owner       TEXT NOT NULL,
	name        TEXT,
	request_id  TEXT,
	image       TEXT NOT NULL,
	state       TEXT NOT NULL,
	podman_id   TEXT,
	uid_slot    INTEGER NOT NULL,
	memory      INTEGER NOT NULL,
	cpu_milli   INTEGER NOT NULL,
	pids        INTEGER NOT NULL,
	disk        INTEGER NOT NULL,
	network     TEXT NOT NULL,
	workdir     TEXT NOT NULL,
	env         TEXT,
	posture     TEXT,
	next_stream INTEGER NOT NULL,
	created_at  INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL,
	gone_at     INTEGER NOT NULL DEFAULT 0,
	gone_reason TEXT
) STRICT;

CREATE UNIQUE INDEX container_uid_slot ON container (uid_slot) WHERE gone_at = 0;
CREATE UNIQUE INDEX container_request ON container (owner, request_id)
	WHERE request_id IS NOT NULL AND gone_at = 0;
CREATE INDEX container_any_request ON container (owner, request_id)
	WHERE request_id IS NOT NULL;
CREATE INDEX container_owner ON container (owner);
CREATE INDEX container_living ON container (owner) WHERE gone_at = 0;
CREATE INDEX container_gone ON container (gone_at) WHERE gone_at > 0;

PRAGMA user_version = 1;
