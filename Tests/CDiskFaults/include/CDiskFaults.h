/* The system calls with which LMDB writes a file, seen, failed and written down.
 *
 * The functions of the C library of the same names are replaced for the whole process; files that
 * are not watched see no difference. Any thread may call anything here. */
#ifndef C_DISK_FAULTS_H
#define C_DISK_FAULTS_H

#include <stddef.h>
#include <stdint.h>

enum disk_call { DISK_PWRITE, DISK_WRITEV, DISK_LSEEK, DISK_FDATASYNC, DISK_MMAP, DISK_CALLS };

/* Watches the file at `path`; a number for the calls below, or -1. */
int disk_watch(const char *path);
void disk_forget(int watch);

/* The `nth` call from now on, counted from 1, fails once with `error`. */
void disk_fail(int watch, enum disk_call call, unsigned nth, int error);
/* The same, but the call is performed; all such calls after it fail without being performed.
 * For DISK_PWRITE only. */
void disk_fail_late(int watch, enum disk_call call, unsigned nth, int error);
/* Every such call fails with `error` from now on; 0: none any more. */
void disk_fail_all(int watch, enum disk_call call, int error);
/* How many calls there were since `disk_fail`, failed ones among them. */
unsigned disk_count(int watch, enum disk_call call);
/* How many calls were failed so far. */
unsigned disk_failed(int watch);

/* What was written since `disk_record`, in order. */
struct disk_act {
    int is_sync; /* everything before it is durable */
    uint64_t offset;
    size_t length;
    const uint8_t *bytes;
};
void disk_record(int watch);
size_t disk_acts(int watch);
struct disk_act disk_act(int watch, size_t index);

/* From the `nth` rename on, counted from 1, none succeeds that is of a path below `directory`, which has to
 * stay as long: what is there then is what a power cut leaves. NULL: all are performed again. One directory
 * at a time. */
void disk_cut_renames(const char *directory, unsigned nth);

/* What an LMDB file holds, whole: a digest over the names, keys and values of all its tables, and
 * the number that the key `head` of the table `meta` begins with. 0, or an error of LMDB's or of
 * the system's. The file is mapped, but neither written nor locked. */
int disk_digest(const char *directory, uint64_t *digest, uint64_t *head);

#endif
