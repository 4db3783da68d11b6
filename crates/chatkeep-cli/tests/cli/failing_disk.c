/* Fails fsync and fdatasync once for a file whose name ends in $FAIL_SYNC_OF, and logs each call to $SYNC_LOG. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sync_file(const char *name, int descriptor) {
    static int failed = 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    const char *log = getenv("SYNC_LOG");
    if (log) {
        FILE *out = fopen(log, "a");
        if (out) {
            fprintf(out, "%s\n", path);
            fclose(out);
        }
    }
    const char *ending = getenv("FAIL_SYNC_OF");
    size_t end = ending ? strlen(ending) : 0;
    if (end && !failed && strlen(path) >= end && !strcmp(path + strlen(path) - end, ending)) {
        failed = 1;
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(descriptor);
}

int fsync(int descriptor) { return sync_file("fsync", descriptor); }
int fdatasync(int descriptor) { return sync_file("fdatasync", descriptor); }
