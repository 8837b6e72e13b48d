-- SPDX-License-Identifier: Apache-2.0
-- What searches go by. Keys are names in lower case (letters A to Z), without the kind that stands
-- before a subject alternative name; each index ends in the id, which is the order of a page.

ALTER TABLE certificate ADD COLUMN cn_key KEYTEXT;

UPDATE certificate SET cn_key = cn;

UPDATE certificate SET cn_key = lower(cn_key);

CREATE INDEX certificate_cn ON certificate (cn_key, id);

CREATE INDEX certificate_serial ON certificate (serial, id);

CREATE INDEX certificate_ca ON certificate (ca, id);

CREATE INDEX certificate_profile ON certificate (profile, id);

CREATE INDEX certificate_not_after ON certificate (not_after, id);

CREATE INDEX certificate_ended ON certificate (status, id) WHERE status <> 'active';

ALTER TABLE certificate_name ADD COLUMN name_key KEYTEXT;

UPDATE certificate_name SET name_key = CASE WHEN name LIKE 'dns:%' OR name LIKE 'uri:%'
    THEN substr(name, 5) WHEN name LIKE 'ip:%' THEN substr(name, 4)
    WHEN name LIKE 'email:%' THEN substr(name, 7) ELSE name END;

UPDATE certificate_name SET name_key = lower(name_key);

DROP INDEX certificate_name_name;

CREATE INDEX certificate_name_key ON certificate_name (name_key, certificate);

CREATE INDEX request_profile ON request (profile, id);

-- most requests end here, and are found by their ids
CREATE INDEX request_state ON request (state, id) WHERE state <> 'completed';

-- searches for a part of a name: an index of trigrams, which a job fills with what is queued
CREATE TABLE certificate_queue (
    certificate KEYTEXT CONSTRAINT uq_certificate_queue PRIMARY KEY
);

INSERT INTO certificate_queue (certificate) SELECT id FROM certificate;

SQLITE: CREATE TRIGGER certificate_queued AFTER INSERT ON certificate BEGIN INSERT INTO certificate_queue (certificate) VALUES (NEW.id); END;

PGSQL: CREATE FUNCTION certificate_queued() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO certificate_queue (certificate) VALUES (NEW.id); RETURN NULL; END$$;

PGSQL: CREATE TRIGGER certificate_queued AFTER INSERT ON certificate FOR EACH ROW EXECUTE FUNCTION certificate_queued();

SQLITE: CREATE VIRTUAL TABLE certificate_text USING fts5 (id UNINDEXED, serial, sha256, cn, owner, san, tokenize = 'trigram');

PGSQL: CREATE EXTENSION IF NOT EXISTS pg_trgm;

PGSQL: CREATE TABLE certificate_text (id KEYTEXT NOT NULL, serial TEXT NOT NULL, sha256 TEXT NOT NULL, cn TEXT NOT NULL, owner TEXT NOT NULL, san TEXT NOT NULL);

PGSQL: CREATE INDEX certificate_text_parts ON certificate_text USING gin (serial gin_trgm_ops, sha256 gin_trgm_ops, cn gin_trgm_ops, owner gin_trgm_ops, san gin_trgm_ops);
