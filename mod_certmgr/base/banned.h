/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions that have a better one make the build fail. Included into every file by the build.
 * strcpy, strcat, sprintf: unbounded. strtok, gmtime, localtime, ctime, strerror: shared state.
 * atoi, atol: no errors; use cm_text_integer. rand: not random; use the context's randomness.
 * system, popen: a shell.
 */
#ifndef CERTMGR_BASE_BANNED_H
#define CERTMGR_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strncpy strcat strncat sprintf vsprintf strtok
#pragma GCC poison gmtime localtime asctime strerror atoi atol atof

/* ordinary words, which other headers use as names of parameters: only the call is refused. gcc
 * does it; clang (fuzzing only) takes such an attribute on the first declaration alone. */
#ifndef __clang__
extern int rand(void) __attribute__((error("banned: not random")));
extern void srand(unsigned int) __attribute__((error("banned: not random")));
extern char *ctime(const time_t *) __attribute__((error("banned: shared state")));
extern int system(const char *) __attribute__((error("banned: a shell")));
extern FILE *popen(const char *, const char *) __attribute__((error("banned: a shell")));
#endif

#endif
