/* Answers the instruction cpuid as a lesser x86-64 processor would: preloaded, it has the kernel trap the instruction
 * (arch_prctl ARCH_CPUID), asks the processor itself, and takes away what ASMNET_LOWERED_TO leaves out. Threads and
 * libraries opened later see it; the C library has asked before, so that memcpy stays as it is. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { ARCH_CPUID = 0x1012 };
static int keeps_avx_vnni;

static void without_newer(uint32_t leaf, uint32_t subleaf, uint32_t r[4]) {
    if (leaf == 7 && subleaf == 0) {
        r[1] &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31); /* AVX-512 */
        r[2] &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14); /* VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ */
        r[3] &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25); /* AMX, FP16 and older */
    } else if (leaf == 7 && subleaf == 1) {
        r[0] &= ~(1u << 5 | 1u << 21 | 1u << 23);                /* AVX512-BF16, AMX-FP16, AVX-IFMA */
        r[3] &= ~(1u << 4 | 1u << 5 | 1u << 8 | 1u << 10 | 1u << 19); /* AVX-VNNI-INT8, NE-CONVERT, AMX, INT16, AVX10 */
        if (!keeps_avx_vnni) r[0] &= ~(1u << 4);
    }
}

static void on_fault(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *at = (const uint8_t *)registers[REG_RIP];
    (void)info;
    if (at[0] != 0x0F || at[1] != 0xA2) { /* a fault of another kind ends the process, as ever */
        signal(number, SIG_DFL);
        return;
    }
    uint32_t leaf = (uint32_t)registers[REG_RAX], subleaf = (uint32_t)registers[REG_RCX], r[4];
    syscall(SYS_arch_prctl, ARCH_CPUID, 1);
    __cpuid_count(leaf, subleaf, r[0], r[1], r[2], r[3]);
    syscall(SYS_arch_prctl, ARCH_CPUID, 0);
    without_newer(leaf, subleaf, r);
    registers[REG_RAX] = r[0], registers[REG_RBX] = r[1], registers[REG_RCX] = r[2], registers[REG_RDX] = r[3];
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
    const char *class = getenv("ASMNET_LOWERED_TO");
    if (class == NULL) return;
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER};
    action.sa_sigaction = on_fault;
    keeps_avx_vnni = strcmp(class, "avx_vnni") == 0;
    if (sigaction(SIGSEGV, &action, NULL) != 0 || syscall(SYS_arch_prctl, ARCH_CPUID, 0) != 0) {
        fputs("lowered: this processor or system does not trap cpuid\n", stderr);
        _exit(77);
    }
}
