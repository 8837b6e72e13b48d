/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines and words of an httpd configuration, as httpd 2.4 reads them.
 */
#ifndef CERTMGR_CTL_CONFIG_LINE_H
#define CERTMGR_CTL_CONFIG_LINE_H

#include <apr_pools.h>
#include <apr_tables.h>

/* The text of one file, from which lines are taken; it is written over. */
typedef struct {
    char *at;  /* what is not read yet */
    int line;  /* number of the last physical line read */
    int first; /* number of the physical line that the last logical line began on */
} cm_config_text_t;

/* Next logical line without white space around it, or NULL at the end. A backslash at the end of a
 * line continues it, whatever stands before, in comments too. */
const char *cm_config_line(cm_config_text_t *text);

/* The next word, and *line moved behind it and the white space that follows; "" at the end. A word
 * that begins with " or ' goes on to the closing one; in it the backslash makes that quote and
 * itself plain, outside of quotes only itself. A missing closing quote ends with the line. */
const char *cm_config_word(const char **line, apr_pool_t *pool);

/* The rest of the line with each ${NAME} replaced by the variable, else by the environment. What is
 * neither, or has a colon in it, is left as it stands. Values are not looked into again. */
const char *cm_config_resolve(const char *line, const apr_table_t *variables, apr_pool_t *pool);

#endif
