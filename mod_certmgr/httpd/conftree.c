/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of mod_dbd that we need to know ourselves: mod_dbd has no call that tells them, and the
 * writers' turn must be known before there is a connection to ask.
 */
#include "httpd/module.h"

#include <util_cfgtree.h>

static void read_siblings(const char **driver, const char **params, const ap_directive_t *node,
                          apr_pool_t *pool)
{
    for (; node; node = node->next) {
        const char *args = node->args;

        if (strcasecmp(node->directive, "DBDriver") == 0) {
            *driver = ap_getword_conf(pool, &args);
        } else if (strcasecmp(node->directive, "DBDParams") == 0) {
            *params = ap_getword_conf(pool, &args);
        }
    }
}

/* mod_dbd takes from the main server what a virtual host does not say itself. */
void cm_conftree_database(const char **driver, const char **params, const server_rec *server,
                          apr_pool_t *pool)
{
    *driver = *params = NULL;
    read_siblings(driver, params, ap_conftree, pool);
    for (const ap_directive_t *node = ap_conftree; server->is_virtual && node; node = node->next) {
        if (strcasecmp(node->directive, "<VirtualHost") == 0 && server->defn_name &&
            strcmp(node->filename, server->defn_name) == 0 &&
            node->line_num == (int)server->defn_line_number) {
            read_siblings(driver, params, node->first_child, pool);
        }
    }
}
