/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/othername.h"

#include <apr_strings.h>

#include "pki/name.h"

enum { VALUE_MOST = 1024 };

static const struct {
    const char *word;
    int tag;
} strings[] = {{"utf8", CM_DER_UTF8}, {"ia5", CM_DER_IA5}, {"printable", CM_DER_PRINTABLE}};

enum { STRINGS = sizeof strings / sizeof *strings };

static const struct {
    const char *oid;
    int tag;                                          /* 0: no string */
} known[] = {{"1.3.6.1.5.5.7.8.3", 0},                /* permanentIdentifier, RFC 4043 */
             {"1.3.6.1.5.5.7.8.4", 0},                /* hardwareModuleName, RFC 4108 5 */
             {"1.3.6.1.5.5.7.8.5", CM_DER_UTF8},      /* xmppAddr, RFC 6120 13.7.1.4 */
             {"1.3.6.1.5.5.7.8.7", CM_DER_IA5},       /* SRVName, RFC 4985 2 */
             {"1.3.6.1.5.5.7.8.8", CM_DER_UTF8},      /* NAIRealm, RFC 7585 2.2 */
             {CM_OID_SMTP_UTF8_MAILBOX, CM_DER_UTF8}, /* RFC 9598 3 */
             {"1.3.6.1.5.5.7.8.11", CM_DER_IA5},      /* bundleEID, RFC 9174 4.4.2 */
             {"1.3.6.1.5.2.2", 0},                    /* KRB5PrincipalName, RFC 4556 3.2.2 */
             {"1.3.6.1.4.1.311.25.1", 0}};            /* Microsoft's GUID of a domain controller */

int cm_othername_fits(const cm_othername_t *kind)
{
    for (apr_size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].oid, kind->oid) == 0) {
            return known[i].tag == kind->tag;
        }
    }
    return 1;
}

int cm_othername_read(cm_othername_t *kind, const char *type, apr_pool_t *pool)
{
    static const char prefix[] = "othername;";
    const char *oid = type + sizeof prefix - 1, *word;

    if (strncmp(type, prefix, sizeof prefix - 1) != 0 || !(word = strchr(oid, ';'))) {
        return 0;
    }
    kind->oid = apr_pstrmemdup(pool, oid, (apr_size_t)(word - oid));
    for (int i = 0; i < STRINGS; i++) {
        if (strcmp(strings[i].word, word + 1) == 0) {
            kind->tag = strings[i].tag;
            return !cm_der_check_oid(kind->oid, pool) && strcmp(kind->oid, CM_OID_UPN) != 0;
        }
    }
    return 0;
}

int cm_othername_holds(const cm_othername_t *kind, const char *value, apr_pool_t *pool)
{
    const char *text;

    return strlen(value) <= VALUE_MOST &&
           !cm_name_string(&text, kind->tag, cm_bytes_of_text(value), pool);
}

void cm_othername_put(cm_der_writer_t *writer, const cm_othername_t *kind, const char *value)
{
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_put_oid(writer, kind->oid);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_put_text(writer, kind->tag, value);
    cm_der_end(writer);
    cm_der_end(writer);
}

static const char *type_of(const char *oid, int tag, apr_pool_t *pool)
{
    for (int i = 0; i < STRINGS; i++) {
        if (strings[i].tag == tag) {
            return apr_pstrcat(pool, "othername;", oid, ";", strings[i].word, NULL);
        }
    }
    return NULL;
}

/* value [0] EXPLICIT ANY, which is a string. */
static cm_error_t *parse_string(const char **text, int *tag, cm_der_t *reader)
{
    cm_bytes_t whole, content;
    cm_der_t inner;
    cm_error_t *error = cm_der_enter(&inner, reader, CM_DER_CONSTRUCTED(0));

    if (!error) {
        error = cm_der_close(reader);
    }
    if (!error) {
        *tag = cm_der_peek(&inner);
        error = cm_der_next(&whole, &content, &inner);
    }
    if (!error) {
        error = cm_der_close(&inner);
    }
    return error ? error : cm_name_string(text, *tag, content, reader->pool);
}

cm_error_t *cm_othername_parse(const char **type, const char **value, cm_bytes_t content,
                               apr_pool_t *pool)
{
    cm_der_t reader = cm_der_reader(content, "san.syntax", pool);
    cm_othername_t kind;
    int tag = 0;
    const char *oid;
    cm_error_t *error = cm_der_expect_oid(&oid, &reader), *wrong;

    if (error) {
        return error;
    }
    wrong = parse_string(value, &tag, &reader);
    if (strcmp(oid, CM_OID_UPN) == 0) {
        *type = "upn";
        return wrong || tag == CM_DER_UTF8
                   ? wrong
                   : cm_der_error(&reader, "a user principal name is no UTF8String");
    }
    *type = wrong ? NULL : type_of(oid, tag, pool);
    if (*type &&
        (!cm_othername_read(&kind, *type, pool) || !cm_othername_holds(&kind, *value, pool))) {
        *type = NULL;
    }
    return NULL;
}
