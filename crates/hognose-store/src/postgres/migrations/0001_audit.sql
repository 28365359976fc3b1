-- What the first row of the audit log continues from.
CREATE TABLE hognose_genesis (
    one integer PRIMARY KEY CHECK (one = 1),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
INSERT INTO hognose_genesis VALUES
    (1, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

CREATE TABLE hognose_audit (
    seq bigint PRIMARY KEY,
    time bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    project text COLLATE "C",
    version text COLLATE "C",
    filename text COLLATE "C",
    sha256 text COLLATE "C",
    client text COLLATE "C",
    body text COLLATE "C" NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- Each begins with what is asked for, then has the order of the answer. The beginnings of texts only: an entry of an index
-- has at most 2,700 bytes, and a text here more.
CREATE INDEX hognose_audit_time ON hognose_audit (time, seq);
CREATE INDEX hognose_audit_kind ON hognose_audit (left(kind, 200), time, seq);
CREATE INDEX hognose_audit_project ON hognose_audit (left(project, 200), time, seq) WHERE project IS NOT NULL;
CREATE INDEX hognose_audit_sha256 ON hognose_audit (left(sha256, 200), time, seq) WHERE sha256 IS NOT NULL;
CREATE INDEX hognose_audit_client ON hognose_audit (left(client, 200), time, seq) WHERE client IS NOT NULL;

-- Against slips, not against attackers: those are what the chain of digests is for.
CREATE FUNCTION hognose_append_only() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''the audit log is append-only''; END';
CREATE TRIGGER hognose_audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON hognose_audit
    FOR EACH STATEMENT EXECUTE FUNCTION hognose_append_only();

-- The last batch that each writer committed: one whose answer was lost is not written again.
CREATE TABLE hognose_writers (
    node uuid PRIMARY KEY,
    batch bigint NOT NULL,
    seen timestamptz NOT NULL
);
