-- SPDX-License-Identifier: Apache-2.0
-- Public keys by the SHA-256 of their SubjectPublicKeyInfo: whose they are, and which are known to
-- be compromised. A report is never taken back.

CREATE INDEX certificate_spki ON certificate (spki_sha256);

CREATE TABLE compromised_key (
    spki_sha256 KEYTEXT CONSTRAINT uq_compromised_key PRIMARY KEY,
    reported BIGINT NOT NULL
);

INSERT INTO compromised_key (spki_sha256, reported)
    SELECT spki_sha256, MIN(revoked_at) FROM certificate WHERE status = 'revoked' AND reason = 1
    GROUP BY spki_sha256;
