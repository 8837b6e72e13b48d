/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes of authorities: who asks and who approves, keys that are made once, what an
 * authority that is revoked does no more, and what it goes on to do.
 */
#include <apr_strings.h>

#include "flow/change.h"
#include "flow/crl.h"
#include "flow/govern.h"
#include "flow/keycheck.h"
#include "flow/ocsp.h"
#include "flow/perform.h"
#include "flow/setup.h"
#include "keys/keyring.h"
#include "pki/csr.h"
#include "store/authorities.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

#define PARTNER                                                                                    \
    "{\"authority\":\"partner\",\"key\":\"pkcs11:token=test;object=partner\",\"subject\":"         \
    "\"CN=Partner CA\",\"path_length\":0}"

static cm_submission_t submission_of(const char *kind, const char *change)
{
    cm_submission_t submission = {.operation = CM_OP_CHANGE, .kind = kind};
    json_t *object;

    assert_done(cm_json_parse(&object, cm_bytes_of_text(change), pool));
    submission.change = object;
    return submission;
}

static cm_error_t *propose(cm_request_view_t **view, const char *kind, const char *change)
{
    const cm_submission_t submission = submission_of(kind, change);

    act_as("admin1");
    return cm_request_submit(view, ctx, &submission);
}

static void assert_value(const char *expected, const char *query)
{
    const char *value = sql_value(query);

    ck_assert_msg(value && strcmp(value, expected) == 0, "%s: %s", query, value);
}

/* Asked for by one ca-admin, approved by another. */
static cm_request_view_t *happens(const char *kind, const char *change)
{
    cm_request_view_t *view = NULL;
    const char *id;

    assert_done(propose(&view, kind, change));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    id = view->request->id;
    assert_refused(send_event(&view, "admin1", id, "approve"), CM_E_FORBIDDEN, "approval.own");
    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_FORBIDDEN, NULL);
    assert_done(send_event(&view, "admin2", id, "approve"));
    ck_assert_msg(view->request->state == CM_STATE_COMPLETED, "%s: %s", kind,
                  APR_ARRAY_IDX(view->request->checklist, 0, cm_item_t).detail);
    return view;
}

static void assert_not(cm_code_t code, const char *rule, const char *kind, const char *change)
{
    cm_request_view_t *view = NULL;

    assert_refused(propose(&view, kind, change), code, rule);
}

static cm_error_t *find_key(cm_key_t **key, const char *uri)
{
    return cm_keyring_find(key, ctx->keys, uri, pool);
}

START_TEST(a_request_is_made_with_the_approval)
{
    cm_request_view_t *view;
    cm_key_t *key;
    const char *shown;
    cm_csr_t *csr;

    assert_done(propose(&view, "authority.csr", PARTNER));
    assert_refused(find_key(&key, "pkcs11:token=test;object=partner"), CM_E_NOT_FOUND, NULL);
    ck_assert_ptr_null(json_object_get(cm_change_show(view->request, pool), "csr"));
    assert_done(send_event(&view, "admin2", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    assert_done(find_key(&key, "pkcs11:token=test;object=partner"));
    assert_done(cm_csr_parse(&csr, view->request->csr, pool));
    ck_assert(cm_bytes_equal(csr->key->spki, cm_key_spki(key)));
    shown = json_string_value(json_object_get(cm_change_show(view->request, pool), "csr"));
    ck_assert_ptr_nonnull(strstr(shown, "BEGIN CERTIFICATE REQUEST"));
    assert_value("1", "SELECT count(*) FROM authority_request WHERE name = 'partner'");
    happens("authority.csr", PARTNER);
    assert_value("1", "SELECT count(*) FROM authority_request WHERE name = 'partner'");
}
END_TEST

/* A module that is not there. */
static cm_keyring_t *absent_ring(void)
{
    const cm_token_config_t token = {.name = "test",
                                     .module = "/nonexistent/module.so",
                                     .uri = "pkcs11:token=test",
                                     .pin = cm_secret_make(cm_bytes_of_text("1234"), pool),
                                     .deadline = apr_time_from_msec(10)};
    cm_keyring_t *ring;

    assert_done(cm_keyring_make(&ring, &token, 1, pool));
    return ring;
}

static void take_up(void)
{
    clock_now += apr_time_from_sec(61);
    act_as(NULL);
    assert_done(cm_perform_job(ctx));
}

START_TEST(a_key_is_made_when_the_token_is_back)
{
    cm_keyring_t *ring = ctx->keys;
    cm_request_view_t *view;
    cm_key_t *key;

    ctx->keys = absent_ring();
    assert_done(propose(&view, "authority.csr", PARTNER));
    assert_done(send_event(&view, "admin2", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_ISSUING);
    ctx->keys = ring;
    take_up();
    assert_value("completed", "SELECT state FROM request");
    assert_done(find_key(&key, "pkcs11:token=test;object=partner"));
}
END_TEST

/* The process dies, or the database goes, when the key is there and the request is not stored. */
START_TEST(a_key_is_made_once)
{
    cm_request_view_t *view;
    cm_key_t *key;
    cm_csr_t *csr;

    assert_done(propose(&view, "authority.csr", PARTNER));
    sql("ALTER TABLE authority_request RENAME TO away");
    assert_done(send_event(&view, "admin2", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_ISSUING);
    assert_done(find_key(&key, "pkcs11:token=test;object=partner"));
    sql("ALTER TABLE away RENAME TO authority_request");
    take_up();
    assert_value("completed", "SELECT state FROM request");
    act_as("admin1");
    assert_done(cm_request_show(&view, ctx, -1, view->request->id));
    assert_done(cm_csr_parse(&csr, view->request->csr, pool));
    ck_assert(cm_bytes_equal(csr->key->spki, cm_key_spki(key)));
}
END_TEST

static const char *escape(const char *text)
{
    json_t *string = json_string(text);
    const char *dumped = apr_pstrdup(pool, (const char *)cm_json_dump(string, pool).data);

    json_decref(string);
    return dumped;
}

static const char *own_certificate(void)
{
    cm_authority_t *authority;

    assert_done(cm_authority_read(&authority, ctx->store, "ca", pool));
    return cm_cert_pem(authority->der, pool);
}

START_TEST(requests_that_can_not_be)
{
    assert_not(CM_E_VALUE, "authority.name", "authority.csr",
               "{\"authority\":\"No Name\",\"key\":\"pkcs11:token=test;object=x\",\"subject\":"
               "\"CN=x\"}");
    assert_not(CM_E_CONFLICT, "authority.there", "authority.csr",
               "{\"authority\":\"ca\",\"key\":\"pkcs11:token=test;object=x\",\"subject\":"
               "\"CN=x\"}");
    assert_not(CM_E_VALUE, "key.uri", "authority.csr",
               "{\"authority\":\"x\",\"key\":\"pkcs11:token=test\",\"subject\":\"CN=x\"}");
    assert_not(CM_E_VALUE, "key.uri", "authority.csr",
               "{\"authority\":\"x\",\"key\":\"pkcs11:token=nowhere;object=x\",\"subject\":"
               "\"CN=x\"}");
    assert_not(CM_E_VALUE, "authority.subject", "authority.csr",
               "{\"authority\":\"x\",\"key\":\"pkcs11:token=test;object=x\",\"subject\":\"\"}");
    assert_not(CM_E_VALUE, "authority.algorithm", "authority.csr",
               "{\"authority\":\"x\",\"key\":\"pkcs11:token=test;object=x\",\"subject\":\"CN=x\","
               "\"algorithm\":\"DES\"}");
    assert_not(
        CM_E_REFUSED, "authority.request", "authority.import",
        apr_psprintf(pool, "{\"authority\":\"x\",\"certificate\":%s}", escape(own_certificate())));
    assert_not(CM_E_REFUSED, "authority.key", "authority.import",
               apr_psprintf(pool,
                            "{\"authority\":\"x\",\"certificate\":%s,\"key\":"
                            "\"pkcs11:token=test;object=gone\"}",
                            escape(own_certificate())));
    assert_not(CM_E_REFUSED, "authority.key-used", "authority.import",
               apr_psprintf(pool,
                            "{\"authority\":\"x\",\"certificate\":%s,\"key\":"
                            "\"pkcs11:token=test;object=ca\"}",
                            escape(own_certificate())));
}
END_TEST

static const char *new_authority(const char *name, const char *key, const char *more)
{
    return apr_psprintf(pool,
                        "{\"authority\":\"%s\",\"key\":\"pkcs11:token=test;object=%s\","
                        "\"subject\":\"CN=%s\",\"validity\":\"900d\"%s}",
                        name, key, name, more);
}

START_TEST(an_authority_is_made_with_the_approval)
{
    cm_issuer_t *issuer;
    cm_request_view_t *view;

    view = happens("authority.create", new_authority("new", "new", ",\"path_length\":1"));
    ck_assert_str_eq(view->certificate->subject, "CN=new");
    ck_assert_ptr_null(view->certificate->owner);
    happens("authority.create", new_authority("below", "below",
                                              ",\"parent\":\"new\",\"path_length\":0,\"ocsp_key\":"
                                              "\"pkcs11:token=test;object=below-ocsp\""));
    assert_done(cm_issuer_open(&issuer, ctx, "below"));
    ck_assert_int_eq(issuer->above->nelts, 1);
    assert_value("1", "SELECT crl_number FROM authority WHERE name = 'below'");
    assert_value("1", "SELECT count(*) FROM authority WHERE ocsp_not_after > 0 AND name ="
                      " 'below'");
    assert_not(CM_E_CONFLICT, "authority.there", "authority.create",
               new_authority("new", "other", ""));
    assert_not(CM_E_VALUE, "authority.unknown", "authority.create",
               new_authority("x", "x", ",\"parent\":\"none\""));
    assert_not(CM_E_REFUSED, "authority.path-length", "authority.create",
               new_authority("x", "x", ",\"parent\":\"below\""));
    assert_not(CM_E_VALUE, "key.uri", "authority.create",
               new_authority("x", "x", ",\"ocsp_key\":\"pkcs11:token=test\""));
    happens("authority.crl", "{\"authority\":\"below\",\"shards\":4}");
    happens("authority.crl", "{\"authority\":\"below\",\"shards\":5,\"delta\":\"1h\"}");
    assert_value("5/3600", "SELECT crl_shards || '/' || crl_delta FROM authority WHERE name ="
                           " 'below'");
    assert_not(CM_E_CONFLICT, "crl.shards", "authority.crl",
               "{\"authority\":\"below\",\"shards\":4}");
    assert_not(CM_E_CONFLICT, "crl.shards", "authority.crl",
               "{\"authority\":\"new\",\"shards\":2}");
    happens("authority.revoke", "{\"authority\":\"below\",\"reason\":\"superseded\"}");
    assert_not(CM_E_REFUSED, "authority.parent", "authority.create",
               new_authority("x", "x", ",\"parent\":\"below\""));
}
END_TEST

/* What only the token can tell is told when it is approved, and for good. */
START_TEST(keys_that_are_for_something_else)
{
    const cm_key_request_t escrow = {"pkcs11:token=test;object=escrow", "RSA-2048", CM_KEY_DECRYPT};
    const cm_key_request_t audit = {"pkcs11:token=test;object=audit", "P-256", CM_KEY_SIGN};
    const char *const asked[][2] = {
        {"authority.create", new_authority("x", "ca", "")},
        {"authority.create", new_authority("x", "audit", "")},
        {"authority.create",
         new_authority("x", "x", ",\"ocsp_key\":\"pkcs11:token=test;object=ca\"")},
        {"authority.create",
         new_authority("x", "x", ",\"ocsp_key\":\"pkcs11:token=test;object=x\"")},
        {"authority.create",
         new_authority("x", "x", ",\"ocsp_key\":\"pkcs11:token=test;object=audit\"")},
        {"authority.csr", "{\"authority\":\"x\",\"key\":\"pkcs11:token=test;object=ca\","
                          "\"subject\":\"CN=x\"}"},
        {"authority.create", new_authority("x", "escrow", "")},
        {"authority.csr", "{\"authority\":\"x\",\"key\":\"pkcs11:token=test;object=escrow\","
                          "\"subject\":\"CN=x\"}"}};
    int made;

    assert_done(cm_key_provide(&made, ctx, &escrow));
    assert_done(cm_key_provide(&made, ctx, &audit));
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        cm_request_view_t *view = NULL;

        assert_done(propose(&view, asked[i][0], asked[i][1]));
        assert_done(send_event(&view, "admin2", view->request->id, "approve"));
        ck_assert_msg(view->request->state == CM_STATE_REJECTED, "%zu", i);
    }
    assert_value("6", "SELECT count(*) FROM audit_event WHERE action = 'request.fail' AND detail"
                      " LIKE '%authority.key-used%'");
    assert_value("2", "SELECT count(*) FROM audit_event WHERE action = 'request.fail' AND detail"
                      " LIKE '%authority.key\"%'");
    assert_value("1", "SELECT count(*) FROM authority");
}
END_TEST

/* top, sub below it, low below that. */
static void make_line(void)
{
    static const cm_authority_plan_t plans[] = {{"top", NULL, "pkcs11:token=test;object=top",
                                                 "P-256", "CN=Top", "3650d", 2, NULL, NULL, NULL},
                                                {"sub", "top", "pkcs11:token=test;object=sub",
                                                 "P-256", "CN=Sub", "3000d", 1, NULL, NULL,
                                                 "pkcs11:token=test;object=sub-ocsp"},
                                                {"low", "sub", "pkcs11:token=test;object=low",
                                                 "P-256", "CN=Low", "2000d", 0, NULL, NULL, NULL}};
    int made;

    for (int i = 0; i < 3; i++) {
        assert_done(cm_authority_create(&made, ctx, &plans[i]));
    }
}

static const char *state_of(const char *name)
{
    cm_authority_t *authority;

    assert_done(cm_authority_read(&authority, ctx->store, name, pool));
    return authority->state;
}

START_TEST(an_authority_that_is_revoked_issues_nothing)
{
    cm_issuer_t *issuer;

    make_line();
    assert_done(cm_issuer_open(&issuer, ctx, "sub"));
    happens("authority.revoke", "{\"authority\":\"sub\",\"reason\":\"cACompromise\"}");
    ck_assert_str_eq(state_of("sub"), "revoked");
    ck_assert_str_eq(state_of("low"), "active");
    ck_assert_str_eq(state_of("top"), "active");
    assert_refused(cm_issuer_open(&issuer, ctx, "sub"), CM_E_REFUSED, "issuer.ended");
    assert_refused(cm_issuer_open(&issuer, ctx, "low"), CM_E_REFUSED, "issuer.ended");
    assert_done(cm_issuer_open(&issuer, ctx, "top"));
    /* what it says of its certificates goes on */
    assert_done(cm_crl_publish(ctx, "sub"));
    assert_done(cm_ocsp_renew(ctx, "sub"));
    assert_value("1", "SELECT count(*) FROM crl_entry e JOIN certificate c ON c.ca = e.ca AND"
                      " c.serial = e.serial WHERE e.ca = 'top' AND e.gone IS NULL AND c.subject ="
                      " 'CN=Sub'");
    assert_value("1", "SELECT count(*) FROM compromised_key k JOIN certificate c ON c.spki_sha256"
                      " = k.spki_sha256 WHERE c.subject = 'CN=Sub'");
}
END_TEST

/* Its certificate stands, but nobody would trust it. */
START_TEST(what_a_revoked_parent_has_signed_is_not_taken_up)
{
    cm_authority_t *low, *sub, *top;
    const char *change;

    make_line();
    assert_done(cm_authority_read(&low, ctx->store, "low", pool));
    assert_done(cm_authority_read(&sub, ctx->store, "sub", pool));
    assert_done(cm_authority_read(&top, ctx->store, "top", pool));
    sql("DELETE FROM crl WHERE ca = 'low'");
    sql("DELETE FROM authority WHERE name = 'low'");
    change = apr_psprintf(pool,
                          "{\"authority\":\"low\",\"certificate\":%s,\"parent\":\"sub\","
                          "\"key\":\"pkcs11:token=test;object=low\"}",
                          escape(cm_cert_pem(low->der, pool)));
    /* nor as that of somebody else, which nobody could end */
    assert_not(CM_E_REFUSED, "authority.parent", "authority.import",
               apr_psprintf(pool,
                            "{\"authority\":\"low\",\"certificate\":%s,\"chain\":%s,"
                            "\"key\":\"pkcs11:token=test;object=low\"}",
                            escape(cm_cert_pem(low->der, pool)),
                            escape(apr_pstrcat(pool, cm_cert_pem(sub->der, pool),
                                               cm_cert_pem(top->der, pool), NULL))));
    happens("authority.revoke", "{\"authority\":\"sub\",\"reason\":\"superseded\"}");
    assert_not(CM_E_REFUSED, "authority.parent", "authority.import", change);
    sql("UPDATE certificate SET status = 'active'");
    happens("authority.import", change);
    ck_assert_str_eq(state_of("low"), "active");
}
END_TEST

static const char *id_of(const char *subject)
{
    return sql_value(
        apr_psprintf(pool, "SELECT id FROM certificate WHERE subject = '%s'", subject));
}

static const char *revoke_text(const char *certificate, const char *reason)
{
    return apr_psprintf(pool, "{\"certificate\":\"%s\",\"reason\":\"%s\"}", certificate, reason);
}

START_TEST(revocations_that_can_not_be)
{
    static const char kind[] = "authority.revoke";
    cm_request_view_t *view;

    make_line();
    assert_not(CM_E_REFUSED, "authority.root", kind,
               "{\"authority\":\"top\",\"reason\":\"superseded\"}");
    assert_not(CM_E_REFUSED, "authority.root", kind, revoke_text(id_of("CN=Top"), "superseded"));
    assert_not(CM_E_VALUE, "authority.unknown", kind,
               "{\"authority\":\"none\",\"reason\":\"superseded\"}");
    assert_not(CM_E_VALUE, "certificate.unknown", kind, revoke_text("none", "superseded"));
    assert_not(CM_E_VALUE, "authority.which", kind, "{\"reason\":\"superseded\"}");
    assert_not(CM_E_VALUE, "authority.which", kind,
               "{\"authority\":\"sub\",\"certificate\":\"x\",\"reason\":\"superseded\"}");
    assert_not(CM_E_REFUSED, "revoke.reason", kind,
               "{\"authority\":\"sub\",\"reason\":\"keyCompromise\"}");
    assert_not(CM_E_REFUSED, "revoke.invalidity-date", kind,
               "{\"authority\":\"sub\",\"reason\":\"superseded\",\"invalidity_date\":"
               "\"2200-01-01T00:00:00Z\"}");
    act_as("user1");
    view = enroll();
    assert_not(CM_E_REFUSED, "authority.ca", kind,
               revoke_text(view->certificate->id, "superseded"));
    happens(kind, revoke_text(id_of("CN=Low"), "superseded"));
    ck_assert_str_eq(state_of("low"), "revoked");
    assert_value("0", "SELECT count(*) FROM compromised_key");
    assert_not(CM_E_CONFLICT, "certificate.revoked", kind,
               "{\"authority\":\"low\",\"reason\":\"superseded\"}");
}
END_TEST

START_TEST(a_server_gets_a_certificate_that_is_nobodys)
{
    const char *csr = escape(new_csr());
    cm_request_view_t *view;

    assert_not(CM_E_VALUE, "authority.unknown", "authority.server-certificate",
               apr_psprintf(pool, "{\"csr\":%s,\"dns\":[\"a.test\"]}", csr));
    assert_not(CM_E_VALUE, "server.dns", "authority.server-certificate",
               apr_psprintf(pool, "{\"csr\":%s,\"dns\":[],\"ca\":\"ca\"}", csr));
    view = happens("authority.server-certificate",
                   apr_psprintf(pool, "{\"csr\":%s,\"dns\":[\"a.test\"],\"ca\":\"ca\"}", csr));
    ck_assert_ptr_null(view->certificate->owner);
    ck_assert_str_eq(view->certificate->cn, "a.test");
    ck_assert_str_eq(view->certificate->request, view->request->id);
    happens("authority.revoke", revoke_text(view->certificate->id, "keyCompromise"));
    assert_value("revoked", "SELECT status FROM certificate WHERE cn = 'a.test'");
    assert_not(CM_E_CONFLICT, "key.reported", "key.compromised",
               apr_psprintf(pool, "{\"key\":%s}", csr));
}
END_TEST

START_TEST(a_key_is_reported_once)
{
    const char *key = apr_psprintf(pool, "{\"key\":%s}", escape(new_csr()));

    assert_not(CM_E_VALUE, "key.file", "key.compromised", "{\"key\":\"hello\"}");
    happens("key.compromised", key);
    assert_value("1", "SELECT count(*) FROM compromised_key");
    assert_not(CM_E_CONFLICT, "key.reported", "key.compromised", key);
}
END_TEST

static cm_error_t *command(cm_request_view_t **view, const char *break_glass)
{
    const cm_submission_t submission = submission_of("authority.csr", PARTNER);

    act_as(NULL);
    ctx->address = "local:root";
    return cm_govern_change(view, ctx, &submission, break_glass);
}

static void let_log_in(const char *name)
{
    const cm_login_t login = {"user", "", name};

    act_as(NULL);
    assert_done(tie_login(identity_of(name)->person->id, &login));
}

START_TEST(commands_act_alone_until_two_ca_admins_can_log_in)
{
    cm_request_view_t *view;
    const char *id;

    let_log_in("admin1");
    assert_done(command(&view, NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    let_log_in("admin2");
    assert_done(command(&view, NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    ck_assert_str_eq(APR_ARRAY_IDX(view->request->checklist, 0, cm_item_t).role, "ca-admin");
    id = view->request->id;
    assert_done(send_event(&view, "admin1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    assert_done(send_event(&view, "admin2", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    assert_done(command(&view, "in a hurry"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    ck_assert_str_eq(view->request->message, "break-glass: in a hurry");
}
END_TEST

/* With fewer, commands would act alone. */
START_TEST(two_ca_admins_are_left)
{
    const char *change =
        apr_psprintf(pool, "{\"person\":\"%s\"}", identity_of("admin1")->person->id);
    const cm_submission_t submission = submission_of("person.deactivate", change);
    cm_request_view_t *view;

    let_log_in("admin1");
    let_log_in("admin2");
    act_as(NULL);
    ctx->address = "local:root";
    assert_refused(cm_govern_change(&view, ctx, &submission, NULL), CM_E_REFUSED,
                   "change.ca-admins");
    assert_done(cm_govern_change(&view, ctx, &submission, "gone"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

TCase *authority_case(void)
{
    TCase *tcase = flow_case("authority");

    tcase_add_test(tcase, a_request_is_made_with_the_approval);
    tcase_add_test(tcase, a_key_is_made_when_the_token_is_back);
    tcase_add_test(tcase, a_key_is_made_once);
    tcase_add_test(tcase, requests_that_can_not_be);
    tcase_add_test(tcase, an_authority_is_made_with_the_approval);
    tcase_add_test(tcase, keys_that_are_for_something_else);
    tcase_add_test(tcase, an_authority_that_is_revoked_issues_nothing);
    tcase_add_test(tcase, what_a_revoked_parent_has_signed_is_not_taken_up);
    tcase_add_test(tcase, revocations_that_can_not_be);
    tcase_add_test(tcase, a_server_gets_a_certificate_that_is_nobodys);
    tcase_add_test(tcase, a_key_is_reported_once);
    tcase_add_test(tcase, commands_act_alone_until_two_ca_admins_can_log_in);
    tcase_add_test(tcase, two_ca_admins_are_left);
    return tcase;
}

TCase *authority_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("authority on PostgreSQL");

    tcase_add_test(tcase, a_request_is_made_with_the_approval);
    tcase_add_test(tcase, an_authority_that_is_revoked_issues_nothing);
    tcase_add_test(tcase, two_ca_admins_are_left);
    return tcase;
}
