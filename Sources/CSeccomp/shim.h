// libseccomp, and what Swift cannot import of it: function-like macros become functions. Rules are
// added with the _array variant, because seccomp_rule_add is variadic.
#pragma once

#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline uint32_t cseccomp_allow(void) { return SCMP_ACT_ALLOW; }
static inline uint32_t cseccomp_kill_process(void) { return SCMP_ACT_KILL_PROCESS; }
static inline uint32_t cseccomp_errno(uint16_t number) { return SCMP_ACT_ERRNO(number); }
static inline uint32_t cseccomp_arch_x86_64(void) { return SCMP_ARCH_X86_64; }
static inline uint32_t cseccomp_arch_aarch64(void) { return SCMP_ARCH_AARCH64; }

// "The low 32 bits of argument `index` selected by `mask` equal `value`." The kernel ignores the
// high half of an int argument, so a comparison of all 64 bits could be stepped around.
static inline struct scmp_arg_cmp cseccomp_masked(unsigned index, uint32_t mask, uint32_t value) {
    return SCMP_CMP(index, SCMP_CMP_MASKED_EQ, mask, value);
}

// The kernel's newest Landlock ABI, or -1 with errno. Here, because syscall(2) is variadic.
static inline int cseccomp_landlock_abi(void) { return (int)syscall(444, (void *)0, 0, 1); }
