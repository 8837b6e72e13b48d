/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tokens.h"

#include <apr_strings.h>
#include <libp11.h>
#include <openssl/err.h>
#include <signal.h>
#include <unistd.h>

#include "ctl/output.h"

typedef struct {
    PKCS11_CTX *ctx;
    PKCS11_SLOT *slots;
    unsigned int count;
    int loaded;
} session_t;

static void out_of_patience(int signal)
{
    static const char text[] = "certmgrctl: the token's module does not answer\n";

    (void)signal;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        _exit(CM_EXIT_UNREACHABLE);
    }
    _exit(CM_EXIT_UNREACHABLE);
}

static apr_status_t close_session(void *data)
{
    session_t *session = data;

    if (session->slots) {
        PKCS11_release_all_slots(session->ctx, session->slots, session->count);
    }
    if (session->loaded) {
        PKCS11_CTX_unload(session->ctx);
    }
    PKCS11_CTX_free(session->ctx);
    alarm(0);
    return APR_SUCCESS;
}

/* Everything libp11 goes with `pool`. */
static cm_error_t *open_session(session_t **result, const char *module, apr_pool_t *pool)
{
    session_t *session = apr_pcalloc(pool, sizeof(*session));

    if (!(session->ctx = PKCS11_CTX_new())) {
        return cm_error_openssl(pool, CM_E_INTERNAL, "libp11 can't be started");
    }
    apr_pool_cleanup_register(pool, session, close_session, apr_pool_cleanup_null);
    signal(SIGALRM, out_of_patience);
    alarm(CM_TOKEN_PATIENCE);
    session->loaded = PKCS11_CTX_load(session->ctx, module) == 0;
    if (!session->loaded) {
        return cm_error_openssl(pool, CM_E_TOKEN,
                                apr_pstrcat(pool, module, " can't be loaded", NULL));
    }
    if (PKCS11_enumerate_slots(session->ctx, &session->slots, &session->count) != 0) {
        return cm_error_openssl(pool, CM_E_TOKEN,
                                apr_pstrcat(pool, module, " lists no slots", NULL));
    }
    *result = session;
    return NULL;
}

static const char *state_of(const PKCS11_TOKEN *token)
{
    if (!token) {
        return "empty";
    }
    if (!token->initialized) {
        return "free";
    }
    if (token->userPinLocked) {
        return "locked";
    }
    return token->loginRequired && !token->userPinSet ? "no PIN" : "ready";
}

static void describe(cm_slot_t *slot, const char *module, PKCS11_SLOT *from, apr_pool_t *pool)
{
    const PKCS11_TOKEN *token = from->token;

    slot->module = module;
    slot->slot = PKCS11_get_slotid_from_slot(from);
    slot->slot_description = apr_pstrdup(pool, from->description);
    slot->state = state_of(token);
    if (token) {
        slot->label = apr_pstrdup(pool, token->label);
        slot->model = apr_pstrdup(pool, token->model);
        slot->manufacturer = apr_pstrdup(pool, token->manufacturer);
        slot->serial = apr_pstrdup(pool, token->serialnr);
    }
}

cm_error_t *cm_slots_list(apr_array_header_t **slots, const char *module, apr_pool_t *pool)
{
    apr_pool_t *work;
    session_t *session;
    cm_error_t *error;

    *slots = apr_array_make(pool, 4, sizeof(cm_slot_t));
    apr_pool_create(&work, pool);
    error = open_session(&session, module, work);
    if (error) {
        /* `work` stays with the error, whose text lives there */
        return error;
    }
    for (unsigned int i = 0; i < session->count; i++) {
        describe(apr_array_push(*slots), module, &session->slots[i], pool);
    }
    apr_pool_destroy(work);
    return NULL;
}

cm_error_t *cm_slots_find(const cm_slot_t **slot, const apr_array_header_t *slots,
                          const char *label, apr_pool_t *pool)
{
    *slot = NULL;
    for (int i = 0; i < slots->nelts; i++) {
        const cm_slot_t *at = &APR_ARRAY_IDX(slots, i, cm_slot_t);

        if (!at->label || strcmp(at->state, "free") == 0 || strcmp(at->label, label) != 0) {
            continue;
        }
        if (*slot) {
            return cm_error_make(pool, CM_E_CONFIG, "several tokens are called %s", label);
        }
        *slot = at;
    }
    return NULL;
}

static PKCS11_SLOT *free_slot(const session_t *session)
{
    for (unsigned int i = 0; i < session->count; i++) {
        if (session->slots[i].token && !session->slots[i].token->initialized) {
            return &session->slots[i];
        }
    }
    return NULL;
}

/* The number of a slot may change when its token is made, so it is looked up anew by its label. */
static PKCS11_SLOT *labelled_slot(const session_t *session, const char *label)
{
    for (unsigned int i = 0; i < session->count; i++) {
        const PKCS11_TOKEN *token = session->slots[i].token;

        if (token && token->initialized && !token->userPinSet && !strcmp(token->label, label)) {
            return &session->slots[i];
        }
    }
    return NULL;
}

static cm_error_t *init_token(const cm_token_plan_t *plan, apr_pool_t *pool)
{
    /* C_InitToken reads 32 bytes, padded with blanks; libp11 hands on what it is given */
    const char *label = apr_psprintf(pool, "%-32s", plan->label);
    session_t *session;
    PKCS11_SLOT *slot;
    cm_error_t *error = open_session(&session, plan->module, pool);

    if (error) {
        return error;
    }
    if (strlen(label) > 32) {
        return cm_error_make(pool, CM_E_CONFIG, "the token's label is longer than 32 bytes");
    }
    if (labelled_slot(session, plan->label)) {
        return NULL; /* cut between the two steps in an earlier run */
    }
    if (!(slot = free_slot(session))) {
        return cm_error_advise(
            cm_error_make(pool, CM_E_CONFLICT, "there is no token called %s and no free slot",
                          plan->label),
            "initialise the token with its own tools, or name one that is there");
    }
    if (PKCS11_init_token(slot->token, (const char *)cm_secret_reveal(plan->so_pin).data, label) !=
        0) {
        return cm_error_openssl(pool, CM_E_TOKEN, "the token can't be initialised");
    }
    return NULL;
}

static cm_error_t *init_pin(const cm_token_plan_t *plan, apr_pool_t *pool)
{
    session_t *session;
    PKCS11_SLOT *slot;
    cm_error_t *error = open_session(&session, plan->module, pool);

    if (error) {
        return error;
    }
    if (!(slot = labelled_slot(session, plan->label))) {
        return cm_error_make(pool, CM_E_TOKEN, "the new token %s can't be found", plan->label);
    }
    if (PKCS11_open_session(slot, 1) != 0 ||
        PKCS11_login(slot, 1, (const char *)cm_secret_reveal(plan->so_pin).data) != 0) {
        return cm_error_openssl(pool, CM_E_TOKEN, "the token refuses the SO PIN");
    }
    if (PKCS11_init_pin(slot->token, (const char *)cm_secret_reveal(plan->pin).data) != 0) {
        return cm_error_openssl(pool, CM_E_TOKEN, "the token refuses the user PIN");
    }
    PKCS11_logout(slot);
    return NULL;
}

cm_error_t *cm_token_create(const cm_token_plan_t *plan, apr_pool_t *pool)
{
    apr_pool_t *first, *second;
    cm_error_t *error;

    apr_pool_create(&first, pool);
    if ((error = init_token(plan, first))) {
        return error;
    }
    apr_pool_destroy(first);
    apr_pool_create(&second, pool);
    if ((error = init_pin(plan, second))) {
        return error;
    }
    apr_pool_destroy(second);
    return NULL;
}

static json_t *render(const cm_slot_t *slot, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);

    cm_json_set_integer(object, "slot", (apr_int64_t)slot->slot);
    cm_json_set_text(object, "state", slot->state);
    cm_json_set_text(object, "label", slot->label);
    cm_json_set_text(object, "model", slot->model);
    cm_json_set_text(object, "manufacturer", slot->manufacturer);
    cm_json_set_text(object, "serial", slot->serial);
    cm_json_set_text(object, "description", slot->slot_description);
    cm_json_set_text(object, "module", slot->module);
    return object;
}

static int seen_before(const apr_array_header_t *tokens, int at)
{
    for (int i = 0; i < at; i++) {
        if (!strcmp(APR_ARRAY_IDX(tokens, i, cm_config_token_t).module,
                    APR_ARRAY_IDX(tokens, at, cm_config_token_t).module)) {
            return 1;
        }
    }
    return 0;
}

cm_error_t *cm_ctl_token_list(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"slot", "SLOT"},     {"state", "STATE"},   {"label", "LABEL"}, {"model", "MODEL"},
        {"serial", "SERIAL"}, {"module", "MODULE"}, {NULL, NULL}};
    const apr_array_header_t *tokens = run->config->tokens;
    json_t *items = cm_json_array(run->pool);

    for (int i = 0; i < tokens->nelts; i++) {
        apr_array_header_t *slots;
        cm_error_t *error;

        if (seen_before(tokens, i)) {
            continue;
        }
        error =
            cm_slots_list(&slots, APR_ARRAY_IDX(tokens, i, cm_config_token_t).module, run->pool);
        if (error) {
            return error;
        }
        for (int s = 0; s < slots->nelts; s++) {
            json_array_append(items, render(&APR_ARRAY_IDX(slots, s, cm_slot_t), run->pool));
        }
    }
    cm_output_list(run, columns, items);
    return NULL;
}
