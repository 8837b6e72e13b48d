/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/uri.h"

#include <apr_strings.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include "base/text.h"

static cm_error_t *refuse(apr_pool_t *pool, const char *why)
{
    return cm_error_locate(cm_error_make(pool, CM_E_CONFIG, "the PKCS#11 URI %s", why), NULL,
                           "key.uri");
}

static apr_status_t release(void *parsed)
{
    p11_kit_uri_free(parsed);
    return APR_SUCCESS;
}

/* The length of the name of the attribute that begins at `text`; 0 for a part without "=". */
static apr_size_t name_length(const char *text)
{
    apr_size_t len = strcspn(text, "=;?&");

    return text[len] == '=' ? len : 0;
}

/* RFC 7512 2.3 and 2.4: no attribute twice; p11-kit would take the last one. */
static int has_duplicate(const char *text)
{
    const char *one = strchr(text, ':');

    while (one) {
        apr_size_t len = name_length(++one);
        const char *other = strpbrk(one, ";?&");

        for (const char *next = other; len && next; next = strpbrk(next, ";?&")) {
            next++;
            if (name_length(next) == len && memcmp(one, next, len) == 0) {
                return 1;
            }
        }
        one = other;
    }
    return 0;
}

static cm_error_t *check_text(const char *text, apr_pool_t *pool)
{
    apr_size_t len = strnlen(text, CM_URI_MAX + 1);

    if (len > CM_URI_MAX) {
        return refuse(pool, "is too long");
    }
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return refuse(pool, "has characters that must be percent-encoded");
        }
    }
    return has_duplicate(text) ? refuse(pool, "has an attribute twice") : NULL;
}

/* What a URI may not say, wherever it came from: PIN and module are the administrator's. */
static cm_error_t *check_parts(P11KitUri *parsed, apr_pool_t *pool)
{
    CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(parsed, CKA_CLASS);

    if (p11_kit_uri_any_unrecognized(parsed)) {
        return refuse(pool, "has an unknown attribute");
    }
    if (p11_kit_uri_get_pin_value(parsed) || p11_kit_uri_get_pin_source(parsed)) {
        return refuse(pool, "must not hold a PIN or where it is");
    }
    if (p11_kit_uri_get_module_path(parsed) || p11_kit_uri_get_module_name(parsed)) {
        return refuse(pool, "must not name a module");
    }
    if (class && (class->ulValueLen != sizeof(CK_OBJECT_CLASS) ||
                  *(CK_OBJECT_CLASS *)class->pValue != CKO_PRIVATE_KEY)) {
        return refuse(pool, "has another type than private");
    }
    return NULL;
}

static cm_error_t *read_label(const char **label, const void *data, apr_size_t len,
                              apr_pool_t *pool)
{
    if (!cm_text_is_utf8(cm_bytes_make(data, len))) {
        return refuse(pool, "has a label that is no text");
    }
    *label = apr_pstrmemdup(pool, data, len);
    return NULL;
}

static cm_error_t *read_parts(cm_uri_t *uri, apr_pool_t *pool)
{
    CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri->parsed, CKA_LABEL);
    CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri->parsed, CKA_ID);
    CK_TOKEN_INFO *token = p11_kit_uri_get_token_info(uri->parsed);
    apr_size_t len = p11_kit_space_strlen(token->label, sizeof token->label);
    cm_error_t *error = NULL;

    if (label) {
        error = read_label(&uri->label, label->pValue, label->ulValueLen, pool);
    }
    /* p11-kit leaves the field zeroed when the URI does not name a token */
    if (!error && len > 0 && token->label[0] != '\0') {
        error = read_label(&uri->token, token->label, len, pool);
    }
    if (error) {
        return error;
    }
    if (id && id->ulValueLen == 0) {
        return refuse(pool, "has an empty id");
    }
    if (id) {
        uri->id = cm_bytes_copy(cm_bytes_make(id->pValue, id->ulValueLen), pool);
    }
    return NULL;
}

cm_error_t *cm_uri_parse(cm_uri_t **uri, const char *text, apr_pool_t *pool)
{
    cm_error_t *error = check_text(text, pool);
    cm_uri_t *read;

    if (error) {
        return error;
    }
    read = apr_pcalloc(pool, sizeof *read);
    read->text = apr_pstrdup(pool, text);
    read->parsed = p11_kit_uri_new();
    if (!read->parsed) {
        return cm_error_make(pool, CM_E_INTERNAL, "out of memory");
    }
    apr_pool_cleanup_register(pool, read->parsed, release, apr_pool_cleanup_null);
    if (p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, read->parsed) != P11_KIT_URI_OK) {
        return refuse(pool, "is not one of RFC 7512");
    }
    error = check_parts(read->parsed, pool);
    if (!error) {
        error = read_parts(read, pool);
    }
    if (!error) {
        *uri = read;
    }
    return error;
}
