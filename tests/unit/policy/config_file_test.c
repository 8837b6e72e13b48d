/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/config_file.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "ctl/config_line.h"
#include "unit/policy/suite.h"

static char folder[] = "/tmp/certmgr-config-XXXXXX";

static void make_folder(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_tree(const char *path)
{
    apr_pool_t *own;
    apr_finfo_t info;
    apr_dir_t *dir;

    apr_pool_create(&own, NULL);
    ck_assert_int_eq(apr_dir_open(&dir, path, own), APR_SUCCESS);
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_TYPE, dir) == APR_SUCCESS) {
        const char *inner = apr_pstrcat(own, path, "/", info.name, NULL);

        if (info.filetype == APR_DIR && info.name[0] != '.') {
            remove_tree(inner);
        } else if (info.filetype != APR_DIR) {
            apr_file_remove(inner, own);
        }
    }
    apr_dir_close(dir);
    apr_dir_remove(path, own);
    apr_pool_destroy(own);
}

static void remove_folder(void)
{
    remove_tree(folder);
}

static const char *put(const char *name, const char *content)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    char *parent = apr_pstrdup(pool, path);
    apr_file_t *file;

    *strrchr(parent, '/') = '\0';
    apr_dir_make_recursive(parent, APR_FPROT_OS_DEFAULT, pool);
    ck_assert_int_eq(apr_file_open(&file, path,
                                   APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                                   APR_FPROT_OS_DEFAULT, pool),
                     APR_SUCCESS);
    ck_assert_int_eq(apr_file_write_full(file, content, strlen(content), NULL), APR_SUCCESS);
    apr_file_close(file);
    return path;
}

static cm_config_t *read_good(const char *content)
{
    cm_config_t *config;

    assert_done(cm_config_read(&config, put("httpd.conf", content), pool));
    return config;
}

static cm_error_t *read_bad(const char *content)
{
    cm_config_t *config;

    return cm_config_read(&config, put("httpd.conf", content), pool);
}

START_TEST(words_as_httpd_splits_them)
{
    static const struct {
        const char *line, *words[4];
    } samples[] = {
        {"  a  b\tc ", {"a", "b", "c"}},
        {"\"a b\" 'c d'", {"a b", "c d"}},
        {"\"a\\\"b\\\\c\\d\" 'e\\'f\"g'", {"a\"b\\c\\d", "e'f\"g"}},
        {"a\"b c\\\\d \\e", {"a\"b", "c\\d", "\\e"}},
        {"\"ab\"cd", {"ab", "cd"}},
        {"\"open end", {"open end"}},
        {"\"ends in \\", {"ends in \\"}},
        {"\"\" x", {"", "x"}},
        {"", {NULL}},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const char *line = samples[i].line;

        for (int k = 0; samples[i].words[k]; k++) {
            ck_assert_str_eq(cm_config_word(&line, pool), samples[i].words[k]);
        }
        ck_assert_str_eq(line, "");
        ck_assert_str_eq(cm_config_word(&line, pool), "");
    }
}
END_TEST

START_TEST(lines_as_httpd_joins_them)
{
    char content[] = "  one  \n\n# two \\\nstill two\r\nthree \\\r\n  more\\\\\nend\nlast\\";
    static const struct {
        const char *line;
        int first;
    } expected[] = {
        {"one", 1}, {"", 2}, {"# two still two", 3}, {"three   more\\end", 5}, {"last\\", 8}};
    cm_config_text_t text = {content, 0, 0};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert_pstr_eq(cm_config_line(&text), expected[i].line);
        ck_assert_int_eq(text.first, expected[i].first);
    }
    ck_assert_ptr_null(cm_config_line(&text));
}
END_TEST

START_TEST(variables_as_httpd_resolves_them)
{
    apr_table_t *variables = apr_table_make(pool, 2);

    apr_table_setn(variables, "A", "${B}");
    apr_table_setn(variables, "CERTMGR_TEST_BOTH", "mine");
    setenv("CERTMGR_TEST_ENV", "theirs", 1);
    setenv("CERTMGR_TEST_BOTH", "theirs", 1);
    ck_assert_str_eq(cm_config_resolve("x${A}y${CERTMGR_TEST_ENV}", variables, pool),
                     "x${B}ytheirs");
    ck_assert_str_eq(cm_config_resolve("${CERTMGR_TEST_BOTH}", variables, pool), "mine");
    ck_assert_str_eq(cm_config_resolve("${}$A${A:b}${CERTMGR_NO}${A", variables, pool),
                     "${}$A${A:b}${CERTMGR_NO}${A");
}
END_TEST

START_TEST(our_lines_are_found_wherever_they_stand)
{
    cm_config_t *config = read_good("# comment\n"
                                    "Listen 443\n"
                                    "<IfModule mod_certmgr.c>\n"
                                    "  certmgrtokensessions 4\n"
                                    "  CertMgrToken ca /m.so \\\n"
                                    "      \"pkcs11:token=my%20ca\" file:/pin\n"
                                    "</IfModule>\n"
                                    "<IfModule !mod_certmgr.c>\n"
                                    "  CertMgrNonsense\n"
                                    "</IfModule>\n"
                                    "<VirtualHost *:443>\n"
                                    "  CertMgrURL \"https://x.test/certmgr\"\n"
                                    "  <Location /certmgr>\n"
                                    "    CertMgr on\n"
                                    "    Require all granted\n"
                                    "  </Location>\n"
                                    "</VirtualHost>\n"
                                    "DBDriver sqlite3\n"
                                    "DBDParams \"/var/lib/x y.db\"");

    ck_assert_int_eq(config->token_sessions, 4);
    ck_assert_str_eq(config->url, "https://x.test/certmgr");
    ck_assert_str_eq(APR_ARRAY_IDX(config->tokens, 0, cm_config_token_t).uri,
                     "pkcs11:token=my%20ca");
    ck_assert_str_eq(config->driver, "sqlite3");
    ck_assert_str_eq(config->params, "/var/lib/x y.db");
    config = read_good("Listen 443\n");
    ck_assert(!config->driver && !config->params && !config->url);
}
END_TEST

START_TEST(definitions_are_followed)
{
    cm_config_t *config = read_good("Define STATE /var/lib/ca\n"
                                    "Define Flag\n"
                                    "<IfDefine Flag>\n"
                                    "  <IfDefine !Other>\n"
                                    "    CertMgrAuditHeads ${STATE}/heads\n"
                                    "  </IfDefine>\n"
                                    "</IfDefine>\n"
                                    "<IfDefine Other>\n"
                                    "  <Location /x>\n"
                                    "    CertMgrNonsense\n"
                                    "    <IfDefine Flag>\n"
                                    "      CertMgrNonsense\n"
                                    "    </IfDefine>\n"
                                    "  </Location>\n"
                                    "</IfDefine>\n"
                                    "UnDefine Flag\n"
                                    "<IfDefine Flag>\n"
                                    "  CertMgrNonsense\n"
                                    "</IfDefine>\n"
                                    "<Macro M $x>\n"
                                    "  CertMgrNonsense $x\n"
                                    "</Macro>\n"
                                    "<IfFile httpd.conf>\n"
                                    "  CertMgrCRLGather 1s\n"
                                    "</IfFile>\n"
                                    "<IfFile absent>\n"
                                    "  CertMgrNonsense\n"
                                    "</IfFile>\n"
                                    "Define EMPTY \"\"\n"
                                    "ErrorLog ${EMPTY}${APACHE_NOT_DEFINED}/log\n");

    ck_assert_str_eq(config->audit_heads, "/var/lib/ca/heads");
    ck_assert_int_eq(config->crl_gather, 1);
}
END_TEST

START_TEST(includes_are_followed)
{
    cm_config_t *config;

    put("conf.d/20-b.conf", "CertMgrTokenSessions 2\n");
    put("conf.d/10-a.conf", "CertMgrTokenSessions 1\nCertMgrCRLGather 1s\n");
    put("conf.d/readme.txt", "CertMgrNonsense\n");
    put("folder/deep/x", "CertMgrCRLValidity 2d\n");
    put("sites/one/site.conf", "CertMgrOCSPValidity 2h\n");
    put("root/plain.conf", "CertMgrAuditInterval 9s\n");
    config = read_good("Include conf.d/*.conf\n"
                       "Include folder\n"
                       "IncludeOptional sites/*/*.conf\n"
                       "IncludeOptional absent.conf\n"
                       "IncludeOptional absent/*.conf\n"
                       "<IfDefine Nothing>\nInclude absent.conf\n</IfDefine>\n"
                       "ServerRoot root\n"
                       "Include plain.conf\n");
    ck_assert_int_eq(config->token_sessions, 2);
    ck_assert_int_eq(config->crl_gather, 1);
    ck_assert_int_eq(config->crl_validity, 2 * 86400);
    ck_assert_int_eq(config->ocsp_validity, 7200);
    ck_assert_int_eq(config->audit_interval, 9);
}
END_TEST

START_TEST(the_database_is_that_of_our_virtual_host)
{
#define HOST(driver, ours)                                                                         \
    "<VirtualHost *>\nDBDriver " driver "\nDBDParams " driver "-params\n" ours "</VirtualHost>\n"
    ck_assert_str_eq(read_good("DBDriver main\nDBDParams m\n" HOST("other", "")
                                   HOST("ours", "CertMgr on\n") HOST("last", ""))
                         ->driver,
                     "ours");
    ck_assert_str_eq(read_good(HOST("ours", "CertMgr on\n") "DBDriver main\n")->driver, "ours");
    ck_assert_str_eq(read_good("DBDriver main\nDBDParams m\n" HOST("other", ""))->driver, "main");
    ck_assert_str_eq(read_good(HOST("only", "") "CertMgrCRLGather 1s\n")->params, "only-params");
    ck_assert_ptr_null(read_good(HOST("a", "") HOST("b", ""))->driver);
    ck_assert_str_eq(read_good("DBDriver main\n<VirtualHost *>\nDBDParams p\nCertMgr on\n"
                               "</VirtualHost>\n")
                         ->driver,
                     "main");
#undef HOST
}
END_TEST

START_TEST(mistakes_say_where_they_are)
{
    static const struct {
        const char *content, *rule, *said;
    } samples[] = {
        {"\nCertMgrURL x\n", "config.value", "httpd.conf:2: CertMgrURL: \"x\""},
        {"\n\\\n\nCertMgrURLs x\n", "config.unknown", "httpd.conf:4: CertMgrURLs"},
        {"CertMgrURL \\\n a b\n", "config.words", "httpd.conf:1: CertMgrURL"},
        {"CertMgrAuditHeads /${CERTMGR_NO}/x\n", "config.variable",
         "httpd.conf:1: CertMgrAuditHeads: ${CERTMGR_NO} is not defined"},
        {"DBDParams ${CERTMGR_NO}\n", "config.variable", "httpd.conf:1: DBDParams"},
        {"DBDriver a b\n", "config.words", "httpd.conf:1: DBDriver: 1 word"},
        {"Define a b c\n", "config.words", "httpd.conf:1: Define: 2 words at most"},
        {"Include\n", "config.words", "httpd.conf:1: Include"},
        {"Include absent.conf\n", "config.file", "httpd.conf:1: "},
        {"Include absent*.conf\n", "config.include", "httpd.conf:1: nothing matches"},
        {"x\nInclude httpd.conf\n", "config.include", "httpd.conf:2: too many files"},
        {"<IfDefine x>\n<Location /y>\n</Location>\n", "config.section",
         "httpd.conf:3: <IfDefine> is not closed"},
        {"<IfDefine x>\n</Location>\n", "config.section",
         "httpd.conf:2: </IfDefine> is expected, not </Location>"},
        {"</Location>\n", "config.section", "httpd.conf:1: </Location> closes nothing"},
        {"<Location /y\n", "config.section", "httpd.conf:1: a section is not closed by >"},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        cm_error_t *error = read_bad(samples[i].content);

        assert_refused(error, CM_E_CONFIG, samples[i].rule);
        ck_assert_msg(strstr(error->message, samples[i].said) != NULL, "%s", error->message);
    }
}
END_TEST

START_TEST(a_mistake_in_an_included_file_is_named_there)
{
    cm_error_t *error;

    put("inner.conf", "\n\nCertMgrURL x\n");
    error = read_bad("Include inner.conf\n");
    assert_refused(error, CM_E_CONFIG, "config.value");
    ck_assert_msg(strstr(error->message, "inner.conf:3: ") &&
                      !strstr(error->message, "httpd.conf:"),
                  "%s", error->message);
    put("inner.conf", "</VirtualHost>\n");
    error = read_bad("<VirtualHost *>\nInclude inner.conf\n</VirtualHost>\n");
    assert_refused(error, CM_E_CONFIG, "config.section");
}
END_TEST

START_TEST(files_include_each_other_to_a_certain_depth)
{
    cm_config_t *config;
    const char *path = NULL;

    put("0.conf", "CertMgrTokenSessions 3\n");
    for (int i = 1; i <= CM_CONFIG_DEPTH; i++) {
        path =
            put(apr_psprintf(pool, "%d.conf", i), apr_psprintf(pool, "Include %d.conf\n", i - 1));
        if (i == CM_CONFIG_DEPTH - 1) {
            assert_done(cm_config_read(&config, path, pool));
            ck_assert_int_eq(config->token_sessions, 3);
        }
    }
    assert_refused(cm_config_read(&config, path, pool), CM_E_CONFIG, "config.include");
}
END_TEST

START_TEST(only_text_files_are_read)
{
    cm_config_t *config;
    apr_file_t *file;
    const char *path = put("httpd.conf", "x");

    assert_refused(cm_config_read(&config, apr_pstrcat(pool, folder, "/absent", NULL), pool),
                   CM_E_CONFIG, "config.file");
    assert_refused(cm_config_read(&config, "/dev/null", pool), CM_E_CONFIG, "config.file");
    ck_assert_int_eq(apr_file_open(&file, path, APR_FOPEN_WRITE, APR_FPROT_OS_DEFAULT, pool),
                     APR_SUCCESS);
    ck_assert_int_eq(apr_file_write_full(file, "a\0b", 3, NULL), APR_SUCCESS);
    assert_refused(cm_config_read(&config, path, pool), CM_E_CONFIG, "config.file");
    ck_assert_int_eq(apr_file_trunc(file, CM_CONFIG_BYTES + 1), APR_SUCCESS);
    assert_refused(cm_config_read(&config, path, pool), CM_E_CONFIG, "config.file");
    apr_file_close(file);
}
END_TEST

TCase *config_file_case(void)
{
    TCase *tcase = unit_case("config file");

    tcase_add_checked_fixture(tcase, make_folder, remove_folder);
    tcase_add_test(tcase, words_as_httpd_splits_them);
    tcase_add_test(tcase, lines_as_httpd_joins_them);
    tcase_add_test(tcase, variables_as_httpd_resolves_them);
    tcase_add_test(tcase, our_lines_are_found_wherever_they_stand);
    tcase_add_test(tcase, definitions_are_followed);
    tcase_add_test(tcase, includes_are_followed);
    tcase_add_test(tcase, the_database_is_that_of_our_virtual_host);
    tcase_add_test(tcase, mistakes_say_where_they_are);
    tcase_add_test(tcase, a_mistake_in_an_included_file_is_named_there);
    tcase_add_test(tcase, files_include_each_other_to_a_certain_depth);
    tcase_add_test(tcase, only_text_files_are_read);
    return tcase;
}
