-- What the first row of the audit log continues from.
CREATE TABLE genesis (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO genesis VALUES (1, randomblob(32));

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    project TEXT,
    version TEXT,
    filename TEXT,
    sha256 TEXT,
    client TEXT,
    body TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Each begins with what is asked for, then the order of the answer, then what else is often asked for together with it:
-- such rows are passed over without reading them.
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_kind ON audit (kind, time);
CREATE INDEX audit_project ON audit (project, time, kind, version) WHERE project IS NOT NULL;
CREATE INDEX audit_sha256 ON audit (sha256, time, kind) WHERE sha256 IS NOT NULL;
CREATE INDEX audit_client ON audit (client, time, kind) WHERE client IS NOT NULL;

-- Against slips, not against attackers: those are what the chain of digests is for.
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
