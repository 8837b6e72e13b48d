-- SPDX-License-Identifier: Apache-2.0
-- Searching the audit log, newest first, and counting refusals of strangers.

CREATE INDEX audit_event_happened ON audit_event (happened, id);

CREATE INDEX audit_event_action ON audit_event (action, happened, id);

-- nearly all events are "done": those are found by their time
CREATE INDEX audit_event_refused ON audit_event (happened, id) WHERE outcome = 'refused';

CREATE INDEX audit_event_actor ON audit_event (actor, happened, id);

CREATE INDEX audit_event_object ON audit_event (object, happened, id);

CREATE INDEX audit_event_trace ON audit_event (trace, happened, id);

-- One row for each hour, rule and process while the hour runs; once the hour is in the audit log,
-- one row with no holder for each hour and rule.
CREATE TABLE stranger (
    hour BIGINT NOT NULL,
    rule KEYTEXT NOT NULL,
    holder KEYTEXT NOT NULL,
    refused BIGINT NOT NULL,
    CONSTRAINT uq_stranger PRIMARY KEY (hour, rule, holder)
);

CREATE INDEX stranger_open ON stranger (hour) WHERE holder <> '';
