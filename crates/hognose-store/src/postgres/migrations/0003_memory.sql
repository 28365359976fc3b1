-- What was seen of projects before, by kind and name: a later look is compared with it.
CREATE TABLE hognose_memories (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    kind text NOT NULL,
    name text NOT NULL,
    text text NOT NULL,
    version bigint NOT NULL,
    written bigint NOT NULL
);
CREATE INDEX hognose_memories_written ON hognose_memories (written);
