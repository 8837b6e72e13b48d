/* SPDX-License-Identifier: Apache-2.0 */
#include "store/events.h"

cm_error_t *cm_event_insert(cm_txn_t *txn, const cm_audit_event_t *event)
{
    const cm_value_t args[] = {cm_value_text(event->id),       cm_value_time(event->time),
                               cm_value_text(event->action),   cm_value_text(event->outcome),
                               cm_value_text(event->actor),    cm_value_text(event->object),
                               cm_value_text(event->trace),    cm_value_text(event->detail),
                               cm_value_text(event->personal), cm_value_blob(event->salt)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_EVENT_INSERT), args);
}
