/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/flow/fixture.h"

#include <apr_dbd.h>
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "flow/crl_file.h"
#include "flow/people.h"
#include "flow/setup.h"
#include "keys/keyring.h"
#include "pki/crl.h"
#include "store/schema.h"
#include "store/source.h"
#include "unit/store/fixture.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

cm_ctx_t *ctx;
cm_config_t *config;
const char *folder;
apr_time_t clock_now;

enum { PEOPLE = 6 };
static cm_identity_t people[PEOPLE];
static const char *const names[PEOPLE] = {"user1",    "user2",  "officer1",
                                          "officer2", "admin1", "admin2"};
static const char *const roles[PEOPLE] = {"user",    "user",     "officer",
                                          "officer", "ca-admin", "ca-admin"};
static int on_postgres;
static db_t *database; /* PostgreSQL's, or NULL */

void run(const char *const *arguments)
{
    apr_procattr_t *attributes;
    apr_proc_t process;
    apr_exit_why_e why;
    int code = -1;

    ck_assert_int_eq(apr_procattr_create(&attributes, pool), APR_SUCCESS);
    apr_procattr_cmdtype_set(attributes, APR_PROGRAM_PATH);
    apr_procattr_io_set(attributes, APR_NO_PIPE, APR_NO_FILE, APR_NO_FILE);
    ck_assert_int_eq(apr_proc_create(&process, arguments[0], arguments, NULL, attributes, pool),
                     APR_SUCCESS);
    apr_proc_wait(&process, &code, &why, APR_WAIT);
    ck_assert_msg(why == APR_PROC_EXIT && code == 0, "%s exited with %d", arguments[0], code);
}

static const char *in_folder(const char *name)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

static void write_file(const char *path, const char *text)
{
    apr_file_t *file;

    ck_assert_int_eq(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                                   APR_FPROT_UREAD | APR_FPROT_UWRITE, pool),
                     APR_SUCCESS);
    ck_assert_int_eq(apr_file_write_full(file, text, strlen(text), NULL), APR_SUCCESS);
    apr_file_close(file);
}

static void make_token(void)
{
    const char *const init[] = {"softhsm2-util", "--init-token", "--free", "--label", "test",
                                "--so-pin",      "12345678",     "--pin",  "1234",    NULL};
    const char *conf = in_folder("softhsm2.conf");

    apr_dir_make(in_folder("tokens"), APR_FPROT_OS_DEFAULT, pool);
    write_file(conf, apr_pstrcat(pool, "directories.tokendir = ", in_folder("tokens"),
                                 "\nobjectstore.backend = file\nlog.level = ERROR\n", NULL));
    ck_assert_int_eq(apr_env_set("SOFTHSM2_CONF", conf, pool), APR_SUCCESS);
    run(init);
}

static apr_time_t frozen_now(const cm_host_t *host)
{
    (void)host;
    return clock_now;
}

static void make_context(void)
{
    static const char *const url[] = {"https://certmgr.example.test/certmgr"};
    static const char *const audit_key[] = {"pkcs11:token=test;object=audit"};
    cm_token_config_t token = {.name = "test",
                               .module = SOFTHSM,
                               .uri = "pkcs11:token=test",
                               .pin = cm_secret_make(cm_bytes_of_text("1234"), pool),
                               .max_sessions = 4,
                               .deadline = apr_time_from_sec(5)};
    const char *heads = in_folder("heads");
    cm_host_t *host = apr_pmemdup(pool, cm_host_plain(), sizeof *host);

    host->now = frozen_now;
    ctx = apr_pcalloc(pool, sizeof *ctx);
    ctx->pool = pool;
    ctx->host = host;
    ctx->now = clock_now;
    ctx->trace_id = "test";
    assert_done(cm_config_make(&config, pool));
    assert_done(cm_config_set(config, "CertMgrURL", 1, url, pool));
    assert_done(cm_config_set(config, "CertMgrAuditKey", 1, audit_key, pool));
    assert_done(cm_config_set(config, "CertMgrAuditHeads", 1, &heads, pool));
    config->crl_directory = in_folder("crl");
    ck_assert_int_eq(apr_dir_make(config->crl_directory, APR_FPROT_OS_DEFAULT, pool), 0);
    ctx->config = config;
    assert_done(cm_keyring_make(&ctx->keys, &token, 1, pool));
}

static void make_store(void)
{
    cm_store_config_t *settings = apr_pcalloc(pool, sizeof *settings);
    const cm_db_source_t *source;
    int applied;

    database = on_postgres ? db_make(ON_POSTGRES, 1) : NULL;
    if (database) {
        ctx->store = database->store;
        return;
    }
    settings->driver = "sqlite3";
    settings->params = in_folder("certmgr.db");
    assert_done(cm_source_make(&source, settings, 8, pool));
    assert_done(cm_store_make(&ctx->store, source, settings, pool));
    assert_done(cm_store_upgrade(&applied, ctx->store, pool));
}

static void make_people(void)
{
    for (int i = 0; i < PEOPLE; i++) {
        cm_person_t *person = apr_pcalloc(pool, sizeof *person);
        apr_array_header_t *given = apr_array_make(pool, 1, sizeof(const char *));

        APR_ARRAY_PUSH(given, const char *) = roles[i];
        person->name = names[i];
        person->mail = apr_pstrcat(pool, names[i], "@example.test", NULL);
        person->roles = given;
        assert_done(create_person(person, NULL));
        people[i] = (cm_identity_t){.person = person, .login = "tls", .roles = cm_roles_of(given)};
    }
}

static void set_up_flow(void)
{
    const cm_authority_plan_t plan = {.name = "ca",
                                      .key = "pkcs11:token=test;object=ca",
                                      .algorithm = "P-256",
                                      .subject = "CN=Test CA,O=Example",
                                      .validity = "3650d",
                                      .pathlen = 0,
                                      .ocsp_key = "pkcs11:token=test;object=ocsp"};
    const cm_key_request_t audit = {"pkcs11:token=test;object=audit", "P-256", CM_KEY_SIGN};
    char *made = apr_pstrdup(pool, "/tmp/certmgr-flow-XXXXXX");
    const char *text = (const char *)unit_file("unit/flow/profile.json").data;
    apr_int64_t version;
    int is_new;

    ck_assert_ptr_nonnull(mkdtemp(made));
    folder = made;
    clock_now = apr_time_now();
    make_token();
    make_context();
    make_store();
    assert_done(cm_key_provide(&is_new, ctx, &audit));
    assert_done(cm_authority_create(&is_new, ctx, &plan));
    assert_done(cm_profile_store(&version, ctx, "user", text));
    assert_done(cm_profile_store(&version, ctx, "server",
                                 (const char *)unit_file("unit/flow/server.json").data));
    make_people();
}

static void tear_down_flow(void)
{
    const char *const remove[] = {"rm", "-rf", folder, NULL};

    run(remove);
}

TCase *flow_case(const char *name)
{
    TCase *tcase = unit_case(name);

    tcase_add_checked_fixture(tcase, set_up_flow, tear_down_flow);
    return tcase;
}

static void choose_postgres(void)
{
    on_postgres = 1;
}

static void choose_sqlite(void)
{
    on_postgres = 0;
}

TCase *flow_case_on_postgres(const char *name)
{
    TCase *tcase = db_case(name);

    tcase_add_unchecked_fixture(tcase, choose_postgres, choose_sqlite);
    tcase_add_checked_fixture(tcase, set_up_flow, tear_down_flow);
    return tcase;
}

const cm_identity_t *identity_of(const char *name)
{
    for (int i = 0; i < PEOPLE; i++) {
        if (strcmp(names[i], name) == 0) {
            return &people[i];
        }
    }
    return NULL;
}

/* As a log-in does, the person is read anew; the roles are those that it was made with. */
static const cm_identity_t *log_in(const char *name)
{
    cm_identity_t *who = apr_pmemdup(pool, identity_of(name), sizeof *who);
    cm_person_t *person;

    assert_done(cm_person_read(&person, ctx->store, who->person->id, pool));
    person->roles = who->person->roles;
    person->group_roles = who->person->group_roles;
    who->person = person;
    return who;
}

void act_as(const char *name)
{
    ctx->who = name ? log_in(name) : NULL;
    ctx->now = clock_now;
}

void add_strange_requests(int count, const char *state)
{
    sql(apr_psprintf(pool,
                     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                     " INSERT INTO request (id, operation, profile, profile_version, state,"
                     " requester, created, updated, wish, claim_until) SELECT '00' || i, 'strange',"
                     " '', 0, '%s', '', i, i, '{}', i FROM n",
                     count, state));
}

const char *new_csr(void)
{
    const char *path = in_folder("new.csr");
    const char *const req[] = {"openssl",
                               "req",
                               "-new",
                               "-newkey",
                               "ec",
                               "-pkeyopt",
                               "ec_paramgen_curve:P-256",
                               "-nodes",
                               "-subj",
                               "/CN=somebody else",
                               "-keyout",
                               in_folder("new.key"),
                               "-out",
                               path,
                               NULL};

    run(req);
    return (const char *)unit_file(path).data;
}

cm_request_view_t *enroll(void)
{
    const cm_submission_t submission = {
        .operation = CM_OP_ENROLL, .profile = "user", .csr = new_csr()};
    cm_request_view_t *view = NULL;

    assert_done(cm_request_submit(&view, ctx, &submission));
    return view;
}

cm_submission_t server_submission(const char *csr)
{
    apr_array_header_t *san = apr_array_make(pool, 1, sizeof(const char *));
    const cm_submission_t submission = {
        .operation = CM_OP_ENROLL, .profile = "server", .csr = csr, .san = san};

    APR_ARRAY_PUSH(san, const char *) = "dns:www.example.test";
    return submission;
}

cm_error_t *send_event(cm_request_view_t **view, const char *name, const char *id,
                       const char *event)
{
    const cm_request_action_t action = {.event = event, .remarks = "because"};

    act_as(name);
    return cm_request_act(view, ctx, -1, id, &action);
}

static apr_dbd_t *open_database(const apr_dbd_driver_t **driver)
{
    apr_dbd_t *handle;

    ck_assert_int_eq(apr_dbd_get_driver(pool, "sqlite3", driver), APR_SUCCESS);
    ck_assert_int_eq(apr_dbd_open(*driver, pool, in_folder("certmgr.db"), &handle), APR_SUCCESS);
    return handle;
}

void sql(const char *text)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    int rows, code;

    if (database) {
        db_sql(database, text);
        return;
    }
    handle = open_database(&driver);
    code = apr_dbd_query(driver, handle, &rows, text);
    ck_assert_msg(code == 0, "%s: %s", text, apr_dbd_error(driver, handle, code));
    apr_dbd_close(driver, handle);
}

const char *sql_value(const char *text)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *value = NULL;

    if (database) {
        return db_sql(database, text);
    }
    handle = open_database(&driver);
    ck_assert_int_eq(apr_dbd_select(driver, pool, handle, &results, text, 1), 0);
    if (apr_dbd_get_row(driver, pool, results, &row, 1) == 0) {
        value = apr_pstrdup(pool, apr_dbd_get_entry(driver, row, 0));
    }
    apr_dbd_close(driver, handle);
    return value;
}

cm_bytes_t crl_bytes(const char *name)
{
    cm_crl_file_t file;
    apr_size_t len;
    char *data;

    assert_done(cm_crl_files_job(ctx));
    assert_done(cm_crl_open(&file, ctx, name, 0));
    len = (apr_size_t)file.size;
    data = apr_palloc(pool, len + 1);
    ck_assert_int_eq(apr_file_read_full(file.file, data, len, NULL), APR_SUCCESS);
    ck_assert_int_eq(apr_file_read_full(file.file, data + len, 1, NULL), APR_EOF);
    return cm_bytes_make(data, len);
}

const cm_crl_info_t *crl_info(const char *name)
{
    cm_crl_info_t *info;

    assert_done(cm_crl_parse(&info, crl_bytes(name), pool));
    return info;
}
