/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/lifecycle.h"

#include "flow/operations.h"
#include "unit/flow/suite.h"

#define CM_ACTION(name, about) name,
static const char *const actions[] = {
#include "flow/actions.def"
    NULL};
#undef CM_ACTION

static int is_action(const char *name)
{
    for (int i = 0; actions[i]; i++) {
        if (strcmp(actions[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

START_TEST(the_table_is_whole)
{
    for (const cm_transition_t *row = cm_lifecycle(); row->event; row++) {
        ck_assert_msg(is_action(row->audit), "%s", row->audit);
        ck_assert(!cm_state_is_final(row->from));
        ck_assert(row->by_system || row->permission != CM_MAY_ANYONE);
        for (const cm_transition_t *other = cm_lifecycle(); other < row; other++) {
            ck_assert(other->from != row->from || strcmp(other->event, row->event) != 0);
        }
    }
}
END_TEST

static cm_request_t *waiting(cm_item_state_t state)
{
    cm_request_t *request = apr_pcalloc(pool, sizeof *request);
    apr_array_header_t *items = apr_array_make(pool, 2, sizeof(cm_item_t));

    APR_ARRAY_PUSH(items, cm_item_t) =
        (cm_item_t){.item = "csr", .phase = CM_BEFORE_ISSUE, .state = state};
    APR_ARRAY_PUSH(items, cm_item_t) =
        (cm_item_t){.item = "x", .phase = CM_BEFORE_DELIVERY, .state = CM_ITEM_OPEN};
    request->checklist = items;
    request->state = CM_STATE_PENDING;
    request->requester = "p1";
    return request;
}

START_TEST(an_open_item_keeps_it_waiting)
{
    const cm_ctx_t nobody = {.pool = pool};
    cm_request_t *open = waiting(CM_ITEM_OPEN);
    cm_request_t *done = waiting(CM_ITEM_DONE);
    cm_request_t *refused = waiting(CM_ITEM_REFUSED);

    cm_lifecycle_settle(open, &nobody);
    cm_lifecycle_settle(done, &nobody);
    cm_lifecycle_settle(refused, &nobody);
    ck_assert_int_eq(open->state, CM_STATE_PENDING);
    ck_assert_int_eq(refused->state, CM_STATE_PENDING);
    ck_assert_int_eq(done->state, CM_STATE_APPROVED);
    done->state = CM_STATE_ISSUED;
    cm_lifecycle_settle(done, &nobody);
    ck_assert_int_eq(done->state, CM_STATE_ISSUED); /* an item before delivery is open */
}
END_TEST

START_TEST(only_the_requester_cancels)
{
    const cm_person_t one = {.id = "p1"}, two = {.id = "p2"};
    const cm_identity_t requester = {.person = &one, .roles = CM_ROLE_USER};
    const cm_identity_t stranger = {.person = &two, .roles = CM_ROLE_USER};
    const cm_identity_t powerless = {.person = &one};
    cm_ctx_t ctx = {.pool = pool, .who = &requester};
    cm_request_t *request = waiting(CM_ITEM_OPEN);
    const cm_transition_t *row;

    assert_done(cm_lifecycle_find(&row, request, "cancel", &ctx));
    ck_assert_int_eq(row->to, CM_STATE_CANCELLED);
    ck_assert_int_eq(cm_lifecycle_events(request, &ctx)->nelts, 1);
    assert_refused(cm_lifecycle_find(&row, request, "perform", &ctx), CM_E_CONFLICT,
                   "request.event");
    ctx.who = &stranger;
    assert_refused(cm_lifecycle_find(&row, request, "cancel", &ctx), CM_E_CONFLICT,
                   "request.event");
    ctx.who = &powerless;
    assert_refused(cm_lifecycle_find(&row, request, "cancel", &ctx), CM_E_FORBIDDEN, NULL);
    ctx.who = &requester;
    request->state = CM_STATE_COMPLETED;
    assert_refused(cm_lifecycle_find(&row, request, "cancel", &ctx), CM_E_CONFLICT,
                   "request.event");
}
END_TEST

START_TEST(nobody_takes_a_step_of_the_engine)
{
    const cm_person_t person = {.id = "p1"};
    const cm_identity_t anybody = {.person = &person, .roles = ~0U};
    const cm_ctx_t ctx = {.pool = pool, .who = &anybody};
    cm_request_t *request = waiting(CM_ITEM_DONE);
    const cm_transition_t *found;
    int steps = 0;

    for (const cm_transition_t *row = cm_lifecycle(); row->event; row++) {
        if (row->by_system) {
            request->state = row->from;
            assert_refused(cm_lifecycle_find(&found, request, row->event, &ctx), CM_E_CONFLICT,
                           "request.event");
            steps++;
        }
    }
    ck_assert_int_ge(steps, 7);
}
END_TEST

START_TEST(every_operation_is_complete)
{
    for (int i = 0; i < CM_OP_COUNT; i++) {
        const cm_operation_row_t *row = cm_operation_row((cm_operation_t)i);

        if (row) {
            ck_assert_int_eq((int)row->operation, i);
            ck_assert(row->take && row->decide && row->change && row->record);
            for (const cm_json_member_t *m = row->members; m->name; m++) {
                ck_assert_msg(m->about && *m->about, "%s", m->name);
            }
        }
    }
}
END_TEST

TCase *lifecycle_case(void)
{
    TCase *tcase = unit_case("lifecycle");

    tcase_add_test(tcase, the_table_is_whole);
    tcase_add_test(tcase, an_open_item_keeps_it_waiting);
    tcase_add_test(tcase, only_the_requester_cancels);
    tcase_add_test(tcase, nobody_takes_a_step_of_the_engine);
    tcase_add_test(tcase, every_operation_is_complete);
    return tcase;
}
