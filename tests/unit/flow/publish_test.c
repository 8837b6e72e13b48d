/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists that several publish at once: somebody at a command line, the job, another node.
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "flow/crl.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

enum { RACERS = 4, EACH = 8 };

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *data)
{
    cm_ctx_t own = *ctx;
    cm_error_t *error = NULL;

    (void)data;
    apr_pool_create(&own.pool, NULL);
    for (int i = 0; !error && i < EACH; i++) {
        error = cm_crl_publish(&own, "ca");
    }
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, error ? APR_EGENERAL : APR_SUCCESS);
    return NULL;
}

/* Each makes the lists it was asked for, with numbers of their own. */
START_TEST(whoever_publishes_is_not_in_anothers_way)
{
    apr_thread_t *threads[RACERS];
    const char *published;

    act_as(NULL);
    for (int i = 0; i < RACERS; i++) {
        ck_assert_int_eq(apr_thread_create(&threads[i], NULL, race, NULL, pool), APR_SUCCESS);
    }
    for (int i = 0; i < RACERS; i++) {
        apr_status_t result;

        apr_thread_join(&result, threads[i]);
        ck_assert_int_eq(result, APR_SUCCESS);
    }
    published = sql_value("SELECT CAST(number AS TEXT) FROM crl");
    ck_assert_str_eq(published, apr_itoa(pool, 1 + RACERS * EACH));
}
END_TEST

/* A number that is taken although nobody is ahead: the records are not whole, and trying again
 * would never end. */
START_TEST(what_stays_in_the_way_is_an_error)
{
    act_as(NULL);
    sql("INSERT INTO crl SELECT ca, shard, delta, number + 1, base, since, through, alive_at,"
        " this_update, next_update, size, key_algorithm, head, tail, signature, hash FROM crl");
    assert_refused(cm_crl_publish(ctx, "ca"), CM_E_CONFLICT, NULL);
}
END_TEST

TCase *publish_case(void)
{
    TCase *tcase = flow_case("publish");

    tcase_add_test(tcase, whoever_publishes_is_not_in_anothers_way);
    tcase_add_test(tcase, what_stays_in_the_way_is_an_error);
    return tcase;
}

TCase *publish_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("publish on PostgreSQL");

    tcase_add_test(tcase, whoever_publishes_is_not_in_anothers_way);
    return tcase;
}
