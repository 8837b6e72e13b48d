/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests: in the name of people, and to look at.
 */
#include <apr_strings.h>

#include "ctl/govern.h"
#include "ctl/output.h"
#include "flow/govern.h"
#include "pki/cert.h"
#include "store/certificates.h"
#include "store/requests.h"

enum { PAGE = 200 };

static const cm_column_t columns[] = {
    {"id", "ID"},        {"operation", "OPERATION"}, {"state", "STATE"}, {"profile", "PROFILE"},
    {"created", "MADE"}, {"message", "MESSAGE"},     {NULL, NULL}};

/* The certificate, or what is missing until there is one. */
static void print_issued(const cm_run_t *run, const cm_request_view_t *view)
{
    json_t *object;

    if (!view->certificate) {
        cm_say_it_waits(run, view->request);
    } else if (run->json) {
        object = cm_request_object(view->request, run->pool);
        cm_json_set_text(object, "pem", cm_cert_pem(view->certificate->der, run->pool));
        cm_output_object(run, object);
    } else {
        fputs(cm_cert_pem(view->certificate->der, run->pool), stdout);
    }
}

static cm_error_t *issue(cm_run_t *run, const char *person)
{
    const char *path = cm_run_option(run, "csr"), *profile = cm_run_option(run, "profile");
    apr_array_header_t *san = cm_run_options(run, "san");
    cm_submission_t submission = {.operation = CM_OP_ENROLL,
                                  .profile = profile ? profile : "user",
                                  .san = san->nelts ? san : NULL};
    cm_govern_for_t whom = {person, NULL};
    cm_request_view_t *view;
    cm_bytes_t csr;
    cm_error_t *error;

    if (!path) {
        return cm_error_make(run->pool, CM_E_VALUE, "--csr FILE is missing");
    }
    if ((error = cm_break_glass_reason(&whom.break_glass, run)) ||
        (error = cm_run_file(&csr, run, path))) {
        return error;
    }
    submission.csr = (const char *)csr.data;
    error = cm_govern_submit_for(&view, run->ctx, &whom, &submission);
    if (!error) {
        print_issued(run, view);
    }
    return error;
}

cm_error_t *cm_ctl_person_certificate(cm_run_t *run)
{
    return issue(run, cm_run_argument(run, 0));
}

cm_error_t *cm_ctl_issue(cm_run_t *run)
{
    const char *person = cm_run_option(run, "for");

    if (!person) {
        return cm_error_make(run->pool, CM_E_VALUE, "--for PERSON is missing");
    }
    return issue(run, person);
}

static cm_error_t *find_owner(const char **owner, const cm_run_t *run, const char *id)
{
    cm_certificate_t *certificate;
    cm_error_t *error = cm_certificate_read(&certificate, run->ctx->store, id, run->pool);

    if (error) {
        return error;
    }
    if (!certificate->owner) {
        error = cm_error_make(run->pool, CM_E_REFUSED, "the certificate is nobody's");
        cm_error_locate(error, NULL, "certificate.owner");
        return cm_error_advise(error, "certmgrctl ca revoke ends those of authorities, their "
                                      "responders and the server");
    }
    *owner = certificate->owner;
    return NULL;
}

cm_error_t *cm_ctl_revoke(cm_run_t *run)
{
    cm_submission_t submission = {.operation = CM_OP_REVOKE,
                                  .certificate = cm_run_argument(run, 0),
                                  .reason = cm_run_option(run, "reason"),
                                  .remarks = cm_run_option(run, "remarks")};
    cm_govern_for_t whom = {NULL, NULL};
    cm_request_view_t *view;
    cm_error_t *error;

    if (!submission.reason || !submission.remarks) {
        return cm_error_make(run->pool, CM_E_VALUE, "--reason R and --remarks TEXT are needed");
    }
    if ((error = cm_break_glass_reason(&whom.break_glass, run)) ||
        (error = find_owner(&whom.person, run, submission.certificate)) ||
        (error = cm_govern_submit_for(&view, run->ctx, &whom, &submission))) {
        return error;
    }
    if (!cm_state_is_final(view->request->state)) {
        cm_say_it_waits(run, view->request);
    } else if (run->json) {
        cm_output_object(run, cm_request_object(view->request, run->pool));
    } else {
        printf("certificate %s is revoked\n", submission.certificate);
    }
    return NULL;
}

cm_error_t *cm_ctl_request_list(cm_run_t *run)
{
    const char *operation = cm_run_option(run, "operation"), *state = cm_run_option(run, "state");
    cm_request_search_t query = {.operation = -1, .state = -1, .limit = PAGE};
    json_t *items = cm_json_array(run->pool);
    cm_page_t page;
    cm_error_t *error;

    if (operation && (query.operation = cm_operation_of(operation)) < 0) {
        return cm_error_make(run->pool, CM_E_VALUE, "there is no operation \"%s\"", operation);
    }
    if (state && (query.state = cm_state_of(state)) < 0) {
        return cm_error_make(run->pool, CM_E_VALUE, "there is no state \"%s\"", state);
    }
    do {
        error = cm_requests_search(&page, run->ctx->store, &query, run->pool);
        for (int i = 0; !error && i < page.items->nelts; i++) {
            const cm_request_t *request = APR_ARRAY_IDX(page.items, i, const cm_request_t *);

            json_array_append(items, cm_request_object(request, run->pool));
        }
        query.before = error ? NULL : page.next;
    } while (query.before && json_array_size(items) < PAGE);
    if (!error) {
        cm_output_list(run, columns, items);
    }
    return error;
}

cm_error_t *cm_ctl_request_show(cm_run_t *run)
{
    cm_request_t *request;
    cm_error_t *error =
        cm_request_read(&request, run->ctx->store, cm_run_argument(run, 0), run->pool);

    if (!error) {
        cm_output_object(run, cm_request_object(request, run->pool));
    }
    return error;
}
