/* SPDX-License-Identifier: Apache-2.0
 *
 * Items of checklists, one row for each kind. To add one, add a row, and its name to the words of
 * policy/profile_fields.c.
 */
#ifndef CERTMGR_FLOW_ITEMS_H
#define CERTMGR_FLOW_ITEMS_H

#include "flow/operations.h"

/* An item of a request on its way. */
typedef struct {
    cm_item_t *item;
    int place; /* in the checklist, from 0 */
    const cm_request_t *request;
    const cm_work_t *work; /* NULL when nothing is decided now: what rests on it stays as it is */
    apr_pool_t *pool;
} cm_item_spot_t;

typedef struct {
    const char *name; /* NULL ends the table */
    /* Fill in what the profile asks of it. NULL: nothing. */
    void (*open)(cm_item_t *item, const cm_profile_item_t *asked);
    /* Set state, who and detail by what is known. */
    void (*settle)(const cm_item_spot_t *spot);
    const char *events; /* that act on it, with blanks between, "" for none */
    const char *about;
} cm_item_row_t;

const cm_item_row_t *cm_items(void);

/* The checklist as the profile asks for it, every item open. */
apr_array_header_t *cm_items_open(const cm_work_t *work);

/* Pass over the approvals that are open; the items say so. */
void cm_items_override(cm_request_t *request, apr_time_t now);

/* Settle every item of the request. `work` may be NULL. */
void cm_items_settle(cm_request_t *request, const cm_work_t *work, apr_pool_t *pool);

#endif
