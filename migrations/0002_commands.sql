-- Commands and how they ended.  What they printed is not here but in spool files.

CREATE TABLE command (
	id            TEXT PRIMARY KEY NOT NULL,
	container_id  TEXT NOT NULL REFERENCES container (id),
	stream        INTEGER NOT NULL,
	command       TEXT NOT NULL,
	state         TEXT NOT NULL,
	exit_code     INTEGER NOT NULL,
	signal        INTEGER NOT NULL,
	reason        TEXT,
	started_at    INTEGER NOT NULL,
	ended_at      INTEGER NOT NULL,
	duration_ms   INTEGER NOT NULL,
	cpu_ms        INTEGER NOT NULL,
	memory_peak   INTEGER NOT NULL,
	stdout_bytes  INTEGER NOT NULL,
	stderr_bytes  INTEGER NOT NULL,
	kill_after_ms INTEGER NOT NULL,
	input_closed  INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX command_stream ON command (container_id, stream);
-- A container may have run a hundred thousand commands; few of them are running.
CREATE INDEX command_running ON command (container_id) WHERE state = 'running';

PRAGMA user_version = 2;
