/* SPDX-License-Identifier: Apache-2.0 */
#include "base/value.h"

cm_value_t cm_value_text(const char *text)
{
    return (cm_value_t){.kind = text ? CM_TEXT : CM_NULL, .text = text};
}

cm_value_t cm_value_integer(apr_int64_t integer)
{
    return (cm_value_t){.kind = CM_INTEGER, .integer = integer};
}

cm_value_t cm_value_blob(cm_bytes_t blob)
{
    return (cm_value_t){.kind = blob.data ? CM_BLOB : CM_NULL, .blob = blob};
}

cm_value_t cm_value_time(apr_time_t time)
{
    return (cm_value_t){.kind = time ? CM_INTEGER : CM_NULL, .integer = time};
}
