/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of the benchmark share. Each prints one JSON object and ends with 0, or says on
 * stderr what went wrong and ends with 1.
 */
#ifndef CERTMGR_BENCH_H
#define CERTMGR_BENCH_H

#include <stddef.h>
#include <stdio.h>

/* Seconds of a clock that never goes back. */
double bench_now(void);

/* Seconds of CPU that this process has used, user and system. */
double bench_cpu(void);

/* Most memory that this process ever had resident, in bytes. */
double bench_peak(void);

__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);

/* realloc that succeeds; new bytes are not set. */
void *bench_memory(void *old, size_t len);

/* The number in `text`, at least 1. */
int bench_number(const char *text);

/* A file of records: each its length in four bytes, big-endian, then that many bytes. */
typedef struct {
    unsigned char *data;
    size_t len, at;
} bench_records_t;

void bench_records_open(bench_records_t *records, const char *path);

/* The next record, or NULL behind the last one. */
const unsigned char *bench_records_next(bench_records_t *records, size_t *len);

void bench_record_write(FILE *file, const void *data, size_t len);

#endif
