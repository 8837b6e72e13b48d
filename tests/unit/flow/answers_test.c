/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP answers that are kept: what makes them be made anew, and what does not.
 */
#include <apr_shm.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <limits.h>
#include <openssl/ocsp.h>

#include "base/ossl.h"
#include "flow/ocsp.h"
#include "flow/ready.h"
#include "flow/target.h"
#include "keys/keyring.h"
#include "store/authorities.h"
#include "store/certificates.h"
#include "store/source.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_ready_t *make_node(void)
{
    enum { PLACES = 64 };
    cm_ready_t *made;
    apr_shm_t *memory;

    ck_assert_int_eq(apr_shm_create(&memory, cm_ready_size(PLACES), NULL, pool), APR_SUCCESS);
    assert_done(cm_ready_make(&made, apr_shm_baseaddr_get(memory), PLACES, pool));
    return made;
}

/* What follows is done by this server. */
static void work_on(cm_ready_t *node)
{
    ctx->ready = node;
}

static void wait_for(apr_interval_time_t time)
{
    clock_now += time;
    act_as(NULL);
}

static cm_certificate_t *issue(void)
{
    act_as("user1");
    return (cm_certificate_t *)enroll()->certificate;
}

static ASN1_INTEGER *serial_of(const cm_certificate_t *certificate)
{
    const unsigned char *at = certificate->der.data;

    return X509_get_serialNumber(
        cm_ossl_x509(d2i_X509(NULL, &at, (long)certificate->der.len), pool));
}

static cm_bytes_t request_for(const cm_certificate_t *certificate)
{
    return ocsp_request(serial_of(certificate), 0);
}

/* V_OCSP_CERTSTATUS_... of the one certificate in it, or -1 without an answer. */
static int status_in(const cm_ocsp_answer_t *answer, apr_pool_t *scratch)
{
    const unsigned char *at = answer->der.data;
    OCSP_RESPONSE *response =
        cm_ossl_ocsp_response(d2i_OCSP_RESPONSE(NULL, &at, (long)answer->der.len), scratch);
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    int status =
        basic ? OCSP_single_get0_status(OCSP_resp_get0(basic, 0), NULL, NULL, NULL, NULL) : -1;

    OCSP_BASICRESP_free(basic);
    return status;
}

static cm_ocsp_answer_t ask(const cm_certificate_t *certificate)
{
    cm_ocsp_answer_t answer;

    cm_ocsp_answer(&answer, ctx, request_for(certificate));
    return answer;
}

static void expect(const cm_certificate_t *certificate, int status)
{
    cm_ocsp_answer_t answer = ask(certificate);

    ck_assert_int_eq(status_in(&answer, pool), status);
}

/* Every signature is another, so equal answers were signed once. */
static int is_kept(const cm_certificate_t *certificate)
{
    cm_ocsp_answer_t one = ask(certificate), two = ask(certificate);

    return cm_bytes_equal(one.der, two.der);
}

static void submit(cm_operation_t operation, const cm_certificate_t *certificate)
{
    const cm_submission_t submission = {.operation = operation,
                                        .certificate = certificate->id,
                                        .reason = operation == CM_OP_REVOKE ? "superseded" : NULL,
                                        .remarks = "the test wants it"};
    cm_request_view_t *view;

    assert_done(cm_request_submit(&view, ctx, &submission));
}

START_TEST(an_answer_is_signed_once)
{
    cm_certificate_t *mine = issue();
    cm_ocsp_answer_t first, later;

    ck_assert(!is_kept(mine)); /* no table */
    work_on(make_node());
    ck_assert(is_kept(mine));
    first = ask(mine);
    wait_for(APR_USEC_PER_SEC);
    later = ask(mine);
    ck_assert(cm_bytes_equal(first.der, later.der));
    ck_assert(cm_bytes_equal(first.sha256, later.sha256));
    ck_assert_int_eq(first.expires, later.expires);
    ck_assert_int_eq(first.modified, later.modified);
    ck_assert_int_eq(first.modified, ctx->now - APR_USEC_PER_SEC - ctx->now % APR_USEC_PER_SEC);
    wait_for(apr_time_from_sec(config->ocsp_validity));
    assert_done(cm_ocsp_sweep(ctx));
    later = ask(mine);
    ck_assert(!cm_bytes_equal(first.der, later.der));
}
END_TEST

START_TEST(what_was_never_issued_is_not_kept)
{
    ASN1_INTEGER *never = ASN1_INTEGER_new();
    cm_ready_status_t status;
    cm_ocsp_answer_t answer;

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    for (int i = 1; i <= 100; i++) {
        ASN1_INTEGER_set(never, i);
        cm_ocsp_answer(&answer, ctx, ocsp_request(never, 0));
        ck_assert_int_eq(status_in(&answer, pool), V_OCSP_CERTSTATUS_UNKNOWN);
    }
    cm_ready_status(&status, ctx->ready, ctx->now);
    ck_assert_int_eq(status.kept, 0);
    ASN1_INTEGER_free(never);
}
END_TEST

START_TEST(a_change_is_told_at_once_here)
{
    cm_certificate_t *mine = issue(), *other = issue();
    cm_ocsp_answer_t answer;

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    ck_assert(is_kept(other));
    act_as("user1");
    submit(CM_OP_SUSPEND, mine);
    answer = ask(mine);
    ck_assert_int_eq(status_in(&answer, pool), V_OCSP_CERTSTATUS_REVOKED);
    /* "good" may have been told in this second: If-Modified-Since could not tell them apart */
    ck_assert_int_eq(answer.modified % APR_USEC_PER_SEC, 1);
    ck_assert(is_kept(mine));
    act_as("officer1");
    submit(CM_OP_REINSTATE, mine);
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    ck_assert(is_kept(mine));
    act_as("user1");
    submit(CM_OP_REVOKE, mine);
    expect(mine, V_OCSP_CERTSTATUS_REVOKED);
    ck_assert(is_kept(mine));
    expect(other, V_OCSP_CERTSTATUS_GOOD);
    ck_assert(is_kept(other));
}
END_TEST

/* Somebody asks between the change and its COMMIT. */
static cm_error_t *revoke_and_ask(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    cm_work_t *work = baton;
    cm_error_t *error;

    (void)event;
    work->target->status = CM_CERT_REVOKED;
    work->target->revoked_at = ctx->now;
    error = cm_target_change(txn, work);
    expect(work->target, V_OCSP_CERTSTATUS_GOOD);
    return error;
}

START_TEST(an_answer_made_during_a_change_is_not_kept)
{
    cm_work_t work = {.ctx = ctx, .target = issue(), .target_was = CM_CERT_ACTIVE};

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    expect(work.target, V_OCSP_CERTSTATUS_GOOD);
    assert_done(cm_store_maintain(ctx->store, revoke_and_ask, &work, pool));
    expect(work.target, V_OCSP_CERTSTATUS_REVOKED);
    ck_assert(is_kept(work.target));
}
END_TEST

START_TEST(a_change_is_told_by_other_nodes_after_their_next_look)
{
    cm_certificate_t *mine = issue(), *other = issue();
    cm_ready_t *here = make_node(), *there = make_node();
    cm_ocsp_answer_t kept;

    work_on(there);
    assert_done(cm_ocsp_sweep(ctx));
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    kept = ask(other);
    work_on(here);
    assert_done(cm_ocsp_sweep(ctx));
    act_as("user1");
    submit(CM_OP_REVOKE, mine);
    work_on(there);
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    assert_done(cm_ocsp_sweep(ctx));
    expect(mine, V_OCSP_CERTSTATUS_REVOKED);
    ck_assert(cm_bytes_equal(kept.der, ask(other).der));
}
END_TEST

/* More changes than are read at once. */
START_TEST(a_node_that_was_away_for_long_catches_up)
{
    cm_certificate_t *mine = issue();
    cm_ready_t *there = make_node();
    const int changes = 2 * CM_REVOCATIONS_PAGE + 1;

    work_on(there);
    assert_done(cm_ocsp_sweep(ctx));
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    work_on(NULL);
    sql(apr_psprintf(
        pool,
        "INSERT INTO revocation (ca, sequence, certificate, serial, status, reason)"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " SELECT 'ca', i + (SELECT revocations FROM authority), 'c', '4711',"
        " 'revoked', 0 FROM n",
        changes));
    sql(apr_psprintf(pool, "UPDATE authority SET revocations = revocations + %d", changes));
    act_as("user1");
    submit(CM_OP_REVOKE, mine); /* last */
    work_on(there);
    assert_done(cm_ocsp_sweep(ctx));
    expect(mine, V_OCSP_CERTSTATUS_REVOKED);
    ck_assert(is_kept(mine));
}
END_TEST

/* Another look would not find them either. */
START_TEST(changes_that_are_not_on_record_drop_all)
{
    cm_certificate_t *mine = issue();
    cm_ocsp_answer_t kept;

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    kept = ask(mine);
    sql("UPDATE authority SET revocations = revocations + 2");
    assert_done(cm_ocsp_sweep(ctx));
    ck_assert(!cm_bytes_equal(kept.der, ask(mine).der));
    ck_assert(is_kept(mine));
    kept = ask(mine);
    sql("INSERT INTO revocation (ca, sequence, certificate, serial, status, reason) VALUES ('ca',"
        " (SELECT revocations + 1 FROM authority), 'c', 'no hex', 'revoked', 0)");
    sql("UPDATE authority SET revocations = revocations + 1");
    ck_assert_ptr_nonnull(cm_ocsp_sweep(ctx));
    ck_assert(!cm_bytes_equal(kept.der, ask(mine).der)); /* the database is asked */
    ck_assert(!is_kept(mine));
}
END_TEST

/* Nobody has looked for revocations for too long. */
START_TEST(whoever_asks_looks_for_revocations)
{
    cm_certificate_t *mine = issue();
    cm_ready_t *there = make_node();

    work_on(there);
    assert_done(cm_ocsp_sweep(ctx));
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    work_on(NULL);
    act_as("user1");
    submit(CM_OP_REVOKE, mine);
    work_on(there);
    expect(mine, V_OCSP_CERTSTATUS_GOOD);
    wait_for(apr_time_from_sec(CM_READY_BOUND) + 1);
    expect(mine, V_OCSP_CERTSTATUS_REVOKED);
    ck_assert(!cm_ready_claim(there, ctx->now));
}
END_TEST

START_TEST(a_new_responder_signs_anew)
{
    cm_certificate_t *mine = issue();
    cm_ocsp_answer_t former;

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    former = ask(mine);
    assert_done(cm_ocsp_renew(ctx, "ca"));
    ck_assert(cm_bytes_equal(former.der, ask(mine).der));
    assert_done(cm_ocsp_sweep(ctx));
    ck_assert(!cm_bytes_equal(former.der, ask(mine).der));
    ck_assert(is_kept(mine));
}
END_TEST

static cm_store_t *store_that_is_away(void)
{
    cm_store_config_t *settings = apr_pcalloc(pool, sizeof *settings);
    const cm_db_source_t *source;
    cm_store_t *store;

    settings->driver = "sqlite3";
    settings->params = "/nowhere/certmgr.db";
    assert_done(cm_source_make(&source, settings, 1, pool));
    assert_done(cm_store_make(&store, source, settings, pool));
    return store;
}

static cm_keyring_t *token_that_is_away(void)
{
    const cm_token_config_t token = {.name = "gone",
                                     .module = "/nowhere/gone.so",
                                     .uri = "pkcs11:token=test",
                                     .max_sessions = 1,
                                     .deadline = APR_USEC_PER_SEC};
    cm_keyring_t *keys;

    assert_done(cm_keyring_make(&keys, &token, 1, pool));
    return keys;
}

static int status_for(cm_bytes_t request)
{
    cm_ocsp_answer_t answer;

    cm_ocsp_answer(&answer, ctx, request);
    return status_in(&answer, pool);
}

/* What was signed holds until its nextUpdate; all else is to be asked for again later. */
static void expect_until_next_update(cm_bytes_t kept, cm_bytes_t other)
{
    cm_ocsp_answer_t answer;

    ck_assert_int_eq(status_for(kept), V_OCSP_CERTSTATUS_GOOD);
    wait_for(apr_time_from_sec(config->ocsp_validity) - APR_USEC_PER_SEC);
    ck_assert_int_eq(status_for(kept), V_OCSP_CERTSTATUS_GOOD);
    ck_assert_int_eq(status_for(other), -1);
    wait_for(APR_USEC_PER_SEC);
    cm_ocsp_answer(&answer, ctx, kept);
    ck_assert_ptr_nonnull(answer.error);
    ck_assert_str_eq(cm_bytes_hex(answer.der, pool), "30030a0103"); /* tryLater */
    ck_assert_int_eq(answer.expires, 0);
}

START_TEST(without_a_database_kept_answers_are_given)
{
    cm_bytes_t mine = request_for(issue()), other = request_for(issue());
    cm_store_t *store = ctx->store;

    work_on(make_node());
    ck_assert_int_eq(status_for(mine), V_OCSP_CERTSTATUS_GOOD);
    ctx->store = store_that_is_away();
    expect_until_next_update(mine, other);
    ctx->store = store;
}
END_TEST

START_TEST(without_a_token_kept_answers_are_given)
{
    cm_bytes_t mine = request_for(issue()), other = request_for(issue());
    cm_keyring_t *keys = ctx->keys;

    work_on(make_node());
    ck_assert_int_eq(status_for(mine), V_OCSP_CERTSTATUS_GOOD);
    ctx->keys = token_that_is_away();
    expect_until_next_update(mine, other);
    ctx->keys = keys;
}
END_TEST

START_TEST(answers_are_made_anew_before_they_end)
{
    cm_certificate_t *asked_for = issue(), *other = issue();
    cm_ocsp_answer_t first, second;
    cm_ready_status_t status;

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    expect(other, V_OCSP_CERTSTATUS_GOOD);
    first = ask(asked_for);
    expect(asked_for, V_OCSP_CERTSTATUS_GOOD);
    wait_for(apr_time_from_sec(config->ocsp_validity) / 2);
    assert_done(cm_ocsp_refresh(ctx));
    assert_done(cm_ocsp_sweep(ctx));
    ck_assert(cm_bytes_equal(first.der, ask(asked_for).der));
    wait_for(apr_time_from_sec(config->ocsp_validity) * 3 / 8);
    assert_done(cm_ocsp_refresh(ctx));
    cm_ready_status(&status, ctx->ready, ctx->now);
    ck_assert_int_eq(status.made, 3);
    assert_done(cm_ocsp_sweep(ctx));
    second = ask(asked_for);
    ck_assert(!cm_bytes_equal(first.der, second.der));
    ck_assert_int_gt(second.expires, first.expires);
    ck_assert(is_kept(asked_for));
}
END_TEST

/* One that can't be made any more, wherever it stands. */
START_TEST(an_answer_that_is_not_made_stops_no_other)
{
    enum { OTHERS = 32 };
    cm_certificate_t *mine = issue();
    cm_ocsp_answer_t first, second;
    cm_ready_reading_t reading = {"ca", {NULL, 0}, 0, ctx->now};
    cm_authority_t *ca;

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    assert_done(cm_authority_read(&ca, ctx->store, "ca", pool));
    reading.fingerprint = cm_ready_fingerprint(ca->der, ca->ocsp_der, pool);
    for (int i = 0; i < OTHERS; i++) {
        const cm_bytes_t text = cm_bytes_of_text(apr_itoa(pool, i));
        const cm_ocsp_id_t id = {.der = text, .serial = text};
        cm_ready_answer_t answer = {text, cm_bytes_sha256(text, pool), ctx->now,
                                    ctx->now + apr_time_from_sec(config->ocsp_validity), 0};

        cm_ready_keep(ctx->ready, &reading, &id, &answer);
        ck_assert(cm_ready_find(&answer, ctx->ready, &id, ctx->now, pool));
    }
    ask(mine);
    first = ask(mine);
    wait_for(apr_time_from_sec(config->ocsp_validity) * 7 / 8);
    ck_assert_ptr_nonnull(cm_ocsp_refresh(ctx));
    assert_done(cm_ocsp_sweep(ctx));
    second = ask(mine);
    ck_assert_int_gt(second.expires, first.expires);
}
END_TEST

/* Threads that ask without end. What they are told is put into order
 * by a counter that each looks at before and after. */
enum { ASKERS = 4, ANSWERS = 4000 };

typedef struct {
    cm_bytes_t request;
    cm_ctx_t ctx;
    long *counter;
    int *stop;
    int count, failed;
    struct {
        long began, ended;
        int status;
    } told[ANSWERS];
} asker_t;

static void *APR_THREAD_FUNC ask_on(apr_thread_t *thread, void *data)
{
    asker_t *asker = data;

    (void)thread;
    while (!__atomic_load_n(asker->stop, __ATOMIC_SEQ_CST) && asker->count < ANSWERS) {
        long began = __atomic_add_fetch(asker->counter, 1, __ATOMIC_SEQ_CST);
        cm_ocsp_answer_t answer;

        cm_ocsp_answer(&answer, &asker->ctx, asker->request);
        asker->failed += answer.error != NULL;
        asker->told[asker->count].began = began;
        asker->told[asker->count].ended = __atomic_add_fetch(asker->counter, 1, __ATOMIC_SEQ_CST);
        asker->told[asker->count++].status =
            answer.error ? -1 : status_in(&answer, asker->ctx.pool);
        apr_pool_clear(asker->ctx.pool);
    }
    return NULL;
}

static asker_t *start_askers(const cm_certificate_t *certificate, apr_thread_t **threads,
                             int nonces, long *counter, int *stop)
{
    asker_t *askers = apr_pcalloc(pool, ASKERS * sizeof *askers);

    for (int i = 0; i < ASKERS; i++) {
        askers[i].request = ocsp_request(serial_of(certificate), nonces && i % 2);
        askers[i].counter = counter;
        askers[i].stop = stop;
        askers[i].ctx = *ctx;
        apr_pool_create(&askers[i].ctx.pool, pool);
        ck_assert_int_eq(apr_thread_create(&threads[i], NULL, ask_on, &askers[i], pool),
                         APR_SUCCESS);
    }
    return askers;
}

/* Whoever asked after somebody was told "revoked" was not told "good". */
static void check_told(const asker_t *askers, long first)
{
    for (int i = 0; i < ASKERS; i++) {
        ck_assert_int_eq(askers[i].failed, 0);
        for (int k = 0; k < askers[i].count; k++) {
            if (askers[i].told[k].status == V_OCSP_CERTSTATUS_REVOKED &&
                askers[i].told[k].ended < first) {
                first = askers[i].told[k].ended;
            }
        }
    }
    for (int i = 0; i < ASKERS; i++) {
        for (int k = 0; k < askers[i].count; k++) {
            ck_assert(askers[i].told[k].status == V_OCSP_CERTSTATUS_REVOKED ||
                      askers[i].told[k].began < first);
        }
    }
}

/* `here`: the revocation is made by this server, else by another one, whom nobody looks at but for
 * those who ask with a nonce. */
static void race(cm_ready_t *here)
{
    cm_certificate_t *mine = issue();
    cm_ready_t *node = ctx->ready;
    apr_thread_t *threads[ASKERS];
    long counter = 0, revoked;
    asker_t *askers;
    int stop = 0;

    askers = start_askers(mine, threads, !here, &counter, &stop);
    while (__atomic_load_n(&counter, __ATOMIC_SEQ_CST) < 100) {
        apr_sleep(100);
    }
    ctx->ready = here;
    submit(CM_OP_REVOKE, mine);
    /* that of another server counts when the first reads it */
    revoked = here ? __atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST) : LONG_MAX;
    apr_sleep(apr_time_from_msec(20));
    __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < ASKERS; i++) {
        apr_status_t status;

        apr_thread_join(&status, threads[i]);
    }
    ctx->ready = node;
    check_told(askers, revoked);
}

START_TEST(nobody_is_told_good_after_revoked)
{
    enum { RACES = 20 };

    work_on(make_node());
    assert_done(cm_ocsp_sweep(ctx));
    for (int i = 0; i < RACES; i++) {
        race(i % 2 ? ctx->ready : NULL);
    }
}
END_TEST

static TCase *fill(TCase *tcase)
{
    tcase_add_test(tcase, an_answer_is_signed_once);
    tcase_add_test(tcase, what_was_never_issued_is_not_kept);
    tcase_add_test(tcase, a_change_is_told_at_once_here);
    tcase_add_test(tcase, an_answer_made_during_a_change_is_not_kept);
    tcase_add_test(tcase, a_change_is_told_by_other_nodes_after_their_next_look);
    tcase_add_test(tcase, whoever_asks_looks_for_revocations);
    tcase_add_test(tcase, a_new_responder_signs_anew);
    tcase_add_test(tcase, without_a_database_kept_answers_are_given);
    tcase_add_test(tcase, without_a_token_kept_answers_are_given);
    tcase_add_test(tcase, answers_are_made_anew_before_they_end);
    tcase_add_test(tcase, an_answer_that_is_not_made_stops_no_other);
    tcase_add_test(tcase, nobody_is_told_good_after_revoked);
    return tcase;
}

TCase *answers_case(void)
{
    TCase *tcase = fill(flow_case("answers"));

    tcase_add_test(tcase, a_node_that_was_away_for_long_catches_up);
    tcase_add_test(tcase, changes_that_are_not_on_record_drop_all);
    return tcase;
}

TCase *answers_postgres_case(void)
{
    return fill(flow_case_on_postgres("answers-postgres"));
}
