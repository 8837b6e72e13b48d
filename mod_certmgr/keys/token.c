/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/token.h"

#include <apr_strings.h>

#include "keys/rv.h"
#include "keys/slot.h"
#include "keys/wait.h"

enum { SESSIONS_DEFAULT = 8 };

#define DEADLINE_DEFAULT    apr_time_from_sec(5)
#define PAUSE_LEAST         apr_time_from_msec(10)
#define PAUSE_MOST          apr_time_from_msec(200)
#define RESTART_PAUSE_LEAST apr_time_from_sec(1)
#define RESTART_PAUSE_MOST  apr_time_from_sec(15)

struct cm_token_t {
    const char *name;
    cm_module_t *module;
    const cm_uri_t *uri;
    const cm_secret_t *pin;
    int max_sessions;
    apr_interval_time_t deadline;

    cm_wait_t wait; /* guards what follows */
    CK_SESSION_HANDLE *idle;
    int idle_count;
    int open_count; /* idle, leased or being opened */
    int limit;      /* max_sessions or what the token allows, if less */
    int opening;    /* one thread at a time looks for the slot, opens and logs in */
    int located;
    int ailing;                        /* the last work failed as if the module needed a restart */
    apr_interval_time_t restart_pause; /* doubles while restarts of the module do not help */
    apr_time_t restart_after;
    cm_slot_t slot;
    CK_RV refused; /* what the token said to the PIN, or CKR_OK */
    unsigned generation;
    unsigned epoch; /* of the module, when the members above were filled */
};

/* One try at the work. */
typedef struct {
    cm_session_t session;
    int flags;
    int located;    /* of the token, when this thread began to open a session */
    int leased;     /* the work was called */
    unsigned epoch; /* of the module; 0: it could not be entered */
    CK_RV rv;
    const char *why; /* more for the log, or NULL */
} attempt_t;

cm_error_t *cm_token_make(cm_token_t **token, const cm_token_config_t *config, cm_module_t *module,
                          apr_pool_t *pool)
{
    cm_token_t *made = apr_pcalloc(pool, sizeof *made);
    cm_uri_t *uri;
    cm_error_t *error = cm_uri_parse(&uri, config->uri, pool);

    if (error) {
        return error;
    }
    if (uri->label || uri->id.data) {
        return cm_error_make(pool, CM_E_CONFIG, "the URI of the token %s names an object",
                             config->name);
    }
    made->name = apr_pstrdup(pool, config->name);
    made->module = module;
    made->uri = uri;
    made->pin = config->pin;
    made->max_sessions = config->max_sessions > 0 ? config->max_sessions : SESSIONS_DEFAULT;
    made->deadline = config->deadline > 0 ? config->deadline : DEADLINE_DEFAULT;
    made->limit = made->max_sessions;
    made->idle = apr_pcalloc(pool, (apr_size_t)made->max_sessions * sizeof *made->idle);
    made->generation = 1;
    cm_wait_init(&made->wait);
    *token = made;
    return NULL;
}

const char *cm_token_name(const cm_token_t *token)
{
    return token->name;
}

const cm_uri_t *cm_token_uri(const cm_token_t *token)
{
    return token->uri;
}

/* After a restart of the module nothing that was open is open any more. Nobody has a session then:
 * the module restarts only when nobody is inside. */
static void follow_epoch(cm_token_t *token)
{
    unsigned epoch = cm_module_epoch(token->module);

    if (token->epoch != epoch) {
        token->epoch = epoch;
        token->generation++;
        token->open_count -= token->idle_count;
        token->idle_count = 0;
        token->located = 0;
    }
}

int cm_token_is_logged_out(cm_token_t *token, cm_session_t *session)
{
    cm_slot_t slot;

    cm_wait_lock(&token->wait);
    slot = token->slot;
    cm_wait_unlock(&token->wait);
    return cm_slot_wants_login(&slot, token->pin) && !cm_slot_is_user(session);
}

static CK_RV locate(cm_token_t *token, attempt_t *attempt)
{
    cm_slot_t slot = {0};
    CK_RV rv = cm_slot_find(&slot, token->uri, &attempt->session, &attempt->why);

    if (rv == CKR_OK) {
        cm_wait_lock(&token->wait);
        token->slot = slot;
        token->located = 1;
        token->limit = cm_slot_limit(&slot, token->max_sessions);
        cm_wait_unlock(&token->wait);
    }
    return rv;
}

static CK_RV log_in(cm_token_t *token, attempt_t *attempt)
{
    cm_session_t *session = &attempt->session;
    CK_RV rv = CKR_OK;

    if (cm_slot_wants_login(&token->slot, token->pin) && !cm_slot_is_user(session)) {
        rv = cm_slot_login(&token->slot, session, token->pin, &attempt->why);
    }
    if (cm_rv_info(rv)->action == CM_RV_PIN) {
        cm_wait_lock(&token->wait);
        token->refused = rv;
        cm_wait_unlock(&token->wait);
    }
    return rv;
}

/* Find the slot when need be, open a session and log in. Only the thread that has set `opening`
 * comes here; that is why a wrong PIN is sent once and not by every thread. */
static CK_RV open_session(cm_token_t *token, attempt_t *attempt)
{
    cm_session_t *session = &attempt->session;
    CK_FLAGS flags = CKF_SERIAL_SESSION | (attempt->flags & CM_SESSION_RW ? CKF_RW_SESSION : 0);
    CK_RV rv = attempt->located ? CKR_OK : locate(token, attempt);

    if (rv != CKR_OK) {
        return rv;
    }
    session->slot = token->slot.id;
    session->call = "C_OpenSession";
    rv = session->calls->C_OpenSession(session->slot, flags, NULL, NULL, &session->handle);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = log_in(token, attempt);
    if (rv != CKR_OK) {
        session->calls->C_CloseSession(session->handle);
    }
    return rv;
}

/* What the next thread may do that holds the mutex and wants a session. */
typedef enum { LEASE_TAKE, LEASE_OPEN, LEASE_WAIT } lease_t;

static lease_t next_lease(const cm_token_t *token, int flags)
{
    if (token->idle_count > 0 && !(flags & CM_SESSION_RW)) {
        return LEASE_TAKE;
    }
    if (!token->opening && (token->open_count < token->limit || token->idle_count > 0)) {
        return LEASE_OPEN;
    }
    return LEASE_WAIT;
}

/* With its last session a process is logged out (PKCS#11 2.40, 5.6), and the handles of private
 * objects are void. */
static void count_closed(cm_token_t *token)
{
    token->open_count--;
    if (token->open_count == 0) {
        token->generation++;
    }
    cm_wait_wake(&token->wait);
}

/* Called with the mutex held; returns with it held. */
static CK_RV lease_new(cm_token_t *token, attempt_t *attempt)
{
    CK_SESSION_HANDLE surplus = CK_INVALID_HANDLE;
    CK_RV rv;

    token->opening = 1;
    if (token->open_count < token->limit) {
        token->open_count++;
    } else {
        surplus = token->idle[--token->idle_count];
    }
    attempt->located = token->located;
    cm_wait_unlock(&token->wait);
    if (surplus != CK_INVALID_HANDLE) {
        attempt->session.calls->C_CloseSession(surplus);
    }
    rv = open_session(token, attempt);
    cm_wait_lock(&token->wait);
    token->opening = 0;
    if (rv != CKR_OK) {
        token->located = 0;
        count_closed(token);
    }
    cm_wait_wake(&token->wait);
    return rv;
}

static CK_RV lease(cm_token_t *token, attempt_t *attempt, apr_time_t deadline)
{
    cm_session_t *session = &attempt->session;
    CK_RV rv = CKR_OK;
    lease_t next = LEASE_WAIT;

    session->call = "waiting for a session";
    cm_wait_lock(&token->wait);
    follow_epoch(token);
    while (token->refused == CKR_OK && (next = next_lease(token, attempt->flags)) == LEASE_WAIT) {
        if (!cm_wait_until(&token->wait, deadline) &&
            next_lease(token, attempt->flags) == LEASE_WAIT) {
            rv = CKR_SESSION_COUNT;
            break;
        }
    }
    if (token->refused != CKR_OK) {
        session->call = "C_Login";
        rv = token->refused;
    } else if (rv == CKR_OK && next == LEASE_TAKE) {
        session->handle = token->idle[--token->idle_count];
        session->slot = token->slot.id;
    } else if (rv == CKR_OK) {
        rv = lease_new(token, attempt);
    }
    session->generation = token->generation;
    cm_wait_unlock(&token->wait);
    return rv;
}

/* Put the session back for the next; after a failure, from another generation, or when it may write
 * it is closed. */
static void give_back(cm_token_t *token, const attempt_t *attempt)
{
    const cm_session_t *session = &attempt->session;
    int keep;

    cm_wait_lock(&token->wait);
    keep = attempt->rv == CKR_OK && session->generation == token->generation &&
           !(attempt->flags & CM_SESSION_RW);
    if (keep) {
        token->idle[token->idle_count++] = session->handle;
        cm_wait_wake(&token->wait);
    }
    cm_wait_unlock(&token->wait);
    if (keep) {
        return;
    }
    session->calls->C_CloseSession(session->handle);
    cm_wait_lock(&token->wait);
    count_closed(token);
    cm_wait_unlock(&token->wait);
}

/* Close what is idle and have all handles found anew, unless another thread has done so since this
 * session was leased. */
static void forget_sessions(cm_token_t *token, const cm_session_t *session)
{
    CK_SESSION_HANDLE lost = CK_INVALID_HANDLE;

    cm_wait_lock(&token->wait);
    if (session->generation == token->generation) {
        token->generation++;
        token->located = 0;
        while (token->idle_count > 0) {
            lost = token->idle[--token->idle_count];
            cm_wait_unlock(&token->wait);
            session->calls->C_CloseSession(lost);
            cm_wait_lock(&token->wait);
            token->open_count--;
        }
        cm_wait_wake(&token->wait);
    }
    cm_wait_unlock(&token->wait);
}

static void try_once(cm_token_t *token, attempt_t *attempt, cm_session_fn work, void *baton,
                     apr_time_t deadline)
{
    cm_rv_action_t action;

    attempt->session.calls = cm_module_calls(token->module);
    attempt->epoch = cm_module_epoch(token->module);
    attempt->rv = lease(token, attempt, deadline);
    attempt->leased = attempt->rv == CKR_OK;
    if (attempt->leased) {
        attempt->rv = work(&attempt->session, baton);
        give_back(token, attempt);
    }
    action = cm_rv_info(attempt->rv)->action;
    if (action == CM_RV_REOPEN || action == CM_RV_RESTART) {
        forget_sessions(token, &attempt->session);
    }
}

/* A restart costs every user of the module their sessions: so it comes only when the token can't be
 * opened, or when opening it anew has not helped, and ever more seldom while the token stays away.
 * The mutex is held. */
static int wants_restart(cm_token_t *token, const attempt_t *attempt)
{
    int lost = cm_rv_info(attempt->rv)->action == CM_RV_RESTART;
    int wanted = lost && attempt->epoch && (token->ailing || !attempt->leased);
    apr_time_t now = cm_wait_now();

    token->ailing = lost && attempt->leased;
    if (attempt->rv == CKR_OK) {
        token->restart_pause = 0;
        token->restart_after = 0;
    }
    if (!wanted || now < token->restart_after) {
        return 0;
    }
    token->restart_pause = token->restart_pause ? token->restart_pause * 2 : RESTART_PAUSE_LEAST;
    if (token->restart_pause > RESTART_PAUSE_MOST) {
        token->restart_pause = RESTART_PAUSE_MOST;
    }
    token->restart_after = now + token->restart_pause;
    return 1;
}

/* Called from outside of the module. */
static void restart_if_needed(cm_token_t *token, const attempt_t *attempt, apr_time_t deadline)
{
    int wanted;

    cm_wait_lock(&token->wait);
    wanted = wants_restart(token, attempt);
    cm_wait_unlock(&token->wait);
    if (wanted) {
        cm_module_restart(token->module, attempt->epoch, deadline);
    }
}

/* Wait a little, or until a session comes back; false when the deadline is too near. */
static int pause_before(cm_token_t *token, apr_interval_time_t pause, apr_time_t deadline)
{
    apr_time_t until = cm_wait_now() + pause;

    if (until >= deadline) {
        return 0;
    }
    cm_wait_lock(&token->wait);
    cm_wait_until(&token->wait, until);
    cm_wait_unlock(&token->wait);
    return 1;
}

static cm_error_t *fail(const cm_token_t *token, const attempt_t *attempt, apr_pool_t *pool)
{
    cm_error_t *error = cm_rv_error(attempt->rv, attempt->session.call, token->name, pool);

    if (attempt->why) {
        error->log_detail = apr_pstrcat(pool, error->log_detail, ": ", attempt->why, NULL);
    }
    return error;
}

cm_error_t *cm_token_run(cm_token_t *token, cm_session_fn work, void *baton, int flags,
                         apr_pool_t *pool)
{
    apr_time_t deadline = cm_wait_now() + token->deadline;
    apr_interval_time_t pause = PAUSE_LEAST;
    int calls = 0;

    for (;;) {
        attempt_t attempt = {.flags = flags, .session.call = "entering the module"};
        cm_rv_action_t action;

        attempt.rv = cm_module_enter(token->module, deadline, &attempt.why, pool);
        if (attempt.rv == CKR_OK) {
            try_once(token, &attempt, work, baton, deadline);
            cm_module_leave(token->module);
        }
        restart_if_needed(token, &attempt, deadline);
        action = cm_rv_info(attempt.rv)->action;
        if (action == CM_RV_DONE) {
            return NULL;
        }
        calls += attempt.leased;
        if (action == CM_RV_FAIL || action == CM_RV_PIN || calls > 1 ||
            (!attempt.leased && !pause_before(token, pause, deadline))) {
            return fail(token, &attempt, pool);
        }
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
    }
}
