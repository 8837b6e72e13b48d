/* SPDX-License-Identifier: Apache-2.0
 *
 * Read our settings from the configuration of httpd, so that certmgrctl and the module can't
 * differ.
 *
 * Followed: Include and IncludeOptional (files, folders, wildcards), Define, UnDefine, ${NAME},
 * ServerRoot, continued lines, quotes, comments. <IfDefine> counts the names that Define has made,
 * not those given to httpd with -D; <IfFile> looks for the file; <IfModule> is taken as if every
 * module were there; <Macro> is passed over; all other sections are taken. ServerRoot is the folder
 * of the file until a line says otherwise.
 *
 * A DBDriver or DBDParams line belongs to its virtual host. What counts are those of the virtual
 * host in which a CertMgr line stands, then those outside of all, then the only ones there are.
 */
#ifndef CERTMGR_CTL_CONFIG_FILE_H
#define CERTMGR_CTL_CONFIG_FILE_H

#include "policy/config.h"

enum {
    CM_CONFIG_DEPTH = 20,      /* of files that include each other */
    CM_CONFIG_FILES = 1000,    /* in all */
    CM_CONFIG_BYTES = 4 << 20, /* of one file */
};

/* All that is found, not yet checked with cm_config_check; driver and params are NULL when there
 * are none. CM_E_CONFIG says "FILE:LINE: what is wrong", with the rules of cm_config_set and:
 *   config.file      a file that can't be read, is too large, or holds a NUL
 *   config.include   nothing matches, or too many or too deeply nested files
 *   config.section   a section that is not closed, or closed by another name
 *   config.words     a directive with another number of words than httpd takes
 *   config.variable  one of our lines, or of mod_dbd's, with a ${NAME} that is not defined */
cm_error_t *cm_config_read(cm_config_t **config, const char *path, apr_pool_t *pool);

#endif
