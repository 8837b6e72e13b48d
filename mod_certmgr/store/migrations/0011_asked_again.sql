-- SPDX-License-Identifier: Apache-2.0
-- What is asked again when a request happens, and in which order requests are taken up.

-- those that nobody has tried come first, then those whose last attempt is the oldest
DROP INDEX request_unsigned;

CREATE INDEX request_unsigned ON request (COALESCE(claim_until, 0), id)
    WHERE state IN ('approved', 'issuing');
