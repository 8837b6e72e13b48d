/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/items.h"

#include <apr_strings.h>

#include "flow/approval.h"

/* Those who approve have to see what they approve. */
static const char *what_is_asked(const cm_work_t *work, apr_pool_t *pool)
{
    const char *text = work->csr->key->algorithm;
    const apr_array_header_t *san = work->spec ? work->spec->san : NULL;
    cm_name_t *subject;

    if (work->spec && !cm_name_parse(&subject, work->spec->subject, pool) &&
        subject->attributes->nelts) {
        text = apr_pstrcat(pool, text, "; ", cm_name_text(subject, pool), NULL);
    }
    for (int i = 0; san && i < san->nelts; i++) {
        text = apr_pstrcat(pool, text, i ? " " : "; ",
                           cm_san_text(&APR_ARRAY_IDX(san, i, cm_san_t), pool), NULL);
    }
    return text;
}

static void settle_csr(const cm_item_spot_t *spot)
{
    if (spot->work && spot->work->csr) {
        spot->item->state = CM_ITEM_DONE;
        spot->item->who = spot->request->requester;
        spot->item->detail = what_is_asked(spot->work, spot->pool);
    }
}

static void open_approval(cm_item_t *item, const cm_profile_item_t *asked)
{
    item->role = asked->role;
    item->needed = asked->count;
}

static void settle_approval(const cm_item_spot_t *spot)
{
    if (spot->item->needed > 0) { /* else passed over */
        cm_approval_count(spot->item, spot->place, spot->request, spot->pool);
    }
}

static const cm_item_row_t items[] = {
    {"csr", NULL, settle_csr, "", "A valid PKCS#10 for a key that passes the checks of keys"},
    {"approval", open_approval, settle_approval, "approve decline reject",
     "A number of different people with a role, none of them the requester or the owner of the "
     "certificate"},
    {NULL, NULL, NULL, NULL, NULL},
};

const cm_item_row_t *cm_items(void)
{
    return items;
}

static const cm_item_row_t *find_row(const char *name)
{
    for (const cm_item_row_t *row = items; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

/* An authority reaches beyond the group that its request was made in, and so does what is approved
 * beyond the profile's checklist. */
static void open_item(apr_array_header_t *list, const cm_profile_item_t *asked,
                      const cm_work_t *work)
{
    const cm_item_row_t *row = find_row(asked->item);
    cm_item_t *item = apr_array_push(list);

    memset(item, 0, sizeof *item);
    item->item = asked->item;
    item->phase = (cm_phase_t)asked->phase;
    item->state = CM_ITEM_OPEN;
    item->updated = work->ctx->now;
    item->everywhere = asked == &work->more || (work->profile && work->profile->is_ca);
    if (row && row->open) {
        row->open(item, asked);
    }
}

apr_array_header_t *cm_items_open(const cm_work_t *work)
{
    apr_array_header_t *list = apr_array_make(work->ctx->pool, 4, sizeof(cm_item_t));
    const apr_array_header_t *wanted =
        work->profile ? cm_profile_checklist(work->profile, work->request->operation) : NULL;

    for (int i = 0; wanted && i < wanted->nelts; i++) {
        open_item(list, &APR_ARRAY_IDX(wanted, i, cm_profile_item_t), work);
    }
    if (work->more.count > 0) {
        open_item(list, &work->more, work);
    }
    return list;
}

void cm_items_override(cm_request_t *request, apr_time_t now)
{
    for (int i = 0; i < request->checklist->nelts; i++) {
        cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);

        if (item->role && item->state == CM_ITEM_OPEN) {
            item->state = CM_ITEM_DONE;
            item->needed = 0;
            item->detail = "passed over by break-glass";
            item->updated = now;
        }
    }
}

void cm_items_settle(cm_request_t *request, const cm_work_t *work, apr_pool_t *pool)
{
    for (int i = 0; i < request->checklist->nelts; i++) {
        cm_item_spot_t spot = {&APR_ARRAY_IDX(request->checklist, i, cm_item_t), i, request, work,
                               pool};
        const cm_item_row_t *row = find_row(spot.item->item);

        if (row) {
            row->settle(&spot);
        }
    }
}
