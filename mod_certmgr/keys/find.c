/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/find.h"

#include <p11-kit/uri.h>

static CK_ULONG fill(CK_ATTRIBUTE *template, CK_OBJECT_CLASS *class, const cm_uri_t *uri)
{
    CK_ULONG count = 0;

    template[count++] = (CK_ATTRIBUTE){CKA_CLASS, class, sizeof *class};
    if (uri->label) {
        template[count++] = (CK_ATTRIBUTE){CKA_LABEL, (void *)uri->label, strlen(uri->label)};
    }
    if (uri->id.data) {
        template[count++] = (CK_ATTRIBUTE){CKA_ID, (void *)uri->id.data, uri->id.len};
    }
    return count;
}

CK_RV cm_private_find(cm_found_t *found, cm_session_t *session, cm_token_t *token,
                      const cm_uri_t *uri, apr_pool_t *pool)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[3];
    CK_TOKEN_INFO info = {0};
    cm_objects_t objects = {.count = 0};
    CK_RV rv;

    memset(found, 0, sizeof *found);
    found->generation = session->generation;
    session->call = "C_GetTokenInfo";
    rv = session->calls->C_GetTokenInfo(session->slot, &info);
    if (rv == CKR_OK && !p11_kit_uri_match_token_info(uri->parsed, &info)) {
        found->elsewhere = 1;
        return CKR_OK;
    }
    if (rv == CKR_OK) {
        rv = cm_objects_find(&objects, session, template, fill(template, &class, uri));
    }
    if (rv == CKR_OK && objects.count == 0 && cm_token_is_logged_out(token, session)) {
        session->call = "C_FindObjects without a log-in";
        return CKR_USER_NOT_LOGGED_IN;
    }
    for (CK_ULONG i = 0; rv == CKR_OK && i < objects.count; i++) {
        cm_public_t public;

        rv = cm_public_read(&public, session, objects.handles[i], pool);
        if (rv == CKR_OK && public.algorithm) {
            found->count++;
            found->public = public;
            found->handle = objects.handles[i];
        } else {
            found->foreign++;
        }
    }
    return rv;
}

cm_error_t *cm_found_check(const cm_found_t *found, const cm_uri_t *uri, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    if (found->count == 0 && found->foreign == 0) {
        error = cm_error_make(pool, CM_E_NOT_FOUND, "the key is not in the token");
    } else if (found->count == 0) {
        error = cm_error_make(pool, CM_E_CONFIG, "the key is of a kind that can't be used");
        cm_error_advise(error, "use RSA of 2048, 3072 or 4096 bits, P-256, P-384 or P-521");
    } else if (found->count > 1) {
        error = cm_error_make(pool, CM_E_CONFIG, "several keys match the PKCS#11 URI");
        cm_error_advise(error, "add the key's id to the URI");
    } else if (!found->public.spki.data) {
        error = cm_error_make(pool, CM_E_CONFIG, "the token does not show the public key");
        cm_error_advise(error, "put the public key or a certificate with the same CKA_ID into the "
                               "token");
    }
    return error ? cm_error_explain(pool, error, "%s", uri->text) : NULL;
}
