/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rest/changes.h"

#include <apr_strings.h>

#include "flow/change.h"

const cm_schema_t cm_schema_change = {"Change", "A governed change: its kind and its members.",
                                      NULL};

static const char *name_of(const char *what, const cm_change_kind_t *kind, apr_pool_t *pool)
{
    return apr_pstrcat(pool, what, ".", kind->name, NULL);
}

static json_t *properties_of(json_t *schema)
{
    return json_object_get(schema, "properties");
}

static json_t *only(const cm_change_kind_t *kind)
{
    return json_pack("{s:s, s:s}", "const", kind->name, "description", kind->about);
}

/* The kind beside the members, and beside what came of it. */
static json_t *describe_shown(const cm_change_kind_t *kind, apr_pool_t *pool)
{
    json_t *schema = cm_schema_of_members(kind->members, pool);
    json_t *required = json_object_get(schema, "required");

    json_object_set_new(properties_of(schema), "kind", only(kind));
    if (!required) {
        required = cm_json_array(pool);
        cm_json_set(schema, "required", required);
    }
    json_array_append_new(required, json_string("kind"));
    for (const cm_json_member_t *at = kind->results; at && at->name; at++) {
        cm_json_set(properties_of(schema), at->name, cm_schema_of_member(at, pool));
    }
    return schema;
}

/* The body of POST change. */
static json_t *describe_submission(const cm_change_kind_t *kind, apr_pool_t *pool)
{
    json_t *schema = cm_schema_of_members(cm_submission_members(CM_OP_CHANGE), pool);

    json_object_set_new(properties_of(schema), "kind", only(kind));
    cm_json_set(properties_of(schema), "change", cm_schema_of_members(kind->members, pool));
    return schema;
}

/* One of what all kinds have, `below` which name; told by "kind" where they have it themselves. */
static json_t *describe_choice(const char *what, const char *below, apr_pool_t *pool)
{
    json_t *schema = cm_json_object(pool), *choices = cm_json_array(pool);
    json_t *mapping = cm_json_object(pool);

    for (const cm_change_kind_t *const *at = cm_change_kinds(); *at; at++) {
        json_t *reference =
            cm_schema_reference(apr_pstrcat(pool, name_of(what, *at, pool), below, NULL), pool);

        json_array_append(choices, reference);
        cm_json_set(mapping, (*at)->name, json_object_get(reference, "$ref"));
    }
    cm_json_set(schema, *below ? "anyOf" : "oneOf", choices);
    if (!*below) {
        json_object_set_new(schema, "discriminator",
                            json_pack("{s:s, s:O}", "propertyName", "kind", "mapping", mapping));
    }
    return schema;
}

void cm_changes_describe(json_t *schemas, apr_pool_t *pool)
{
    for (const cm_change_kind_t *const *at = cm_change_kinds(); *at; at++) {
        cm_json_set(schemas, name_of("Change", *at, pool), describe_shown(*at, pool));
        cm_json_set(schemas, name_of("ChangeSubmission", *at, pool),
                    describe_submission(*at, pool));
    }
    cm_json_set(schemas, "Change", describe_choice("Change", "", pool));
    cm_json_set(schemas, "ChangeSubmission", describe_choice("ChangeSubmission", "", pool));
    cm_json_set(schemas, "ChangeMembers",
                describe_choice("ChangeSubmission", "/properties/change", pool));
}

json_t *cm_changes_of_body(json_t *schema, apr_pool_t *pool)
{
    json_t *properties = properties_of(schema);

    if (json_object_get(properties, "kind")) {
        return cm_schema_reference("ChangeSubmission", pool);
    }
    cm_json_set(properties, "change", cm_schema_reference("ChangeMembers", pool));
    return schema;
}
