// libsystemd for Swift: service notification and the journal. Both calls used are not variadic.
#ifndef AURA_CSYSTEMD_SHIM_H
#define AURA_CSYSTEMD_SHIM_H

// Without this, sd_journal_sendv is a macro that adds a C file and line to every entry.
#ifndef SD_JOURNAL_SUPPRESS_LOCATION
#define SD_JOURNAL_SUPPRESS_LOCATION
#endif
#include <sys/uio.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
