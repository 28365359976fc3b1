-- What was seen of projects before, by kind and name: a later look is compared with it.
CREATE TABLE memories (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    version INTEGER NOT NULL,
    written INTEGER NOT NULL,
    UNIQUE (kind, name)
) STRICT;
CREATE INDEX memories_written ON memories (written);
