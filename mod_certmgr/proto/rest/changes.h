/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes in the OpenAPI document: a schema for each kind, told apart by the member
 * "kind". They come from the kinds' own tables (flow/change.h).
 */
#ifndef CERTMGR_PROTO_REST_CHANGES_H
#define CERTMGR_PROTO_REST_CHANGES_H

#include "proto/rest/schema.h"

/* The member "change" of a request. It has no fields: cm_changes_describe adds what it refers to.
 */
extern const cm_schema_t cm_schema_change;

/* Add to the schemas of the document: Change.KIND as a request shows it, ChangeSubmission.KIND as a
 * body asks for it, and the choices Change, ChangeSubmission and ChangeMembers. */
void cm_changes_describe(json_t *schemas, apr_pool_t *pool);

/* The schema of a body of the collection `change`, in place of what its table of members says. */
json_t *cm_changes_of_body(json_t *schema, apr_pool_t *pool);

#endif
