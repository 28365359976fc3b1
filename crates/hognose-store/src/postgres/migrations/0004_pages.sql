-- Answers of indexes, compressed, for as long as they are good: what a crash of the server loses is asked for again.
CREATE UNLOGGED TABLE hognose_pages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    packed bytea NOT NULL,
    size bigint NOT NULL,
    written bigint NOT NULL
);
ALTER TABLE hognose_pages ALTER COLUMN packed SET STORAGE EXTERNAL;
CREATE INDEX hognose_pages_written ON hognose_pages (written);
