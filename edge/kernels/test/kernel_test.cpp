// kernel_test [LAYERS [SEED]]: the self-test at length, for sanitizers and for emulated boards.
#include <cstdio>
#include <cstdlib>

#include "self_test.h"

int main(int argc, char** argv) {
  const int layers = argc > 1 ? std::atoi(argv[1]) : 2000;
  const auto seed = static_cast<uint32_t>(argc > 2 ? std::atoi(argv[2]) : 1);
  const std::string reason = edge_kernels::compare_paths(seed, layers);
  std::printf("%s: %d layers, seed %u: %s\n", edge_kernels_paths(), layers, seed,
              reason.empty() ? "all paths agree" : reason.c_str());
  return reason.empty() ? 0 : 1;
}
