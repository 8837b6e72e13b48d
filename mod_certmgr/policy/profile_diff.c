/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile_diff.h"

#include <apr_strings.h>

typedef struct {
    json_t *list;
    apr_pool_t *pool;
} diff_t;

static void compare(const diff_t *diff, const json_t *from, const json_t *to, const char *at);

static void note(const diff_t *diff, const json_t *from, const json_t *to, const char *at)
{
    json_t *change = cm_json_object(diff->pool);

    cm_json_set_text(change, "field", at);
    if (from) {
        cm_json_set(change, "from", (json_t *)from);
    }
    if (to) {
        cm_json_set(change, "to", (json_t *)to);
    }
    json_array_append(diff->list, change);
}

static void compare_objects(const diff_t *diff, const json_t *from, const json_t *to,
                            const char *at)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)from, name, value)
    {
        compare(diff, value, json_object_get(to, name), cm_json_pointer(at, name, diff->pool));
    }
    json_object_foreach((json_t *)to, name, value)
    {
        if (!json_object_get(from, name)) {
            note(diff, NULL, value, cm_json_pointer(at, name, diff->pool));
        }
    }
}

static int holds_objects(const json_t *list)
{
    return json_is_object(json_array_get(list, 0));
}

static void compare_lists(const diff_t *diff, const json_t *from, const json_t *to, const char *at)
{
    size_t most =
        json_array_size(from) > json_array_size(to) ? json_array_size(from) : json_array_size(to);

    for (size_t i = 0; i < most; i++) {
        compare(diff, json_array_get(from, i), json_array_get(to, i),
                apr_psprintf(diff->pool, "%s/%" APR_SIZE_T_FMT, at, (apr_size_t)i));
    }
}

static void compare(const diff_t *diff, const json_t *from, const json_t *to, const char *at)
{
    if (json_is_object(from) && json_is_object(to)) {
        compare_objects(diff, from, to, at);
    } else if (json_is_array(from) && json_is_array(to) &&
               (holds_objects(from) || holds_objects(to))) {
        compare_lists(diff, from, to, at);
    } else if (!json_equal(from, to)) {
        note(diff, from, to, at);
    }
}

json_t *cm_profile_diff(const json_t *from, const json_t *to, apr_pool_t *pool)
{
    const diff_t diff = {cm_json_array(pool), pool};

    compare(&diff, from, to, "");
    return diff.list;
}
