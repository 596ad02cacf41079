// The float parts of a path. Plain loops, so that every path does the same operations in the same
// order; each path's file compiles its own copy with its own flags (hence the unnamed namespace).
#pragma once
#include "load_rows.h"

namespace edge_kernels {
namespace {

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

using Four = float __attribute__((vector_size(16)));
#if defined(__clang__)
#define EDGE_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define EDGE_PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, Ints4{i, j, k, l})
using Ints4 = int32_t __attribute__((vector_size(16)));
#endif

// Four positions of `Count` rows (1, 2 or 4), to Count neighbours in each of four places that are `stride` apart.
template <int Count>
inline void interleave_four(const float* rows, int stride, float* out) {
  Four r[Count];
  for (int i = 0; i < Count; ++i) std::memcpy(&r[i], rows + i * kRow, sizeof r[i]);
  const auto put = [&](int position, const Four& v, int from) {
    std::memcpy(out + position * stride, reinterpret_cast<const char*>(&v) + from * 4, Count * 4);
  };
  if constexpr (Count == 4) {
    const Four a = EDGE_PICK(r[0], r[1], 0, 4, 1, 5), b = EDGE_PICK(r[2], r[3], 0, 4, 1, 5);
    const Four c = EDGE_PICK(r[0], r[1], 2, 6, 3, 7), d = EDGE_PICK(r[2], r[3], 2, 6, 3, 7);
    put(0, EDGE_PICK(a, b, 0, 1, 4, 5), 0);
    put(1, EDGE_PICK(a, b, 2, 3, 6, 7), 0);
    put(2, EDGE_PICK(c, d, 0, 1, 4, 5), 0);
    put(3, EDGE_PICK(c, d, 2, 3, 6, 7), 0);
  } else if constexpr (Count == 2) {
    const Four a = EDGE_PICK(r[0], r[1], 0, 4, 1, 5), b = EDGE_PICK(r[0], r[1], 2, 6, 3, 7);
    put(0, a, 0);
    put(1, a, 2);
    put(2, b, 0);
    put(3, b, 2);
  } else {
    for (int i = 0; i < 4; ++i) put(i, r[0], i);
  }
}

template <int Count>
inline void interleave_some(const float* rows, int stride, int n, float* out) {
  int i = 0;
  for (; i + 4 <= n; i += 4) interleave_four<Count>(rows + i, stride, out + i * stride);
  for (; i < n; ++i)
    for (int phase = 0; phase < Count; ++phase) out[i * stride + phase] = rows[phase * kRow + i];
}

// `count` neighbouring phases of one output channel, n positions of each: out[i * stride + phase].
void interleave_rows(const float* rows, int count, int stride, int n, float* out) {
  for (; count >= 4; count -= 4, rows += 4 * kRow, out += 4) interleave_some<4>(rows, stride, n, out);
  for (; count >= 2; count -= 2, rows += 2 * kRow, out += 2) interleave_some<2>(rows, stride, n, out);
  if (count) interleave_some<1>(rows, stride, n, out);
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
