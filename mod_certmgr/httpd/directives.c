/* SPDX-License-Identifier: Apache-2.0
 *
 * Directives: CertMgr, and one for each row of policy/settings.def.
 */
#include "httpd/module.h"

#include <apr_strings.h>
#include <http_core.h>

static const char *keep_line(cmd_parms *cmd, void *place, int count, char *const words[])
{
    cm_server_t *server = ap_get_module_config(cmd->server->module_config, &certmgr_module);
    cm_line_t *line = apr_array_push(server->lines);
    const char **copies = apr_palloc(cmd->pool, sizeof *copies * ((apr_size_t)count + 1));

    (void)place;
    for (int i = 0; i < count; i++) {
        copies[i] = apr_pstrdup(cmd->pool, words[i]);
    }
    line->name = cmd->cmd->name;
    line->count = count;
    line->words = copies;
    line->file = cmd->directive->filename;
    line->number = cmd->directive->line_num;
    return NULL;
}

/* The path of the enclosing <Location> becomes the mount, so it must be one, not a pattern. */
static const char *set_mount(cmd_parms *cmd, void *config, int on)
{
    cm_server_t *server = ap_get_module_config(cmd->server->module_config, &certmgr_module);
    const ap_directive_t *section = cmd->directive->parent;
    cm_place_t *place = config;
    apr_size_t len = cmd->path ? strlen(cmd->path) : 0;

    if (!section || strcasecmp(section->directive, "<Location") != 0 || len == 0 ||
        *cmd->path != '/' || *section->args == '~') {
        return "CertMgr stands in a <Location \"/path\"> only";
    }
    while (len > 0 && cmd->path[len - 1] == '/') {
        len--;
    }
    place->is_set = 1;
    place->mount = on ? apr_pstrmemdup(cmd->pool, cmd->path, len) : NULL;
    server->mounted |= on;
    return NULL;
}

#define CM_SETTING(name, kind, member, min, max, initial, about)                                   \
    AP_INIT_TAKE_ARGV(name, keep_line, NULL, RSRC_CONF, about),
const command_rec cm_directives[] = {
    AP_INIT_FLAG("CertMgr", set_mount, NULL, ACCESS_CONF,
                 "On: this <Location> and what lies below it is the certificate manager."),
#include "policy/settings.def"
    {.name = NULL}};
#undef CM_SETTING
