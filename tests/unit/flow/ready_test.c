/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of OCSP answers: what is found in it, and what is not when somebody died, memory was
 * corrupted, or something newer is known.
 */
#include "flow/ready.h"

#include <apr_shm.h>
#include <apr_strings.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/flow/suite.h"

enum { SECOND = APR_USEC_PER_SEC, NOW = 1000, LIFE = 100, PLACES = 64 };
static const apr_time_t now = (apr_time_t)NOW * SECOND;

static cm_ready_t *ready;
static unsigned char *memory;

static void make_table(apr_int64_t places)
{
    apr_shm_t *shared;

    ck_assert_int_eq(apr_shm_create(&shared, cm_ready_size(places), NULL, pool), APR_SUCCESS);
    memory = apr_shm_baseaddr_get(shared);
    assert_done(cm_ready_make(&ready, memory, places, pool));
}

static cm_ready_reading_t reading_of(const char *ca, apr_int64_t counter)
{
    return (cm_ready_reading_t){
        ca, cm_ready_fingerprint(cm_bytes_of_text(ca), cm_bytes_of_text("responder"), pool),
        counter, now};
}

/* What stands for a CertID: some octets, and the serial at the end. */
static cm_ocsp_id_t id_of(const char *hash, const char *serial)
{
    return (cm_ocsp_id_t){.der = cm_bytes_of_text(apr_pstrcat(pool, hash, ":", serial, NULL)),
                          .serial = cm_bytes_of_text(serial)};
}

static cm_ready_answer_t answer_of(const char *text)
{
    cm_bytes_t der = cm_bytes_of_text(text);

    return (cm_ready_answer_t){der, cm_bytes_sha256(der, pool), now, now + apr_time_from_sec(LIFE),
                               now};
}

/* As for a request: read, settle, sign, keep. */
static void keep(const cm_ready_reading_t *reading, const cm_ocsp_id_t *id, const char *text)
{
    cm_ready_answer_t answer = answer_of(text);

    cm_ready_settle(ready, reading, id);
    cm_ready_keep(ready, reading, id, &answer);
}

static void keep_plain(const char *hash, const char *serial, const char *text)
{
    cm_ready_reading_t reading = reading_of("ca", 1);
    cm_ocsp_id_t id = id_of(hash, serial);

    keep(&reading, &id, text);
}

/* What is given for a CertID at a time: the text of the answer, or "". */
static const char *found_at(const char *hash, const char *serial, apr_time_t at)
{
    cm_ready_answer_t answer;
    cm_ocsp_id_t id = id_of(hash, serial);

    return cm_ready_find(&answer, ready, &id, at, pool)
               ? apr_pstrmemdup(pool, (const char *)answer.der.data, answer.der.len)
               : "";
}

static const char *found(const char *hash, const char *serial)
{
    return found_at(hash, serial, now);
}

static void change(const char *ca, const char *serial, apr_int64_t sequence)
{
    const cm_ready_change_t made = {ca, cm_bytes_of_text(serial), sequence, now};

    cm_ready_change(ready, &made);
}

START_TEST(an_answer_is_given_while_it_holds)
{
    cm_ready_answer_t answer;
    cm_ocsp_id_t id = id_of("sha1", "11");

    make_table(PLACES);
    keep_plain("sha1", "11", "good");
    ck_assert(cm_ready_find(&answer, ready, &id, now, pool));
    ck_assert(cm_bytes_equal(answer.der, cm_bytes_of_text("good")));
    ck_assert(cm_bytes_equal(answer.sha256, cm_bytes_sha256(answer.der, pool)));
    ck_assert_int_eq(answer.this_update, now);
    ck_assert_int_eq(answer.next_update, now + apr_time_from_sec(LIFE));
    ck_assert_int_eq(answer.modified, now);
    ck_assert_str_eq(found("sha256", "11"), "");
    ck_assert_str_eq(found("sha1", "12"), "");
    ck_assert_str_eq(found_at("sha1", "11", now - 1), ""); /* a clock that was put back */
    ck_assert_str_eq(found_at("sha1", "11", answer.next_update - 1), "good");
    ck_assert_str_eq(found_at("sha1", "11", answer.next_update), "");
    keep_plain("sha1", "11", "good again");
    ck_assert_str_eq(found("sha1", "11"), "good again");
}
END_TEST

START_TEST(a_change_drops_all_answers_about_a_certificate)
{
    cm_ready_reading_t other = reading_of("other", 1);
    cm_ocsp_id_t same_serial = id_of("other", "11");

    make_table(CM_READY_WAYS); /* one set for all */
    keep_plain("sha1", "11", "good");
    keep_plain("sha256", "11", "good");
    keep_plain("sha1", "12", "good");
    keep(&other, &same_serial, "good");
    change("ca", "11", 2);
    ck_assert_str_eq(found("sha1", "11"), "");
    ck_assert_str_eq(found("sha256", "11"), "");
    ck_assert_str_eq(found("sha1", "12"), "good");
    ck_assert_str_eq(found("other", "11"), "good");
}
END_TEST

/* Somebody has read "good", then a revocation is about to be committed, then comes the answer. */
START_TEST(an_answer_from_before_a_change_is_not_kept)
{
    cm_ready_reading_t before = reading_of("ca", 1), after = reading_of("ca", 2);
    cm_ocsp_id_t id = id_of("sha1", "11");
    cm_ready_answer_t good = answer_of("good");

    make_table(PLACES);
    cm_ready_settle(ready, &before, &id);
    change("ca", "11", 2);
    cm_ready_keep(ready, &before, &id, &good);
    ck_assert_str_eq(found("sha1", "11"), "");
    keep(&after, &id, "revoked");
    cm_ready_keep(ready, &before, &id, &good);
    ck_assert_str_eq(found("sha1", "11"), "revoked");
}
END_TEST

/* The reading came before anything of this authority was known here. */
START_TEST(a_change_of_an_unknown_authority_counts)
{
    cm_ready_reading_t before = reading_of("ca", 1), after = reading_of("ca", 2);
    cm_ocsp_id_t id = id_of("sha1", "11");
    apr_int64_t swept;

    make_table(PLACES);
    change("ca", "11", 2);
    keep(&before, &id, "good");
    ck_assert_str_eq(found("sha1", "11"), "");
    cm_ready_meet(&swept, ready, &after);
    keep(&before, &id, "good");
    ck_assert_str_eq(found("sha1", "11"), "");
    keep(&after, &id, "revoked");
    ck_assert_str_eq(found("sha1", "11"), "revoked");
}
END_TEST

/* A change made by another server: who reads of it first makes everybody forget. */
START_TEST(a_newer_reading_drops_what_is_kept)
{
    cm_ready_reading_t before = reading_of("ca", 1), after = reading_of("ca", 2);
    cm_ocsp_id_t id = id_of("sha1", "11"), other = id_of("sha1", "12");
    cm_ready_answer_t good = answer_of("good");

    make_table(PLACES);
    keep(&before, &id, "good");
    keep(&before, &other, "good");
    cm_ready_settle(ready, &after, &id); /* as with a nonce: nothing is kept */
    ck_assert_str_eq(found("sha1", "11"), "");
    ck_assert_str_eq(found("sha1", "12"), "good");
    cm_ready_keep(ready, &before, &id, &good);
    ck_assert_str_eq(found("sha1", "11"), "");
    cm_ready_settle(ready, &after, &other);
    ck_assert_str_eq(found("sha1", "12"), ""); /* no sweep has shown that it is the same still */
}
END_TEST

START_TEST(a_sweep_drops_what_was_changed_elsewhere)
{
    cm_ready_reading_t now_two = reading_of("ca", 3);
    const cm_ready_change_t first = {"ca", cm_bytes_of_text("11"), 2, now},
                            second = {"ca", cm_bytes_of_text("12"), 3, now};
    cm_ocsp_id_t third = id_of("sha1", "13");
    apr_int64_t swept;

    make_table(PLACES);
    keep_plain("sha1", "11", "good");
    keep_plain("sha1", "12", "good");
    keep_plain("sha1", "13", "good");
    cm_ready_meet(&swept, ready, &now_two);
    ck_assert_int_eq(swept, 1);
    cm_ready_sweep(ready, &first);
    cm_ready_sweep(ready, &second);
    ck_assert_str_eq(found("sha1", "11"), "");
    ck_assert_str_eq(found("sha1", "12"), "");
    ck_assert_str_eq(found("sha1", "13"), "good");
    cm_ready_settle(ready, &now_two, &third);
    ck_assert_str_eq(found("sha1", "13"), "good"); /* it is known that nothing became of it */
    cm_ready_meet(&swept, ready, &now_two);
    ck_assert_int_eq(swept, 3);
}
END_TEST

START_TEST(another_responder_or_an_older_database_drops_all)
{
    cm_ready_reading_t reading = reading_of("ca", 1), former = reading_of("ca", 0);
    cm_ocsp_id_t id = id_of("sha1", "11");
    apr_int64_t swept;

    make_table(PLACES);
    keep(&reading, &id, "good");
    cm_ready_meet(&swept, ready, &reading);
    ck_assert_str_eq(found("sha1", "11"), "good");
    reading.fingerprint =
        cm_ready_fingerprint(cm_bytes_of_text("ca"), cm_bytes_of_text("new"), pool);
    keep(&reading, &id, "too early");
    ck_assert_str_eq(found("sha1", "11"), "good");
    cm_ready_meet(&swept, ready, &reading);
    ck_assert_str_eq(found("sha1", "11"), "");
    keep(&reading, &id, "new");
    ck_assert_str_eq(found("sha1", "11"), "new");
    former.fingerprint = reading.fingerprint;
    former.at = now + apr_time_from_sec(CM_READY_RAISED + 1);
    cm_ready_meet(&swept, ready, &former);
    ck_assert_str_eq(found("sha1", "11"), "");
    keep(&former, &id, "restored");
    ck_assert_str_eq(found("sha1", "11"), "restored");
}
END_TEST

/* It was announced, but the transaction was rolled back. */
START_TEST(a_change_that_never_came_is_forgotten)
{
    cm_ready_reading_t reading = reading_of("ca", 1);
    cm_ocsp_id_t id = id_of("sha1", "11");
    apr_int64_t swept;

    make_table(PLACES);
    keep(&reading, &id, "good");
    change("ca", "11", 2);
    reading.at = now - 1; /* a look that began before */
    cm_ready_meet(&swept, ready, &reading);
    keep(&reading, &id, "good");
    ck_assert_str_eq(found("sha1", "11"), "");
    reading.at = now;
    cm_ready_meet(&swept, ready, &reading); /* it may still be under way */
    keep(&reading, &id, "good");
    ck_assert_str_eq(found("sha1", "11"), "");
    reading.at = now + apr_time_from_sec(CM_READY_RAISED + 1);
    cm_ready_meet(&swept, ready, &reading);
    keep(&reading, &id, "good");
    ck_assert_str_eq(found("sha1", "11"), "good");
}
END_TEST

START_TEST(a_full_set_loses_what_was_of_use_longest_ago)
{
    cm_ready_status_t status;

    make_table(CM_READY_WAYS);
    for (int i = 0; i < CM_READY_WAYS; i++) {
        keep_plain("sha1", apr_itoa(pool, 10 + i), "good");
    }
    for (int i = 0; i < CM_READY_WAYS; i++) {
        if (i != 3) {
            ck_assert_str_eq(found_at("sha1", apr_itoa(pool, 10 + i), now + apr_time_from_sec(1)),
                             "good");
        }
    }
    keep_plain("sha1", "99", "good");
    for (int i = 0; i < CM_READY_WAYS; i++) {
        ck_assert_str_eq(found("sha1", apr_itoa(pool, 10 + i)), i == 3 ? "" : "good");
    }
    ck_assert_str_eq(found("sha1", "99"), "good");
    cm_ready_status(&status, ready, now);
    ck_assert_int_eq(status.places, CM_READY_WAYS);
    ck_assert_int_eq(status.kept, CM_READY_WAYS);
    ck_assert_int_eq(status.made, CM_READY_WAYS + 1);
    ck_assert_int_eq(status.given, CM_READY_WAYS - 1 + CM_READY_WAYS);
    cm_ready_status(&status, ready, now + apr_time_from_sec(LIFE));
    ck_assert_int_eq(status.kept, 0);
}
END_TEST

START_TEST(what_does_not_fit_is_not_kept)
{
    char *large = apr_palloc(pool, 4001);

    memset(large, 'x', 4000);
    large[4000] = '\0';
    make_table(PLACES);
    keep_plain("sha1", "11", large);
    ck_assert_str_eq(found("sha1", "11"), "");
    large[2700] = '\0';
    keep_plain("sha1", "11", large);
    ck_assert_str_eq(found("sha1", "11"), large);
    for (int i = 0; i < 2 * CM_READY_AUTHORITIES; i++) {
        cm_ready_reading_t reading = reading_of(apr_psprintf(pool, "ca-%d", i), 1);
        cm_ocsp_id_t id = id_of(reading.ca, "12");

        keep(&reading, &id, "good");
        ck_assert_str_eq(found(reading.ca, "12"), i < CM_READY_AUTHORITIES - 1 ? "good" : "");
    }
}
END_TEST

START_TEST(answers_are_made_anew_when_they_were_asked_for)
{
    apr_time_t late = now + apr_time_from_sec(LIFE * 3 / 4);
    apr_int64_t place = 0;
    cm_bytes_t id;

    make_table(PLACES);
    keep_plain("sha1", "11", "good");
    keep_plain("sha1", "12", "good");
    ck_assert_str_eq(found("sha1", "12"), "good");
    ck_assert(!cm_ready_next_due(&id, &place, ready, late - 1, pool));
    place = 0;
    ck_assert(cm_ready_next_due(&id, &place, ready, late, pool));
    ck_assert(cm_bytes_equal(id, id_of("sha1", "12").der));
    ck_assert(!cm_ready_next_due(&id, &place, ready, late, pool));
    place = 0;
    ck_assert(!cm_ready_next_due(&id, &place, ready, now + apr_time_from_sec(LIFE), pool));
}
END_TEST

START_TEST(what_is_kept_counts_while_somebody_looks_for_revocations)
{
    make_table(PLACES);
    ck_assert(!cm_ready_is_current(ready, now)); /* nobody has looked yet */
    cm_ready_begin(ready, now);
    ck_assert(cm_ready_is_current(ready, now + apr_time_from_sec(CM_READY_LOOK)));
    /* whoever looked was killed, or waits for a connection that is dead */
    ck_assert(!cm_ready_is_current(ready, now + apr_time_from_sec(CM_READY_LOOK) + 1));
    cm_ready_away(ready);
    ck_assert(cm_ready_is_current(ready, now + apr_time_from_sec(60)));
    cm_ready_end(ready, now);
    ck_assert(cm_ready_is_current(ready, now + apr_time_from_sec(CM_READY_BOUND)));
    ck_assert(!cm_ready_is_current(ready, now + apr_time_from_sec(CM_READY_BOUND) + 1));
    ck_assert(!cm_ready_is_current(ready, now - 1)); /* the clock was put back */
    ck_assert(!cm_ready_claim(ready, now));
    ck_assert(cm_ready_claim(ready, now - 1));
    ck_assert(!cm_ready_claim(ready, now - 1)); /* one looks */
    ck_assert(cm_ready_is_current(ready, now - 1));
    cm_ready_end(ready, 0);
    ck_assert(cm_ready_claim(ready, now));
}
END_TEST

/* Whatever bit is wrong anywhere in the memory: the answer, or none. */
START_TEST(corrupted_memory_gives_no_answer)
{
    apr_size_t size = cm_ready_size(CM_READY_WAYS);
    cm_ocsp_id_t id = id_of("sha1", "11");
    cm_ready_answer_t answer;
    int lost = 0;

    make_table(CM_READY_WAYS);
    keep_plain("sha1", "11", "good");
    for (apr_size_t i = 0; i < 8 * size; i++) {
        memory[i / 8] ^= (unsigned char)(1 << i % 8);
        if (cm_ready_find(&answer, ready, &id, now, pool)) {
            ck_assert(cm_bytes_equal(answer.der, cm_bytes_of_text("good")));
            ck_assert_int_eq(answer.next_update, now + apr_time_from_sec(LIFE));
        } else {
            lost++;
        }
        memory[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    ck_assert_int_gt(lost, 8 * 4);
    ck_assert_str_eq(found("sha1", "11"), "good");
}
END_TEST

static int is_broken(void)
{
    cm_ready_status_t status;

    cm_ready_status(&status, ready, now);
    return status.is_broken;
}

/* The lock is the first in the memory, then comes when it could not be had. */
static void let_a_minute_pass(void)
{
    uint64_t *broken = (uint64_t *)(void *)(memory + sizeof(pthread_mutex_t));

    ck_assert_uint_ne(*broken, 0);
    *broken -= CM_READY_RAISED * (uint64_t)SECOND;
}

START_TEST(a_lost_lock_ends_all_answers)
{
    unsigned char sound[sizeof(pthread_mutex_t)];

    make_table(PLACES);
    memcpy(sound, memory, sizeof sound);
    keep_plain("sha1", "11", "good");
    keep_plain("sha1", "12", "good");
    memset(memory, 0xff, sizeof sound);
    ck_assert_str_eq(found("sha1", "11"), "good");
    change("ca", "11", 2);
    ck_assert_str_eq(found("sha1", "12"), "");
    ck_assert(is_broken());
    memcpy(memory, sound, sizeof sound);
    keep_plain("sha1", "12", "good");
    ck_assert_str_eq(found("sha1", "12"), "");
    ck_assert(is_broken());
    let_a_minute_pass();
    keep_plain("sha1", "12", "new");
    ck_assert(!is_broken());
    ck_assert_str_eq(found("sha1", "11"), "");
    ck_assert_str_eq(found("sha1", "12"), "new");
}
END_TEST

/* Two long answers, so that what is half of each is likely to be seen. */
static const char *long_answer(char letter)
{
    enum { LONG = 2000 };
    char *text = apr_palloc(pool, LONG + 1);

    memset(text, letter, LONG);
    text[LONG] = '\0';
    return text;
}

/* A process that writes without end. */
static pid_t start_writer(const char *one, const char *other)
{
    pid_t writer = fork();

    ck_assert_int_ge(writer, 0);
    if (writer == 0) { /* the table stays mapped when the pool is cleared */
        apr_pool_create(&pool, pool);
    }
    while (writer == 0) {
        keep_plain("sha1", "11", one);
        keep_plain("sha1", "11", other);
        change("ca", "12", 1);
        apr_pool_clear(pool);
    }
    return writer;
}

START_TEST(no_answer_is_torn_and_no_death_stops_the_others)
{
    enum { DEATHS = 50, READS = 2000 };
    int seen = 0;

    for (int i = 0; i < DEATHS; i++) {
        const char *one = long_answer('1'), *other = long_answer('2');
        cm_ready_status_t status;
        pid_t writer;

        make_table(PLACES);
        writer = start_writer(one, other);
        do {
            cm_ready_status(&status, ready, now);
        } while (status.made == 0); /* it is at work */
        for (int k = 0; k < READS; k++) {
            const char *text = found("sha1", "11");

            ck_assert_msg(!*text || strcmp(text, one) == 0 || strcmp(text, other) == 0,
                          "\"%s\" was given", text);
            seen += *text != '\0';
        }
        kill(writer, SIGKILL);
        waitpid(writer, NULL, 0);
        keep_plain("sha1", "11", "after a death");
        ck_assert_str_eq(found("sha1", "11"), "after a death");
        change("ca", "11", 2);
        ck_assert_str_eq(found("sha1", "11"), "");
        apr_pool_clear(pool);
    }
    ck_assert_int_gt(seen, 0);
}
END_TEST

TCase *ready_case(void)
{
    TCase *tcase = unit_case("ready");

    tcase_add_test(tcase, an_answer_is_given_while_it_holds);
    tcase_add_test(tcase, a_change_drops_all_answers_about_a_certificate);
    tcase_add_test(tcase, an_answer_from_before_a_change_is_not_kept);
    tcase_add_test(tcase, a_change_of_an_unknown_authority_counts);
    tcase_add_test(tcase, a_newer_reading_drops_what_is_kept);
    tcase_add_test(tcase, a_sweep_drops_what_was_changed_elsewhere);
    tcase_add_test(tcase, another_responder_or_an_older_database_drops_all);
    tcase_add_test(tcase, a_change_that_never_came_is_forgotten);
    tcase_add_test(tcase, a_full_set_loses_what_was_of_use_longest_ago);
    tcase_add_test(tcase, what_does_not_fit_is_not_kept);
    tcase_add_test(tcase, answers_are_made_anew_when_they_were_asked_for);
    tcase_add_test(tcase, what_is_kept_counts_while_somebody_looks_for_revocations);
    tcase_add_test(tcase, corrupted_memory_gives_no_answer);
    tcase_add_test(tcase, a_lost_lock_ends_all_answers);
    tcase_add_test(tcase, no_answer_is_torn_and_no_death_stops_the_others);
    return tcase;
}
