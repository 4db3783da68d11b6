/* Preloaded library whose wall clock fails while the file in BROKEN_CLOCK exists. chatkeep does not
   expect that, so code that reads the time panics. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    const char *path = clock == CLOCK_REALTIME ? getenv("BROKEN_CLOCK") : NULL;
    if (path && access(path, F_OK) == 0) {
        errno = EINVAL;
        return -1;
    }
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, now);
}
