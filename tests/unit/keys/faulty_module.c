/* SPDX-License-Identifier: Apache-2.0
 *
 * A PKCS#11 module that is SoftHSM (CERTMGR_TEST_MODULE) with the faults of faults.h. Only plain
 * CKM_RSA_PKCS and CKM_ECDSA sign, as with the poorest of tokens.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit/keys/faults.h"

enum { EMPTY_SLOTS = 2, MILLISECOND = 1000 };

/* beyond the 32 bits of SoftHSM's slot numbers */
static const CK_SLOT_ID TWIN = 1UL << 40;
static const CK_SLOT_ID EMPTY_SLOT = 1UL << 41;

static faults_t *faults;
static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

/*
 * SoftHSM frees the sessions that C_CloseAllSessions ends while other threads are in a call with
 * them. A token that loses its sessions does not: so that call has the module for itself.
 */
static pthread_rwlock_t sessions_lock = PTHREAD_RWLOCK_INITIALIZER;

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

/* Between enter and leave: counts threads that meet inside a module that can't lock. */
static void enter(void)
{
    if (atomic_fetch_add(&faults->inside, 1) > 0 && faults->cant_lock) {
        faults->meetings++;
    }
    if (faults->cant_lock) {
        usleep(MILLISECOND);
    }
}

static CK_RV leave(CK_RV rv)
{
    faults->inside--;
    return rv;
}

static void hold(void)
{
    pthread_rwlock_rdlock(&sessions_lock);
}

static CK_RV held(CK_RV rv)
{
    pthread_rwlock_unlock(&sessions_lock);
    return rv;
}

static void drop_all_sessions(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info;

    pthread_rwlock_wrlock(&sessions_lock);
    if (real->C_GetSessionInfo(session, &info) == CKR_OK) {
        real->C_CloseAllSessions(info.slotID);
        faults->sessions = 0;
    }
    pthread_rwlock_unlock(&sessions_lock);
}

static int is_gone(void)
{
    if (faults->gone) {
        faults->was_gone = 1;
        return 1;
    }
    return faults->was_gone && faults->sticky;
}

static int take(atomic_int *counter)
{
    int left = *counter;

    while (left > 0) {
        if (atomic_compare_exchange_strong(counter, &left, left - 1)) {
            return 1;
        }
    }
    return 0;
}

static CK_SLOT_ID real_slot(CK_SLOT_ID slot)
{
    return slot & ~TWIN;
}

static CK_RV initialize(void *arguments)
{
    CK_RV rv;

    if (arguments && faults->cant_lock) {
        return CKR_CANT_LOCK;
    }
    faults->initializes++;
    faults->was_gone = 0;
    faults->sessions = 0;
    rv = real->C_Initialize(arguments);
    return rv;
}

static CK_RV finalize(void *reserved)
{
    faults->finalizes++;
    if (faults->inside > 0) {
        faults->meetings++;
    }
    return real->C_Finalize(reserved);
}

static CK_RV get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_ULONG room = *count;
    CK_ULONG found = room;
    CK_ULONG before = faults->empty_slots ? EMPTY_SLOTS : 0;
    CK_RV rv;

    if (is_gone()) {
        *count = 0;
        return CKR_OK;
    }
    if (slots && room < before) {
        return CKR_BUFFER_TOO_SMALL;
    }
    found = room - before;
    rv = real->C_GetSlotList(present, slots ? slots + before : NULL, &found);
    for (CK_ULONG i = 0; slots && i < before; i++) {
        slots[i] = EMPTY_SLOT + i;
    }
    if (rv == CKR_OK && slots && faults->twice && room >= before + 2 * found) {
        for (CK_ULONG i = 0; i < found; i++) {
            slots[before + found + i] = slots[before + i] | TWIN;
        }
        found *= 2;
    } else if (faults->twice) {
        found *= 2;
    }
    *count = before + found;
    return rv;
}

static CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    if (slot >= EMPTY_SLOT && slot < EMPTY_SLOT + EMPTY_SLOTS) {
        memset(info, ' ', sizeof *info);
        info->flags = CKF_REMOVABLE_DEVICE;
        return CKR_OK;
    }
    return is_gone() ? CKR_SLOT_ID_INVALID : real->C_GetSlotInfo(real_slot(slot), info);
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv;

    if (is_gone() || (slot >= EMPTY_SLOT && slot < EMPTY_SLOT + EMPTY_SLOTS)) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    rv = real->C_GetTokenInfo(real_slot(slot), info);
    if (faults->max_sessions) {
        info->ulMaxSessionCount = (CK_ULONG)faults->max_sessions;
    }
    if (faults->no_login) {
        info->flags &= ~(CK_FLAGS)(CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED);
    }
    if (faults->pin_pad) {
        info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    }
    if (faults->final_try) {
        info->flags |= CKF_USER_PIN_FINAL_TRY;
    }
    return rv;
}

static CK_RV open_real(CK_SLOT_ID slot, CK_FLAGS flags, CK_SESSION_HANDLE *session)
{
    CK_RV rv;

    hold();
    rv = held(real->C_OpenSession(real_slot(slot), flags, NULL, NULL, session));
    if (rv == CKR_OK) {
        int open = atomic_fetch_add(&faults->sessions, 1) + 1;
        int most = faults->most_sessions;

        while (open > most &&
               !atomic_compare_exchange_strong(&faults->most_sessions, &most, open)) {
        }
        if (faults->no_login) {
            real->C_Login(*session, CKU_USER, (CK_UTF8CHAR *)"1234", 4);
        }
    }
    return rv;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session)
{
    CK_RV rv;

    (void)application;
    (void)notify;
    faults->opens++;
    if (is_gone()) {
        return CKR_TOKEN_NOT_PRESENT;
    }
    if (faults->open_rv) {
        return faults->open_rv;
    }
    if (faults->max_sessions && faults->sessions >= faults->max_sessions) {
        return CKR_SESSION_COUNT;
    }
    enter();
    rv = open_real(slot, flags, session);
    return leave(rv);
}

static CK_RV close_session(CK_SESSION_HANDLE session)
{
    CK_RV rv;

    hold();
    rv = held(real->C_CloseSession(session));
    if (rv == CKR_OK) {
        faults->sessions--;
    }
    return rv;
}

/* Who needs no log-in is in no log-in. */
static CK_RV get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    CK_RV rv;

    if (is_gone()) {
        return CKR_DEVICE_REMOVED;
    }
    hold();
    rv = held(real->C_GetSessionInfo(session, info));
    if (rv == CKR_OK && faults->no_login) {
        info->state = info->flags & CKF_RW_SESSION ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
    }
    return rv;
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
    CK_RV rv;

    if (is_gone()) {
        return CKR_DEVICE_REMOVED;
    }
    if (faults->pin_pad && !pin) {
        return real->C_Login(session, user, (CK_UTF8CHAR *)"1234", 4);
    }
    faults->logins++;
    if (faults->login_rv) {
        usleep(20 * MILLISECOND);
        return faults->login_rv;
    }
    hold();
    rv = held(real->C_Login(session, user, pin, len));
    return rv == CKR_OK && faults->rival ? CKR_USER_ALREADY_LOGGED_IN : rv;
}

static CK_RV find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_OBJECT_CLASS nothing = CKO_VENDOR_DEFINED + 1;
    CK_ATTRIBUTE none = {CKA_CLASS, &nothing, sizeof nothing};

    if (is_gone()) {
        return CKR_DEVICE_REMOVED;
    }
    if (take(&faults->drop_login)) {
        real->C_Logout(session);
    }
    if (faults->hide_public && count && template[0].type == CKA_CLASS &&
        *(CK_OBJECT_CLASS *)template[0].pValue == CKO_PUBLIC_KEY) {
        template = &none;
        count = 1;
    }
    hold();
    return held(real->C_FindObjectsInit(session, template, count));
}

static CK_RV find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG room,
                          CK_ULONG *count)
{
    hold();
    return held(real->C_FindObjects(session, objects, room, count));
}

static CK_RV find_objects_final(CK_SESSION_HANDLE session)
{
    hold();
    return held(real->C_FindObjectsFinal(session));
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                 CK_ATTRIBUTE *attribute, CK_ULONG count)
{
    CK_RV rv;

    hold();
    rv = held(real->C_GetAttributeValue(session, object, attribute, count));
    if (rv != CKR_OK) {
        return rv;
    }
    if (faults->extractable && attribute->type == CKA_NEVER_EXTRACTABLE) {
        *(CK_BBOOL *)attribute->pValue = CK_FALSE;
    }
    if (faults->bare_point && attribute->type == CKA_EC_POINT) {
        CK_ULONG header = attribute->ulValueLen > 127 + 2 ? 3 : 2;

        if (attribute->pValue) {
            memmove(attribute->pValue, (CK_BYTE *)attribute->pValue + header,
                    attribute->ulValueLen - header);
            attribute->ulValueLen -= header;
        }
    }
    return rv;
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    faults->sign_inits++;
    if (is_gone()) {
        return CKR_DEVICE_REMOVED;
    }
    if (mechanism->mechanism != CKM_RSA_PKCS && mechanism->mechanism != CKM_ECDSA) {
        return CKR_MECHANISM_INVALID;
    }
    if (take(&faults->drop_sessions)) {
        drop_all_sessions(session);
    }
    if (take(&faults->drop_login)) {
        real->C_Logout(session);
    }
    hold();
    return held(real->C_SignInit(session, mechanism, key));
}

/* As long as it is slow: whoever sets it to 0 ends all waits. */
static void dawdle(void)
{
    for (int waited = 0; waited < faults->slow_ms; waited++) {
        usleep(MILLISECOND);
    }
}

static CK_RV sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *signature,
                  CK_ULONG *signature_len)
{
    CK_RV rv;

    faults->signs++;
    if (is_gone()) {
        return CKR_DEVICE_REMOVED;
    }
    if (faults->stuck_sessions && faults->was_gone) {
        return CKR_DEVICE_ERROR;
    }
    if (take(&faults->sign_times)) {
        return faults->sign_rv;
    }
    enter();
    dawdle();
    hold();
    rv = held(real->C_Sign(session, data, len, signature, signature_len));
    *signature_len -= (CK_ULONG)faults->short_by;
    return leave(rv);
}

static int load(void)
{
    const char *path = getenv("CERTMGR_TEST_FAULTS");
    void *library = dlopen(getenv("CERTMGR_TEST_MODULE"), RTLD_NOW | RTLD_LOCAL);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    CK_C_GetFunctionList list = NULL;

    if (!library || fd < 0) {
        return 0;
    }
    *(void **)&list = dlsym(library, "C_GetFunctionList");
    faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return list && faults != MAP_FAILED && list(&real) == CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    if (!real && !load()) {
        return CKR_GENERAL_ERROR;
    }
    ours = *real;
    ours.C_GetFunctionList = C_GetFunctionList;
    ours.C_Initialize = initialize;
    ours.C_Finalize = finalize;
    ours.C_GetSlotList = get_slot_list;
    ours.C_GetSlotInfo = get_slot_info;
    ours.C_GetTokenInfo = get_token_info;
    ours.C_OpenSession = open_session;
    ours.C_CloseSession = close_session;
    ours.C_GetSessionInfo = get_session_info;
    ours.C_Login = login;
    ours.C_FindObjectsInit = find_objects_init;
    ours.C_FindObjects = find_objects;
    ours.C_FindObjectsFinal = find_objects_final;
    ours.C_GetAttributeValue = get_attribute_value;
    ours.C_SignInit = sign_init;
    ours.C_Sign = sign;
    *list = &ours;
    return CKR_OK;
}
