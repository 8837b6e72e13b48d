/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the manual pages, written from the same tables that the program runs on.
 */
#include <apr_strings.h>

#include "ctl/output.h"

/* Text for roff: a hyphen that is to be typed is a minus, a line must not begin with a dot. */
static void print_text(const char *text)
{
    int fresh = 1;

    for (const char *p = text; *p; p++) {
        if (fresh && (*p == '.' || *p == '\'')) {
            fputs("\\&", stdout);
        }
        if (*p == '\\') {
            fputs("\\e", stdout);
        } else if (*p == '-') {
            fputs("\\-", stdout);
        } else if (*p == '\n' && p[1] == '\n') {
            fputs("\n.IP", stdout);
        } else {
            putchar(*p);
        }
        fresh = *p == '\n';
    }
    putchar('\n');
}

static void print_commands(void)
{
    for (const cm_command_t *c = cm_commands(); c->words; c++) {
        printf(".TP\n\\fB%s\\fR%s\\fI%s\\fR\n", c->words, *c->arguments ? " " : "", c->arguments);
        print_text(c->summary);
        if (*c->help) {
            fputs(".IP\n", stdout);
            print_text(c->help);
        }
        for (const cm_option_t *o = c->options; o && o->name; o++) {
            printf(".RS\n.TP\n\\fB\\-\\-%s\\fR%s\\fI%s\\fR\n", o->name, o->value ? " " : "",
                   o->value ? o->value : "");
            print_text(o->about);
            puts(".RE");
        }
    }
}

static void print_directives(void)
{
    for (const cm_setting_t *s = cm_settings(); s->name; s++) {
        fputs(".TP\n.B ", stdout);
        print_text(s->name);
        print_text(s->about);
        if (*s->initial) {
            fputs("Default: ", stdout);
            print_text(s->initial);
        }
    }
}

static void print_problems(void)
{
    for (int code = 0; code < CM_E_COUNT; code++) {
        const cm_code_info_t *info = cm_code_info((cm_code_t)code);

        printf(".TP\n.B %s\n", info->name);
        printf("%d. ", info->status);
        print_text(info->title);
    }
}

cm_error_t *cm_ctl_manual(cm_run_t *run)
{
    static const struct {
        const char *part;
        void (*print)(void);
    } parts[] = {{"commands", print_commands},
                 {"directives", print_directives},
                 {"problems", print_problems}};

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (strcmp(parts[i].part, cm_run_argument(run, 0)) == 0) {
            parts[i].print();
            return NULL;
        }
    }
    return cm_error_make(run->pool, CM_E_NOT_FOUND, "there is no part %s", cm_run_argument(run, 0));
}
