-- Commands that are code: the language and the context of their interpreter, how many bytes of
-- outcomes they had, whether the interpreter was begun for them (and why the one before was not
-- there any more), and whether it ended with them.

ALTER TABLE command ADD COLUMN language TEXT;
ALTER TABLE command ADD COLUMN context TEXT;
ALTER TABLE command ADD COLUMN outcome_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE command ADD COLUMN fresh INTEGER NOT NULL DEFAULT 0;
ALTER TABLE command ADD COLUMN state_lost TEXT;
ALTER TABLE command ADD COLUMN context_over INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 9;
