-- SPDX-License-Identifier: Apache-2.0
-- The entries of CRLs, each encoded when its certificate is revoked, put on hold or reinstated, and
-- never changed: "gone" is the sequence of the next entry of the same certificate, "lifted" 1 for a
-- removeFromCRL, which is for delta CRLs only. So what a list holds is known by its numbers, and
-- every node can write the same file. Entries from before are encoded by the job.

CREATE TABLE crl_entry (
    ca KEYTEXT NOT NULL,
    shard BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    serial KEYTEXT NOT NULL,
    entry BLOB,
    lifted BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    gone BIGINT,
    CONSTRAINT uq_crl_entry PRIMARY KEY (ca, shard, sequence)
);

INSERT INTO crl_entry (ca, shard, sequence, serial, lifted, not_after) SELECT r.ca, 0, v.sequence,
    r.serial, 0, r.not_after FROM (SELECT ca, serial, MAX(sequence) AS sequence FROM revocation
    GROUP BY ca, serial) v JOIN revoked r ON r.ca = v.ca AND r.serial = v.serial;

CREATE INDEX crl_entry_standing ON crl_entry (ca, serial) WHERE gone IS NULL;

CREATE INDEX crl_entry_gone ON crl_entry (ca, shard, gone) WHERE gone IS NOT NULL;

CREATE INDEX crl_entry_ends ON crl_entry (ca, shard, not_after) WHERE gone IS NULL;

CREATE INDEX crl_entry_bare ON crl_entry (ca, sequence) WHERE entry IS NULL;

DROP TABLE revoked;

DROP TABLE crl_chunk;

DROP TABLE crl;

-- what was signed: the newest full list, the newest delta, and the full list that deltas build on.
-- A list is head, entries, tail, and the signature around them; hash is that of what was signed.
CREATE TABLE crl (
    ca KEYTEXT NOT NULL,
    shard BIGINT NOT NULL,
    delta BIGINT NOT NULL,
    number BIGINT NOT NULL,
    base BIGINT NOT NULL,
    since BIGINT NOT NULL,
    through BIGINT NOT NULL,
    alive_at BIGINT NOT NULL,
    this_update BIGINT NOT NULL,
    next_update BIGINT NOT NULL,
    size BIGINT NOT NULL,
    key_algorithm TEXT NOT NULL,
    head BLOB NOT NULL,
    tail BLOB NOT NULL,
    signature BLOB NOT NULL,
    hash BLOB NOT NULL,
    CONSTRAINT uq_crl PRIMARY KEY (ca, shard, delta, number)
);

-- NULL: no shards, no deltas
ALTER TABLE authority ADD COLUMN crl_shards BIGINT;

ALTER TABLE authority ADD COLUMN crl_delta BIGINT;
