/* Preloaded into a server: the k-th write or sync of its database, and those after it, fail.
 *
 * FAULTS names a file of six 32-bit numbers, shared with the test: calls seen, the first to fail (0: none), how
 * many fail, with which errno, how many have failed, which calls are meant (1: writes, 2: syncs). UNDER is how the
 * paths of the files that are meant begin. A write that fails has written its first half, as a disk may.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control { _Atomic uint32_t seen, first, count, error, failed, meant; };
static struct control *control;
static const char *under;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    under = getenv("UNDER");
    if (shared != MAP_FAILED && under) control = shared;
}

/* Whether this call is to fail; errno says how. */
static int fails(int file, uint32_t kind) {
    char link[40], path[4096];
    if (!control || !(control->meant & kind)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, under, strlen(under)) != 0 || strstr(path, "-shm") || strstr(path, ".lock")) return 0;
    uint32_t now = atomic_fetch_add(&control->seen, 1) + 1, first = control->first;
    if (!first || now < first || now - first >= control->count) return 0;
    atomic_fetch_add(&control->failed, 1);
    errno = (int)control->error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    if (!fails(file, 1)) return REAL(pwrite)(file, data, size, at);
    int error = errno;
    (void)!REAL(pwrite)(file, data, size / 2, at);
    errno = error;
    return -1;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) { return pwrite(file, data, size, at); }

ssize_t write(int file, const void *data, size_t size) {
    return fails(file, 1) ? -1 : REAL(write)(file, data, size);
}

int ftruncate64(int file, off64_t size) { return fails(file, 1) ? -1 : REAL(ftruncate64)(file, size); }
int fdatasync(int file) { return fails(file, 2) ? -1 : REAL(fdatasync)(file); }
int fsync(int file) { return fails(file, 2) ? -1 : REAL(fsync)(file); }
