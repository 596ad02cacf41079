// The float parts of a path. Plain loops, so that every path does the same operations in the same
// order; each path's file compiles its own copy with its own flags (hence the unnamed namespace).
#pragma once
#include <cstring>

#include "path.h"

namespace edge_kernels {
namespace {

inline uint32_t bits_of(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}

// A vector of the path's own width: g++ splits wider ones badly.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
using Floats = float __attribute__((vector_size(kLanes * 4)));
using Ints = int32_t __attribute__((vector_size(kLanes * 4)));
using Bits = uint32_t __attribute__((vector_size(kLanes * 4)));

inline float activate(float v, float slope, float gain) {
  const float leaked = v * slope;
  return (leaked > v ? leaked : v) * gain;
}

// The range stays in registers over all rows: with a reduction for each row it took four times as long.
void load_rows(const Rows& from, int64_t n, float slope, const float* gains, float* out, size_t out_stride,
               int64_t next, Range& range) {
  Ints highs = Ints{} + range.high;
  Bits lows = Bits{} + range.low;
  int32_t high = range.high;
  uint32_t low = range.low;
  for (int64_t row = 0; row < from.count; ++row, out += out_stride) {
    const float* in = from.data + static_cast<size_t>(row) * from.stride;
    const float gain = gains[row];
    // The next tile's part of this row: 9 % of the whole decoder where rows come from memory.
    for (int64_t i = 0; i < next; i += kGroup) __builtin_prefetch(in + n + i, 0, 2);
    if (n < kLanes) {
      for (int64_t i = 0; i < n; ++i) {
        const float active = activate(in[i], slope, gain);
        out[i] = active;
        const uint32_t bits = bits_of(active);
        high = static_cast<int32_t>(bits) > high ? static_cast<int32_t>(bits) : high;
        low = bits > low ? bits : low;
      }
      continue;
    }
    for (int64_t i = 0; i < n; i += kLanes) {
      const int64_t at = i + kLanes <= n ? i : n - kLanes;  // the last vector may overlap the one before
      Floats v, active;
      std::memcpy(&v, in + at, sizeof v);
      const Floats leaked = v * slope;
      active = (leaked > v ? leaked : v) * gain;
      std::memcpy(out + at, &active, sizeof active);
      const Ints bits = (Ints)active;  // the same bits
      const Bits plain = (Bits)active;
      highs = bits > highs ? bits : highs;
      lows = plain > lows ? plain : lows;
    }
  }
  for (int i = 0; i < kLanes; ++i) {
    high = highs[i] > high ? highs[i] : high;
    low = lows[i] > low ? lows[i] : low;
  }
  range = {high, low};
}

// Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
constexpr float kRound = 12582912.0f;

void quantize_rows(const Rows& from, int64_t n, float inverse, int zero, uint32_t flip, uint8_t* out,
                   size_t quad_bytes) {
  const float base = kRound + static_cast<float>(zero);
  for (int64_t row = 0; row < from.count; row += 4, out += quad_bytes) {
    const float* __restrict r0 = from.data + static_cast<size_t>(row) * from.stride;
    const float* __restrict r1 = r0 + from.stride;
    const float* __restrict r2 = r1 + from.stride;
    const float* __restrict r3 = r2 + from.stride;
    auto* __restrict quads = reinterpret_cast<uint32_t*>(out);
    for (int64_t at = 0; at < n; at += kGroup) {  // whole groups: there is room behind the last
      for (int64_t i = at; i < at + kGroup; ++i) {
        const uint32_t b0 = bits_of(r0[i] * inverse + base), b1 = bits_of(r1[i] * inverse + base);
        const uint32_t b2 = bits_of(r2[i] * inverse + base), b3 = bits_of(r3[i] * inverse + base);
        quads[i] = ((b0 & 255u) | (b1 & 255u) << 8 | (b2 & 255u) << 16 | b3 << 24) ^ flip;
      }
    }
  }
}

// One span of every row. Count: its length where it is known, then a row is a straight line of vectors; else 0.
template <int Count, bool Own, bool Residual>
inline void finish_span(const Finish& f, const Span& s) {
  const int n = Count ? Count : s.count;
  for (int row = 0; row < f.rows; ++row) {
    const auto r = static_cast<size_t>(row);
    const int32_t* __restrict sums = f.sums + row * kRow + s.first;
    const int32_t correction = s.zero * f.weight_sums[row];
    const float scale = s.scale * f.channel_scale[row], bias = f.bias[row];
    const float* __restrict own = Own ? s.own + r * s.own_stride : nullptr;
    const float* __restrict residual = Residual ? s.residual + r * s.residual_stride : nullptr;
    float* __restrict out = s.out + r * s.out_stride;
    for (int i = 0; i < n; ++i) {
      float v = static_cast<float>(sums[i] - correction) * scale + bias;
      if (Own) v += own[i];
      if (Residual) v += residual[i];
      out[i] = v;
    }
  }
}

template <bool Own, bool Residual>
inline void finish_spans(const Finish& f, const Span& s) {
  if (s.count == kRow) finish_span<kRow, Own, Residual>(f, s);
  else if (s.count == 2 * kGroup) finish_span<2 * kGroup, Own, Residual>(f, s);
  else if (s.count == kGroup) finish_span<kGroup, Own, Residual>(f, s);
  else finish_span<0, Own, Residual>(f, s);
}

void finish_rows(const Finish& f) {
  for (int i = 0; i < f.spans; ++i) {
    const Span& s = f.span[i];
    if (s.own && s.residual) finish_spans<true, true>(f, s);
    else if (s.own) finish_spans<true, false>(f, s);
    else if (s.residual) finish_spans<false, true>(f, s);
    else finish_spans<false, false>(f, s);
  }
}

// Rows r, r + 1, ... r + stride - 1 hold the phases of one output channel: n positions of each to
// n * stride neighbouring outputs.
template <int Stride>
inline void interleave_phases(const float* __restrict rows, int n, float* __restrict out) {
  for (int i = 0; i < n; ++i)
    for (int phase = 0; phase < Stride; ++phase) out[i * Stride + phase] = rows[phase * kRow + i];
}

void interleave_rows(const float* rows, int stride, int n, float* out) {
  if (stride == 8) interleave_phases<8>(rows, n, out);
  else if (stride == 4) interleave_phases<4>(rows, n, out);
  else if (stride == 2) interleave_phases<2>(rows, n, out);
  else interleave_phases<1>(rows, n, out);
}

// The rational function that onnxruntime and Eigen use, within 4 units in the last place of tanh.
inline float clamp9(float v) { return v > 9.0f ? 9.0f : v < -9.0f ? -9.0f : v; }
inline float tanh_above(float v, float v2) {
  float p = v2 * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = v2 * p + -8.60467152213735e-11f;
  p = v2 * p + 5.12229709037114e-08f;
  p = v2 * p + 1.48572235717979e-05f;
  p = v2 * p + 6.37261928875436e-04f;
  return v * (v2 * p + 4.89352455891786e-03f);
}
inline float tanh_below(float v2) {
  float q = v2 * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = v2 * q + 2.26843463243900e-03f;
  return v2 * q + 4.89352518554385e-03f;
}

// sigmoid(b) = (1 + tanh(b / 2)) / 2, so one division serves both.
inline float gated(float a, float b) {
  const float x = clamp9(a), y = clamp9(b * 0.5f), y2 = y * y;
  const float below = tanh_below(y2);
  return tanh_above(x, x * x) * (below + tanh_above(y, y2)) / (2.0f * tanh_below(x * x) * below);
}

void gate_rows(float* __restrict a, const float* __restrict b, int channels, int n, float* __restrict out,
               size_t out_stride) {
  for (int c = 0; c < channels; ++c, a += kRow, b += kRow, out += out_stride) {
    for (int at = 0; at < n; at += kGroup)
      for (int i = at; i < at + kGroup; ++i) a[i] = gated(a[i], b[i]);
    std::memcpy(out, a, static_cast<size_t>(n) * sizeof *out);
  }
}

// `Count` vectors of positions at once, their sums in registers.
template <int Count>
inline void convolve_vectors(const Rows& in, const float* weights, int taps, int64_t dilation, float bias, int64_t at,
                             float* out) {
  Floats sums[Count];
  for (Floats& sum : sums) sum = Floats{} + bias;
  const float* row = in.data + at;
  for (int64_t c = 0; c < in.count; ++c, row += in.stride) {
    for (int k = 0; k < taps; ++k, ++weights) {
      const float* from = row + k * dilation;
      for (int i = 0; i < Count; ++i) {
        Floats v;
        std::memcpy(&v, from + i * kLanes, sizeof v);
        sums[i] += v * *weights;
      }
    }
  }
  std::memcpy(out + at, sums, sizeof sums);
}

void convolve_rows(const Rows& in, const float* weights, int taps, int64_t dilation, float bias, int64_t n, float* out) {
  constexpr int kMany = 8;
  int64_t at = 0;
  for (; at + kMany * kLanes <= n; at += kMany * kLanes)
    convolve_vectors<kMany>(in, weights, taps, dilation, bias, at, out);
  for (; at + kLanes <= n; at += kLanes) convolve_vectors<1>(in, weights, taps, dilation, bias, at, out);
  for (; at < n; ++at) {
    float sum = bias;
    for (int64_t c = 0; c < in.count; ++c)
      for (int k = 0; k < taps; ++k)
        sum += in.data[static_cast<size_t>(c) * in.stride + static_cast<size_t>(at + k * dilation)] * weights[c * taps + k];
    out[at] = sum;
  }
}

}  // namespace
}  // namespace edge_kernels
