-- SPDX-License-Identifier: Apache-2.0
-- What is asked again when a request happens, and in which order requests are taken up.

-- those that nobody has tried come first, then those whose last attempt is the oldest
DROP INDEX request_unsigned;

CREATE INDEX request_unsigned ON request (COALESCE(claim_until, 0), id)
    WHERE state IN ('approved', 'issuing');

-- an item that asks for a role without limits: one that is limited to a group does not count
ALTER TABLE checklist_item ADD COLUMN everywhere BIGINT;

UPDATE checklist_item SET everywhere = 1 WHERE state = 'open' AND role IN ('administrator', 'ca-admin');

-- an approval by a role that was claimed at the log-in: no record says who has it
ALTER TABLE approval ADD COLUMN by_claim BIGINT;

-- what was reached and is never lost again: "set-up" since there were administrators enough
CREATE TABLE milestone (
    name KEYTEXT CONSTRAINT uq_milestone PRIMARY KEY,
    reached BIGINT NOT NULL
);

-- roles and groups of the requester that no record gives: {"roles": [...], "groups": [...]}; NULL
-- where it was not noted
ALTER TABLE request ADD COLUMN claims TEXT;
