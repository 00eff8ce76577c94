-- Containers made ahead of need have a shape: a digest of all that makes one equal another (limits,
-- image, agent).  A row without one was made for its owner, or has been given to one.

ALTER TABLE container ADD COLUMN shape TEXT;

PRAGMA user_version = 5;
