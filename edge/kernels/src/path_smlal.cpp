// SMULL and SMLAL (every Armv8: Cortex-A53, A72): eight products in 16 bits, then added in pairs to
// 32 bits. A 16-bit lane holds Depth products: 2 of 8-bit weights (128 * 127 * 2 = 32,512), 4 of
// 7-bit weights (128 * 63 * 4 = 32,256).
#include <arm_neon.h>

#include "dot_smlal_narrow.h"
#include "rows_neon.h"

namespace edge_kernels {
namespace {

// One output at eight positions. A 32-bit lane holds two channels of one position; pairs are joined
// at the end. Written out, as gcc keeps arrays of these in memory.
struct Sums {
  int32x4_t p01 = vdupq_n_s32(0), p23 = vdupq_n_s32(0), p45 = vdupq_n_s32(0), p67 = vdupq_n_s32(0);
  void store(int32_t* out) const {
    vst1q_s32(out, vpaddq_s32(p01, p23));
    vst1q_s32(out + 4, vpaddq_s32(p45, p67));
  }
};

using Word __attribute__((may_alias)) = int32_t;

template <int Depth>
inline void add_products(Sums& sums, const int8x16_t (&front)[Depth], const int8x16_t (&back)[Depth], const int8_t* w) {
  int8x16_t b = vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const Word*>(w)));
  int16x8_t p01 = vmull_s8(vget_low_s8(front[0]), vget_low_s8(b)), p23 = vmull_high_s8(front[0], b);
  int16x8_t p45 = vmull_s8(vget_low_s8(back[0]), vget_low_s8(b)), p67 = vmull_high_s8(back[0], b);
  for (int i = 1; i < Depth; ++i) {
    b = vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const Word*>(w + i * kBlock * 4)));
    p01 = vmlal_s8(p01, vget_low_s8(front[i]), vget_low_s8(b));
    p23 = vmlal_high_s8(p23, front[i], b);
    p45 = vmlal_s8(p45, vget_low_s8(back[i]), vget_low_s8(b));
    p67 = vmlal_high_s8(p67, back[i], b);
  }
  sums.p01 = vpadalq_s16(sums.p01, p01);
  sums.p23 = vpadalq_s16(sums.p23, p23);
  sums.p45 = vpadalq_s16(sums.p45, p45);
  sums.p67 = vpadalq_s16(sums.p67, p67);
}

template <int Depth>
void dot_four(const Dot& d, const uint8_t* columns, const int8_t* w, int32_t* out) {
  Sums s0, s1, s2, s3;
  for (int tap = 0; tap < d.taps; ++tap) {
    const uint8_t* at = columns + static_cast<size_t>(tap) * d.tap_bytes;
    int quad = 0;
    for (; quad + Depth <= d.quads; quad += Depth, w += Depth * kBlock * 4) {
      int8x16_t front[Depth], back[Depth];
      for (int i = 0; i < Depth; ++i, at += d.quad_bytes) {
        front[i] = vreinterpretq_s8_u8(vld1q_u8(at));
        back[i] = vreinterpretq_s8_u8(vld1q_u8(at + 16));
      }
      add_products<Depth>(s0, front, back, w);
      add_products<Depth>(s1, front, back, w + 4);
      add_products<Depth>(s2, front, back, w + 8);
      add_products<Depth>(s3, front, back, w + 12);
    }
    for (; quad < d.quads; ++quad, at += d.quad_bytes, w += kBlock * 4) {
      const int8x16_t front[1] = {vreinterpretq_s8_u8(vld1q_u8(at))};
      const int8x16_t back[1] = {vreinterpretq_s8_u8(vld1q_u8(at + 16))};
      add_products<1>(s0, front, back, w);
      add_products<1>(s1, front, back, w + 4);
      add_products<1>(s2, front, back, w + 8);
      add_products<1>(s3, front, back, w + 12);
    }
  }
  s0.store(out);
  s1.store(out + kRow);
  s2.store(out + 2 * kRow);
  s3.store(out + 3 * kRow);
}

template <int Depth>
void dot(const Dot& d) {
  for (int half = 0; half < kBlock; half += 4)
    for (int g = 0; g < d.groups; ++g)
      for (int v = 0; v < 2; ++v) {
        const uint8_t* columns = d.group[g] + v * 32;
        const int8_t* weights = d.weights + half * 4;
        int32_t* out = d.sums + half * kRow + g * kGroup + v * 8;
        if (Depth == 4 && d.quads % 4 == 0) dot_four_narrow(d, columns, weights, out);
        else dot_four<Depth>(d, columns, weights, out);
      }
}

}  // namespace

const Path path_smlal_narrow = make_neon_path("smlal-7bit", 63, dot<4>);
const Path path_smlal = make_neon_path("smlal", 127, dot<2>);

}  // namespace edge_kernels
