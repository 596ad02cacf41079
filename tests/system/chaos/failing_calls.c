/* Preloaded into the daemon of a run: allocations and calls on one disk that fail, when told to.
 *
 * EDGE_CHAOS_CONTROLS names a file of the five numbers below; who writes it turns the faults on
 * and off while the daemon lives. glibc only: __libc_malloc is what stands behind malloc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct controls {
    uint64_t allocation_of; /* one in so many fails; 0: none */
    uint64_t bytes;         /* of those that ask for so much at the least */
    uint64_t call_of;       /* one in so many reads, writes and fsyncs fails with EIO; 0: none */
    uint64_t device;        /* st_dev of the disk on which they do */
    uint64_t failed;        /* how many did; written here */
};

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static struct controls none;
static struct controls *told = &none;
static uint64_t allocations, calls;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("EDGE_CHAOS_CONTROLS");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *map = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED) told = map;
}

static int turn(uint64_t *count, uint64_t of) {
    if (!of || __atomic_add_fetch(count, 1, __ATOMIC_RELAXED) % of) return 0;
    __atomic_add_fetch(&told->failed, 1, __ATOMIC_RELAXED);
    return 1;
}

static int fails(size_t bytes) {
    if (bytes < told->bytes || !turn(&allocations, told->allocation_of)) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes) { return fails(bytes) ? NULL : __libc_malloc(bytes); }
void *realloc(void *old, size_t bytes) { return fails(bytes) ? NULL : __libc_realloc(old, bytes); }
void *calloc(size_t count, size_t bytes) {
    return fails(count * bytes) ? NULL : __libc_calloc(count, bytes);
}

static int is_bad(int file) {
    struct stat about;
    if (!told->call_of || fstat(file, &about) || about.st_dev != told->device) return 0;
    if (!turn(&calls, told->call_of)) return 0;
    errno = EIO;
    return 1;
}

/* Each asks the disk's call of this name, unless it is to fail. */
#define FAILING(type, name, parameters, ...)                              \
    type name parameters {                                                \
        static type (*real) parameters;                                   \
        if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);    \
        return is_bad(file) ? -1 : real(__VA_ARGS__);                     \
    }
FAILING(ssize_t, read, (int file, void *to, size_t bytes), file, to, bytes)
FAILING(ssize_t, write, (int file, const void *from, size_t bytes), file, from, bytes)
FAILING(ssize_t, pread64, (int file, void *to, size_t bytes, off64_t at), file, to, bytes, at)
FAILING(int, fsync, (int file), file)
FAILING(int, fdatasync, (int file), file)
FAILING(int, ftruncate64, (int file, off64_t bytes), file, bytes)
