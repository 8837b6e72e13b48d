/* SPDX-License-Identifier: Apache-2.0
 *
 * People, profiles, leases and requests.
 */
#include <apr_strings.h>

#include "store/leases.h"
#include "store/people.h"
#include "store/profiles.h"
#include "store/requests.h"
#include "unit/store/suite.h"

/* One write as a transaction of its own. */
typedef struct {
    enum {
        ADD_PERSON,
        ADD_LOGIN,
        ADD_ROLE,
        REMOVE_ROLE,
        ADD_PROFILE,
        ADD_REQUEST,
        MOVE_REQUEST,
        LOCK_REQUEST,
        EXPIRE_REQUEST,
        CLAIM
    } what;
    const void *record;
    const char *id, *word;
    cm_state_t from;
    apr_time_t until, now;
} write_t;

static cm_error_t *write_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const write_t *w = baton;
    cm_request_t *request;

    (void)event;
    switch (w->what) {
    case ADD_PERSON:
        return cm_person_insert(txn, w->record);
    case ADD_LOGIN:
        return cm_person_add_login(txn, w->id, w->record);
    case ADD_ROLE:
        return cm_person_add_role(txn, w->id, w->word);
    case REMOVE_ROLE:
        return cm_person_remove_role(txn, w->id, w->word);
    case ADD_PROFILE:
        return cm_profile_insert(txn, w->record);
    case ADD_REQUEST:
        return cm_request_insert(txn, w->record);
    case MOVE_REQUEST:
        return cm_request_move(txn, w->record, w->from);
    case EXPIRE_REQUEST:
        return cm_request_expire(txn, w->record, w->until, w->now);
    case LOCK_REQUEST:
        return cm_request_lock(&request, txn, &(cm_request_lock_t){w->id, w->from});
    default:
        return cm_request_claim(txn, w->id, w->word, w->until, w->now);
    }
}

static cm_error_t *write_it(const db_t *db, write_t w)
{
    return cm_store_maintain(db->store, write_work, &w, pool);
}

static const cm_person_t *make_person(const char *id, const char *role)
{
    cm_person_t *person = apr_pcalloc(pool, sizeof *person);
    apr_array_header_t *roles = apr_array_make(pool, 1, sizeof(const char *));

    if (role) {
        APR_ARRAY_PUSH(roles, const char *) = role;
    }
    *person = (cm_person_t){id, "Zo\xc3\xab", NULL, "active", 1234567, roles, NULL};
    return person;
}

START_TEST(people_have_roles_and_logins)
{
    db_t *db = db_make(_i, 1);
    const cm_login_t login = {"user", "", "zoe"};
    cm_holder_t holder;
    cm_person_t *person;
    apr_array_header_t *people;

    assert_refused(cm_person_read(&person, db->store, "p1", pool), CM_E_NOT_FOUND, NULL);
    assert_done(write_it(db, (write_t){.what = ADD_PERSON, .record = make_person("p1", "user")}));
    assert_done(write_it(db, (write_t){.what = ADD_PERSON, .record = make_person("p2", NULL)}));
    assert_refused(write_it(db, (write_t){.what = ADD_PERSON, .record = make_person("p2", NULL)}),
                   CM_E_CONFLICT, "store.unique");
    assert_done(write_it(db, (write_t){.what = ADD_LOGIN, .id = "p1", .record = &login}));
    assert_refused(write_it(db, (write_t){.what = ADD_LOGIN, .id = "p2", .record = &login}),
                   CM_E_CONFLICT, "store.unique");
    assert_done(write_it(db, (write_t){.what = ADD_ROLE, .id = "p1", .word = "officer"}));
    assert_refused(write_it(db, (write_t){.what = ADD_ROLE, .id = "p1", .word = "officer"}),
                   CM_E_CONFLICT, "store.unique");
    /* a role of nobody */
    ck_assert_ptr_nonnull(write_it(db, (write_t){.what = ADD_ROLE, .id = "p9", .word = "user"}));

    assert_done(cm_person_by_login(&holder, db->store, &login, pool));
    ck_assert_int_ne(holder.rules, 0);
    person = holder.person;
    ck_assert_str_eq(person->id, "p1");
    ck_assert_str_eq(person->name, "Zo\xc3\xab");
    ck_assert_ptr_null(person->mail);
    ck_assert_int_eq(person->created, 1234567);
    ck_assert_int_eq(person->roles->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(person->roles, 0, const char *), "officer");

    assert_done(cm_people_list(&people, db->store, NULL, 10, pool));
    ck_assert_int_eq(people->nelts, 2);
    assert_done(cm_people_list(&people, db->store, "p1", 10, pool));
    ck_assert_int_eq(people->nelts, 1);
    person = APR_ARRAY_IDX(people, 0, cm_person_t *);
    ck_assert_str_eq(person->id, "p2");
    ck_assert_int_eq(person->roles->nelts, 0);

    assert_done(write_it(db, (write_t){.what = REMOVE_ROLE, .id = "p1", .word = "officer"}));
    assert_refused(write_it(db, (write_t){.what = REMOVE_ROLE, .id = "p1", .word = "officer"}),
                   CM_E_NOT_FOUND, NULL);
}
END_TEST

START_TEST(the_newest_version_of_a_profile_is_in_force)
{
    db_t *db = db_make(_i, 1);
    cm_profile_record_t one = {"user", 1, "{\"a\":1}", 10};
    cm_profile_record_t two = {"user", 2, "{\"a\":2}", 20};
    cm_profile_record_t other = {"server", 1, "{}", 30};
    cm_profile_record_t *profile;
    apr_array_header_t *profiles;

    assert_refused(cm_profile_read(&profile, db->store, "user", 0, pool), CM_E_NOT_FOUND, NULL);
    assert_done(write_it(db, (write_t){.what = ADD_PROFILE, .record = &one}));
    assert_done(write_it(db, (write_t){.what = ADD_PROFILE, .record = &two}));
    assert_done(write_it(db, (write_t){.what = ADD_PROFILE, .record = &other}));
    assert_refused(write_it(db, (write_t){.what = ADD_PROFILE, .record = &two}), CM_E_CONFLICT,
                   "store.unique");
    assert_done(cm_profile_read(&profile, db->store, "user", 0, pool));
    ck_assert_int_eq(profile->version, 2);
    ck_assert_str_eq(profile->text, "{\"a\":2}");
    assert_done(cm_profile_read(&profile, db->store, "user", 1, pool));
    ck_assert_str_eq(profile->text, "{\"a\":1}");
    assert_done(cm_profiles_list(&profiles, db->store, pool));
    ck_assert_int_eq(profiles->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(profiles, 0, cm_profile_record_t *)->name, "server");
    ck_assert_int_eq(APR_ARRAY_IDX(profiles, 1, cm_profile_record_t *)->version, 2);
}
END_TEST

START_TEST(a_lease_has_one_holder)
{
    db_t *db = db_make(_i, 1);
    cm_lease_t mine = {"seal", "me", 100, 200};
    cm_lease_t yours = {"seal", "you", 150, 250};
    int taken;

    assert_done(cm_lease_take(&taken, db->store, &mine, pool));
    ck_assert(taken);
    assert_done(cm_lease_take(&taken, db->store, &yours, pool));
    ck_assert(!taken);
    mine.until = 220; /* prolonged */
    assert_done(cm_lease_take(&taken, db->store, &mine, pool));
    ck_assert(taken);
    yours.now = 210;
    assert_done(cm_lease_take(&taken, db->store, &yours, pool));
    ck_assert(!taken);
    yours.now = 220; /* ran out */
    assert_done(cm_lease_take(&taken, db->store, &yours, pool));
    ck_assert(taken);
    assert_done(cm_lease_drop(db->store, &mine, pool)); /* not its holder any more */
    mine.now = 230;
    mine.until = 300;
    assert_done(cm_lease_take(&taken, db->store, &mine, pool));
    ck_assert(!taken);
    assert_done(cm_lease_drop(db->store, &yours, pool));
    assert_done(cm_lease_take(&taken, db->store, &mine, pool));
    ck_assert(taken);
}
END_TEST

START_TEST(a_lease_of_the_future_is_none)
{
    db_t *db = db_make(_i, 1);
    cm_lease_t before = {"seal", "me", 5000, 5100};
    cm_lease_t other = {"seal", "you", 4950, 5050}; /* of a node whose clock differs a little */
    cm_lease_t after = {"seal", "you", 4899, 4999};
    int taken;

    assert_done(cm_lease_take(&taken, db->store, &before, pool));
    assert_done(cm_lease_take(&taken, db->store, &other, pool));
    ck_assert(!taken);
    assert_done(cm_lease_take(&taken, db->store, &after, pool));
    ck_assert(taken);
}
END_TEST

static cm_request_t *make_request(const char *id, cm_operation_t operation, const char *requester)
{
    cm_request_t *request = apr_pcalloc(pool, sizeof *request);
    apr_array_header_t *checklist = apr_array_make(pool, 2, sizeof(cm_item_t));

    APR_ARRAY_PUSH(checklist, cm_item_t) =
        (cm_item_t){"csr", CM_BEFORE_ISSUE, CM_ITEM_DONE, requester, "fine", 50, NULL, 0, 0};
    APR_ARRAY_PUSH(checklist, cm_item_t) =
        (cm_item_t){"approval", CM_BEFORE_DELIVERY, CM_ITEM_OPEN, NULL, NULL, 0, "officer", 2, 1};
    *request = (cm_request_t){.id = id,
                              .operation = operation,
                              .profile = "user",
                              .profile_version = 3,
                              .state = CM_STATE_PENDING,
                              .requester = requester,
                              .created = 10,
                              .updated = 20,
                              .message = "please",
                              .wish = "{}",
                              .csr = cm_bytes_of_text("der"),
                              .checklist = checklist};
    return request;
}

START_TEST(a_request_keeps_its_checklist)
{
    db_t *db = db_make(_i, 1);
    cm_request_t *request = make_request("r1", CM_OP_ENROLL, "p1");
    apr_array_header_t *shorter = apr_array_make(pool, 1, sizeof(cm_item_t));
    cm_item_t *item;

    assert_refused(cm_request_read(&request, db->store, "r1", pool), CM_E_NOT_FOUND, NULL);
    assert_done(write_it(db, (write_t){.what = ADD_REQUEST, .record = request}));
    assert_refused(write_it(db, (write_t){.what = ADD_REQUEST, .record = request}), CM_E_CONFLICT,
                   "store.unique");
    assert_done(cm_request_read(&request, db->store, "r1", pool));
    ck_assert_int_eq(request->operation, CM_OP_ENROLL);
    ck_assert_int_eq(request->state, CM_STATE_PENDING);
    ck_assert_int_eq(request->profile_version, 3);
    ck_assert_str_eq(request->message, "please");
    ck_assert(cm_bytes_equal(request->csr, cm_bytes_of_text("der")));
    ck_assert_ptr_null(request->certificate);
    ck_assert_int_eq(request->checklist->nelts, 2);
    item = &APR_ARRAY_IDX(request->checklist, 1, cm_item_t);
    ck_assert_str_eq(item->item, "approval");
    ck_assert_int_eq(item->phase, CM_BEFORE_DELIVERY);
    ck_assert_int_eq(item->state, CM_ITEM_OPEN);
    ck_assert_int_eq(item->updated, 0);
    ck_assert_int_eq(item->everywhere, 1);

    *item = (cm_item_t){"approval", CM_BEFORE_ISSUE, CM_ITEM_DONE, "p2", "yes", 70, NULL, 0, 0};
    APR_ARRAY_PUSH(shorter, cm_item_t) = *item;
    request->checklist = shorter;
    request->state = CM_STATE_COMPLETED;
    request->certificate = "c1";
    request->csr = cm_bytes_make(NULL, 0);
    assert_done(
        write_it(db, (write_t){.what = MOVE_REQUEST, .record = request, .from = CM_STATE_PENDING}));
    assert_refused(
        write_it(db, (write_t){.what = MOVE_REQUEST, .record = request, .from = CM_STATE_PENDING}),
        CM_E_CONFLICT, NULL);
    assert_done(cm_request_read(&request, db->store, "r1", pool));
    ck_assert_int_eq(request->state, CM_STATE_COMPLETED);
    ck_assert_str_eq(request->certificate, "c1");
    ck_assert_ptr_null(request->csr.data);
    ck_assert_int_eq(request->checklist->nelts, 1);
    ck_assert_str_eq(APR_ARRAY_IDX(request->checklist, 0, cm_item_t).who, "p2");
}
END_TEST

static const char *listed(const db_t *db, int operation, cm_bound_t bound, const char *before,
                          int limit)
{
    apr_array_header_t *bounds = apr_array_make(pool, 1, sizeof(cm_bound_t));
    const cm_request_search_t search = {.operation = operation,
                                        .state = -1,
                                        .bounds = bound.owner || bound.group ? bounds : NULL,
                                        .before = before,
                                        .limit = limit};
    const char *ids = "";
    cm_page_t page;

    APR_ARRAY_PUSH(bounds, cm_bound_t) = bound;
    assert_done(cm_requests_search(&page, db->store, &search, pool));
    for (int i = 0; i < page.items->nelts; i++) {
        const cm_request_t *request = APR_ARRAY_IDX(page.items, i, cm_request_t *);

        ck_assert_int_eq(request->checklist->nelts, 2);
        ids = apr_pstrcat(pool, ids, request->id, " ", NULL);
    }
    return ids;
}

START_TEST(requests_are_paged_newest_first)
{
    db_t *db = db_make(_i, 1);

    for (int i = 1; i <= 5; i++) {
        cm_request_t *request = make_request(
            apr_psprintf(pool, "r%d", i), i % 2 ? CM_OP_ENROLL : CM_OP_REVOKE, i < 4 ? "p1" : "p2");

        assert_done(write_it(db, (write_t){.what = ADD_REQUEST, .record = request}));
    }
    ck_assert_str_eq(listed(db, -1, (cm_bound_t){NULL, NULL}, NULL, 2), "r5 r4 ");
    ck_assert_str_eq(listed(db, -1, (cm_bound_t){NULL, NULL}, "r4", 2), "r3 r2 ");
    ck_assert_str_eq(listed(db, -1, (cm_bound_t){NULL, NULL}, "r2", 2), "r1 ");
    ck_assert_str_eq(listed(db, CM_OP_ENROLL, (cm_bound_t){NULL, NULL}, NULL, 9), "r5 r3 r1 ");
    ck_assert_str_eq(listed(db, -1, (cm_bound_t){"p1", NULL}, NULL, 9), "r3 r2 r1 ");
    ck_assert_str_eq(listed(db, CM_OP_ENROLL, (cm_bound_t){"p1", NULL}, "r3", 9), "r1 ");
}
END_TEST

START_TEST(one_holder_signs)
{
    db_t *db = db_make(_i, 1);
    cm_request_t *request = make_request("r1", CM_OP_ENROLL, "p1");
    write_t mine = {.what = CLAIM, .id = "r1", .word = "me", .until = 200, .now = 100};
    write_t yours = {.what = CLAIM, .id = "r1", .word = "you", .until = 300, .now = 150};
    apr_array_header_t *ids;

    assert_done(write_it(db, (write_t){.what = ADD_REQUEST, .record = request}));
    assert_refused(write_it(db, mine), CM_E_CONFLICT, NULL); /* pending */
    assert_done(cm_requests_stale(&ids, db->store, 1000, 10, pool));
    ck_assert_int_eq(ids->nelts, 0);
    request->state = CM_STATE_APPROVED;
    assert_done(
        write_it(db, (write_t){.what = MOVE_REQUEST, .record = request, .from = CM_STATE_PENDING}));
    assert_done(cm_requests_stale(&ids, db->store, 100, 10, pool));
    ck_assert_int_eq(ids->nelts, 1);
    assert_done(write_it(db, mine));
    assert_refused(write_it(db, yours), CM_E_CONFLICT, NULL);
    assert_done(cm_requests_stale(&ids, db->store, 199, 10, pool));
    ck_assert_int_eq(ids->nelts, 0);
    assert_done(cm_requests_stale(&ids, db->store, 200, 10, pool));
    ck_assert_str_eq(APR_ARRAY_IDX(ids, 0, const char *), "r1");
    yours.now = 200; /* the claim ran out */
    assert_done(write_it(db, yours));
    assert_done(cm_request_read(&request, db->store, "r1", pool));
    ck_assert_int_eq(request->state, CM_STATE_ISSUING);
}
END_TEST

START_TEST(a_lock_is_for_the_state_that_was_read)
{
    db_t *db = db_make(_i, 1);
    write_t lock = {.what = LOCK_REQUEST, .id = "r1", .from = CM_STATE_DECLINED};

    assert_done(write_it(
        db, (write_t){.what = ADD_REQUEST, .record = make_request("r1", CM_OP_ENROLL, "p1")}));
    assert_refused(write_it(db, lock), CM_E_CONFLICT, NULL);
    lock.from = CM_STATE_PENDING;
    assert_done(write_it(db, lock));
    ck_assert_str_eq(db_sql(db, "SELECT updated FROM request"), "20"); /* nothing happened yet */
}
END_TEST

static apr_array_header_t *waiting(const db_t *db, apr_time_t before, const cm_waiting_t *after)
{
    const cm_waiting_page_t page = {before, after, 10};
    apr_array_header_t *found;

    assert_done(cm_requests_waiting(&found, db->store, &page, pool));
    return found;
}

START_TEST(what_waits_is_found_and_ended_once)
{
    db_t *db = db_make(_i, 1);
    cm_request_t *request = make_request("r1", CM_OP_ENROLL, "p1"); /* updated: 20 */
    write_t expire = {.what = EXPIRE_REQUEST, .record = request, .until = 20, .now = 99};

    assert_done(write_it(db, (write_t){.what = ADD_REQUEST, .record = request}));
    ck_assert_int_eq(waiting(db, 20, NULL)->nelts, 0);
    ck_assert_int_eq(waiting(db, 21, NULL)->nelts, 1);
    ck_assert_int_eq(waiting(db, 21, &APR_ARRAY_IDX(waiting(db, 21, NULL), 0, cm_waiting_t))->nelts,
                     0);
    assert_refused(write_it(db, expire), CM_E_CONFLICT, NULL); /* an event has come since */
    expire.until = 21;
    request->state = CM_STATE_DECLINED;
    assert_refused(write_it(db, expire), CM_E_CONFLICT, NULL); /* nor is it what was read */
    request->state = CM_STATE_PENDING;
    assert_done(write_it(db, expire));
    ck_assert_str_eq(db_sql(db, "SELECT state FROM request"), "expired");
    request->state = CM_STATE_EXPIRED;
    expire.until = 100;
    assert_refused(write_it(db, expire), CM_E_CONFLICT, NULL);
    ck_assert_int_eq(waiting(db, 1000, NULL)->nelts, 0);
}
END_TEST

START_TEST(a_word_that_is_not_ours_is_noticed)
{
    db_t *db = db_make(_i, 1);
    cm_request_t *request = make_request("r1", CM_OP_ENROLL, "p1");

    assert_done(write_it(db, (write_t){.what = ADD_REQUEST, .record = request}));
    db_sql(db, "UPDATE request SET state = 'strange'");
    assert_refused(cm_request_read(&request, db->store, "r1", pool), CM_E_INTEGRITY, NULL);
}
END_TEST

TCase *records_case(void)
{
    TCase *tcase = db_case("records");

    tcase_add_loop_test(tcase, people_have_roles_and_logins, 0, 2);
    tcase_add_loop_test(tcase, the_newest_version_of_a_profile_is_in_force, 0, 2);
    tcase_add_loop_test(tcase, a_lease_has_one_holder, 0, 2);
    tcase_add_loop_test(tcase, a_lease_of_the_future_is_none, 0, 2);
    tcase_add_loop_test(tcase, a_request_keeps_its_checklist, 0, 2);
    tcase_add_loop_test(tcase, requests_are_paged_newest_first, 0, 2);
    tcase_add_loop_test(tcase, one_holder_signs, 0, 2);
    tcase_add_loop_test(tcase, a_lock_is_for_the_state_that_was_read, 0, 2);
    tcase_add_loop_test(tcase, what_waits_is_found_and_ended_once, 0, 2);
    tcase_add_loop_test(tcase, a_word_that_is_not_ours_is_noticed, 0, 2);
    return tcase;
}
