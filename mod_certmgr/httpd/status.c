/* SPDX-License-Identifier: Apache-2.0
 *
 * What mod_status shows of us, where it is loaded.
 */
#include "httpd/module.h"

#include <http_protocol.h>
#include <mod_status.h>

typedef struct {
    const char *key, *label; /* of the report for programs, of the page */
    apr_int64_t value;
} line_t;

static void show(request_rec *r, int flags, const line_t *lines)
{
    int is_short = flags & AP_STATUS_SHORT;

    if (!is_short) {
        ap_rputs("<hr>\n<h2>Certificate manager: OCSP answers kept ready</h2>\n<dl>\n", r);
    }
    for (; lines->key; lines++) {
        if (is_short) {
            ap_rprintf(r, "CertMgrOCSP%s: %" APR_INT64_T_FMT "\n", lines->key, lines->value);
        } else {
            ap_rprintf(r, "<dt>%s: %" APR_INT64_T_FMT "</dt>\n", lines->label, lines->value);
        }
    }
    if (!is_short) {
        ap_rputs("</dl>\n", r);
    }
}

int cm_status_show(request_rec *r, int flags, const cm_service_t *service)
{
    cm_ready_status_t status;

    if (service && service->ready) {
        cm_ready_status(&status, service->ready, apr_time_now());
        show(r, flags,
             (const line_t[]){
                 {"Places", "room for", status.places},
                 {"Kept", "kept and valid now", status.kept},
                 {"Given", "times one was given", status.given},
                 {"Made", "times one was made", status.made},
                 {"Dropped", "dropped by a change", status.dropped},
                 {"Broken", "not given, for want of the lock (1: yes)", status.is_broken},
                 {NULL, NULL, 0}});
    }
    return OK;
}
