/* SPDX-License-Identifier: Apache-2.0 */
#include "model/words.h"

typedef struct {
    int code;
    const char *name;
    const char *about;
    int flag;
} word_t;

#define CM_OPERATION(code, name, title) {code, name, title, 0},
static const word_t operations[] = {
#include "model/operations.def"
    {-1, NULL, NULL, 0}};
#undef CM_OPERATION

#define CM_STATE(code, name, final, about) {code, name, about, final},
static const word_t states[] = {
#include "model/states.def"
    {-1, NULL, NULL, 0}};
#undef CM_STATE

#define CM_REASON(code, name, free) {code, name, "", free},
static const word_t reasons[] = {
#include "model/reasons.def"
    {-1, NULL, NULL, 0}};
#undef CM_REASON

static const word_t statuses[] = {{CM_CERT_ACTIVE, "active", "", 0},
                                  {CM_CERT_SUSPENDED, "suspended", "", 0},
                                  {CM_CERT_REVOKED, "revoked", "", 0},
                                  {CM_CERT_EXPIRED, "expired", "", 0},
                                  {-1, NULL, NULL, 0}};

static const word_t item_states[] = {{CM_ITEM_OPEN, "open", "", 0},
                                     {CM_ITEM_DONE, "done", "", 0},
                                     {CM_ITEM_REFUSED, "refused", "", 0},
                                     {-1, NULL, NULL, 0}};

static const word_t phases[] = {{CM_BEFORE_ISSUE, "before-issue", "", 0},
                                {CM_BEFORE_DELIVERY, "before-delivery", "", 0},
                                {-1, NULL, NULL, 0}};

static const word_t *by_code(const word_t *words, int code)
{
    for (const word_t *word = words; word->name; word++) {
        if (word->code == code) {
            return word;
        }
    }
    return words;
}

static int by_name(const word_t *words, const char *name)
{
    for (; words->name; words++) {
        if (strcmp(words->name, name) == 0) {
            return words->code;
        }
    }
    return -1;
}

const char *cm_operation_name(cm_operation_t operation)
{
    return by_code(operations, (int)operation)->name;
}

const char *cm_operation_title(cm_operation_t operation)
{
    return by_code(operations, (int)operation)->about;
}

int cm_operation_of(const char *name)
{
    return by_name(operations, name);
}

const char *cm_state_name(cm_state_t state)
{
    return by_code(states, (int)state)->name;
}

const char *cm_state_about(cm_state_t state)
{
    return by_code(states, (int)state)->about;
}

int cm_state_is_final(cm_state_t state)
{
    return by_code(states, (int)state)->flag;
}

int cm_state_of(const char *name)
{
    return by_name(states, name);
}

const char *cm_status_name(cm_status_t status)
{
    return by_code(statuses, (int)status)->name;
}

int cm_status_of(const char *name)
{
    return by_name(statuses, name);
}

const char *cm_item_state_name(cm_item_state_t state)
{
    return by_code(item_states, (int)state)->name;
}

int cm_item_state_of(const char *name)
{
    return by_name(item_states, name);
}

const char *cm_phase_name(cm_phase_t phase)
{
    return by_code(phases, (int)phase)->name;
}

int cm_phase_of(const char *name)
{
    return by_name(phases, name);
}

const char *cm_reason_name(int reason)
{
    const word_t *word = by_code(reasons, reason);

    return word->code == reason ? word->name : NULL;
}

int cm_reason_of(const char *name)
{
    return by_name(reasons, name);
}

int cm_reason_is_free(int reason)
{
    return cm_reason_name(reason) && (by_code(reasons, reason)->flag & 1);
}

int cm_reason_is_for_authority(int reason)
{
    return cm_reason_name(reason) && (by_code(reasons, reason)->flag & 2);
}
