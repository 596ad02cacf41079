/* Hides instruction sets from a program, at the CPU's full speed.
 *
 * Preloaded, it asks Linux to let CPUID fault (arch_prctl, ARCH_SET_CPUID), answers each fault with
 * the CPU's own answer less the bits that $EDGE_CPU_HIDE names, and hides the same words from
 * /proc/cpuinfo. So libraries choose the code that they would choose on the lesser CPU. It proves
 * choices and arithmetic, not that an instruction is absent: for that there is qemu-x86_64.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef ARCH_SET_CPUID
#define ARCH_SET_CPUID 0x1012
#endif

enum { EAX, EBX, ECX, EDX };

/* Intel's Software Developer's Manual, volume 2A, CPUID; words as in Linux' cpufeatures.h. */
static const struct feature {
    const char *word;
    uint32_t leaf, subleaf;
    int reg, bit;
} FEATURES[] = {
    {"fma", 1, 0, ECX, 12},          {"sse4_1", 1, 0, ECX, 19},
    {"sse4_2", 1, 0, ECX, 20},       {"avx", 1, 0, ECX, 28},
    {"f16c", 1, 0, ECX, 29},         {"avx2", 7, 0, EBX, 5},
    {"avx512f", 7, 0, EBX, 16},      {"avx512dq", 7, 0, EBX, 17},
    {"avx512ifma", 7, 0, EBX, 21},   {"avx512cd", 7, 0, EBX, 28},
    {"avx512bw", 7, 0, EBX, 30},     {"avx512vl", 7, 0, EBX, 31},
    {"avx512vbmi", 7, 0, ECX, 1},    {"avx512_vbmi2", 7, 0, ECX, 6},
    {"gfni", 7, 0, ECX, 8},          {"vaes", 7, 0, ECX, 9},
    {"vpclmulqdq", 7, 0, ECX, 10},   {"avx512_vnni", 7, 0, ECX, 11},
    {"avx512_bitalg", 7, 0, ECX, 12},{"avx512_vpopcntdq", 7, 0, ECX, 14},
    {"avx512_vp2intersect", 7, 0, EDX, 8},
    {"amx_bf16", 7, 0, EDX, 22},     {"avx512_fp16", 7, 0, EDX, 23},
    {"amx_tile", 7, 0, EDX, 24},     {"amx_int8", 7, 0, EDX, 25},
    {"avx_vnni", 7, 1, EAX, 4},      {"avx512_bf16", 7, 1, EAX, 5},
    {"amx_fp16", 7, 1, EAX, 21},     {"avx_ifma", 7, 1, EAX, 23},
    {"avx_vnni_int8", 7, 1, EDX, 4}, {"avx_ne_convert", 7, 1, EDX, 5},
    {"avx_vnni_int16", 7, 1, EDX, 10}, {"avx10", 7, 1, EDX, 19},
};
enum { COUNT = sizeof FEATURES / sizeof *FEATURES };

static char hidden[COUNT];
static struct sigaction theirs;

static void answer(greg_t *regs) {
    uint32_t leaf = regs[REG_RAX], subleaf = regs[REG_RCX], out[4];
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1L);
    __asm__ volatile("cpuid"
                     : "=a"(out[EAX]), "=b"(out[EBX]), "=c"(out[ECX]), "=d"(out[EDX])
                     : "a"(leaf), "c"(subleaf));
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0L);
    for (int i = 0; i < COUNT; i++) {
        const struct feature *f = &FEATURES[i];
        if (hidden[i] && f->leaf == leaf && (leaf != 7 || f->subleaf == subleaf))
            out[f->reg] &= ~(1u << f->bit);
    }
    regs[REG_RAX] = out[EAX], regs[REG_RBX] = out[EBX];
    regs[REG_RCX] = out[ECX], regs[REG_RDX] = out[EDX];
    regs[REG_RIP] += 2;
}

static void on_fault(int signal_number, siginfo_t *info, void *context) {
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *at = (const uint8_t *)regs[REG_RIP];
    /* A CPUID that faults is a general protection fault, which has no address. */
    if (info->si_code == SI_KERNEL && at[0] == 0x0f && at[1] == 0xa2) {
        answer(regs);
        return;
    }
    if (theirs.sa_flags & SA_SIGINFO && theirs.sa_sigaction)
        theirs.sa_sigaction(signal_number, info, context);
    else if (theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN)
        theirs.sa_handler(signal_number);
    else {
        struct sigaction default_action = {.sa_handler = SIG_DFL};
        int (*real)(int, const struct sigaction *, struct sigaction *) =
            dlsym(RTLD_NEXT, "sigaction");
        real(signal_number, &default_action, NULL);  /* returning faults again, and ends it */
    }
}

/* Python's faulthandler must not take the signal from us. */
int sigaction(int number, const struct sigaction *wanted, struct sigaction *before) {
    int (*real)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_NEXT, "sigaction");
    if (number != SIGSEGV) return real(number, wanted, before);
    if (before) *before = theirs;
    if (wanted) theirs = *wanted;
    return 0;
}

/* Compilers take it this way. */
sighandler_t signal(int number, sighandler_t handler) {
    struct sigaction wanted = {.sa_handler = handler}, before;
    sighandler_t (*real)(int, sighandler_t) = dlsym(RTLD_NEXT, "signal");
    if (number != SIGSEGV) return real(number, handler);
    sigaction(number, &wanted, &before);
    return before.sa_handler;
}

static int masked_cpuinfo(int real) {
    static const char *const KEYS[] = {"flags\t", "vmx flags\t"};
    FILE *file = fdopen(real, "r");
    int made = memfd_create("cpuinfo", MFD_CLOEXEC);
    char *line = NULL;
    size_t room = 0;
    while (file && getline(&line, &room, file) >= 0) {
        if (strncmp(line, KEYS[0], strlen(KEYS[0])) == 0)
            for (int i = 0; i < COUNT; i++) {
                size_t length = strlen(FEATURES[i].word);
                for (char *at = line; hidden[i] && (at = strstr(at, FEATURES[i].word)); at += length)
                    if (at[-1] == ' ' && (at[length] == ' ' || at[length] == '\n'))
                        memset(at, ' ', length);
            }
        if (write(made, line, strlen(line)) < 0) break;
    }
    free(line);
    if (file) fclose(file);
    lseek(made, 0, SEEK_SET);
    return made;
}

static int is_cpuinfo(const char *path) { return strcmp(path, "/proc/cpuinfo") == 0; }

#define OPEN(name)                                                     \
    int name(const char *path, int flags, ...) {                       \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); \
        va_list rest;                                                  \
        va_start(rest, flags);                                         \
        int made = real(path, flags, va_arg(rest, mode_t));            \
        va_end(rest);                                                  \
        return made >= 0 && is_cpuinfo(path) ? masked_cpuinfo(made) : made; \
    }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                                            \
    FILE *name(const char *path, const char *mode) {                           \
        FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, #name);   \
        if (!is_cpuinfo(path)) return real(path, mode);                        \
        int made = open(path, O_RDONLY | O_CLOEXEC);                           \
        return made < 0 ? NULL : fdopen(made, mode);                           \
    }
FOPEN(fopen)
FOPEN(fopen64)

__attribute__((constructor)) static void hide(void) {
    const char *wanted = getenv("EDGE_CPU_HIDE");
    if (!wanted) return;
    for (int i = 0; i < COUNT; i++) {
        size_t length = strlen(FEATURES[i].word);
        for (const char *at = wanted; (at = strstr(at, FEATURES[i].word)); at += length)
            if ((at == wanted || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
                hidden[i] = 1;
    }
    struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    int (*real)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_NEXT, "sigaction");
    real(SIGSEGV, &ours, &theirs);
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0L)) {
        fputs("mask.so: this CPU or kernel cannot hide CPUID\n", stderr);
        _exit(125);
    }
}
