// A QEMU plugin that counts the instructions that a guest executes between two marks. The guest
// marks with a system call that Linux does not have: syscall(5000, 1) begins, syscall(5000, 0) ends
// and adds a line to the file given as out=FILE; with blocks=FILE the ending mark also writes
// "address instructions executions" of every block of code, which shows where they were spent.
//
// gcc -shared -fPIC -O2 -o count.so count.c
// qemu-aarch64 -plugin count.so,out=counts.txt ...        (QEMU 7.2: Debian 12, package qemu-user)
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// QEMU's qemu-plugin.h, version 1, as far as it is used here; Debian has no package with it.
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
typedef void (*translated_cb)(qemu_plugin_id_t, struct qemu_plugin_tb*);
typedef void (*syscall_cb)(qemu_plugin_id_t, unsigned cpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t,
                           uint64_t, uint64_t, uint64_t, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb*);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb*);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translated_cb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb*, enum qemu_plugin_op, void*, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, syscall_cb);
#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum { MARK = 5000 };

struct block {
  struct block* next;
  uint64_t address, instructions, executions;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block* blocks;
static const char *out_name, *blocks_name;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  (void)id;
  struct block* block = calloc(1, sizeof *block);  // for ever: the code may run until the end
  if (!block) abort();
  block->address = qemu_plugin_tb_vaddr(tb);
  block->instructions = qemu_plugin_tb_n_insns(tb);
  pthread_mutex_lock(&lock);
  block->next = blocks;
  blocks = block;
  pthread_mutex_unlock(&lock);
  qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &block->executions, 1);
}

static FILE* append(const char* name) {
  FILE* file = fopen(name, "a");
  if (!file) {
    perror(name);
    exit(1);
  }
  return file;
}

static void marked(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t begin, uint64_t b, uint64_t c,
                   uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  (void)id, (void)cpu, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != MARK) return;
  uint64_t sum = 0;
  FILE* detail = !begin && blocks_name ? append(blocks_name) : NULL;
  pthread_mutex_lock(&lock);
  for (struct block* block = blocks; block; block = block->next) {
    if (begin) {
      block->executions = 0;
      continue;
    }
    sum += block->instructions * block->executions;
    if (detail && block->executions)
      fprintf(detail, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", block->address, block->instructions, block->executions);
  }
  pthread_mutex_unlock(&lock);
  if (detail) fclose(detail);
  if (begin) return;
  FILE* out = append(out_name);
  fprintf(out, "%" PRIu64 "\n", sum);
  fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void* info, int argc, char** argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (!strncmp(argv[i], "out=", 4)) out_name = strdup(argv[i] + 4);
    else if (!strncmp(argv[i], "blocks=", 7)) blocks_name = strdup(argv[i] + 7);
  }
  if (!out_name) {
    fputs("count: out=FILE is missing\n", stderr);
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, marked);
  return 0;
}
