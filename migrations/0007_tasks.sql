-- Tasks: calls that outlive their request, with what they answered; and what the client of a session
-- can be asked.

CREATE TABLE task (
	id         TEXT PRIMARY KEY NOT NULL,
	owner      TEXT NOT NULL,
	tool       TEXT NOT NULL,
	handle     TEXT,
	state      TEXT NOT NULL,
	message    TEXT,
	answer     TEXT,
	created_at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX task_owner ON task (owner, created_at);
CREATE INDEX task_expiry ON task (expires_at);

ALTER TABLE session ADD COLUMN client_can INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 7;
