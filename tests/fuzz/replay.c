/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds each file of the folders and files named on the command line to a fuzz target, in place of
 * libFuzzer: a crash ends the run. Prints one TAP line a file.
 */
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#include "fuzz/target.h"

/* The name comes before the run, so that after a crash the last line tells the culprit. */
static int feed(const char *path, int *count)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    uint8_t *data;
    size_t len;

    if (!file || fstat(fileno(file), &info) != 0) {
        fprintf(stderr, "%s can't be read\n", path);
        return 1;
    }
    len = (size_t)info.st_size;
    /* exactly as long as the input, so that sanitizers and valgrind see an overread */
    data = malloc(len ? len : 1);
    if (!data || fread(data, 1, len, file) != len) {
        fprintf(stderr, "%s can't be read\n", path);
        fclose(file);
        free(data);
        return 1;
    }
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, len);
    free(data);
    printf("ok %d - %s\n", ++*count, path);
    fflush(stdout);
    return 0;
}

static int feed_folder(const char *path, int *count)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[PATH_MAX];
    int failed = 0;

    if (!folder) {
        return feed(path, count);
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
            failed |= feed(name, count);
        }
    }
    closedir(folder);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    int count = 0;

    for (int i = 1; i < argc; i++) {
        failed |= feed_folder(argv[i], &count);
    }
    printf("1..%d\n", count);
    if (count == 0) {
        fprintf(stderr, "no input\n");
        failed = 1;
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
