// SMULL and SMLAL (every Armv8: Cortex-A53, A72): eight products in 16 bits, then added in pairs to
// 32 bits. A 16-bit lane holds Depth products: 2 of 8-bit weights (127 * 127 * 2 = 32,258), 4 of
// 7-bit weights (127 * 63 * 4 = 32,004).
#include <arm_neon.h>

#include "rows.h"

namespace edge_kernels {
namespace {

// Four outputs, four positions (one register of activations), all quads and taps. Every 32-bit lane
// pair (two channels each) belongs to one position and is joined at the end.
template <int Depth>
inline void dot_four(const Dot& d, const uint8_t* columns, const int8_t* weights, int32_t* out) {
  int32x4_t front[4], back[4];  // positions 0, 1 and 2, 3
  for (int o = 0; o < 4; ++o) front[o] = back[o] = vdupq_n_s32(0);
  const int steps = d.quads * d.taps;
  const int8_t* w = weights;
  int tap = 0;
  const uint8_t* row = columns;
  const uint8_t* column = columns;
  const auto next = [&] {
    const int8x16_t a = vreinterpretq_s8_u8(vld1q_u8(column));
    column += d.tap_bytes;
    if (++tap == d.taps) {
      tap = 0;
      row += d.quad_bytes;
      column = row;
    }
    return a;
  };
  const auto weight = [&](const int8_t* at) {
    int32_t four;
    std::memcpy(&four, at, 4);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
  };
  int step = 0;
  for (; step + Depth <= steps; step += Depth) {
    int8x16_t a[Depth];
    for (int i = 0; i < Depth; ++i) a[i] = next();
    for (int o = 0; o < 4; ++o) {
      int8x16_t b = weight(w + o * 4);
      int16x8_t f = vmull_s8(vget_low_s8(a[0]), vget_low_s8(b)), k = vmull_high_s8(a[0], b);
      for (int i = 1; i < Depth; ++i) {
        b = weight(w + i * kBlock * 4 + o * 4);
        f = vmlal_s8(f, vget_low_s8(a[i]), vget_low_s8(b));
        k = vmlal_high_s8(k, a[i], b);
      }
      front[o] = vpadalq_s16(front[o], f);
      back[o] = vpadalq_s16(back[o], k);
    }
    w += Depth * kBlock * 4;
  }
  for (; step < steps; ++step, w += kBlock * 4) {
    const int8x16_t a = next();
    for (int o = 0; o < 4; ++o) {
      const int8x16_t b = weight(w + o * 4);
      front[o] = vpadalq_s16(front[o], vmull_s8(vget_low_s8(a), vget_low_s8(b)));
      back[o] = vpadalq_s16(back[o], vmull_high_s8(a, b));
    }
  }
  for (int o = 0; o < 4; ++o) vst1q_s32(out + o * kRow, vpaddq_s32(front[o], back[o]));
}

template <int Depth>
void dot(const Dot& d) {
  for (int half = 0; half < kBlock; half += 4)
    for (int g = 0; g < d.groups; ++g)
      for (int v = 0; v < 4; ++v)
        dot_four<Depth>(d, d.group[g] + v * 16, d.weights + half * 4, d.sums + half * kRow + g * kGroup + v * 4);
}

}  // namespace

const Path path_smlal_narrow = {"smlal-7bit", 63, 0, dot<4>, load_row, quantize_rows, finish_rows};
const Path path_smlal = {"smlal", 127, 0, dot<2>, load_row, quantize_rows, finish_rows};

}  // namespace edge_kernels
