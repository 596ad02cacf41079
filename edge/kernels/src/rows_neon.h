// load_rows and quantize_rows of rows.h for NEON: the same operations on each number, in half the
// instructions that gcc 12 makes of the loops.
#pragma once
#include <arm_neon.h>

#include "rows_attention.h"

namespace edge_kernels {
namespace {

// FMAX differs from the loop only where a NaN meets an infinity, and either makes the tile NaN.
inline float32x4_t activated(const float* in, float slope, float gain) {
  const float32x4_t v = vld1q_f32(in);
  return vmulq_n_f32(vmaxq_f32(vmulq_n_f32(v, slope), v), gain);
}

void load_rows_neon(const Rows& from, int64_t n, const Activation& a, float* out, size_t out_stride, int64_t next,
                    Range& range) {
  if (n < 4 || a.mul || a.elu || a.turns) return load_rows(from, n, a, out, out_stride, next, range);
  int32x4_t high = vdupq_n_s32(range.high);
  uint32x4_t low = vdupq_n_u32(range.low);
  for (int64_t row = 0; row < from.count; ++row, out += out_stride) {
    const float* in = from.data + static_cast<size_t>(row) * from.stride;
    const float gain = a.gains[row];
    for (int64_t i = 0; i < next; i += kGroup) __builtin_prefetch(in + n + i, 0, 2);
    const auto four = [&](int64_t i) {
      const float32x4_t active = activated(in + i, a.slope, gain);
      vst1q_f32(out + i, active);
      high = vmaxq_s32(high, vreinterpretq_s32_f32(active));
      low = vmaxq_u32(low, vreinterpretq_u32_f32(active));
    };
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
      for (int j = 0; j < 16; j += 4) four(i + j);
    for (; i + 4 <= n; i += 4) four(i);
    if (i < n) four(n - 4);  // may overlap the one before
  }
  range = {vmaxvq_s32(high), vmaxvq_u32(low)};
}

inline uint32x4_t quantized(const float* row, float inverse, float32x4_t base) {
  return vreinterpretq_u32_f32(vaddq_f32(vmulq_n_f32(vld1q_f32(row), inverse), base));
}

void quantize_rows_neon(const Rows& in, int64_t n, float inverse, int zero, uint32_t flip, uint8_t* out,
                        size_t quad_bytes) {
  const float32x4_t base = vdupq_n_f32(kRound + static_cast<float>(zero));
  const uint32x4_t flips = vdupq_n_u32(flip);
  const float* r0 = in.data;
  for (int64_t row = 0; row < in.count; row += 4, r0 += 4 * in.stride, out += quad_bytes) {
    const float *r1 = r0 + in.stride, *r2 = r1 + in.stride, *r3 = r2 + in.stride;
    auto* quads = reinterpret_cast<uint32_t*>(out);
    const auto four = [&](int64_t i) {  // the shifted bytes push out what is above the lowest one
      const uint32x4_t low = vsliq_n_u32(quantized(r0 + i, inverse, base), quantized(r1 + i, inverse, base), 8);
      const uint32x4_t three = vsliq_n_u32(low, quantized(r2 + i, inverse, base), 16);
      vst1q_u32(quads + i, veorq_u32(vsliq_n_u32(three, quantized(r3 + i, inverse, base), 24), flips));
    };
    for (int64_t i = 0, whole = (n + kGroup - 1) / kGroup * kGroup; i < whole; i += 8) {
      four(i);
      four(i + 4);
    }
  }
}

constexpr Path make_neon_path(const char* name, int weight_limit, void (*dot)(const Dot&)) {
  Path path = make_path(name, weight_limit, true, dot);
  path.load = load_rows_neon;
  path.quantize = quantize_rows_neon;
  return path;
}

}  // namespace
}  // namespace edge_kernels
