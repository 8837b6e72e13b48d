/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects of a token: finding and reading them, and the public half of a key. All functions work in
 * an open session; a CK_RV other than CKR_OK is for cm_token_run to judge. Inside of keys/ only.
 */
#ifndef CERTMGR_KEYS_OBJECT_H
#define CERTMGR_KEYS_OBJECT_H

#include "keys/token.h"

enum { CM_OBJECTS_MAX = 64, CM_ATTRIBUTE_MAX = 16384 };

typedef struct {
    CK_OBJECT_HANDLE handles[CM_OBJECTS_MAX];
    CK_ULONG count;
} cm_objects_t;

/* The algorithms of the keys that are used here. */
typedef struct {
    const char *name;  /* "RSA-3072", "P-256" */
    CK_KEY_TYPE type;  /* CKK_RSA or CKK_EC */
    int bits;          /* of the modulus or the field */
    cm_bytes_t curve;  /* DER of CKA_EC_PARAMS: the curve's OBJECT IDENTIFIER (RFC 5480 2.1.1) */
    const char *group; /* OpenSSL's name of the curve */
} cm_algorithm_t;

/* NULL when the name, or the size or curve, is none of those. */
const cm_algorithm_t *cm_algorithm_named(const char *name);
const cm_algorithm_t *cm_algorithm_of_bits(int bits);
const cm_algorithm_t *cm_algorithm_of_curve(cm_bytes_t params);

/* All objects that have these attributes, CM_OBJECTS_MAX at most. */
CK_RV cm_objects_find(cm_objects_t *objects, cm_session_t *session, CK_ATTRIBUTE *template,
                      CK_ULONG count);

/* Read one attribute into the pool. An object without it, or that does not show it, gives CKR_OK
 * and no data. CKR_DATA_LEN_RANGE when it is longer than CM_ATTRIBUTE_MAX. */
CK_RV cm_object_read(cm_bytes_t *value, cm_session_t *session, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type, apr_pool_t *pool);

/* As cm_object_read for a CK_ULONG and a CK_BBOOL; `otherwise` when there is none. */
CK_RV cm_object_number(CK_ULONG *value, cm_session_t *session, CK_OBJECT_HANDLE object,
                       CK_ATTRIBUTE_TYPE type, CK_ULONG otherwise);
CK_RV cm_object_flag(int *value, cm_session_t *session, CK_OBJECT_HANDLE object,
                     CK_ATTRIBUTE_TYPE type);

/* What is public about a private key. */
typedef struct {
    const cm_algorithm_t *algorithm; /* NULL: a type, size or curve that is not used here */
    cm_bytes_t spki;                 /* DER SubjectPublicKeyInfo; no data: nowhere to be found */
} cm_public_t;

/* RSA: modulus and exponent of the private key, or of the public key object with the same CKA_ID.
 * EC: the point of that public key object, else the key of a certificate with the same CKA_ID. */
CK_RV cm_public_read(cm_public_t *public, cm_session_t *session, CK_OBJECT_HANDLE private,
                     apr_pool_t *pool);

#endif
