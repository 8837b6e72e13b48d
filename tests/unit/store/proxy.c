/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/store/proxy.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct proxy_t {
    cut_t cut;
    const char *folder;
    const char *path;
    int listener;
    volatile int cuts;
};

typedef struct {
    proxy_t *proxy;
    int client;
    int server;
} wire_t;

static int unix_socket(const char *path, struct sockaddr_un *address)
{
    address->sun_family = AF_UNIX;
    apr_cpystrn(address->sun_path, path, sizeof address->sun_path);
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int pass_on(int from, int to)
{
    char buffer[65536];
    ssize_t len = read(from, buffer, sizeof buffer);

    return len > 0 && write(to, buffer, (size_t)len) == len;
}

/* Both directions, until either side ends or the wire is to be cut. */
static void *APR_THREAD_FUNC serve(apr_thread_t *thread, void *data)
{
    wire_t *wire = data;
    proxy_t *proxy = wire->proxy;
    struct pollfd ends[] = {{wire->client, POLLIN, 0}, {wire->server, POLLIN, 0}};
    int is_open = 1;

    (void)thread;
    while (is_open && poll(ends, 2, -1) > 0) {
        char buffer[65536];
        ssize_t len;

        if (ends[1].revents) {
            is_open = pass_on(wire->server, wire->client);
        }
        if (!is_open || !ends[0].revents) {
            continue;
        }
        len = read(wire->client, buffer, sizeof buffer - 1);
        is_open = len > 0;
        if (is_open && proxy->cuts == 0 && memmem(buffer, (size_t)len, "; COMMIT", 8)) {
            proxy->cuts++;
            is_open = 0;
            if (proxy->cut != CUT_REQUEST) {
                ck_assert(write(wire->server, buffer, (size_t)len) == len);
            }
            if (proxy->cut == CUT_ANSWER) {
                ck_assert(read(wire->server, buffer, sizeof buffer) > 0);
            }
        } else if (is_open) {
            is_open = write(wire->server, buffer, (size_t)len) == len;
        }
    }
    close(wire->client);
    if (proxy->cut != CUT_AT_ONCE || proxy->cuts == 0) {
        close(wire->server);
    } /* else: let the server finish what it is at */
    return NULL;
}

static void *APR_THREAD_FUNC accept_all(apr_thread_t *thread, void *data)
{
    proxy_t *proxy = data;
    int client;

    (void)thread;
    while ((client = accept(proxy->listener, NULL, NULL)) >= 0) {
        struct sockaddr_un address = {0};
        char path[200];
        wire_t *wire;
        apr_thread_t *server;
        apr_pool_t *mine;

        apr_pool_create(&mine, NULL);
        wire = apr_pcalloc(mine, sizeof *wire);
        snprintf(path, sizeof path, "%s/.s.PGSQL.5432", db_server);
        *wire = (wire_t){proxy, client, unix_socket(path, &address)};
        if (connect(wire->server, (struct sockaddr *)&address, sizeof address) != 0) {
            close(client);
            continue;
        }
        apr_thread_create(&server, NULL, serve, wire, mine);
    }
    return NULL;
}

static apr_status_t remove_proxy(void *data)
{
    proxy_t *proxy = data;

    shutdown(proxy->listener, SHUT_RDWR);
    unlink(proxy->path);
    rmdir(proxy->folder);
    return APR_SUCCESS;
}

proxy_t *proxy_make(cut_t cut)
{
    proxy_t *proxy = apr_pcalloc(pool, sizeof *proxy);
    char *folder = apr_pstrdup(pool, "/tmp/certmgr-proxy-XXXXXX");
    struct sockaddr_un address = {0};
    apr_thread_t *thread;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    proxy->cut = cut;
    proxy->folder = folder;
    proxy->path = apr_psprintf(pool, "%s/.s.PGSQL.5432", folder);
    proxy->listener = unix_socket(proxy->path, &address);
    ck_assert(bind(proxy->listener, (struct sockaddr *)&address, sizeof address) == 0);
    ck_assert(listen(proxy->listener, 8) == 0);
    apr_pool_cleanup_register(pool, proxy, remove_proxy, apr_pool_cleanup_null);
    apr_thread_create(&thread, NULL, accept_all, proxy, pool);
    return proxy;
}

const char *proxy_folder(const proxy_t *proxy)
{
    return proxy->folder;
}

int proxy_cuts(const proxy_t *proxy)
{
    return proxy->cuts;
}
