// Two of our processes stay for as long as a worker does, and sleep. What building the cage has
// touched of the program's file need not stay in their memory: what they need again comes from the
// page cache. A command is over too soon for that: its end would wait for those pages.
#define _GNU_SOURCE
#include "cage.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static int release(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
            continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = info->dlpi_addr + segment->p_vaddr + segment->p_filesz;
        // Only memory is at stake: a kernel that refuses leaves it as it is.
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void memory_release(void) { dl_iterate_phdr(release, NULL); }
