/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <apr_strings.h>

static void print_options(const cm_option_t *options, apr_pool_t *pool)
{
    if (options && options->name) {
        puts("\nOptions:");
    }
    for (const cm_option_t *o = options; o && o->name; o++) {
        const char *left =
            apr_pstrcat(pool, "--", o->name, o->value ? " " : "", o->value ? o->value : "", NULL);

        printf("  %-22s %s\n", left, o->about);
    }
}

static void print_one(const cm_command_t *command, apr_pool_t *pool)
{
    printf("Usage: certmgrctl [-f HTTPD_CONF] [--json] [--yes] %s%s%s%s\n\n%s\n", command->words,
           *command->arguments ? " " : "", command->arguments,
           command->options ? " [OPTION...]" : "", command->summary);
    if (*command->help) {
        printf("\n%s\n", command->help);
    }
    print_options(command->options, pool);
}

void cm_help_print(const cm_command_t *command, apr_pool_t *pool)
{
    static const cm_option_t common[] = {
        {"json", NULL, "print listings as JSON"},
        {"yes", NULL, "do not ask"},
        {"help", NULL, "help for the command"},
        {NULL, NULL, NULL},
    };

    if (command) {
        print_one(command, pool);
        return;
    }
    puts("Usage: certmgrctl [-f HTTPD_CONF] [--json] [--yes] COMMAND...\n\n"
         "Administer mod_certmgr: reads the CertMgr* and DBD* lines of Apache's configuration.\n\n"
         "Commands:");
    for (const cm_command_t *c = cm_commands(); c->words; c++) {
        const char *left =
            apr_pstrcat(pool, c->words, *c->arguments ? " " : "", c->arguments, NULL);

        printf("  %-28s %s\n", left, c->summary);
    }
    print_options(common, pool);
    puts("  -f HTTPD_CONF          Apache's configuration file (" CM_HTTPD_CONF ")\n\n"
         "Exit status: 0 done, 1 refused or failed, 2 usage, 3 token or database unreachable,\n"
         "4 integrity broken.");
}
