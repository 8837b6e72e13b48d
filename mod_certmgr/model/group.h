/* SPDX-License-Identifier: Apache-2.0
 *
 * A group of people. A profile that a group lists is open to members only, of that group or of
 * another that lists it; what is made with it carries the group's name.
 */
#ifndef CERTMGR_MODEL_GROUP_H
#define CERTMGR_MODEL_GROUP_H

#include <apr_tables.h>
#include <apr_time.h>

typedef struct {
    const char *name;
    apr_time_t created;
    const apr_array_header_t *profiles; /* of const char *, sorted */
    const apr_array_header_t *domains;  /* of const char *, sorted: DNS names, lower case */
} cm_group_t;

typedef enum { CM_GROUP_PROFILE, CM_GROUP_DOMAIN } cm_group_kind_t;

/* What a group has. */
typedef struct {
    const char *group;
    cm_group_kind_t kind;
    const char *value; /* name of a profile, or a domain */
} cm_group_entry_t;

#endif
