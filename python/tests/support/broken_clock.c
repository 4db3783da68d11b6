/* A preloaded library whose clock fails on request, for the requesting thread only.
   chatkeep does not expect that, so reading the clock panics. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <time.h>

static __thread int broken;

void break_clock(int yes) { broken = yes; }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (broken) {
        errno = EINVAL;
        return -1;
    }
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, now);
}
