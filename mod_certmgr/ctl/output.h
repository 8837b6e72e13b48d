/* SPDX-License-Identifier: Apache-2.0
 *
 * Results of certmgrctl. A command builds JSON; --json prints it as it is, else it becomes aligned
 * text, of which control characters are escaped.
 */
#ifndef CERTMGR_CTL_OUTPUT_H
#define CERTMGR_CTL_OUTPUT_H

#include "base/json.h"
#include "ctl/command.h"

/* Columns of a listing in plain output. */
typedef struct {
    const char *member; /* of each object; NULL ends the list */
    const char *heading;
} cm_column_t;

/* {"items":[...]} or a table; `items` is an array of objects. An empty one prints no table. */
void cm_output_list(const cm_run_t *run, const cm_column_t *columns, const json_t *items);

/* One object: JSON, or a line "name  value" for each member. */
void cm_output_object(const cm_run_t *run, const json_t *object);

/* One line of progress: what, and what came of it, aligned. Not with --json. */
void cm_output_step(const cm_run_t *run, const char *what, const char *result);

#endif
