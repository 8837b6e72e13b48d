/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the manual pages, written from the same tables that the program runs on.
 */
#include <apr_strings.h>

#include "ctl/output.h"
#include "policy/profile_check.h"
#include "policy/profile_fields.h"

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

static void print_commands(const cm_run_t *run)
{
    (void)run;
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

static void print_directives(const cm_run_t *run)
{
    (void)run;
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

static void print_problems(const cm_run_t *run)
{
    (void)run;
    for (int code = 0; code < CM_E_COUNT; code++) {
        const cm_code_info_t *info = cm_code_info((cm_code_t)code);

        printf(".TP\n.B %s\n", info->name);
        printf("%d. ", info->status);
        print_text(info->title);
    }
}

/* A name that ends with [] stands in each element of a list. */
static void print_field(const cm_field_t *field, const char *name)
{
    fputs(".TP\n.B ", stdout);
    print_text(name);
    print_text(field->about);
    if (field->is_required) {
        puts("Required.");
    } else if (field->initial && field->kind != CM_FIELD_RECORD) {
        fputs("Default: ", stdout);
        print_text(field->initial);
    }
}

static void print_fields(const cm_field_t *fields, const char *at, apr_pool_t *pool)
{
    const cm_field_t *before = NULL;

    for (const cm_field_t *field = fields; field->name; before = field++) {
        const char *name =
            apr_pstrcat(pool, at, field->name, field->kind == CM_FIELD_RECORDS ? "[]" : "", NULL);

        print_field(field, name);
        /* operations are all alike */
        if (field->fields && (!before || before->fields != field->fields)) {
            print_fields(field->fields, apr_pstrcat(pool, name, ".", NULL), pool);
        }
    }
}

static void print_profile(const cm_run_t *run)
{
    print_fields(cm_profile_fields, "", run->pool);
}

static void print_rules(const cm_run_t *run)
{
    (void)run;
    for (const cm_profile_rule_t *rule = cm_profile_rules; rule->name; rule++) {
        printf(".TP\n.B %s\n", rule->name);
        print_text(rule->message);
        printf("(%s).\n", rule->source);
    }
}

cm_error_t *cm_ctl_manual(cm_run_t *run)
{
    static const struct {
        const char *part;
        void (*print)(const cm_run_t *run);
    } parts[] = {{"commands", print_commands},
                 {"directives", print_directives},
                 {"problems", print_problems},
                 {"profile", print_profile},
                 {"rules", print_rules}};

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        if (strcmp(parts[i].part, cm_run_argument(run, 0)) == 0) {
            parts[i].print(run);
            return NULL;
        }
    }
    return cm_error_make(run->pool, CM_E_NOT_FOUND, "there is no part %s", cm_run_argument(run, 0));
}
