/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates, revocation, authorities and the rows of the audit log.
 */
#include <apr_strings.h>

#include "store/authorities.h"
#include "store/certificates.h"
#include "store/events.h"
#include "store/keys.h"
#include "store/people.h"
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
        return cm_events_seal(txn, w->record);
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

START_TEST(a_certificate_leads_to_its_holder)
{
    db_t *db = db_make(_i, 1);
    cm_certificate_t *certificate = make_certificate("c1", "01ab");
    cm_holder_t holder;
    apr_int64_t stamp;

    assert_done(write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = certificate}));
    assert_done(cm_person_by_certificate(&holder, db->store, "aa01ab", pool));
    ck_assert_ptr_null(holder.person);
    stamp = holder.rules;
    db_sql(db, "INSERT INTO person (id, name, state, created) VALUES ('p1', 'Zoe', 'active', 1)");
    assert_done(cm_person_by_certificate(&holder, db->store, "aa01ab", pool));
    ck_assert_int_eq(holder.person->roles->nelts, 0);
    db_sql(db,
           "INSERT INTO role_assignment (person, role) VALUES ('p1', 'user'), ('p1', 'officer')");
    db_sql(db, "INSERT INTO people_group (name, created) VALUES ('g', 1)");
    db_sql(db, "INSERT INTO group_role (group_name, person, role) VALUES ('g', 'p1', 'member')");
    assert_done(cm_person_by_certificate(&holder, db->store, "aa01ab", pool));
    ck_assert_str_eq(holder.person->id, "p1");
    ck_assert_int_eq(holder.person->roles->nelts, 2);
    ck_assert_int_eq(holder.person->group_roles->nelts, 1);
    ck_assert_str_eq(holder.certificate.id, "c1");
    ck_assert_int_eq(holder.rules, stamp);
    ck_assert_int_ne(holder.rules, 0);
    ck_assert_int_eq(holder.certificate.not_before, 100);
    ck_assert_int_eq(holder.certificate.not_after, 1000);
    ck_assert_int_eq(holder.certificate.status, CM_CERT_ACTIVE);
    db_sql(db, "UPDATE certificate SET status = 'revoked'");
    assert_done(cm_person_by_certificate(&holder, db->store, "aa01ab", pool));
    ck_assert_int_eq(holder.certificate.status, CM_CERT_REVOKED);
    assert_refused(cm_person_by_certificate(&holder, db->store, "aa", pool), CM_E_NOT_FOUND, NULL);
}
END_TEST

START_TEST(a_key_is_known_by_what_was_reported_and_who_has_it)
{
    db_t *db = db_make(_i, 1);
    cm_key_state_t state;

    assert_done(cm_key_state(&state, db->store, "bb", "p1", pool));
    ck_assert(!state.is_compromised && !state.is_taken);
    assert_done(
        write_it(db, (write_t){.what = ADD_CERTIFICATE, .record = make_certificate("c1", "01")}));
    assert_done(cm_key_state(&state, db->store, "bb", "p1", pool));
    ck_assert(!state.is_compromised && !state.is_taken);
    assert_done(cm_key_state(&state, db->store, "bb", "p2", pool));
    ck_assert(!state.is_compromised && state.is_taken);
    db_sql(db, "UPDATE certificate SET owner = NULL");
    db_sql(db, "INSERT INTO compromised_key (spki_sha256, reported) VALUES ('bb', 1)");
    assert_done(cm_key_state(&state, db->store, "bb", "p1", pool));
    ck_assert(state.is_compromised && state.is_taken);
    assert_done(cm_key_state(&state, db->store, "cc", "p1", pool));
    ck_assert(!state.is_compromised && !state.is_taken);
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

static apr_array_header_t *leaves_of(const cm_audit_leaf_t *leaf)
{
    apr_array_header_t *leaves = apr_array_make(pool, 1, sizeof *leaf);

    APR_ARRAY_PUSH(leaves, cm_audit_leaf_t) = *leaf;
    return leaves;
}

/* More than one statement takes, and a rest. */
START_TEST(many_events_are_sealed_together_or_not_at_all)
{
    enum { MANY = 21 };
    db_t *db = db_make(_i, 1);
    write_t nothing = {.what = NOTHING};
    apr_array_header_t *leaves = apr_array_make(pool, MANY, sizeof(cm_audit_leaf_t)), *list;

    for (int i = 0; i < MANY; i++) {
        cm_audit_leaf_t leaf = {i, apr_psprintf(pool, "e%02d", MANY - i),
                                cm_bytes_of_text(apr_psprintf(pool, "hash %d", i))};

        APR_ARRAY_PUSH(leaves, cm_audit_leaf_t) = leaf;
        assert_done(cm_store_transact(db->store, write_work, &nothing, db_event(leaf.event), pool));
    }
    /* another process has sealed one of them */
    db_sql(db, "UPDATE audit_event SET leaf = 99 WHERE id = 'e05'");
    assert_refused(write_it(db, (write_t){.what = SEAL, .record = leaves}), CM_E_CONFLICT, NULL);
    ck_assert_str_eq(db_sql(db, "SELECT COUNT(*) FROM audit_leaf"), "0");
    db_sql(db, "UPDATE audit_event SET leaf = NULL");
    assert_done(write_it(db, (write_t){.what = SEAL, .record = leaves}));
    assert_done(cm_leaves_page(&list, db->store, 0, MANY + 1, pool));
    ck_assert_int_eq(list->nelts, MANY);
    for (int i = 0; i < MANY; i++) {
        const cm_audit_leaf_t *made = &APR_ARRAY_IDX(leaves, i, cm_audit_leaf_t);
        const cm_audit_leaf_t *leaf = APR_ARRAY_IDX(list, i, cm_audit_leaf_t *);

        ck_assert_str_eq(leaf->event, made->event);
        ck_assert(cm_bytes_equal(leaf->hash, made->hash));
    }
    assert_done(cm_events_page(&list, db->store, 0, MANY + 1, pool));
    ck_assert_int_eq(list->nelts, MANY);
    ck_assert_str_eq(APR_ARRAY_IDX(list, 20, cm_audit_event_t *)->id, "e01");
    ck_assert_int_eq(APR_ARRAY_IDX(list, 20, cm_audit_event_t *)->position, 20);
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

    assert_done(write_it(db, (write_t){.what = SEAL, .record = leaves_of(&leaf)}));
    assert_refused(write_it(db, (write_t){.what = SEAL, .record = leaves_of(&leaf)}), CM_E_CONFLICT,
                   NULL);
    leaf.event = "e1"; /* the place is taken */
    assert_refused(write_it(db, (write_t){.what = SEAL, .record = leaves_of(&leaf)}), CM_E_CONFLICT,
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
    tcase_add_loop_test(tcase, a_certificate_leads_to_its_holder, 0, 2);
    tcase_add_loop_test(tcase, a_key_is_known_by_what_was_reported_and_who_has_it, 0, 2);
    tcase_add_loop_test(tcase, what_is_revoked_follows_each_change, 0, 2);
    tcase_add_loop_test(tcase, a_certificate_has_one_successor, 0, 2);
    tcase_add_loop_test(tcase, authorities_are_listed_with_their_responders, 0, 2);
    tcase_add_loop_test(tcase, many_events_are_sealed_together_or_not_at_all, 0, 2);
    tcase_add_loop_test(tcase, events_are_sealed_once_and_in_order, 0, 2);
    return tcase;
}
