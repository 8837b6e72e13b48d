-- SPDX-License-Identifier: Apache-2.0
-- Authorities that wait for a certificate from a parent outside: their key, and what was asked for.

CREATE TABLE authority_request (
    name KEYTEXT CONSTRAINT uq_authority_request PRIMARY KEY,
    key_uri TEXT NOT NULL,
    csr BLOB NOT NULL,
    created BIGINT NOT NULL
);
