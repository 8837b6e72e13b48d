/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/object.h"

static const unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const unsigned char p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const unsigned char p521[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};

static const cm_algorithm_t algorithms[] = {
    {"P-256", CKK_EC, 256, {p256, sizeof p256}, "prime256v1"},
    {"P-384", CKK_EC, 384, {p384, sizeof p384}, "secp384r1"},
    {"P-521", CKK_EC, 521, {p521, sizeof p521}, "secp521r1"},
    {"RSA-2048", CKK_RSA, 2048, {NULL, 0}, NULL},
    {"RSA-3072", CKK_RSA, 3072, {NULL, 0}, NULL},
    {"RSA-4096", CKK_RSA, 4096, {NULL, 0}, NULL},
};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

const cm_algorithm_t *cm_algorithm_named(const char *name)
{
    for (int i = 0; i < ALGORITHMS; i++) {
        if (strcmp(algorithms[i].name, name) == 0) {
            return &algorithms[i];
        }
    }
    return NULL;
}

const cm_algorithm_t *cm_algorithm_of_bits(int bits)
{
    for (int i = 0; i < ALGORITHMS; i++) {
        if (algorithms[i].type == CKK_RSA && algorithms[i].bits == bits) {
            return &algorithms[i];
        }
    }
    return NULL;
}

const cm_algorithm_t *cm_algorithm_of_curve(cm_bytes_t params)
{
    for (int i = 0; i < ALGORITHMS; i++) {
        if (algorithms[i].type == CKK_EC && cm_bytes_equal(algorithms[i].curve, params)) {
            return &algorithms[i];
        }
    }
    return NULL;
}

CK_RV cm_objects_find(cm_objects_t *objects, cm_session_t *session, CK_ATTRIBUTE *template,
                      CK_ULONG count)
{
    CK_ULONG got = 0;
    CK_RV rv;
    CK_RV closed;

    objects->count = 0;
    session->call = "C_FindObjectsInit";
    rv = session->calls->C_FindObjectsInit(session->handle, template, count);
    if (rv != CKR_OK) {
        return rv;
    }
    session->call = "C_FindObjects";
    do {
        got = 0;
        rv = session->calls->C_FindObjects(session->handle, objects->handles + objects->count,
                                           CM_OBJECTS_MAX - objects->count, &got);
        objects->count += got;
    } while (rv == CKR_OK && got > 0 && objects->count < CM_OBJECTS_MAX);
    closed = session->calls->C_FindObjectsFinal(session->handle);
    return rv == CKR_OK ? closed : rv;
}

/* What a module answers for an attribute that an object does not have or does not show. */
static int is_absent(CK_RV rv, const CK_ATTRIBUTE *attribute)
{
    return rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
           (rv == CKR_OK &&
            (attribute->ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute->ulValueLen == 0));
}

CK_RV cm_object_read(cm_bytes_t *value, cm_session_t *session, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, apr_pool_t *pool)
{
    CK_ATTRIBUTE attribute = {.type = type};
    CK_RV rv;

    *value = cm_bytes_make(NULL, 0);
    session->call = "C_GetAttributeValue";
    rv = session->calls->C_GetAttributeValue(session->handle, object, &attribute, 1);
    if (is_absent(rv, &attribute)) {
        return CKR_OK;
    }
    if (rv == CKR_OK && attribute.ulValueLen > CM_ATTRIBUTE_MAX) {
        rv = CKR_DATA_LEN_RANGE;
    }
    if (rv == CKR_OK) {
        attribute.pValue = apr_palloc(pool, attribute.ulValueLen);
        rv = session->calls->C_GetAttributeValue(session->handle, object, &attribute, 1);
    }
    if (rv == CKR_OK) {
        *value = cm_bytes_make(attribute.pValue, attribute.ulValueLen);
    }
    return rv;
}

CK_RV cm_object_number(CK_ULONG *value, cm_session_t *session, CK_OBJECT_HANDLE object,
                       CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise)
{
    CK_ULONG number = otherwise;
    CK_ATTRIBUTE attribute = {type, &number, sizeof number};
    CK_RV rv;

    session->call = "C_GetAttributeValue";
    rv = session->calls->C_GetAttributeValue(session->handle, object, &attribute, 1);
    *value = rv == CKR_OK && attribute.ulValueLen == sizeof number ? number : otherwise;
    return is_absent(rv, &attribute) ? CKR_OK : rv;
}

CK_RV cm_object_flag(int *value, cm_session_t *session, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL flag = CK_FALSE;
    CK_ATTRIBUTE attribute = {type, &flag, sizeof flag};
    CK_RV rv;

    session->call = "C_GetAttributeValue";
    rv = session->calls->C_GetAttributeValue(session->handle, object, &attribute, 1);
    *value = rv == CKR_OK && attribute.ulValueLen == sizeof flag && flag == CK_TRUE;
    return is_absent(rv, &attribute) ? CKR_OK : rv;
}
