/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

double bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

double bench_cpu(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double bench_peak(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

void bench_die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void *bench_memory(void *old, size_t len)
{
    void *memory = realloc(old, len ? len : 1);

    if (!memory) {
        bench_die("no memory");
    }
    return memory;
}

int bench_number(const char *text)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (errno || *end || number < 1 || number > 1000000000) {
        bench_die("no number from 1 on: %s", text);
    }
    return (int)number;
}

void bench_records_open(bench_records_t *records, const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;

    if (!file || fstat(fileno(file), &about)) {
        bench_die("%s can't be read", path);
    }
    records->at = 0;
    records->len = (size_t)about.st_size;
    records->data = bench_memory(NULL, records->len);
    if (fread(records->data, 1, records->len, file) != records->len) {
        bench_die("%s can't be read", path);
    }
    fclose(file);
}

const unsigned char *bench_records_next(bench_records_t *records, size_t *len)
{
    const unsigned char *head = records->data + records->at;

    if (records->len - records->at < 4) {
        return NULL;
    }
    *len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (records->len - records->at - 4 < *len) {
        bench_die("a record is cut off");
    }
    records->at += 4 + *len;
    return head + 4;
}

void bench_record_write(FILE *file, const void *data, size_t len)
{
    const unsigned char head[] = {(unsigned char)(len >> 24), (unsigned char)(len >> 16),
                                  (unsigned char)(len >> 8), (unsigned char)len};

    if (fwrite(head, 1, sizeof head, file) != sizeof head || fwrite(data, 1, len, file) != len) {
        bench_die("the record can't be written");
    }
}
