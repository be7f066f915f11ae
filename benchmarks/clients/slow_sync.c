/* Makes the disk of a whole process slower: each fsync and fdatasync takes BENCH_SYNC_ADDED_MS longer.
 *
 *     BENCH_SYNC_ADDED_MS=5 LD_PRELOAD=slow_sync.so PROGRAM
 *
 * Added after the real call and to every one alike, whoever makes it: SQLite in C, Python, a C program.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int slower(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(fd), error = errno;
    const char *added = getenv("BENCH_SYNC_ADDED_MS");
    double ms = added ? atof(added) : 0;
    struct timespec left = {(time_t)(ms / 1e3), (long)((ms - 1e3 * (long)(ms / 1e3)) * 1e6)};
    while (nanosleep(&left, &left) && errno == EINTR) continue;
    errno = error;
    return result;
}

int fsync(int fd) { return slower("fsync", fd); }

int fdatasync(int fd) { return slower("fdatasync", fd); }
