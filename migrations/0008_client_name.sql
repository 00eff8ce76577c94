-- What the client of a session calls itself, so that answers fit it after a restart too.

ALTER TABLE session ADD COLUMN client_name TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 8;
