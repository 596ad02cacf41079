// Which paths this build has and which of them this CPU can run. Compiled for the plain CPU, as
// even a check must not use an instruction that it checks for.
#include "paths.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace edge_kernels {

namespace {

std::vector<const Path*> find() {
  std::vector<const Path*> paths;
#if defined(__x86_64__)
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (avx512 && __builtin_cpu_supports("avx512vnni")) paths.push_back(&path_avx512vnni);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("avxvnni")) paths.push_back(&path_avxvnni);
  if (avx512) paths.push_back(&path_avx512);
  if (__builtin_cpu_supports("avx2")) paths.push_back(&path_avx2);
  if (__builtin_cpu_supports("sse4.1")) paths.push_back(&path_sse41);
#elif defined(__aarch64__)
  if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) paths.push_back(&path_sdot);
  paths.push_back(&path_smlal_narrow);
  paths.push_back(&path_smlal);
#endif
  paths.push_back(&path_scalar);
  return paths;
}

}  // namespace

const std::vector<const Path*>& supported_paths() {
  static const std::vector<const Path*> paths = find();
  return paths;
}

}  // namespace edge_kernels
