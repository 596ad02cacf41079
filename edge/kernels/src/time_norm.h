// A norm over time (AdaIN), as the affine that a convolution takes on load.
#pragma once
#include <cmath>

#include "path.h"

namespace edge_kernels {

// What a norm knows of one channel; floats, so that they can be kept and given again with the same bits.
struct Statistics {
  float mean;
  float deviation;  // above 0: epsilon is in it

  // v * mul + add has mean `shift`, and `scale` as deviation.
  void as_affine(float scale, float shift, float& mul, float& add) const {
    const double factor = static_cast<double>(scale) / static_cast<double>(deviation);
    mul = static_cast<float>(factor);
    add = static_cast<float>(static_cast<double>(shift) - static_cast<double>(mean) * factor);
  }
};

// Of `length` positions. The mean first, then the squares of the distances from it: one pass over both would lose what a
// large mean leaves of a small variance.
inline Statistics statistics(const Path& path, const float* row, int64_t length, float epsilon) {
  const double share = 1.0 / static_cast<double>(length);
  const auto mean = static_cast<float>(path.sum(row, length, 0.0f, false) * share);
  const double variance = path.sum(row, length, mean, true) * share;
  return {mean, static_cast<float>(std::sqrt(variance + static_cast<double>(epsilon)))};
}

}  // namespace edge_kernels
