/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks the tables.
 */
#include <apr_strings.h>

#include "flow/requests.h"
#include "proto/rest/rest.h"
#include "proto/route.h"
#include "unit/proto/fake.h"
#include "unit/proto/suite.h"

static void check_route(const cm_route_t *route)
{
    ck_assert_msg(*route->path == '/', "%s", route->path);
    ck_assert_msg(route->run != NULL, "%s has no handler", route->path);
    ck_assert_msg(route->summary && *route->summary, "%s has no summary", route->path);
    ck_assert_msg(route->answers && *route->answers, "%s has no answer", route->path);
    ck_assert_msg(!route->accepts || route->max_body > 0, "%s has no limit", route->path);
    ck_assert_msg(!route->members || route->members(route->path), "%s has no members", route->path);
    ck_assert_msg(!(route->flags & CM_ROUTE_CHANGES) || route->permission != CM_MAY_ANYONE,
                  "%s may be changed by anyone", route->path);
    ck_assert_msg(!(route->flags & CM_ROUTE_PUBLIC_CACHE) || route->permission == CM_MAY_ANYONE,
                  "%s is cached and not public", route->path);
}

START_TEST(every_route_is_whole_and_unique)
{
    apr_table_t *seen = apr_table_make(pool, 40);

    for (const cm_protocol_t *protocol = cm_protocols(); protocol->name; protocol++) {
        ck_assert_ptr_nonnull(protocol->fail);
        ck_assert_ptr_nonnull(protocol->about);
        for (const cm_route_t *route = protocol->routes(); route->method; route++) {
            const char *key = apr_pstrcat(pool, route->method, " ", route->path, NULL);

            check_route(route);
            ck_assert_msg(!apr_table_get(seen, key), "%s is there twice", key);
            apr_table_setn(seen, key, "");
        }
    }
}
END_TEST

/* A row must not hide behind an earlier one with a wider pattern. */
START_TEST(every_route_is_reached)
{
    for (const cm_protocol_t *protocol = cm_protocols(); protocol->name; protocol++) {
        for (const cm_route_t *route = protocol->routes(); route->method; route++) {
            fake_t *fake = fake_call(route->method, route->path);
            cm_route_found_t found;

            cm_route_find(&found, cm_protocols(), &fake->call, pool);
            ck_assert_msg(found.route == route, "%s %s goes to %s", route->method, route->path,
                          found.route ? found.route->path : "nothing");
        }
    }
}
END_TEST

START_TEST(every_operation_has_its_collection)
{
    for (int i = 0; i < CM_OP_COUNT; i++) {
        cm_operation_t operation = (cm_operation_t)i;
        const char *path = apr_pstrcat(pool, CM_REST_ROOT "/", cm_operation_name(operation), NULL);
        fake_t *fake = fake_call("POST", path);
        cm_route_found_t found;

        cm_route_find(&found, cm_protocols(), &fake->call, pool);
        ck_assert_msg((found.route != NULL) == (cm_submission_members(operation) != NULL), "%s",
                      path);
    }
}
END_TEST

START_TEST(only_ocsp_reads_the_path_as_it_was_sent)
{
    ck_assert(cm_dispatch_is_raw("/ocsp/MAM%2F"));
    ck_assert(!cm_dispatch_is_raw("/ocsp"));
    ck_assert(!cm_dispatch_is_raw("/api/v1/me"));
    ck_assert(!cm_dispatch_is_raw(""));
}
END_TEST

static json_t *document(void)
{
    cm_ctx_t here = {.pool = pool, .now = 1000000, .trace_id = "t", .host = cm_host_plain()};
    cm_reply_t reply;

    cm_dispatch(&reply, &here, &fake_call("GET", CM_REST_ROOT "/openapi.json")->call);
    ck_assert_int_eq(reply.status, 200);
    ck_assert_str_eq(reply.media_type, "application/json");
    return fake_json(&reply);
}

/* What a JSON Pointer after "#" leads to, where no token needs an escape. */
static const json_t *resolve(const json_t *root, const char *pointer)
{
    while (root && *pointer == '/') {
        apr_size_t len = strcspn(++pointer, "/");

        root = json_object_get(root, apr_pstrmemdup(pool, pointer, len));
        pointer += len;
    }
    return root;
}

/* Every "$ref" below `value` leads somewhere in `root`. */
static void check_references(const json_t *value, const json_t *root)
{
    const char *reference = member(value, "$ref"), *key;
    json_t *inner;
    size_t i;

    if (reference) {
        ck_assert_msg(*reference == '#' && resolve(root, reference + 1), "%s is not there",
                      reference);
    }
    json_object_foreach((json_t *)value, key, inner)
    {
        check_references(inner, root);
    }
    json_array_foreach(value, i, inner)
    {
        check_references(inner, root);
    }
}

START_TEST(the_document_describes_every_route)
{
    json_t *root = document(), *paths = json_object_get(root, "paths");

    ck_assert_str_eq(member(root, "openapi"), "3.1.0");
    check_references(root, root);
    for (const cm_route_t *route = cm_rest_routes(); route->method; route++) {
        const char *method = strcmp(route->method, "GET") == 0 ? "get" : "post";
        json_t *operation = json_object_get(json_object_get(paths, route->path), method);
        json_t *body = json_object_get(operation, "requestBody");

        ck_assert_msg(operation != NULL, "%s %s", method, route->path);
        ck_assert_str_eq(member(operation, "x-permission"), cm_permission_name(route->permission));
        ck_assert_int_eq(body != NULL, route->accepts != NULL);
        ck_assert_int_eq(json_array_size(json_object_get(operation, "security")) > 0,
                         route->permission != CM_MAY_ANYONE);
    }
}
END_TEST

TCase *routes_case(void)
{
    TCase *tcase = unit_case("routes");

    tcase_add_test(tcase, every_route_is_whole_and_unique);
    tcase_add_test(tcase, every_route_is_reached);
    tcase_add_test(tcase, every_operation_has_its_collection);
    tcase_add_test(tcase, only_ocsp_reads_the_path_as_it_was_sent);
    tcase_add_test(tcase, the_document_describes_every_route);
    return tcase;
}
