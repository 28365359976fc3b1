-- Keys are digests: an entry of an index has at most 2,700 bytes, and a text may have more.

-- Policy, feeds and analyser together; the numbers rise, so the oldest are known.
CREATE TABLE hognose_revisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    revision text NOT NULL
);

CREATE TABLE hognose_rulings (
    key bytea NOT NULL,
    revision bigint NOT NULL,
    sha256 text NOT NULL,
    json text NOT NULL,
    PRIMARY KEY (key, revision)
);
CREATE INDEX hognose_rulings_revision ON hognose_rulings (revision);

-- The bytes that a file name had first.
CREATE TABLE hognose_files (
    key bytea PRIMARY KEY,
    project text NOT NULL,
    filename text NOT NULL,
    sha256 text NOT NULL,
    since bigint NOT NULL
);

-- The upstream that first served a project.
CREATE TABLE hognose_owners (
    key bytea PRIMARY KEY,
    project text NOT NULL,
    upstream text NOT NULL
);

CREATE TABLE hognose_settings (
    key bytea PRIMARY KEY,
    name text NOT NULL,
    value text NOT NULL,
    version bigint NOT NULL
);
