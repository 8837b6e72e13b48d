-- SPDX-License-Identifier: Apache-2.0
-- A stamp that changes with each change of what is kept compiled in processes: profiles, which groups
-- list them, and what authorities certify with, the status of their own certificates included. It is
-- random, so that it never comes again, not even after an old copy of the database was brought back.

CREATE TABLE rules_stamp (
    id BIGINT CONSTRAINT uq_rules_stamp PRIMARY KEY CHECK (id = 1),
    stamp BIGINT NOT NULL
);

SQLITE: INSERT INTO rules_stamp (id, stamp) VALUES (1, random());

PGSQL: INSERT INTO rules_stamp (id, stamp) VALUES (1, (random() * 9007199254740992)::bigint);

SQLITE: CREATE TRIGGER rules_profile_made AFTER INSERT ON profile BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_profile_set AFTER UPDATE ON profile BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_profile_gone AFTER DELETE ON profile BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_group_made AFTER INSERT ON group_entry BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_group_set AFTER UPDATE ON group_entry BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_group_gone AFTER DELETE ON group_entry BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_authority_made AFTER INSERT ON authority BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_authority_set AFTER UPDATE OF name, parent, state, key_uri, certificate, der, ocsp_key, outside, crl_shards, crl_delta ON authority BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_authority_ended AFTER UPDATE OF status ON certificate WHEN EXISTS (SELECT 1 FROM authority a WHERE a.certificate = NEW.id) BEGIN UPDATE rules_stamp SET stamp = random(); END;

SQLITE: CREATE TRIGGER rules_authority_gone AFTER DELETE ON authority BEGIN UPDATE rules_stamp SET stamp = random(); END;

PGSQL: CREATE FUNCTION rules_changed() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN UPDATE rules_stamp SET stamp = (random() * 9007199254740992)::bigint; RETURN NULL; END$$;

PGSQL: CREATE TRIGGER rules_profile AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON profile FOR EACH STATEMENT EXECUTE FUNCTION rules_changed();

PGSQL: CREATE TRIGGER rules_group AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON group_entry FOR EACH STATEMENT EXECUTE FUNCTION rules_changed();

PGSQL: CREATE TRIGGER rules_authority AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF name, parent, state, key_uri, certificate, der, ocsp_key, outside, crl_shards, crl_delta ON authority FOR EACH STATEMENT EXECUTE FUNCTION rules_changed();

PGSQL: CREATE FUNCTION rules_ended() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF EXISTS (SELECT 1 FROM authority a WHERE a.certificate = NEW.id) THEN UPDATE rules_stamp SET stamp = (random() * 9007199254740992)::bigint; END IF; RETURN NULL; END$$;

PGSQL: CREATE TRIGGER rules_authority_ended AFTER UPDATE OF status ON certificate FOR EACH ROW EXECUTE FUNCTION rules_ended();
