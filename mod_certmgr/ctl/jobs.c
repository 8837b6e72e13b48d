/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/jobs.h"

#include <apr_network_io.h>
#include <apr_strings.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/output.h"

cm_error_t *cm_ctl_jobs_list(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"name", "NAME"}, {"interval", "EVERY"}, {"about", "WHAT"}, {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);

    for (const cm_job_t *job = cm_jobs(); job->name; job++) {
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "name", job->name);
        cm_json_set_text(item, "interval", cm_text_of_duration(job->interval, run->pool));
        cm_json_set_text(item, "about", job->about);
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}

static const char *holder_of(apr_pool_t *pool)
{
    char host[APRMAXHOSTLEN + 1] = "localhost";

    apr_gethostname(host, sizeof(host), pool);
    return apr_psprintf(pool, "%s:certmgrctl:%ld", host, (long)getpid());
}

cm_error_t *cm_ctl_jobs_run(cm_run_t *run)
{
    const char *wanted = cm_run_argument(run, 0);
    const char *holder = holder_of(run->pool);
    int found = 0;

    for (const cm_job_t *job = cm_jobs(); job->name; job++) {
        cm_error_t *error;
        int ran = 0;

        if (wanted && strcmp(wanted, job->name) != 0) {
            continue;
        }
        found = 1;
        if ((error = cm_job_run(&ran, run->ctx, job, holder))) {
            return error;
        }
        cm_output_step(run, job->name, ran ? "done" : "nothing to do, or another process is at it");
    }
    return found ? NULL : cm_error_make(run->pool, CM_E_NOT_FOUND, "there is no job %s", wanted);
}
