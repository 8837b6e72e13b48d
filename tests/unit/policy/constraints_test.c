/* SPDX-License-Identifier: Apache-2.0
 *
 * Name constraints of the issuer (RFC 5280 4.2.1.10), among them the examples of that section.
 */
#include "unit/policy/lint_question.h"

#define EAI "othername;1.3.6.1.5.5.7.8.9;utf8:"

static const struct {
    const char *permitted, *excluded;
    const char *name;
    int passes;
} cases[] = {
    {"dns:host.example.test", NULL, "dns:my.host.example.test", 1},
    {"dns:host.example.test", NULL, "dns:host.example.test", 1},
    {"dns:host.example.test", NULL, "dns:host1.example.test", 0},
    {"dns:host.example.test", NULL, "dns:myhost.example.test", 0},
    {"dns:.example.test", NULL, "dns:example.test", 0},
    {"dns:.example.test", NULL, "dns:a.example.test", 1},
    {"dns:example.test", NULL, "dns:*.example.test", 1},
    {"dns:example.test", NULL, "email:jane@other.test", 1}, /* of another kind */
    {NULL, "dns:example.test", "dns:www.example.test", 0},
    {NULL, "dns:example.test", "dns:www.example.org", 1},
    {"dns:example.test", "dns:secret.example.test", "dns:www.secret.example.test", 0},
    {"email:example.test", NULL, "email:jane@example.test", 1},
    {"email:example.test", NULL, "email:jane@a.example.test", 0},
    {"email:.example.test", NULL, "email:jane@a.example.test", 1},
    {"email:.example.test", NULL, "email:jane@example.test", 0},
    {"ip:192.0.2.0/24", NULL, "ip:192.0.2.255", 1},
    {"ip:192.0.2.0/24", NULL, "ip:192.0.3.0", 0},
    {"ip:192.0.2.0/24", NULL, "ip:2001:db8::1", 0}, /* no IPv6 address is permitted */
    {NULL, "ip:2001:db8::/33", "ip:2001:db8:7fff::1", 0},
    {NULL, "ip:2001:db8::/33", "ip:2001:db8:8000::1", 1},
    {"uri:.example.test", NULL, "uri:https://me@www.example.test:8080/a?b", 1},
    {"uri:.example.test", NULL, "uri:https://example.test/", 0},
    {"uri:example.test", NULL, "uri:https://example.test/", 1},
    {"uri:example.test", NULL, "uri:https://www.example.test/", 0},
    {"uri:example.test", NULL, "uri:urn:example:test", 0}, /* has no host */
    {NULL, "uri:example.test", "uri:https://192.0.2.1/",
     0}, /* an address is no host (RFC 5280 4.2.1.10) */
    {"uri:good.test", NULL, "uri:sip:jane@evil.test;x=://good.test", 0},
    {NULL, "dns:secret.example.test", "dns:*.example.test", 0},
    {NULL, "dns:a.secret.example.test", "dns:*.example.test", 1}, /* two labels below */
    {NULL, "dns:secret.example.test", "dns:*.other.test", 1},
    {NULL, "dirname:O=Example", "dirname:CN=Jane,O=EXAMPLE", 0},
    {"email:example.test", NULL, EAI "zo\xc3\xab@example.test", 1}, /* RFC 9598 6 */
    {"email:example.test", NULL, EAI "zo\xc3\xab@example.org", 0},
    {"email:example.test", NULL, EAI "example.test", 0},
    {NULL, "email:example.test", EAI "zo\xc3\xab@x@example.org", 0},
    {"email:example.test", NULL, "othername;1.3.6.1.5.5.7.8.5;utf8:a@example.org", 1},
    {NULL, "dirname:O=Example", "dirname:CN=Jane,O=Example  ", 0},
    {NULL, "dirname:O=Example", "dirname:CN=Jane,O=Examples", 1},
};

enum { CASES = sizeof cases / sizeof *cases };

START_TEST(names_within)
{
    question_t *q = question_make();
    cm_error_t *error;

    q->profile = NULL;
    use_san(q, cases[_i].name, NULL);
    constrain(q, cases[_i].permitted ? texts(cases[_i].permitted, NULL) : NULL,
              cases[_i].excluded ? texts(cases[_i].excluded, NULL) : NULL);
    error = question_lint(q);
    if (cases[_i].passes) {
        assert_done(error);
    } else {
        assert_refused(error, CM_E_REFUSED, "lint.issuer-constraints");
    }
}
END_TEST

/* Subtrees as an imported authority may have them: [0] permitted of one GeneralName. */
static void permit_raw(question_t *q, const char *general_name)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_ext_t));

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_raw(writer, hex(general_name));
    for (int i = 0; i < 3; i++) {
        cm_der_end(writer);
    }
    APR_ARRAY_PUSH(list, cm_ext_t) = (cm_ext_t){CM_OID_NAME_CONSTRAINTS, 1, cm_der_written(writer)};
    q->issuer.extensions = list;
    q->profile = NULL;
}

static void use_subject(question_t *q, const char *text)
{
    cm_name_t *name;

    assert_done(cm_name_read(&name, text, pool));
    q->spec.subject = name->der;
}

#define DIRECTORY_O_EXAMPLE                                                                        \
    "a4143012311030"                                                                               \
    "0e060355040a0c074578616d706c65" /* O=Example */

START_TEST(directory_names)
{
    question_t *q = question_make();

    permit_raw(q, DIRECTORY_O_EXAMPLE);
    use_subject(q, "CN=Jane,O=Example");
    assert_done(question_lint(q));
    use_subject(q, "CN=Jane,O=Example2");
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-constraints");
    use_subject(q, "O=Example,CN=Jane"); /* the other way round */
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-constraints");
}
END_TEST

/* Also beside alternative names, as OpenSSL asks for it. What is no mailbox can't be judged. */
START_TEST(mail_in_the_subject)
{
    static const struct {
        const char *permitted, *excluded, *subject;
        int passes;
    } subjects[] = {
        {"email:example.test", NULL, "emailAddress=jane@example.test", 1},
        {"email:example.test", NULL, "emailAddress=jane@EXAMPLE.test", 1},
        {"email:example.test", NULL, "emailAddress=jane@example.org", 0},
        {"email:example.test", NULL, "emailAddress=example.test", 0},
        {"email:example.test", NULL, "emailAddress=jane@example.test x", 0},
        {"email:jane@example.test", NULL, "emailAddress=Jane@example.test", 0},
        {NULL, "email:example.test", "emailAddress=jane@example.test", 0},
        {NULL, "email:example.test", "emailAddress=jane@example.org", 1},
        {NULL, "email:example.test", "emailAddress=jane@x@example.test", 0},
        {NULL, "dns:example.test", "emailAddress=example.test", 1}, /* of another kind */
    };

    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        for (int has_san = 0; has_san < 2; has_san++) {
            question_t *q = question_make();
            cm_error_t *error;

            constrain(q, subjects[i].permitted ? texts(subjects[i].permitted, NULL) : NULL,
                      subjects[i].excluded ? texts(subjects[i].excluded, NULL) : NULL);
            q->profile = NULL;
            q->spec.san = NULL;
            if (has_san) {
                use_san(q, "uri:urn:a:b", NULL);
            }
            use_subject(q, subjects[i].subject);
            error = question_lint(q);
            ck_assert_msg((error == NULL) == subjects[i].passes, "%s", subjects[i].subject);
            ck_assert(!error || strcmp(error->rule, "lint.issuer-constraints") == 0);
        }
    }
}
END_TEST

/* One mailbox; a kind we don't know, which no name of the certificate has; a minimum. */
START_TEST(other_subtrees)
{
    question_t *q = question_make();

    permit_raw(q, "81116a616e65406578616d706c652e74657374"); /* jane@example.test */
    assert_done(question_lint(q));
    use_san(q, "email:Jane@example.test", NULL); /* a mailbox has its case */
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-constraints");
    permit_raw(q, "88022a03");
    assert_done(question_lint(q));
    permit_raw(q, "81116a616e65406578616d706c652e74657374"
                  "800101");
    use_san(q, "email:jane@example.test", NULL);
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-constraints");
    permit_raw(q, "a00d06032a0304a0060c0461406131"); /* otherName: a user principal name is one */
    use_san(q, "upn:jane@example.test", NULL);
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-constraints");
}
END_TEST

/* Constraints hold for the whole path below an authority, whatever its issuer says. */
START_TEST(authorities_above)
{
    question_t *q = question_make();
    cm_cert_t *above = apr_pcalloc(pool, sizeof *above), *root = apr_pcalloc(pool, sizeof *root);

    q->profile = NULL;
    q->above = apr_array_make(pool, 2, sizeof(const cm_cert_t *));
    APR_ARRAY_PUSH(q->above, const cm_cert_t *) = root;
    APR_ARRAY_PUSH(q->above, const cm_cert_t *) = above;
    use_san(q, "dns:www.example.test", NULL);
    constrain(q, texts("dns:example.test", NULL), NULL);
    root->extensions = q->issuer.extensions;
    assert_done(question_lint(q));
    constrain(q, NULL, texts("dns:www.example.test", NULL));
    above->extensions = q->issuer.extensions;
    constrain(q, texts("dns:test", NULL), NULL);
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-constraints");
    above->extensions = NULL;
    assert_done(question_lint(q));
}
END_TEST

/* Each authority between takes one away. */
START_TEST(path_lengths_above)
{
    question_t *q = question_make();
    cm_cert_t *above = apr_pcalloc(pool, sizeof *above);

    q->above = apr_array_make(pool, 1, sizeof(const cm_cert_t *));
    APR_ARRAY_PUSH(q->above, const cm_cert_t *) = above;
    above->has_path_len = 1;
    above->path_len = 2;
    use_ca(q, 0);
    assert_done(question_lint(q));
    use_ca(q, 1);
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-path-length");
    above->path_len = 1;
    use_ca(q, -1);
    assert_refused(question_lint(q), CM_E_REFUSED, "lint.issuer-path-length");
    above->has_path_len = 0;
    assert_done(question_lint(q));
}
END_TEST

TCase *constraints_case(void)
{
    TCase *tests = unit_case("constraints");

    tcase_add_loop_test(tests, names_within, 0, CASES);
    tcase_add_test(tests, directory_names);
    tcase_add_test(tests, mail_in_the_subject);
    tcase_add_test(tests, other_subtrees);
    tcase_add_test(tests, authorities_above);
    tcase_add_test(tests, path_lengths_above);
    return tests;
}
