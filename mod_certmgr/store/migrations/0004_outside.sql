-- SPDX-License-Identifier: Apache-2.0
-- Certificates of authorities that are not ours, above one that is: DER, one after the other, its
-- own issuer first. NULL when the topmost authority is ours.

ALTER TABLE authority ADD COLUMN outside BLOB;
