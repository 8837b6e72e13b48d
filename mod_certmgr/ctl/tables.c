/* SPDX-License-Identifier: Apache-2.0
 *
 * What the program's own tables say: no configuration and no database is needed to read them.
 */
#include <apr_strings.h>

#include "ctl/output.h"
#include "flow/lifecycle.h"
#include "policy/identity.h"
#include "proto/proto.h"

cm_error_t *cm_ctl_routes(cm_run_t *run)
{
    static const cm_column_t columns[] = {{"method", "METHOD"},
                                          {"path", "PATH"},
                                          {"permission", "PERMISSION"},
                                          {"summary", "SUMMARY"},
                                          {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);

    for (const cm_protocol_t *protocol = cm_protocols(); protocol->name; protocol++) {
        for (const cm_route_t *route = protocol->routes(); route->method; route++) {
            json_t *item = cm_json_object(run->pool);

            cm_json_set_text(item, "protocol", protocol->name);
            cm_json_set_text(item, "method", route->method);
            cm_json_set_text(item, "path", route->path);
            cm_json_set_text(item, "permission", cm_permission_name(route->permission));
            cm_json_set_text(item, "summary", route->summary);
            json_array_append(items, item);
        }
    }
    cm_output_list(run, columns, items);
    return NULL;
}

static const char *caller_of(const cm_transition_t *row)
{
    return row->by_system ? "system" : cm_permission_name(row->permission);
}

static void print_dot(void)
{
    puts("digraph lifecycle {\n  rankdir=LR;\n  node [shape=box];");
    for (int state = 0; state < CM_STATE_COUNT; state++) {
        printf("  \"%s\"%s;\n", cm_state_name((cm_state_t)state),
               cm_state_is_final((cm_state_t)state) ? " [peripheries=2]" : "");
    }
    for (const cm_transition_t *row = cm_lifecycle(); row->event; row++) {
        printf("  \"%s\" -> \"%s\" [label=\"%s (%s)\"%s];\n", cm_state_name(row->from),
               cm_state_name(row->to), row->event, caller_of(row),
               row->by_system ? ", style=dashed" : "");
    }
    puts("}");
}

cm_error_t *cm_ctl_lifecycle(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"from", "FROM"},       {"event", "EVENT"}, {"to", "TO"}, {"permission", "WHO"},
        {"guarded", "GUARDED"}, {"audit", "AUDIT"}, {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);

    if (cm_run_option(run, "dot")) {
        print_dot();
        return NULL;
    }
    for (const cm_transition_t *row = cm_lifecycle(); row->event; row++) {
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "from", cm_state_name(row->from));
        cm_json_set_text(item, "event", row->event);
        cm_json_set_text(item, "to", cm_state_name(row->to));
        cm_json_set_text(item, "permission", caller_of(row));
        cm_json_set_flag(item, "guarded", row->guard != NULL);
        cm_json_set_text(item, "audit", row->audit);
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}

cm_error_t *cm_ctl_directives(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"name", "NAME"}, {"default", "DEFAULT"}, {"about", "MEANING"}, {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);

    for (const cm_setting_t *setting = cm_settings(); setting->name; setting++) {
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "name", setting->name);
        cm_json_set_text(item, "default", setting->initial);
        cm_json_set_text(item, "about", setting->about);
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}

cm_error_t *cm_ctl_problems(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"type", "TYPE"}, {"status", "STATUS"}, {"ocsp", "OCSP"}, {"title", "TITLE"}, {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);

    for (int code = 0; code < CM_E_COUNT; code++) {
        const cm_code_info_t *info = cm_code_info((cm_code_t)code);
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "type",
                         apr_pstrcat(run->pool, "urn:certmgr:problem:", info->name, NULL));
        cm_json_set_integer(item, "status", info->status);
        cm_json_set_text(item, "ocsp", info->ocsp);
        cm_json_set_text(item, "title", info->title);
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}
