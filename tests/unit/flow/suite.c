/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/flow/suite.h"

const char unit_name[] = "flow";
const unit_case_fn unit_cases[] = {
    merkle_case,
    keycheck_case,
    lifecycle_case,
    audit_case,
    request_case,
    perform_case,
    perform_postgres_case,
    status_case,
    approval_case,
    successor_case,
    retry_case,
    jobs_case,
    publish_case,
    publish_postgres_case,
    crl_case,
    approval_postgres_case,
    retry_postgres_case,
    login_case,
    login_postgres_case,
    expire_case,
    expire_postgres_case,
    audit_read_case,
    change_case,
    change_postgres_case,
    rights_postgres_case,
    entitle_case,
    entitle_postgres_case,
    NULL,
};
