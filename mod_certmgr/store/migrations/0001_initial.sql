-- SPDX-License-Identifier: Apache-2.0
-- KEYTEXT is text that is compared byte by byte, BLOB a byte string; times are microseconds since
-- 1970 in UTC. Tables on the path of an issuance have no foreign keys: each would be one more read.

CREATE TABLE person (
    id KEYTEXT CONSTRAINT uq_person PRIMARY KEY,
    name TEXT NOT NULL,
    mail TEXT,
    state TEXT NOT NULL CHECK (state IN ('active', 'inactive')),
    created BIGINT NOT NULL
);

CREATE TABLE identity (
    method KEYTEXT NOT NULL,
    issuer KEYTEXT NOT NULL,
    subject KEYTEXT NOT NULL,
    person KEYTEXT NOT NULL REFERENCES person (id),
    CONSTRAINT uq_identity PRIMARY KEY (method, issuer, subject)
);

CREATE INDEX identity_person ON identity (person);

CREATE TABLE role_assignment (
    person KEYTEXT NOT NULL REFERENCES person (id),
    role KEYTEXT NOT NULL,
    CONSTRAINT uq_role_assignment PRIMARY KEY (person, role)
);

CREATE TABLE authority (
    name KEYTEXT CONSTRAINT uq_authority PRIMARY KEY,
    parent KEYTEXT REFERENCES authority (name),
    state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
    key_uri TEXT NOT NULL,
    certificate KEYTEXT NOT NULL,
    der BLOB NOT NULL,
    ocsp_key TEXT,
    ocsp_der BLOB,
    ocsp_not_after BIGINT,
    crl_period BIGINT NOT NULL,
    crl_number BIGINT NOT NULL,
    revocations BIGINT NOT NULL,
    crl_through BIGINT NOT NULL,
    crl_next BIGINT,
    created BIGINT NOT NULL
);

CREATE TABLE profile (
    name KEYTEXT NOT NULL,
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    created BIGINT NOT NULL,
    CONSTRAINT uq_profile PRIMARY KEY (name, version)
);

CREATE TABLE request (
    id KEYTEXT CONSTRAINT uq_request PRIMARY KEY,
    operation KEYTEXT NOT NULL,
    profile KEYTEXT NOT NULL,
    profile_version BIGINT NOT NULL,
    state KEYTEXT NOT NULL,
    requester KEYTEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    message TEXT,
    wish TEXT NOT NULL,
    csr BLOB,
    certificate KEYTEXT,
    claim_holder TEXT,
    claim_until BIGINT
);

CREATE INDEX request_requester ON request (requester, id);

CREATE INDEX request_operation ON request (operation, id);

CREATE INDEX request_unsigned ON request (id) WHERE state IN ('approved', 'issuing');

CREATE TABLE checklist_item (
    request KEYTEXT NOT NULL,
    place BIGINT NOT NULL,
    item KEYTEXT NOT NULL,
    phase TEXT NOT NULL,
    state TEXT NOT NULL,
    who KEYTEXT,
    detail TEXT,
    updated BIGINT,
    CONSTRAINT uq_checklist_item PRIMARY KEY (request, place)
);

-- san is a JSON array of text; certificate_name holds the same names for searching
CREATE TABLE certificate (
    id KEYTEXT CONSTRAINT uq_certificate PRIMARY KEY,
    ca KEYTEXT NOT NULL,
    serial KEYTEXT NOT NULL,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    cn TEXT,
    san TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    sha256 KEYTEXT NOT NULL CONSTRAINT uq_certificate_sha256 UNIQUE,
    spki_sha256 KEYTEXT NOT NULL,
    der BLOB NOT NULL,
    owner KEYTEXT,
    profile KEYTEXT,
    profile_version BIGINT,
    request KEYTEXT,
    status KEYTEXT NOT NULL CHECK (status IN ('active', 'suspended', 'revoked')),
    reason BIGINT NOT NULL,
    revoked_at BIGINT,
    invalidity_date BIGINT,
    replaces KEYTEXT,
    replaced_by KEYTEXT,
    created BIGINT NOT NULL,
    CONSTRAINT uq_certificate_serial UNIQUE (ca, serial)
);

CREATE INDEX certificate_owner ON certificate (owner, id);

CREATE TABLE certificate_name (
    certificate KEYTEXT NOT NULL,
    place BIGINT NOT NULL,
    name KEYTEXT NOT NULL,
    CONSTRAINT uq_certificate_name PRIMARY KEY (certificate, place)
);

CREATE INDEX certificate_name_name ON certificate_name (name, certificate);

-- every change of a status, never updated or deleted; sequence counts per authority
CREATE TABLE revocation (
    ca KEYTEXT NOT NULL,
    sequence BIGINT NOT NULL,
    certificate KEYTEXT NOT NULL,
    serial KEYTEXT NOT NULL,
    status KEYTEXT NOT NULL,
    reason BIGINT NOT NULL,
    revoked_at BIGINT,
    invalidity_date BIGINT,
    CONSTRAINT uq_revocation PRIMARY KEY (ca, sequence)
);

-- those revoked or on hold now: what a CRL lists
CREATE TABLE revoked (
    ca KEYTEXT NOT NULL,
    serial KEYTEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    invalidity_date BIGINT,
    reason BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    CONSTRAINT uq_revoked PRIMARY KEY (ca, serial)
);

CREATE TABLE crl (
    ca KEYTEXT NOT NULL,
    number BIGINT NOT NULL,
    through BIGINT NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    sha256 KEYTEXT NOT NULL,
    size BIGINT NOT NULL,
    CONSTRAINT uq_crl PRIMARY KEY (ca, number)
);

CREATE TABLE crl_chunk (
    ca KEYTEXT NOT NULL,
    number BIGINT NOT NULL,
    place BIGINT NOT NULL,
    content BLOB NOT NULL,
    CONSTRAINT uq_crl_chunk PRIMARY KEY (ca, number, place)
);

CREATE TABLE audit_event (
    id KEYTEXT CONSTRAINT uq_audit_event PRIMARY KEY,
    happened BIGINT NOT NULL,
    action KEYTEXT NOT NULL,
    outcome KEYTEXT NOT NULL,
    actor KEYTEXT,
    object KEYTEXT,
    trace TEXT,
    detail TEXT,
    personal TEXT,
    salt BLOB,
    leaf BIGINT CONSTRAINT uq_audit_event_leaf UNIQUE
);

CREATE INDEX audit_event_unsealed ON audit_event (id) WHERE leaf IS NULL;

CREATE TABLE audit_leaf (
    leaf BIGINT CONSTRAINT uq_audit_leaf PRIMARY KEY,
    event KEYTEXT NOT NULL CONSTRAINT uq_audit_leaf_event UNIQUE,
    hash BLOB NOT NULL
);

CREATE TABLE audit_head (
    size BIGINT CONSTRAINT uq_audit_head PRIMARY KEY,
    root BLOB NOT NULL,
    peaks BLOB NOT NULL,
    signed BIGINT NOT NULL,
    signature BLOB NOT NULL
);

CREATE TABLE lease (
    name KEYTEXT CONSTRAINT uq_lease PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);
