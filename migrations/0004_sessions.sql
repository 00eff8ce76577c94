-- Who may call: protocol sessions (by the hash of their id) and bearer keys (salted and hashed).

CREATE TABLE session (
	id_hash          TEXT PRIMARY KEY NOT NULL,
	owner            TEXT NOT NULL,
	protocol_version TEXT NOT NULL,
	created_at       INTEGER NOT NULL,
	seen_at          INTEGER NOT NULL
) STRICT;

CREATE INDEX session_seen ON session (seen_at);

CREATE TABLE api_key (
	id         TEXT PRIMARY KEY NOT NULL,
	salt       TEXT NOT NULL,
	hash       TEXT NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 4;
