/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

static const cm_value_t *cell(const cm_rows_t *rows, int row, int column)
{
    return &rows->cells[row * rows->width + column];
}

int cm_rows_count(const cm_rows_t *rows)
{
    return rows->count;
}

int cm_row_is_null(const cm_rows_t *rows, int row, int column)
{
    return cell(rows, row, column)->kind == CM_NULL;
}

const char *cm_row_text(const cm_rows_t *rows, int row, int column)
{
    return cell(rows, row, column)->text;
}

apr_int64_t cm_row_integer(const cm_rows_t *rows, int row, int column)
{
    return cell(rows, row, column)->integer;
}

apr_time_t cm_row_time(const cm_rows_t *rows, int row, int column)
{
    return cell(rows, row, column)->integer;
}

cm_bytes_t cm_row_blob(const cm_rows_t *rows, int row, int column)
{
    return cell(rows, row, column)->blob;
}
