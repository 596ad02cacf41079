// What a layer does to its input on load, and the arrays that it reads.
#pragma once
#include <cmath>
#include <vector>

#include "chunk.h"

namespace edge_kernels {

class OnLoad {
 public:
  // gains and alpha [channels] or null; alpha: Snake. Throws std::invalid_argument.
  OnLoad(int64_t channels, float slope, bool elu, const float* gains, const float* alpha) {
    require(slope >= 0.0f && slope <= 1.0f, "slope must be in 0..1 (1: no LeakyReLU)");
    require((slope != 1.0f) + elu + (alpha != nullptr) <= 1, "a layer has one of slope, elu and alpha");
    const auto count = static_cast<size_t>(channels);
    gains_.assign(count, 1.0f);
    if (gains) gains_.assign(gains, gains + count);
    for (size_t i = 0; alpha && i < count; ++i) {
      const double a = alpha[i];
      turns_.push_back(static_cast<float>(a / 3.14159265358979323846));
      inverses_.push_back(static_cast<float>(1 / a));
      require(std::isfinite(turns_.back()) && std::isfinite(inverses_.back()), "alpha and 1 / alpha must be finite");
    }
    activation_.slope = slope;
    activation_.elu = elu;
  }

  Activation of(const Chunk& chunk) const {
    Activation a = activation_;
    a.gains = gains_.data();
    if (!turns_.empty()) a.turns = turns_.data(), a.inverses = inverses_.data();
    a.mul = chunk.mul;
    a.add = chunk.add;
    return a;
  }
  bool has_alpha() const { return !turns_.empty(); }

 private:
  Activation activation_;
  std::vector<float> gains_, turns_, inverses_;
};

}  // namespace edge_kernels
