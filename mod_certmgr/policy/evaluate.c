/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/evaluate.h"

#include <apr_cstr.h>
#include <apr_strings.h>

#include "base/text.h"
#include "policy/address.h"

/* A decision on its way: the spec as far as it is made, the refusals so far. */
typedef struct {
    const cm_evaluate_in_t *in;
    cm_cert_spec_t *spec;
    apr_pool_t *pool;
    cm_error_t *error;
} decision_t;

static cm_error_t *refuse(decision_t *decision, const char *field, const char *rule,
                          const char *message)
{
    cm_error_t *error =
        cm_error_locate(cm_error_make(decision->pool, CM_E_REFUSED, "%s", message), field, rule);

    decision->error = cm_error_join(decision->error, error);
    return error;
}

/* An error of pki/, which knows the rule but not the field. */
static void refuse_value(decision_t *decision, const char *field, cm_error_t *error)
{
    decision->error = cm_error_join(decision->error, cm_error_locate(error, field, error->rule));
}

static int is_chosen(const cm_profile_name_t *row)
{
    return row->from == CM_FROM_CSR || row->from == CM_FROM_SAN;
}

static int takes_from_csr(const apr_array_header_t *rows)
{
    for (int i = 0; i < rows->nelts; i++) {
        if (is_chosen(&APR_ARRAY_IDX(rows, i, cm_profile_name_t))) {
            return 1;
        }
    }
    return 0;
}

/* The row that takes names of the type from what is asked for, or NULL. */
static const cm_profile_name_t *csr_row(const apr_array_header_t *rows, const char *type)
{
    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, i, cm_profile_name_t);

        if (is_chosen(row) && apr_cstr_casecmp(row->type, type) == 0) {
            return row;
        }
    }
    return NULL;
}

/* The member of the request to which a name that the requester gives belongs. */
static const char *asked_field(const void *wish, const char *field)
{
    return wish ? field : "/csr";
}

/* The issuer. */

static void check_issuer(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    const cm_cert_t *issuer = in->issuer;

    if (!issuer->is_ca || (issuer->key_usage && !(issuer->key_usage & CM_KU_KEY_CERT_SIGN))) {
        refuse(decision, "/profile", "issuer.ca", "the issuer is no authority");
    }
    if (issuer->not_after < in->now) {
        refuse(decision, "/profile", "issuer.expired", "the issuing authority has expired");
    }
    if (in->profile->is_ca && issuer->has_path_len &&
        (issuer->path_len == 0 || in->profile->path_len >= issuer->path_len)) {
        refuse(decision, "/profile", "issuer.path-length",
               "the issuer allows no authority with this path length below it");
    }
}

/* The key. */

static void check_key(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    const apr_array_header_t *keys = in->profile->keys;
    const char *algorithm = in->csr->key->algorithm;

    if (!cm_text_is_among(keys, algorithm)) {
        cm_error_advise(
            refuse(decision, "/csr", "profile.key-algorithm",
                   apr_psprintf(decision->pool, "the profile does not accept %s keys", algorithm)),
            apr_pstrcat(decision->pool, "one of ", apr_array_pstrcat(decision->pool, keys, ','),
                        NULL));
    }
    if (cm_bytes_equal(in->csr->key->spki, in->issuer->spki)) {
        refuse(decision, "/csr", "profile.key-of-ca", "this is the key of the issuing authority");
    }
    if (cm_csr_wants_ca(in->csr) && !in->profile->is_ca) {
        refuse(decision, "/csr", "csr.ca", "the profile issues no authorities");
    }
}

/* The subject. */

/* The name to take attributes "from": "csr" from; NULL after a refusal. */
static const cm_name_t *asked_subject(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    const apr_array_header_t *rows = in->profile->subject;
    cm_name_t *name;
    cm_error_t *error;

    if (!in->subject) {
        return in->csr->subject;
    }
    if (!takes_from_csr(rows)) {
        refuse(decision, "/subject", "profile.subject-choice",
               "the profile does not let the subject be chosen");
        return NULL;
    }
    error = cm_name_read(&name, in->subject, decision->pool);
    if (error) {
        refuse_value(decision, "/subject", error);
        return NULL;
    }
    for (int i = 0; i < name->attributes->nelts; i++) {
        const char *type = APR_ARRAY_IDX(name->attributes, i, cm_name_attribute_t).type;

        if (!csr_row(rows, type)) {
            refuse(decision, "/subject", "profile.subject-attribute",
                   apr_psprintf(decision->pool, "the profile does not let %s be chosen", type));
        }
    }
    return name;
}

/* The upper bound of the attribute type. */
static apr_size_t bound_of(const char *type)
{
    for (const cm_name_type_t *known = cm_name_types; known->name; known++) {
        if (strcmp(known->name, type) == 0) {
            return (apr_size_t)known->bound;
        }
    }
    return APR_SIZE_MAX;
}

/* One of the alternative names. What is asked for must be one of them; what the CSR says is taken
 * only if it is one. */
static const char *value_of_san(decision_t *decision, const cm_profile_name_t *row,
                                const cm_name_t *asked)
{
    const apr_array_header_t *list = decision->spec->san;
    const char *wish = cm_name_get(asked, row->type), *first = NULL;

    for (int i = 0; i < list->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(list, i, cm_san_t);
        int is_host = strcmp(san->type, "dns") == 0 || strcmp(san->type, "ip") == 0;

        if (wish && apr_cstr_casecmp(wish, san->value) == 0) {
            return san->value;
        }
        if (!first && is_host && strlen(san->value) <= bound_of(row->type)) {
            first = san->value;
        }
    }
    if (wish && decision->in->subject) {
        refuse(decision, "/subject", "profile.subject-san",
               apr_psprintf(decision->pool, "%s must be one of the alternative names", row->type));
    }
    return first;
}

static const char *subject_value(decision_t *decision, const cm_profile_name_t *row,
                                 const cm_name_t *asked)
{
    const cm_evaluate_in_t *in = decision->in;

    switch ((cm_source_t)row->from) {
    case CM_FROM_LOGIN_NAME:
        return in->person->name;
    case CM_FROM_LOGIN_MAIL:
        return in->person->mail;
    case CM_FROM_LOGIN_ID:
        return in->person->id;
    case CM_FROM_CSR:
        return cm_name_get(asked, row->type);
    case CM_FROM_FIXED:
        return row->value;
    case CM_FROM_SAN:
        return value_of_san(decision, row, asked);
    }
    return NULL;
}

static void encode_subject(decision_t *decision, const apr_array_header_t *attributes)
{
    const cm_evaluate_in_t *in = decision->in;
    cm_name_t *name;
    cm_error_t *error = cm_name_make(&name, attributes, decision->pool);

    if (error) {
        refuse_value(decision,
                     takes_from_csr(in->profile->subject) ? asked_field(in->subject, "/subject")
                                                          : "/profile",
                     error);
        return;
    }
    decision->spec->subject = name->der;
    /* an authority has a subject (RFC 5280 4.1.2.6) */
    if (!name->attributes->nelts && (in->profile->is_ca || !decision->spec->san->nelts)) {
        refuse(decision, "/profile", "profile.nameless", "there is no name to certify");
    }
}

static void check_bounds(decision_t *decision, const cm_profile_name_t *row, const char *value,
                         const char *field)
{
    if (!cm_profile_fits(row, value, 0)) {
        refuse(decision, field, "profile.subject-pattern",
               apr_psprintf(decision->pool, "%s is not as the profile wants it", row->type));
    }
}

static void make_subject(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    const apr_array_header_t *rows = in->profile->subject;
    const cm_name_t *asked = asked_subject(decision);
    apr_array_header_t *attributes =
        apr_array_make(decision->pool, rows->nelts + 1, sizeof(cm_name_attribute_t));

    for (int i = 0; asked && i < rows->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, i, cm_profile_name_t);
        const char *value = subject_value(decision, row, asked);
        const char *field = is_chosen(row) ? asked_field(in->subject, "/subject") : "/profile";

        if (value && *value) {
            const cm_name_attribute_t attribute = {row->type, value, 0};

            APR_ARRAY_PUSH(attributes, cm_name_attribute_t) = attribute;
            check_bounds(decision, row, value, field);
        } else if (row->required) {
            refuse(decision, field, "profile.subject-required",
                   apr_psprintf(decision->pool, "the subject needs %s", row->type));
        }
    }
    if (asked) {
        encode_subject(decision, attributes);
    }
}

/* Alternative names. */

/* The names asked for, an array of cm_san_t; what is malformed is refused and left out. */
static const apr_array_header_t *asked_san(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    apr_array_header_t *list;

    if (!in->san) {
        return in->csr->san;
    }
    list = apr_array_make(decision->pool, in->san->nelts + 1, sizeof(cm_san_t));
    for (int i = 0; i < in->san->nelts; i++) {
        cm_san_t san;
        cm_error_t *error =
            cm_san_read(&san, APR_ARRAY_IDX(in->san, i, const char *), decision->pool);

        if (error) {
            refuse_value(decision, apr_psprintf(decision->pool, "/san/%d", i), error);
        } else {
            APR_ARRAY_PUSH(list, cm_san_t) = san;
        }
    }
    return list;
}

static void check_san_bounds(decision_t *decision, const cm_profile_name_t *row,
                             const cm_san_t *san, const char *field)
{
    if (!cm_profile_fits(row, san->value, 1)) {
        refuse(decision, field, "profile.san-pattern",
               apr_psprintf(decision->pool, "the profile does not accept the name %s",
                            cm_san_text(san, decision->pool)));
    }
}

/* A name that is not asked for: the mail address of the person, or one in the profile. */
static int add_given(decision_t *decision, apr_array_header_t *list, const cm_profile_name_t *row)
{
    const char *value = row->from == CM_FROM_FIXED ? row->value : decision->in->person->mail;
    cm_san_t san;
    cm_error_t *error;

    if (!value || !*value) {
        return 0;
    }
    error = cm_san_make(&san, row->type, value, decision->pool);
    if (error) {
        refuse_value(decision, "/profile", error);
    } else if (!cm_san_has(list, &san)) {
        APR_ARRAY_PUSH(list, cm_san_t) = san;
        check_san_bounds(decision, row, &san, "/profile");
    }
    return 1;
}

/* Those of the names asked for that belong to the row. */
static int add_asked(decision_t *decision, apr_array_header_t *list,
                     const apr_array_header_t *asked, const cm_profile_name_t *row)
{
    int count = 0;

    for (int i = 0; i < asked->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(asked, i, cm_san_t);

        if (strcmp(san->type, row->type) == 0 && !cm_san_has(list, san)) {
            APR_ARRAY_PUSH(list, cm_san_t) = *san;
            check_san_bounds(decision, row, san, asked_field(decision->in->san, "/san"));
            count++;
        }
    }
    if (count > row->max) {
        refuse(decision, asked_field(decision->in->san, "/san"), "profile.san-count",
               apr_psprintf(decision->pool, "at most %d alternative names of type %s are accepted",
                            row->max, row->type));
    }
    return count;
}

static void check_san_types(decision_t *decision, const apr_array_header_t *asked)
{
    for (int i = 0; i < asked->nelts; i++) {
        const char *type = APR_ARRAY_IDX(asked, i, cm_san_t).type;

        if (!csr_row(decision->in->profile->san, type)) {
            refuse(decision, asked_field(decision->in->san, "/san"), "profile.san-type",
                   apr_psprintf(decision->pool,
                                "the profile does not accept alternative names of type %s", type));
            return;
        }
    }
}

static void make_san(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    const apr_array_header_t *rows = in->profile->san;
    const apr_array_header_t *asked = asked_san(decision);
    apr_array_header_t *list = apr_array_make(decision->pool, 4, sizeof(cm_san_t));

    if (takes_from_csr(rows)) {
        check_san_types(decision, asked);
    } else if (in->san) {
        refuse(decision, "/san", "profile.san-choice",
               "the profile does not let alternative names be chosen");
    }
    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, i, cm_profile_name_t);
        int is_asked = row->from == CM_FROM_CSR;
        int count =
            is_asked ? add_asked(decision, list, asked, row) : add_given(decision, list, row);

        if (!count && row->required) {
            refuse(decision, is_asked ? asked_field(in->san, "/san") : "/profile",
                   "profile.san-required",
                   apr_psprintf(decision->pool, "an alternative name of type %s is needed",
                                row->type));
        }
    }
    decision->spec->san = list;
}

/* The dates. */

/* Seconds of life; 0 after a refusal. */
static apr_int64_t asked_validity(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    apr_int64_t seconds, max = in->profile->validity.max;
    cm_error_t *error;

    if (!in->validity) {
        return in->profile->validity.initial;
    }
    if (!in->profile->validity.choice) {
        refuse(decision, "/validity", "profile.validity-choice",
               "the profile does not let the validity be chosen");
        return 0;
    }
    error = cm_text_duration(&seconds, in->validity, decision->pool);
    if (error) {
        cm_error_locate(error, "/validity", "value.duration");
        decision->error = cm_error_join(decision->error, error);
        return 0;
    }
    if (seconds <= CM_BACKDATE || seconds > max) {
        refuse(decision, "/validity", "profile.validity",
               apr_psprintf(decision->pool, "more than %ds and at most %s are accepted",
                            CM_BACKDATE, cm_text_of_duration(max, decision->pool)));
        return 0;
    }
    return seconds;
}

static void make_dates(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    cm_cert_spec_t *spec = decision->spec;
    apr_int64_t seconds = asked_validity(decision);

    if (!seconds) {
        return;
    }
    spec->not_before = apr_time_from_sec(apr_time_sec(in->now) - CM_BACKDATE);
    if (spec->not_before < in->issuer->not_before) {
        spec->not_before = in->issuer->not_before;
    }
    spec->not_after = spec->not_before + apr_time_from_sec(seconds - 1);
    if (spec->not_after <= in->issuer->not_after) {
        return;
    }
    if (in->validity) {
        cm_error_advise(refuse(decision, "/validity", "issuer.validity",
                               "the issuing authority ends before that"),
                        apr_pstrcat(decision->pool, "not beyond ",
                                    cm_text_time(in->issuer->not_after, decision->pool), NULL));
        return;
    }
    spec->not_after = in->issuer->not_after;
}

/* What the profile alone says. */

unsigned cm_key_usages_of(const char *algorithm)
{
    const unsigned signing =
        CM_KU_DIGITAL_SIGNATURE | CM_KU_NON_REPUDIATION | CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;

    return signing | (strncmp(algorithm, "RSA", 3) == 0
                          ? CM_KU_KEY_ENCIPHERMENT | CM_KU_DATA_ENCIPHERMENT
                          : CM_KU_KEY_AGREEMENT | CM_KU_ENCIPHER_ONLY | CM_KU_DECIPHER_ONLY);
}

int cm_profile_is_usable(const cm_profile_t *profile, unsigned key_usage, apr_pool_t *pool)
{
    for (int i = 0; !profile->is_ca && i < profile->eku->nelts; i++) {
        if (!(cm_eku_key_usage(APR_ARRAY_IDX(profile->eku, i, const char *), pool) & key_usage)) {
            return 0;
        }
    }
    return key_usage != 0;
}

static void make_rest(decision_t *decision)
{
    const cm_evaluate_in_t *in = decision->in;
    const cm_profile_t *profile = in->profile;
    cm_cert_spec_t *spec = decision->spec;

    spec->spki = in->csr->key->spki;
    spec->key_id = in->csr->key->id;
    spec->is_ca = profile->is_ca;
    spec->has_path_len = profile->is_ca && profile->path_len >= 0;
    spec->path_len = spec->has_path_len ? profile->path_len : 0;
    spec->key_usage = profile->key_usage & cm_key_usages_of(in->csr->key->algorithm);
    if (!cm_profile_is_usable(profile, spec->key_usage, decision->pool)) {
        refuse(decision, "/csr", "profile.key-usage-key",
               "a key of this kind can't be used for all that the profile is for");
    }
    spec->eku = profile->eku;
    spec->policies = profile->policies;
    spec->limits = &profile->limits;
    spec->permitted = profile->constraints.permitted;
    spec->excluded = profile->constraints.excluded;
    spec->critical = profile->critical;
    spec->must_staple = profile->must_staple;
    spec->crl_urls = profile->crl_urls;
    spec->ocsp_urls = profile->ocsp_urls;
    spec->ca_issuers_urls = profile->ca_issuers_urls;
    if (!in->url && (profile->crl || profile->ocsp || profile->ca_issuers)) {
        decision->error =
            cm_error_join(decision->error, cm_error_make(decision->pool, CM_E_CONFIG,
                                                         "the address of this service is not set"));
        return;
    }
    if (profile->crl) {
        spec->crl_url = cm_address_crl(in->url, in->ca, decision->pool);
    }
    if (profile->ocsp) {
        spec->ocsp_url = cm_address_ocsp(in->url, decision->pool);
    }
    if (profile->ca_issuers) {
        spec->ca_issuers_url = cm_address_issuer(in->url, in->ca, decision->pool);
    }
}

cm_error_t *cm_evaluate(cm_cert_spec_t **spec, const cm_evaluate_in_t *in, apr_pool_t *pool)
{
    decision_t decision = {in, apr_pcalloc(pool, sizeof(cm_cert_spec_t)), pool, NULL};

    check_issuer(&decision);
    check_key(&decision);
    make_san(&decision);
    make_subject(&decision);
    make_dates(&decision);
    make_rest(&decision);
    if (!decision.error) {
        *spec = decision.spec;
    }
    return decision.error;
}
