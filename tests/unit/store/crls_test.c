/* SPDX-License-Identifier: Apache-2.0
 *
 * The entries of CRLs, and what is known of the lists.
 */
#include <apr_strings.h>

#include "store/authorities.h"
#include "store/certificates.h"
#include "store/crls.h"
#include "unit/store/suite.h"

typedef struct {
    enum { ADD_AUTHORITY, ADD_CERTIFICATE, MOVE, PUBLISH, PRUNE, ENCODE } what;
    const void *record, *delta;
    cm_certificate_t *moved;
    cm_status_t from;
    cm_crl_prune_t *prune;
    int count;
} step_t;

static cm_error_t *step_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    step_t *step = baton;

    (void)event;
    switch (step->what) {
    case ADD_AUTHORITY:
        return cm_authority_insert(txn, step->record);
    case ADD_CERTIFICATE:
        return cm_certificate_insert(txn, step->record);
    case MOVE:
        return cm_certificate_move(txn, step->moved, step->from, apr_time_from_sec(900));
    case PUBLISH:
        return cm_crl_insert(txn, step->record, step->delta);
    case PRUNE:
        return cm_crl_prune(txn, step->prune);
    case ENCODE:
    default:
        return cm_crl_encode_former(&step->count, txn, "issuing");
    }
}

static cm_error_t *take(const db_t *db, step_t *step)
{
    return cm_store_maintain(db->store, step_work, step, pool);
}

static void must(const db_t *db, step_t step)
{
    assert_done(take(db, &step));
}

static db_t *make(int which)
{
    db_t *db = db_make(which, 1);
    cm_authority_t authority = {.name = "issuing",
                                .state = "active",
                                .key = "pkcs11:object=x",
                                .certificate = "c0",
                                .der = cm_bytes_of_text("der"),
                                .created = 5};

    must(db, (step_t){.what = ADD_AUTHORITY, .record = &authority});
    return db;
}

static cm_certificate_t *issue(const db_t *db, const char *serial, apr_time_t not_after)
{
    cm_certificate_t *made = apr_pcalloc(pool, sizeof *made);

    *made = (cm_certificate_t){.id = apr_pstrcat(pool, "c", serial, NULL),
                               .ca = "issuing",
                               .serial = serial,
                               .subject = "CN=x",
                               .issuer = "CN=y",
                               .not_before = 1,
                               .not_after = not_after,
                               .sha256 = serial,
                               .spki_sha256 = "bb",
                               .der = cm_bytes_make("\x30\x00", 2),
                               .status = CM_CERT_ACTIVE,
                               .created = 7};
    must(db, (step_t){.what = ADD_CERTIFICATE, .record = made});
    return made;
}

static void move(const db_t *db, cm_certificate_t *certificate, cm_status_t to, int reason)
{
    cm_status_t from = certificate->status;

    certificate->status = to;
    certificate->reason = reason;
    certificate->revoked_at = to == CM_CERT_ACTIVE ? 0 : apr_time_from_sec(500);
    must(db, (step_t){.what = MOVE, .moved = certificate, .from = from});
}

/* The entries of a list in hex. */
static const char *entries(const db_t *db, cm_crl_record_t crl)
{
    apr_int64_t after = crl.since, size;
    const char *hex = "";
    cm_bytes_t run;

    crl.ca = "issuing";
    assert_done(cm_crl_entries_size(&size, db->store, &crl, pool));
    do {
        assert_done(cm_crl_entries_next(&run, &after, db->store, &crl, pool));
        hex = apr_pstrcat(pool, hex, cm_bytes_hex(run, pool), NULL);
    } while (run.len);
    ck_assert_uint_eq(strlen(hex), 2 * (apr_uint64_t)size);
    return hex;
}

/* revokedCertificates of serial 0a and 0b; times are 500 and 900 seconds after 1970 began */
#define A_REVOKED "302002010a170d3730303130313030303832305a300c300a0603551d1504030a0104"
#define A_HELD    "302002010a170d3730303130313030303832305a300c300a0603551d1504030a0106"
#define A_LIFTED  "302002010a170d3730303130313030313530305a300c300a0603551d1504030a0108"
#define B_REVOKED "302002010b170d3730303130313030303832305a300c300a0603551d1504030a0104"

START_TEST(a_list_is_told_by_its_numbers)
{
    db_t *db = make(_i);
    cm_certificate_t *a = issue(db, "0a", 1000), *b = issue(db, "0b", 2000);

    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 9}), "");
    move(db, a, CM_CERT_SUSPENDED, 6); /* 1 */
    move(db, b, CM_CERT_REVOKED, 4);   /* 2 */
    move(db, a, CM_CERT_ACTIVE, 0);    /* 3 */
    move(db, a, CM_CERT_SUSPENDED, 6); /* 4 */
    move(db, a, CM_CERT_REVOKED, 4);   /* 5 */

    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 1}), A_HELD);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 2}), A_HELD B_REVOKED);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 3}), B_REVOKED);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 4}), B_REVOKED A_HELD);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 5}), B_REVOKED A_REVOKED);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 5, .alive_at = 1000}), B_REVOKED);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 5, .shard = 1}), "");

    ck_assert_str_eq(entries(db, (cm_crl_record_t){.since = 1, .through = 3, .is_delta = 1}),
                     B_REVOKED A_LIFTED);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.since = 2, .through = 5, .is_delta = 1}),
                     A_REVOKED);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.since = 5, .through = 5, .is_delta = 1}), "");
}
END_TEST

START_TEST(what_no_list_needs_leaves)
{
    db_t *db = make(_i);
    cm_certificate_t *a = issue(db, "0a", 1000), *b = issue(db, "0b", 2000);
    cm_crl_record_t full = {.ca = "issuing", .through = 2, .alive_at = 1500};
    cm_crl_prune_t work = {.full = &full, .since = 0};

    move(db, a, CM_CERT_SUSPENDED, 6); /* 1 */
    move(db, a, CM_CERT_REVOKED, 4);   /* 2 */
    move(db, b, CM_CERT_SUSPENDED, 6); /* 3 */
    move(db, b, CM_CERT_REVOKED, 4);   /* 4 */
    must(db, (step_t){.what = PRUNE, .prune = &work});
    ck_assert_int_eq(work.count, 1); /* 1, replaced by 2; a delta still says that 0a is revoked */
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.since = 0, .through = 4, .is_delta = 1}),
                     A_REVOKED B_REVOKED);
    work.since = 2;
    must(db, (step_t){.what = PRUNE, .prune = &work});
    ck_assert_int_eq(work.count, 1);
    ck_assert_str_eq(db_sql(db, "SELECT COUNT(*) FROM crl_entry"), "2"); /* 3 is of later lists */
}
END_TEST

START_TEST(entries_of_former_versions_are_encoded)
{
    db_t *db = make(_i);
    cm_certificate_t *a = issue(db, "0a", 1000);
    step_t step = {.what = ENCODE};

    move(db, a, CM_CERT_REVOKED, 4);
    db_sql(db, "UPDATE crl_entry SET entry = NULL");
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 1}), "");
    assert_done(take(db, &step));
    ck_assert_int_eq(step.count, 1);
    ck_assert_str_eq(entries(db, (cm_crl_record_t){.through = 1}), A_REVOKED);
    assert_done(take(db, &step));
    ck_assert_int_eq(step.count, 0);
}
END_TEST

static cm_crl_record_t list(apr_int64_t number, int is_delta, apr_int64_t base)
{
    return (cm_crl_record_t){.ca = "issuing",
                             .is_delta = is_delta,
                             .number = number,
                             .base = base,
                             .through = number * 10,
                             .this_update = number * 100,
                             .next_update = number * 100 + 50,
                             .size = 1000,
                             .key_algorithm = "P-256",
                             .head = cm_bytes_make("h\0d", 3),
                             .tail = cm_bytes_of_text("t"),
                             .signature = cm_bytes_of_text("s"),
                             .hash = cm_bytes_of_text("x")};
}

START_TEST(the_newest_lists_and_the_base_are_kept)
{
    db_t *db = make(_i);
    cm_crl_record_t wanted = {.ca = "issuing"}, *newest;
    apr_array_header_t *states;
    const cm_crl_state_t *state;
    cm_authority_t *authority;
    const cm_crl_record_t taken = list(5, 0, 2), older = list(4, 0, 2);
    step_t again = {.what = PUBLISH};

    assert_refused(cm_crl_newest(&newest, db->store, &wanted, pool), CM_E_NOT_FOUND, NULL);
    for (int number = 1; number <= 5; number++) {
        cm_crl_record_t full = list(number, 0, number > 2 ? 2 : 0);
        cm_crl_record_t delta = list(number, 1, 2);

        must(db, (step_t){.what = PUBLISH, .record = &full, .delta = number > 2 ? &delta : NULL});
    }
    again.record = &taken;
    assert_refused(take(db, &again), CM_E_CONFLICT, NULL);
    again.record = &older;
    assert_refused(take(db, &again), CM_E_CONFLICT, NULL);
    assert_done(cm_crl_newest(&newest, db->store, &wanted, pool));
    ck_assert(newest->number == 5 && newest->through == 50 && newest->size == 1000);
    ck_assert(cm_bytes_equal(newest->head, cm_bytes_make("h\0d", 3)));
    ck_assert_str_eq(newest->key_algorithm, "P-256");
    assert_done(cm_crl_states(&states, db->store, "issuing", pool));
    ck_assert_int_eq(states->nelts, 1);
    state = &APR_ARRAY_IDX(states, 0, cm_crl_state_t);
    ck_assert(state->full.number == 5 && state->delta.number == 5 && state->base.number == 2);
    ck_assert_str_eq(db_sql(db, "SELECT COUNT(*) FROM crl"), "3");
    assert_done(cm_authority_read(&authority, db->store, "issuing", pool));
    ck_assert(authority->crl_number == 5 && authority->crl_through == 50);
    ck_assert_int_eq(authority->crl_next, 550);
}
END_TEST

TCase *crls_case(void)
{
    TCase *tcase = db_case("crls");

    tcase_add_loop_test(tcase, a_list_is_told_by_its_numbers, 0, 2);
    tcase_add_loop_test(tcase, what_no_list_needs_leaves, 0, 2);
    tcase_add_loop_test(tcase, entries_of_former_versions_are_encoded, 0, 2);
    tcase_add_loop_test(tcase, the_newest_lists_and_the_base_are_kept, 0, 2);
    return tcase;
}
