// The path of this process: the best for the weights, or the one that EDGE_KERNELS_PATH names.
#pragma once
#include <cstdlib>

#include "conv.h"

namespace edge_kernels {

inline const Path* chosen_path(const int8_t* weights, size_t count) {
  return choose_path(weights, count, std::getenv("EDGE_KERNELS_PATH"));
}

// For what has no int8 weights.
inline const Path* float_path() { return chosen_path(nullptr, 0); }

}  // namespace edge_kernels
