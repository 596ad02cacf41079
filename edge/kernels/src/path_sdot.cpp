// SDOT (Armv8.2 dot product: Cortex-A76, A78, X1 and later): a register holds four positions of a
// quad, and one lane of a weight register holds four channels of an output.
#include <arm_neon.h>

#include "rows_neon.h"

namespace edge_kernels {
namespace {

template <int Vectors>
inline void dot_vectors(const Dot& d, const uint8_t* const* columns, int32_t* const* out) {
  int32x4_t sums[kBlock][Vectors];
  for (auto& row : sums)
    for (auto& sum : row) sum = vdupq_n_s32(0);
  const int8_t* w = d.weights;
  for (int tap = 0; tap < d.taps; ++tap) {
    size_t at = static_cast<size_t>(tap) * d.tap_bytes;
#pragma GCC unroll 4
    for (int quad = 0; quad < d.quads; ++quad, at += d.quad_bytes, w += kBlock * 4) {
      const int8x16_t low = vld1q_s8(w), high = vld1q_s8(w + 16);
      for (int v = 0; v < Vectors; ++v) {
        const int8x16_t a = vreinterpretq_s8_u8(vld1q_u8(columns[v] + at));
        sums[0][v] = vdotq_laneq_s32(sums[0][v], a, low, 0);
        sums[1][v] = vdotq_laneq_s32(sums[1][v], a, low, 1);
        sums[2][v] = vdotq_laneq_s32(sums[2][v], a, low, 2);
        sums[3][v] = vdotq_laneq_s32(sums[3][v], a, low, 3);
        sums[4][v] = vdotq_laneq_s32(sums[4][v], a, high, 0);
        sums[5][v] = vdotq_laneq_s32(sums[5][v], a, high, 1);
        sums[6][v] = vdotq_laneq_s32(sums[6][v], a, high, 2);
        sums[7][v] = vdotq_laneq_s32(sums[7][v], a, high, 3);
      }
    }
  }
  for (int o = 0; o < kBlock; ++o)
    for (int v = 0; v < Vectors; ++v) vst1q_s32(out[v] + o * kRow, sums[o][v]);
}

void dot(const Dot& d) {
  const uint8_t* columns[kGroups * 4];
  int32_t* out[kGroups * 4];
  const int vectors = d.groups * 4;
  for (int v = 0; v < vectors; ++v) {
    columns[v] = d.group[v / 4] + (v % 4) * 16;
    out[v] = d.sums + v * 4;
  }
  int v = 0;
  for (; v + 3 <= vectors; v += 3) dot_vectors<3>(d, columns + v, out + v);
  if (vectors - v == 2) dot_vectors<2>(d, columns + v, out + v);
  else if (vectors - v == 1) dot_vectors<1>(d, columns + v, out + v);
}

}  // namespace

const Path path_sdot = make_neon_path("sdot", 127, dot);

}  // namespace edge_kernels
