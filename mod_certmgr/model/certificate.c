/* SPDX-License-Identifier: Apache-2.0 */
#include "model/certificate.h"

cm_status_t cm_certificate_status(const cm_certificate_t *certificate, apr_time_t now)
{
    if (certificate->status != CM_CERT_REVOKED && certificate->not_after < now) {
        return CM_CERT_EXPIRED;
    }
    return certificate->status;
}
