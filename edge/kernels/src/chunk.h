// A stretch of one utterance, and the columns that a layer sees: what came before, the chunk, what follows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "path.h"

namespace edge_kernels {

// Arrays are [channels][positions], rows without gaps.
struct Chunk {
  const float* in = nullptr;  // [in_channels][length]
  int64_t length = 0;
  bool first = true, last = true;
  const float* state = nullptr;     // [in_channels][state_length()], read unless first
  const float* residual = nullptr;  // as out, or null
  const float *mul = nullptr, *add = nullptr;  // [in_channels], on load; or null
  float* out = nullptr;             // [out_channels][out_length()]
  float* next_state = nullptr;      // as state, or null
};

// Calls work(0) ... work(total - 1), in any order, possibly at once.
using Work = std::function<void(size_t)>;
using Parallel = std::function<void(size_t total, const Work& work)>;

inline void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument(what);
}

constexpr int64_t kLargest = int64_t{1} << 20;  // limit of every dimension and attribute

// Bytes that a layer may ask for beside its inputs and outputs, per thread, and for its state. The widest layer of
// joe asks for 1 MB; a board of 512 MB must survive what a stranger's graph asks for.
constexpr int64_t kMostBytes = int64_t{64} << 20;

inline void require_room(int64_t bytes) {
  require(bytes <= kMostBytes, "the layer asks for " + std::to_string(bytes) + " bytes to work in; the limit is " +
                                   std::to_string(kMostBytes));
}

// The chunk between its state, or zeros, and zeros.
struct View {
  const Chunk& chunk;
  int64_t channels, halo;  // halo: columns of the state
  int64_t before, after;   // columns
  int64_t size() const { return before + chunk.length + after; }

  // Columns [begin, begin + width), activated (zeros stay zeros), to rows `stride` apart; fetches `next` more.
  Range load(const Path& path, const Activation& a, int64_t begin, int64_t width, int64_t next, float* rows,
             size_t stride) const {
    const int64_t early = std::clamp<int64_t>(before - begin, 0, width);
    const int64_t inside = std::clamp<int64_t>(before + chunk.length - begin, early, width) - early;
    Range range;
    if (early && !chunk.first)
      path.load({chunk.state + begin, static_cast<size_t>(halo), channels}, early, a, rows, stride, 0, range);
    if (inside)
      path.load({chunk.in + (begin + early - before), static_cast<size_t>(chunk.length), channels}, inside, a, rows + early,
                stride, next, range);
    const bool zeros_before = early && chunk.first;
    if (zeros_before || early + inside < width) {
      for (int64_t c = 0; c < channels; ++c) {
        float* row = rows + static_cast<size_t>(c) * stride;
        if (zeros_before) std::fill_n(row, early, 0.0f);
        std::fill(row + early + inside, row + width, 0.0f);
      }
    }
    return range;
  }

  void save_state() const {
    for (int64_t c = 0; c < channels; ++c) {
      float* next = chunk.next_state + c * halo;
      if (chunk.last) {
        std::fill_n(next, halo, 0.0f);
        continue;
      }
      const int64_t start = before + chunk.length - halo, kept = std::clamp<int64_t>(before - start, 0, halo);
      if (chunk.first) std::fill_n(next, kept, 0.0f);
      else std::copy_n(chunk.state + c * halo + start, kept, next);
      std::copy_n(chunk.in + c * chunk.length + start + kept - before, halo - kept, next + kept);
    }
  }
};

}  // namespace edge_kernels
