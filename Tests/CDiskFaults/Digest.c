/* Reads a record's file as LMDB finds it after a crash. */
#define _GNU_SOURCE
#include "CDiskFaults.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* In the manner of FNV-1a, eight bytes at a time: two different contents of one test do not meet by
 * accident. */
static void mix(uint64_t *digest, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    for (size_t done = 0; done < count; done += 8) {
        uint64_t word = 0;
        memcpy(&word, next + done, count - done < 8 ? count - done : 8);
        *digest = (*digest ^ word) * 0x100000001b3u;
        *digest ^= *digest >> 29;
    }
    *digest = (*digest ^ count) * 0x100000001b3u;
}

static int walk(MDB_txn *transaction, MDB_dbi table, const char *name, uint64_t *digest,
                uint64_t *head) {
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(transaction, table, &cursor);
    if (code != 0)
        return code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        mix(digest, key.mv_data, key.mv_size);
        if (name == NULL) {
            /* The main table: names of the others. */
            char other[64] = {0};
            if (key.mv_size >= sizeof other)
                return EINVAL;
            memcpy(other, key.mv_data, key.mv_size);
            MDB_dbi inner;
            code = mdb_dbi_open(transaction, other, 0, &inner);
            if (code == 0)
                code = walk(transaction, inner, other, digest, head);
            if (code != 0)
                break;
            continue;
        }
        mix(digest, value.mv_data, value.mv_size);
        if (strcmp(name, "meta") == 0 && key.mv_size == 4 && memcmp(key.mv_data, "head", 4) == 0) {
            *head = 0;
            for (int index = 0; index < 8; index++)
                *head = *head << 8 | ((uint8_t *)value.mv_data)[index];
        }
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? 0 : code;
}

static int read_all(MDB_env *environment, const char *directory, uint64_t *digest, uint64_t *head) {
    int code = mdb_env_set_maxdbs(environment, 32);
    /* 64 MiB: far above what a test writes. */
    if (code == 0)
        code = mdb_env_set_mapsize(environment, (size_t)64 << 20);
    if (code == 0)
        code = mdb_env_open(environment, directory, MDB_RDONLY | MDB_NOLOCK, 0600);
    if (code != 0)
        return code;
    MDB_envinfo information;
    MDB_stat statistics;
    mdb_filehandle_t file;
    struct stat status;
    mdb_env_info(environment, &information);
    mdb_env_stat(environment, &statistics);
    mdb_env_get_fd(environment, &file);
    if (fstat(file, &status) != 0)
        return errno;
    /* Reading behind the end of a mapped file is a SIGBUS. */
    if ((size_t)status.st_size < (information.me_last_pgno + 1) * statistics.ms_psize)
        return EFBIG;
    MDB_txn *transaction;
    MDB_dbi main;
    code = mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction);
    if (code != 0)
        return code;
    code = mdb_dbi_open(transaction, NULL, 0, &main);
    if (code == 0)
        code = walk(transaction, main, NULL, digest, head);
    mdb_txn_abort(transaction);
    return code;
}

int disk_digest(const char *directory, uint64_t *digest, uint64_t *head) {
    *digest = 0xcbf29ce484222325u;
    *head = 0;
    MDB_env *environment;
    int code = mdb_env_create(&environment);
    if (code != 0)
        return code;
    code = read_all(environment, directory, digest, head);
    mdb_env_close(environment);
    return code;
}
