// Layers of the text encoder around its convolutions; the norm comes in chunks too. Arrays are [channels][positions].
#pragma once
#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "chunk.h"

namespace edge_kernels {

// What a norm reads: a whole sequence, or a chunk of one.
struct Stretch {
  const float* in;  // [channels][length]
  int64_t length;
  bool first = true, last = true;
  const float* state = nullptr;  // [channels][span()], read unless first
};

// What a norm makes of a stretch, arrays of out_length() positions.
struct Normed {
  float* out;
  float* late = nullptr;        // what the positions were before; or null
  float* next_state = nullptr;  // as the state, or null
};

// Each position's channels to mean 0 and variance 1, then gamma and beta, then GELU if wished; before it a depthwise
// convolution (same length, zeros around), after it a residual, if wished.
struct ChannelNorm {
  std::vector<float> gamma, beta, weights, bias;  // weights [channels][taps] and bias: empty or the convolution
  float epsilon = 1e-5f;
  bool gelu = false;
  int taps = 0;
  int64_t dilation = 1;

  // Positions that the convolution reads beside the one that it makes, half of them on either side.
  int64_t span() const { return taps ? (taps - 1) * dilation : 0; }

  int64_t out_length(const Stretch& s) const {
    const int64_t out = s.length + (s.first ? 0 : span() / 2) - (s.last ? 0 : span() / 2);
    if (out < 0)
      throw std::invalid_argument("the first chunk has " + std::to_string(s.length) + " positions, but waits for " +
                                  std::to_string(span() / 2));
    return out;
  }

  void run(const Path& path, const Stretch& s, const float* residual, const Normed& made) const {
    const auto channels = static_cast<int64_t>(gamma.size());
    const int64_t width = kRow + span(), count = out_length(s), held = s.first ? 0 : span();
    const int64_t begin = s.first ? -span() / 2 : 0;  // where the window of the first position begins
    // n columns of a channel's state ++ in, zeros around them.
    const auto copy = [&](int64_t c, int64_t from, int64_t n, float* to) {
      const float *kept = s.state + c * held, *row = s.in + c * s.length;
      const int64_t zeros = std::clamp<int64_t>(-from, 0, n), place = from + zeros;
      const int64_t early = std::clamp<int64_t>(held - place, 0, n - zeros);
      const int64_t inside = std::clamp<int64_t>(held + s.length - place - early, 0, n - zeros - early);
      std::fill_n(to, zeros, 0.0f);
      if (early) std::copy_n(kept + place, early, to + zeros);
      if (inside) std::copy_n(row + place + early - held, inside, to + zeros + early);
      std::fill(to + zeros + early + inside, to + n, 0.0f);
    };
    static thread_local std::vector<float> rows, window;
    rows.resize(static_cast<size_t>(channels * kRow));
    if (taps) window.resize(static_cast<size_t>(channels * width));
    for (int64_t at = 0; at < count; at += kRow) {
      const int64_t n = std::min<int64_t>(kRow, count - at);
      for (int64_t c = 0; c < channels; ++c)
        copy(c, begin + at, width, taps ? window.data() + c * width : rows.data() + c * kRow);
      if (taps)
        path.depthwise({window.data(), static_cast<size_t>(width), channels}, weights.data(), bias.data(), taps,
                       dilation, rows.data());
      path.norm(rows.data(), channels, {gamma.data(), beta.data(), epsilon, gelu});
      for (int64_t c = 0; c < channels; ++c) {
        const float *row = rows.data() + c * kRow, *own = residual ? residual + c * count + at : nullptr;
        float* to = made.out + c * count + at;
        for (int64_t i = 0; i < n; ++i) to[i] = own ? row[i] + own[i] : row[i];
      }
    }
    for (int64_t c = 0; c < channels; ++c) {
      if (made.late) copy(c, begin + span() / 2, count, made.late + c * count);
      if (!made.next_state) continue;
      float* next = made.next_state + c * span();
      if (s.last) std::fill_n(next, span(), 0.0f);
      else copy(c, held + s.length - span(), span(), next);
    }
  }
};

// Shares of attention with vectors for near positions (Shaw et al. 2018). logits [length][length] of one head, near
// [band][length]: row r's logit of column r - band / 2 + i has near[i][r] more. out [length][length + band]: the
// shares, then again those of the near columns (0 beyond the ends), for one product with values and vectors.
inline void band_softmax(const Path& path, const float* logits, const float* near, int64_t length, int64_t band,
                         float* out) {
  static thread_local std::vector<float> shares;
  shares.resize(static_cast<size_t>((length + kGroup - 1) / kGroup * kGroup));
  for (int64_t r = 0; r < length; ++r, out += length + band) {
    float* row = shares.data();
    std::copy_n(logits + r * length, length, row);
    const int64_t start = r - band / 2, skip = std::max<int64_t>(-start, 0);
    const int64_t last = std::min(band, length - start);
    for (int64_t i = skip; i < last; ++i) row[start + i] += near[i * length + r];
    path.softmax(row, length);
    std::copy_n(row, length, out);
    std::fill_n(out + length, band, 0.0f);
    std::copy_n(row + start + skip, last - skip, out + length + skip);
  }
}

// The monotone rational quadratic spline of VITS (Durkan et al. 2019), inverted: rows of parameters [3 * knots]
// [length] are the logits of the widths (the last has no share) and heights, and the slopes before softplus.
inline void inverse_spline(const float* parameters, int64_t knots, int64_t length, const float* x, float* out) {
  constexpr float kBound = 5.0f, kLeast = 1e-3f;
  const float whole = 2 * kBound * (1 - kLeast * static_cast<float>(knots - 1));
  std::vector<float> at(static_cast<size_t>(2 * knots));
  for (int64_t t = 0; t < length; ++t) {
    const float* p = parameters + t;
    for (int64_t side = 0; side < 2; ++side, p += knots * length) {
      float most = p[0], total = 0.0f, sum = 0.0f;
      float* knot = at.data() + side * knots;
      for (int64_t i = 1; i + 1 < knots; ++i) most = std::max(most, p[i * length]);
      for (int64_t i = 0; i + 1 < knots; ++i) total += knot[i] = std::exp(p[i * length] - most);
      for (int64_t i = 0; i + 1 < knots; ++i) {
        const float share = knot[i] / total;
        knot[i] = sum * whole + 2 * kBound * kLeast * static_cast<float>(i) - kBound;
        sum += share;
      }
      knot[knots - 1] = kBound;
    }
    const float *widths = at.data(), *heights = widths + knots, y = std::clamp(x[t], -kBound, kBound);
    int64_t bin = 0;
    while (bin + 2 < knots && y >= heights[bin + 1]) ++bin;
    const auto slope = [&](int64_t i) { return std::log1p(std::exp(p[i * length])) + kLeast; };
    const float width = widths[bin + 1] - widths[bin], height = heights[bin + 1] - heights[bin];
    // With r the part of the height below y, s twice the mean slope, q = s * r and g = d0 * (1 - r) - d1 * r, the
    // root of the paper's quadratic is q / (q + g + sqrt(g * g + q * (s - q))): nothing under it can be negative.
    const float r = (y - heights[bin]) / height, s = 2 * height / width, q = s * r;
    const float g = slope(bin) * (1 - r) - slope(bin + 1) * r;
    const float made = q / (q + g + std::sqrt(g * g + q * (s - q))) * width + widths[bin];
    out[t] = y == x[t] ? made : x[t];
  }
}

}  // namespace edge_kernels
