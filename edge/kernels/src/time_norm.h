// A norm over time (AdaIN), as the affine that a convolution takes on load.
#pragma once
#include <cmath>

#include "path.h"

namespace edge_kernels {

// One channel of `length` positions: v * mul + add has mean `shift`, and `scale` as deviation. The mean first, then the
// squares of the distances from it: one pass over both would lose what a large mean leaves of a small variance.
inline void time_norm(const Path& path, const float* row, int64_t length, float scale, float shift, float epsilon,
                      float& mul, float& add) {
  const double share = 1.0 / static_cast<double>(length), mean = path.sum(row, length, 0.0f, false) * share;
  const double variance = path.sum(row, length, static_cast<float>(mean), true) * share;
  const double factor = static_cast<double>(scale) / std::sqrt(variance + static_cast<double>(epsilon));
  mul = static_cast<float>(factor);
  add = static_cast<float>(static_cast<double>(shift) - mean * factor);
}

}  // namespace edge_kernels
