/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/keys/fixture.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <unistd.h>

faults_t *faults;
const char *token_folder;

void run(const char *const *arguments)
{
    apr_procattr_t *attributes;
    apr_proc_t process;
    apr_file_t *quiet;
    int code = -1;
    apr_exit_why_e why;

    apr_procattr_create(&attributes, pool);
    apr_procattr_cmdtype_set(attributes, APR_PROGRAM_PATH);
    apr_file_open(&quiet, apr_pstrcat(pool, token_folder, "/log", NULL),
                  APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_APPEND, APR_FPROT_OS_DEFAULT,
                  pool);
    apr_procattr_child_out_set(attributes, quiet, NULL);
    apr_procattr_child_err_set(attributes, quiet, NULL);
    ck_assert_int_eq(apr_proc_create(&process, arguments[0], arguments, NULL, attributes, pool),
                     APR_SUCCESS);
    apr_proc_wait(&process, &code, &why, APR_WAIT);
    ck_assert_msg(why == APR_PROC_EXIT && code == 0, "%s: %s", arguments[0],
                  (const char *)unit_file(apr_pstrcat(pool, token_folder, "/log", NULL)).data);
}

void pkcs11_tool(const char *const *arguments)
{
    const char *whole[32] = {"pkcs11-tool", "--module", SOFTHSM, "--token-label",
                             "certmgr",     "--login",  "--pin", "1234"};
    int count = 8;

    while (*arguments) {
        whole[count++] = *arguments++;
    }
    whole[count] = NULL;
    run(whole);
}

void make_token(const char *label)
{
    const char *const arguments[] = {"softhsm2-util", "--init-token", "--free", "--label", label,
                                     "--so-pin",      "12345678",     "--pin",  "1234",    NULL};

    run(arguments);
}

static void write_file(const char *path, const void *data, apr_size_t len)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
    close(fd);
}

static void set_up(void)
{
    char *folder = apr_pstrdup(pool, "/tmp/certmgr-keys-XXXXXX");
    const char *conf;
    const char *text;
    const char *path;
    static const faults_t none;
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    token_folder = folder;
    conf = apr_pstrcat(pool, folder, "/softhsm2.conf", NULL);
    path = apr_pstrcat(pool, folder, "/faults", NULL);
    text = apr_pstrcat(pool, "directories.tokendir = ", folder, "\nobjectstore.backend = file\n",
                       "log.level = ERROR\nslots.removable = true\n", NULL);
    write_file(conf, text, strlen(text));
    write_file(path, &none, sizeof none);
    setenv("SOFTHSM2_CONF", conf, 1);
    setenv("CERTMGR_TEST_FAULTS", path, 1);
    setenv("CERTMGR_TEST_MODULE", SOFTHSM, 1);
    fd = open(path, O_RDWR | O_CLOEXEC);
    faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert(faults != MAP_FAILED);
    close(fd);
    make_token("certmgr");
}

static void tear_down(void)
{
    const char *const arguments[] = {"rm", "-rf", token_folder, NULL};

    run(arguments);
    munmap(faults, sizeof *faults);
}

TCase *token_case(const char *name)
{
    TCase *tcase = unit_case(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    return tcase;
}

cm_token_config_t token_config(const char *pin)
{
    return (cm_token_config_t){.name = "test",
                               .module = FAULTY_MODULE,
                               .uri = "pkcs11:token=certmgr",
                               .pin = pin ? cm_secret_make(cm_bytes_of_text(pin), pool) : NULL,
                               .max_sessions = 4,
                               .deadline = apr_time_from_msec(300)};
}

cm_keyring_t *make_ring(void)
{
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring = NULL;

    assert_done(cm_keyring_make(&ring, &config, 1, pool));
    return ring;
}

cm_key_t *make_key(cm_keyring_t *ring, const char *object, const char *algorithm)
{
    cm_key_request_t request = {apr_pstrcat(pool, "pkcs11:token=certmgr;object=", object, NULL),
                                algorithm, CM_KEY_SIGN};
    cm_key_t *key = NULL;

    assert_done(cm_keyring_generate(&key, ring, &request, pool));
    return key;
}

static int is_good(cm_key_t *key, const EVP_MD *md, cm_bytes_t signature, cm_bytes_t data)
{
    cm_bytes_t spki = cm_key_spki(key);
    const unsigned char *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int good = pkey && at == spki.data + spki.len &&
               EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) == 1 &&
               EVP_DigestVerify(ctx, signature.data, signature.len, data.data, data.len) == 1;

    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

cm_error_t *sign_and_verify(cm_key_t *key, cm_digest_t digest, apr_pool_t *p)
{
    cm_bytes_t data = cm_bytes_of_text("to be signed");
    const EVP_MD *md = digest == CM_DIGEST_SHA256   ? EVP_sha256()
                       : digest == CM_DIGEST_SHA384 ? EVP_sha384()
                                                    : EVP_sha512();
    cm_bytes_t signature;
    cm_error_t *error = cm_key_sign(&signature, key, digest, data, p);

    if (!error && !is_good(key, md, signature, data)) {
        error = cm_error_make(p, CM_E_INTEGRITY, "OpenSSL refuses the signature");
    }
    return error;
}

typedef struct {
    cm_key_t *key;
    int times;
    int good;
    const char *error;
    apr_pool_t *pool;
} signer_t;

static void *APR_THREAD_FUNC sign_often(apr_thread_t *thread, void *baton)
{
    signer_t *signer = baton;

    for (int i = 0; i < signer->times; i++) {
        cm_error_t *error = sign_and_verify(signer->key, CM_DIGEST_SHA256, signer->pool);

        if (error) {
            signer->error = cm_error_text(error, signer->pool);
        } else {
            signer->good++;
        }
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

int sign_in_threads(cm_key_t *key, int threads, int times, const char **error)
{
    apr_thread_t **started = apr_pcalloc(pool, (apr_size_t)threads * sizeof *started);
    signer_t *signers = apr_pcalloc(pool, (apr_size_t)threads * sizeof *signers);
    int good = 0;

    for (int i = 0; i < threads; i++) {
        signers[i].key = key;
        signers[i].times = times;
        apr_pool_create_unmanaged_ex(&signers[i].pool, NULL, NULL);
        apr_thread_create(&started[i], NULL, sign_often, &signers[i], pool);
    }
    *error = NULL;
    for (int i = 0; i < threads; i++) {
        apr_status_t status;

        apr_thread_join(&status, started[i]);
        good += signers[i].good;
        *error = signers[i].error ? apr_pstrdup(pool, signers[i].error) : *error;
        apr_pool_destroy(signers[i].pool);
    }
    return good;
}
