/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates, revocation, authorities and the rows of the audit log.
 */
#include <apr_strings.h>

#include "store/authorities.h"
#include "store/certificates.h"
#include "store/events.h"
#include "unit/store/suite.h"

typedef struct {
    enum {
        ADD_CERTIFICATE,
        MOVE_CERTIFICATE,
        REPLACE_CERTIFICATE,
        ADD_AUTHORITY,
        SET_OCSP,
        SEAL,
        ADD_HEAD,
        NOTHING
    } what;
    const void *record;
    cm_certificate_t *moved;
    cm_status_t from;
} write_t;

static cm_error_t *write_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const write_t *w = baton;

    (void)event;
    switch (w->what) {
    case ADD_CERTIFICATE:
        return cm_certificate_insert(txn, w->record);
    case MOVE_CERTIFICATE:
        return cm_certificate_move(txn, w->moved, w->from, 600);
    case REPLACE_CERTIFICATE:
        return cm_certificate_replace(txn, ((const cm_certificate_t *)w->record)->id, "next");
    case ADD_AUTHORITY:
        return cm_authority_insert(txn, w->record);
    case SET_OCSP:
        return cm_authority_set_ocsp(txn, w->record);
    case SEAL:
        return cm_event_seal(txn, w->record);
    case ADD_HEAD:
        return cm_head_insert(txn, w->record);
    default:
        return NULL;
    }
}

static cm_error_t *write_it(const db_t *db, write_t w)
{
    return cm_store_maintain(db->store, write_work, &w, pool);
}

static cm_authority_t *add_authority(const db_t *db, const char *name, const char *parent)
{
    cm_authority_t *authority = apr_pcalloc(pool, sizeof *authority);

    *authority = (cm_authority_t){.name = name,
                                  .parent = parent,
                                  .state = "active",
                                  .key = "pkcs11:object=x",
                                  .certificate = "c0",
                                  .der = cm_bytes_of_text("der"),
                                  .crl_period = 3600,
                                  .created = 5};
    assert_done(write_it(db, (write_t){.what = ADD_AUTHORITY, .record = authority}));
    return authority;
}

static cm_certificate_t *make_certificate(const char *id, const char *serial)
{
    cm_certificate_t *certificate = apr_pcalloc(pool, sizeof *certificate);
    apr_array_header_t *san = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(san, const char *) = "email:zo\xc3\xab@example.test";
    APR_ARRAY_PUSH(san, const char *) = "uri:a\"b\\c\nd";
    *certificate = (cm_certificate_t){.id = id,
                                      .ca = "issuing",
                                      .serial = serial,
                                      .subject = "CN=Zoe",
                                      .issuer = "CN=Issuing",
                                      .cn = "Zoe",
                                      .san = san,
                                      .not_before = 100,
                                      .not_after = 1000,
                                      .sha256 = apr_pstrcat(pool, "aa", serial, NULL),
                                      .spki_sha256 = "bb",
                                      .der = cm_bytes_make("\x30\x00\x01", 3),
                                      .owner = "p1",
                                      .profile = "user",
                                      .profile_version = 2,
                                      .request = "r1",
                                      .status = CM_CERT_ACTIVE,
                                      .created = 7};
    return certificate;
}

START_TEST(a_certificate_is_found_by_each_of_its_names)
{
    db_t *db = db_make(_i, 1);
    cm_certificate_t *certificate = make_certificate("c1", "01ab");
    cm_certificate_t *twin = make_certificate("c2", "01ab");

    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = certificate}));
    twin->sha256 = "other";
    assert_refused(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = twin}), CM_E_CONFLICT,
                   "store.unique");
    twin->ca = "root"; /* the same serial of another authority */
    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = twin}));

    assert_done(cm_certificate_read(&certificate, db->store, "c1", pool));
    assert_done(cm_certificate_by_serial(&certificate, db->store, "issuing", "01ab", pool));
    assert_done(cm_certificate_by_sha256(&certificate, db->store, "aa01ab", pool));
    ck_assert_str_eq(certificate->id, "c1");
    ck_assert_int_eq(certificate->not_after, 1000);
    ck_assert_int_eq(certificate->status, CM_CERT_ACTIVE);
    ck_assert(cm_bytes_equal(certificate->der, cm_bytes_make("\x30\x00\x01", 3)));
    ck_assert_int_eq(certificate->san->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(certificate->san, 1, const char *), "uri:a\"b\\c\nd");
    ck_assert_ptr_null(certificate->replaces);
    ck_assert_int_eq(certificate->revoked_at, 0);
    assert_refused(cm_certificate_by_serial(&certificate, db->store, "issuing", "ff", pool),
                   CM_E_NOT_FOUND, NULL);
    ck_assert_str_eq(db_sql(db, "SELECT COUNT(*) FROM certificate_name WHERE certificate = 'c1'"),
                     "2");
}
END_TEST

static void move(const db_t *db, cm_certificate_t *certificate, cm_status_t to, int reason)
{
    cm_status_t from = certificate->status;

    certificate->status = to;
    certificate->reason = reason;
    certificate->revoked_at = to == CM_CERT_ACTIVE ? 0 : 500;
    assert_done(
        write_it(db, (write_t){.what = MOVE_CERTIFICATE, .moved = certificate, .from = from}));
}

START_TEST(what_is_revoked_follows_each_change)
{
    db_t *db = db_make(_i, 1);
    cm_certificate_t *first = make_certificate("c1", "0a");
    cm_certificate_t *second = make_certificate("c2", "0b");
    cm_authority_t *authority;
    cm_revocation_state_t state;

    add_authority(db, "issuing", NULL);
    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = first}));
    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = second}));
    assert_done(cm_certificate_state(&state, db->store, "issuing", "0a", pool));
    ck_assert(state.found && state.status == CM_CERT_ACTIVE);
    assert_done(cm_certificate_state(&state, db->store, "issuing", "0c", pool));
    ck_assert(!state.found);

    move(db, second, CM_CERT_SUSPENDED, 6);
    first->invalidity_date = 400;
    move(db, first, CM_CERT_REVOKED, 1);
    assert_done(cm_certificate_state(&state, db->store, "issuing", "0a", pool));
    ck_assert(state.status == CM_CERT_REVOKED && state.reason == 1 && state.revoked_at == 500);

    move(db, second, CM_CERT_REVOKED, 4); /* from hold to revoked: one entry still */
    move(db, second, CM_CERT_REVOKED, 4);
    ck_assert_str_eq(db_sql(db, "SELECT COUNT(*) FROM crl_entry WHERE gone IS NULL AND lifted = 0"),
                     "2");
    move(db, second, CM_CERT_ACTIVE, 0);
    ck_assert_str_eq(db_sql(db, "SELECT COUNT(*) FROM crl_entry WHERE gone IS NULL AND lifted = 0"),
                     "1");

    assert_done(cm_authority_read(&authority, db->store, "issuing", pool));
    ck_assert_int_eq(authority->revocations, 5);
    ck_assert_str_eq(db_sql(db, "SELECT MAX(sequence) FROM revocation"), "5");
    assert_refused(
        write_it(db,
                 (write_t){.what = MOVE_CERTIFICATE, .moved = second, .from = CM_CERT_SUSPENDED}),
        CM_E_CONFLICT, NULL);
    assert_done(cm_authority_read(&authority, db->store, "issuing", pool));
    ck_assert_int_eq(authority->revocations, 5);
}
END_TEST

START_TEST(a_certificate_has_one_successor)
{
    db_t *db = db_make(_i, 1);
    cm_certificate_t *one = make_certificate("c1", "0a");
    cm_certificate_t *revoked = make_certificate("c2", "0b");

    add_authority(db, "issuing", NULL);
    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = one}));
    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = revoked}));
    assert_done(write_it(db, (write_t){.what = REPLACE_CERTIFICATE, .record = one}));
    assert_refused(write_it(db, (write_t){.what = REPLACE_CERTIFICATE, .record = one}),
                   CM_E_CONFLICT, NULL);
    move(db, revoked, CM_CERT_REVOKED, 1);
    assert_refused(write_it(db, (write_t){.what = REPLACE_CERTIFICATE, .record = revoked}),
                   CM_E_CONFLICT, NULL);
}
END_TEST

START_TEST(authorities_are_listed_with_their_responders)
{
    db_t *db = db_make(_i, 1);
    cm_authority_t *authority;
    apr_array_header_t *all;

    add_authority(db, "root", NULL);
    authority = add_authority(db, "issuing", "root");
    for (int i = 0; i < 2; i++) { /* names of lists of "issuing" */
        cm_authority_t hiding = *authority;

        hiding.name = i ? "issuing-2" : "issuing-delta";
        assert_refused(write_it(db, (write_t){.what = ADD_AUTHORITY, .record = &hiding}),
                       CM_E_CONFLICT, "authority.name");
    }
    authority->ocsp_key = "pkcs11:object=o";
    authority->ocsp_der = cm_bytes_of_text("ocsp");
    authority->ocsp_not_after = 99;
    assert_done(write_it(db, (write_t){.what = SET_OCSP, .record = authority}));
    assert_done(cm_authorities_list(&all, db->store, pool));
    ck_assert_int_eq(all->nelts, 2);
    authority = APR_ARRAY_IDX(all, 0, cm_authority_t *);
    ck_assert_str_eq(authority->parent, "root");
    ck_assert_str_eq(authority->ocsp_key, "pkcs11:object=o");
    ck_assert_int_eq(authority->ocsp_not_after, 99);
}
END_TEST

START_TEST(events_are_sealed_once_and_in_order)
{
    db_t *db = db_make(_i, 1);
    write_t nothing = {.what = NOTHING};
    cm_audit_leaf_t leaf = {0, "e2", cm_bytes_of_text("hash of 32 bytes")};
    cm_audit_head_t head = {1, cm_bytes_of_text("root"), cm_bytes_of_text("peaks"), 77,
                            cm_bytes_of_text("signature")};
    cm_audit_head_t *newest;
    cm_audit_event_t *event = db_event("e2");
    apr_array_header_t *list;
    apr_int64_t count;
    apr_time_t oldest;

    assert_done(cm_events_waiting(&count, &oldest, db->store, pool));
    ck_assert(count == 0 && oldest == 0);
    event->time = 900;
    event->actor = "p1";
    event->personal = "{\"name\":\"Zoe\"}";
    event->salt = cm_bytes_make("\0salt", 5);
    assert_done(cm_store_transact(db->store, write_work, &nothing, event, pool));
    event = db_event("e1"); /* a lower id that commits later */
    event->time = 800;
    assert_done(cm_store_transact(db->store, write_work, &nothing, event, pool));
    assert_done(cm_events_waiting(&count, &oldest, db->store, pool));
    ck_assert(count == 2 && oldest == 800);

    assert_done(write_it(db, (write_t){.what = SEAL, .record = &leaf}));
    assert_refused(write_it(db, (write_t){.what = SEAL, .record = &leaf}), CM_E_CONFLICT, NULL);
    leaf.event = "e1"; /* the place is taken */
    assert_refused(write_it(db, (write_t){.what = SEAL, .record = &leaf}), CM_E_CONFLICT,
                   "store.unique");
    assert_done(cm_events_unsealed(&list, db->store, 10, pool));
    ck_assert_int_eq(list->nelts, 1);
    ck_assert_str_eq(APR_ARRAY_IDX(list, 0, cm_audit_event_t *)->id, "e1");
    ck_assert_int_eq(APR_ARRAY_IDX(list, 0, cm_audit_event_t *)->position, -1);
    assert_done(cm_events_page(&list, db->store, 0, 10, pool));
    ck_assert_int_eq(list->nelts, 1);
    event = APR_ARRAY_IDX(list, 0, cm_audit_event_t *);
    ck_assert_int_eq(event->position, 0);
    ck_assert_str_eq(event->personal, "{\"name\":\"Zoe\"}");
    ck_assert_ptr_null(event->object);
    ck_assert(cm_bytes_equal(event->salt, cm_bytes_make("\0salt", 5)));
    assert_done(cm_leaves_page(&list, db->store, 0, 10, pool));
    ck_assert_str_eq(APR_ARRAY_IDX(list, 0, cm_audit_leaf_t *)->event, "e2");

    assert_done(cm_head_newest(&newest, db->store, pool));
    ck_assert_ptr_null(newest);
    assert_done(write_it(db, (write_t){.what = ADD_HEAD, .record = &head}));
    assert_done(cm_head_newest(&newest, db->store, pool));
    ck_assert(newest->size == 1 && newest->time == 77);
    assert_done(cm_heads_page(&list, db->store, 0, 10, pool));
    ck_assert_int_eq(list->nelts, 1);
    assert_done(cm_heads_page(&list, db->store, 1, 10, pool));
    ck_assert_int_eq(list->nelts, 0);
}
END_TEST

TCase *pki_case(void)
{
    TCase *tcase = db_case("pki");

    tcase_add_loop_test(tcase, a_certificate_is_found_by_each_of_its_names, 0, 2);
    tcase_add_loop_test(tcase, what_is_revoked_follows_each_change, 0, 2);
    tcase_add_loop_test(tcase, a_certificate_has_one_successor, 0, 2);
    tcase_add_loop_test(tcase, authorities_are_listed_with_their_responders, 0, 2);
    tcase_add_loop_test(tcase, events_are_sealed_once_and_in_order, 0, 2);
    return tcase;
}
