/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/module.h"

#include <apr_strings.h>
#include <p11-kit/p11-kit.h>
#include <unistd.h>

#include "keys/wait.h"

#define RESTART_PAUSE  apr_time_from_sec(1)
#define CLOSE_DEADLINE apr_time_from_sec(1)

struct cm_module_t {
    const char *path;
    cm_wait_t wait; /* guards what follows */
    CK_FUNCTION_LIST *calls;
    int ready;  /* C_Initialize has been called and the module is usable */
    int ours;   /* by us */
    int single; /* one thread at a time */
    int closed; /* somebody is loading, initialising or finalising */
    int inside; /* threads */
    unsigned epoch;
    apr_time_t restarted;
    pid_t pid; /* of the process that initialised it */
};

/* Wait until nobody is inside and close the door; false when that took too long. */
static int close_door(cm_module_t *module, apr_time_t deadline)
{
    while (module->closed) {
        if (!cm_wait_until(&module->wait, deadline)) {
            return 0;
        }
    }
    module->closed = 1;
    while (module->inside > 0) {
        if (!cm_wait_until(&module->wait, deadline) && module->inside > 0) {
            module->closed = 0;
            cm_wait_wake(&module->wait);
            return 0;
        }
    }
    return 1;
}

static void open_door(cm_module_t *module)
{
    module->closed = 0;
    cm_wait_wake(&module->wait);
}

static apr_status_t unload(void *data)
{
    cm_module_t *module = data;

    cm_wait_lock(&module->wait);
    /* a forked child has no right to what its parent initialised */
    if (module->calls && module->pid == getpid() &&
        close_door(module, cm_wait_now() + CLOSE_DEADLINE)) {
        if (module->ready && module->ours) {
            module->calls->C_Finalize(NULL);
        }
        p11_kit_module_release(module->calls);
        module->calls = NULL;
    }
    cm_wait_unlock(&module->wait);
    return APR_SUCCESS;
}

cm_module_t *cm_module_make(const char *path, apr_pool_t *pool)
{
    cm_module_t *module = apr_pcalloc(pool, sizeof *module);

    module->path = apr_pstrdup(pool, path);
    module->epoch = 1;
    cm_wait_init(&module->wait);
    apr_pool_cleanup_register(pool, module, unload, apr_pool_cleanup_null);
    return module;
}

const char *cm_module_path(const cm_module_t *module)
{
    return module->path;
}

/* Called with the door closed and the mutex free: nobody else reads or writes these members. */
static CK_RV initialise(cm_module_t *module)
{
    CK_C_INITIALIZE_ARGS locking = {.flags = CKF_OS_LOCKING_OK};
    CK_RV rv = module->calls->C_Initialize(&locking);

    module->single = 0;
    if (rv == CKR_CANT_LOCK || rv == CKR_NEED_TO_CREATE_THREADS || rv == CKR_ARGUMENTS_BAD) {
        module->single = 1;
        rv = module->calls->C_Initialize(NULL);
    }
    module->ours = rv != CKR_CRYPTOKI_ALREADY_INITIALIZED;
    return module->ours ? rv : CKR_OK;
}

static CK_RV start(cm_module_t *module, const char **why, apr_pool_t *pool)
{
    if (!module->calls) {
        module->calls = p11_kit_module_load(module->path, P11_KIT_MODULE_UNMANAGED);
    }
    if (!module->calls) {
        const char *said = p11_kit_message();

        *why = apr_pstrcat(pool, module->path, ": ", said ? said : "it can't be loaded", NULL);
        return CKR_LIBRARY_LOAD_FAILED;
    }
    module->pid = getpid();
    return initialise(module);
}

static int has_room(const cm_module_t *module)
{
    return !module->closed && !(module->single && module->inside > 0);
}

CK_RV cm_module_enter(cm_module_t *module, apr_time_t deadline, const char **why, apr_pool_t *pool)
{
    CK_RV rv = CKR_OK;

    cm_wait_lock(&module->wait);
    while (!has_room(module)) {
        if (!cm_wait_until(&module->wait, deadline) && !has_room(module)) {
            cm_wait_unlock(&module->wait);
            return CKR_SESSION_COUNT;
        }
    }
    if (!module->ready) {
        /* nobody is inside of a module that is not ready */
        module->closed = 1;
        cm_wait_unlock(&module->wait);
        rv = start(module, why, pool);
        cm_wait_lock(&module->wait);
        module->ready = rv == CKR_OK;
        open_door(module);
    }
    if (rv == CKR_OK) {
        module->inside++;
    }
    cm_wait_unlock(&module->wait);
    return rv;
}

void cm_module_leave(cm_module_t *module)
{
    cm_wait_lock(&module->wait);
    module->inside--;
    cm_wait_wake(&module->wait);
    cm_wait_unlock(&module->wait);
}

CK_FUNCTION_LIST *cm_module_calls(const cm_module_t *module)
{
    return module->calls;
}

unsigned cm_module_epoch(const cm_module_t *module)
{
    return module->epoch;
}

void cm_module_restart(cm_module_t *module, unsigned epoch, apr_time_t deadline)
{
    apr_time_t now = cm_wait_now();

    cm_wait_lock(&module->wait);
    if (module->ready && module->ours && module->epoch == epoch &&
        now - module->restarted >= RESTART_PAUSE && close_door(module, deadline)) {
        if (module->epoch == epoch && module->ready) {
            cm_wait_unlock(&module->wait);
            module->calls->C_Finalize(NULL);
            cm_wait_lock(&module->wait);
            module->ready = 0;
            module->epoch++;
            module->restarted = now;
        }
        open_door(module);
    }
    cm_wait_unlock(&module->wait);
}
