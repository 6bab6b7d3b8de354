// The only way to fail. There is no degraded mode in here: a weaker cage is a different policy,
// decided and recorded by the daemon.
#define _GNU_SOURCE
#include "cage.h"

#include <string.h>
#include <unistd.h>

static void copy(char *to, size_t size, const char *from)
{
    if (from == NULL)
        return;
    size_t length = strlen(from);
    if (length >= size)
        length = size - 1;
    memcpy(to, from, length);
}

// Best effort: if the daemon is gone there is nobody to tell, and the lifeline ends us anyway.
void report(enum status_kind kind, int value, const char *name, const char *detail)
{
    struct status_record record = {.magic = STATUS_MAGIC, .kind = kind, .value = value};
    copy(record.name, sizeof record.name, name);
    copy(record.detail, sizeof record.detail, detail);
    ssize_t written = write(FD_STATUS, &record, sizeof record);
    (void)written;
}

void refuse(const char *feature, const char *detail, int error)
{
    report(STATUS_REFUSED, error, feature, detail);
    _exit(EXIT_REFUSED);
}
