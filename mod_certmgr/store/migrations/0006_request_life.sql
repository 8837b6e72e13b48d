-- SPDX-License-Identifier: Apache-2.0
-- Requests that wait for somebody, by how long.

CREATE INDEX request_waiting ON request (updated) WHERE state IN ('pending', 'declined');
