-- SPDX-License-Identifier: Apache-2.0
-- Groups of people, with profiles that only members may use and domains they may name. What is made
-- in a group carries its name, which stays when the group goes.

CREATE TABLE people_group (
    name KEYTEXT CONSTRAINT uq_people_group PRIMARY KEY,
    created BIGINT NOT NULL
);

CREATE TABLE group_entry (
    group_name KEYTEXT NOT NULL REFERENCES people_group (name),
    kind KEYTEXT NOT NULL CHECK (kind IN ('profile', 'domain')),
    value KEYTEXT NOT NULL,
    CONSTRAINT uq_group_entry PRIMARY KEY (group_name, kind, value)
);

CREATE INDEX group_entry_value ON group_entry (kind, value, group_name);

-- what a person is in a group: "member", or a role that holds there only
CREATE TABLE group_role (
    group_name KEYTEXT NOT NULL REFERENCES people_group (name),
    person KEYTEXT NOT NULL REFERENCES person (id),
    role KEYTEXT NOT NULL,
    CONSTRAINT uq_group_role PRIMARY KEY (group_name, person, role)
);

CREATE INDEX group_role_person ON group_role (person);

ALTER TABLE request ADD COLUMN group_name KEYTEXT;

ALTER TABLE certificate ADD COLUMN group_name KEYTEXT;

CREATE INDEX request_group ON request (group_name, id) WHERE group_name IS NOT NULL;

CREATE INDEX request_group_operation ON request (group_name, operation, id)
    WHERE group_name IS NOT NULL;

CREATE INDEX certificate_group ON certificate (group_name, id) WHERE group_name IS NOT NULL;

-- whoever registers is looked for
CREATE INDEX person_mail ON person (lower(mail));
