/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of cm_rows_t, for the waist only.
 */
#ifndef CERTMGR_STORE_ROWS_H
#define CERTMGR_STORE_ROWS_H

#include "store/store.h"

struct cm_rows_t {
    int count;
    int width;         /* columns */
    cm_value_t *cells; /* row after row */
};

#endif
