/* What hashing alone costs: OpenSSL's SHA-256 over as many leaves and nodes, of which each stands somewhere
   else in memory, as in a mapped file. Loaded only when it is asked for. */
#include "CBenchBaseline.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Greater than OpenSSL's SHA256_CTX. */
struct context {
    _Alignas(16) unsigned char bytes[256];
};

int bench_sha256(size_t entry_bytes, uint64_t count, uint64_t *nanoseconds) {
    void *library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return ENOENT;
    int (*begin)(struct context *) = (int (*)(struct context *))dlsym(library, "SHA256_Init");
    int (*add)(struct context *, const void *, size_t) =
        (int (*)(struct context *, const void *, size_t))dlsym(library, "SHA256_Update");
    int (*end)(unsigned char *, struct context *) =
        (int (*)(unsigned char *, struct context *))dlsym(library, "SHA256_Final");
    if (begin == NULL || add == NULL || end == NULL)
        return ENOSYS;
    /* 256 MiB: more than a processor's caches. */
    const size_t leaves = ((size_t)256 << 20) / (1 + entry_bytes);
    unsigned char *memory = malloc(leaves * (1 + entry_bytes));
    if (memory == NULL)
        return ENOMEM;
    memset(memory, 'x', leaves * (1 + entry_bytes));
    unsigned char node[65] = {1};
    struct context context;
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (uint64_t index = 0; index < count; index++) {
        begin(&context);
        add(&context, memory + index % leaves * (1 + entry_bytes), 1 + entry_bytes);
        end(node + 33, &context);
        begin(&context);
        add(&context, node, sizeof node);
        end(node + 1, &context);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    free(memory);
    *nanoseconds = (uint64_t)(to.tv_sec - from.tv_sec) * 1000000000u + (uint64_t)to.tv_nsec
        - (uint64_t)from.tv_nsec;
    return 0;
}
