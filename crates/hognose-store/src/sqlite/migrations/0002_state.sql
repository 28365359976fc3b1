-- Policy, feeds and analyser together; the numbers rise, so the oldest are known.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    revision TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE rulings (
    sha256 TEXT NOT NULL,
    revision INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (sha256, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX rulings_revision ON rulings (revision);

-- The bytes that a file name had first.
CREATE TABLE files (
    project TEXT NOT NULL,
    filename TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (project, filename)
) STRICT, WITHOUT ROWID;

-- The upstream that first served a project.
CREATE TABLE owners (
    project TEXT PRIMARY KEY,
    upstream TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
