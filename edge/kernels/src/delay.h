// A delay line: what a signal waits in, until a slower branch has caught up.
#pragma once
#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace edge_kernels {

struct DelayLine {
  const float* in;  // [channels][length]
  int64_t channels, length, delay;
  bool first, last;
  const float* state = nullptr;  // [channels][delay], read unless first
  float* out = nullptr;          // [channels][out_length()]
  float* next_state = nullptr;   // as state, or null

  int64_t out_length() const {
    const int64_t out = length + (first ? 0 : delay) - (last ? 0 : delay);
    if (out < 0)
      throw std::invalid_argument("the first chunk has " + std::to_string(length) + " positions, but waits for " +
                                  std::to_string(delay));
    return out;
  }

  void run() const {
    const int64_t count = out_length(), held = first ? 0 : delay;
    for (int64_t c = 0; c < channels; ++c) {
      const float* row = in + c * length;
      const float* kept = state + c * delay;
      const auto copy = [&](int64_t from, int64_t n, float* to) {  // of state ++ in
        const int64_t early = std::clamp<int64_t>(held - from, 0, n);
        std::copy_n(kept + from, early, to);
        std::copy_n(row + from + early - held, n - early, to + early);
      };
      copy(0, count, out + c * count);
      if (!next_state) continue;
      if (last) std::fill_n(next_state + c * delay, delay, 0.0f);
      else copy(count, delay, next_state + c * delay);
    }
  }
};

}  // namespace edge_kernels
