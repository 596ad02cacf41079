// AVX512-VNNI: one register holds a whole group; unsigned activations times signed weights.
#include <immintrin.h>

#include "rows_attention.h"

namespace edge_kernels {
namespace {

template <int Groups>
void dot_groups(const Dot& d) {
  __m512i sums[kBlock][Groups];
  for (auto& row : sums)
    for (auto& sum : row) sum = _mm512_setzero_si512();
  const int8_t* w = d.weights;
  for (int tap = 0; tap < d.taps; ++tap) {
    size_t at = static_cast<size_t>(tap) * d.tap_bytes;
    for (int quad = 0; quad < d.quads; ++quad, at += d.quad_bytes, w += kBlock * 4) {
      // Weights come from the third cache: 10 to 20 % of the text encoder.
      _mm_prefetch(w + 2048, _MM_HINT_T0);
      __m512i a[Groups];
      for (int g = 0; g < Groups; ++g) a[g] = _mm512_loadu_si512(d.group[g] + at);
      for (int o = 0; o < kBlock; ++o) {
        int32_t four;
        std::memcpy(&four, w + o * 4, 4);
        const __m512i b = _mm512_set1_epi32(four);
        for (int g = 0; g < Groups; ++g) sums[o][g] = _mm512_dpbusd_epi32(sums[o][g], a[g], b);
      }
    }
  }
  for (int o = 0; o < kBlock; ++o)
    for (int g = 0; g < Groups; ++g) _mm512_storeu_si512(d.sums + o * kRow + g * kGroup, sums[o][g]);
}

void dot(const Dot& d) {
  if (d.groups == 3) dot_groups<3>(d);
  else if (d.groups == 2) dot_groups<2>(d);
  else dot_groups<1>(d);
}

}  // namespace

const Path path_avx512vnni = make_path("avx512vnni", 127, false, dot);

}  // namespace edge_kernels
