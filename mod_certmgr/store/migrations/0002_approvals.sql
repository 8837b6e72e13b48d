-- SPDX-License-Identifier: Apache-2.0

ALTER TABLE checklist_item ADD COLUMN role KEYTEXT;

ALTER TABLE checklist_item ADD COLUMN needed BIGINT;

-- one person approves a request once, for one item of its checklist
CREATE TABLE approval (
    request KEYTEXT NOT NULL,
    place BIGINT NOT NULL,
    person KEYTEXT NOT NULL,
    given BIGINT NOT NULL,
    CONSTRAINT uq_approval PRIMARY KEY (request, person)
);

-- what a person's Idempotency-Key was first sent with
CREATE TABLE retry (
    person KEYTEXT NOT NULL,
    name KEYTEXT NOT NULL,
    digest KEYTEXT NOT NULL,
    request KEYTEXT NOT NULL,
    created BIGINT NOT NULL,
    CONSTRAINT uq_retry PRIMARY KEY (person, name)
);

CREATE INDEX retry_created ON retry (created);
