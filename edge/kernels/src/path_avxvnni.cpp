// AVX-VNNI: the 256-bit form of vpdpbusd, on CPUs without AVX512: four output channels by three registers of eight
// positions.
#include <immintrin.h>

#include "rows_attention.h"

namespace edge_kernels {
namespace {

template <int Vectors>
inline void dot_vectors(const Dot& d, const uint8_t* const* columns, int32_t* const* out) {
  for (int half = 0; half < kBlock; half += kHalf) {
    __m256i sums[kHalf][Vectors];
    for (auto& row : sums)
      for (auto& sum : row) sum = _mm256_setzero_si256();
    const int8_t* w = d.weights + half * 4;
    for (int tap = 0; tap < d.taps; ++tap) {
      size_t at = static_cast<size_t>(tap) * d.tap_bytes;
      for (int quad = 0; quad < d.quads; ++quad, at += d.quad_bytes, w += kBlock * 4) {
        __m256i a[Vectors];
        for (int v = 0; v < Vectors; ++v)
          a[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(columns[v] + at));
        for (int o = 0; o < kHalf; ++o) {
          int32_t four;
          std::memcpy(&four, w + o * 4, 4);
          const __m256i b = _mm256_set1_epi32(four);
          for (int v = 0; v < Vectors; ++v) sums[o][v] = _mm256_dpbusd_avx_epi32(sums[o][v], a[v], b);
        }
      }
    }
    for (int o = 0; o < kHalf; ++o)
      for (int v = 0; v < Vectors; ++v)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out[v] + (half + o) * kRow), sums[o][v]);
  }
}

void dot(const Dot& d) {
  const uint8_t* columns[kGroups * 2];
  int32_t* out[kGroups * 2];
  const int vectors = d.groups * 2;
  for (int v = 0; v < vectors; ++v) {
    columns[v] = d.group[v / 2] + (v % 2) * 32;
    out[v] = d.sums + v * 8;
  }
  int v = 0;
  for (; v + 3 <= vectors; v += 3) dot_vectors<3>(d, columns + v, out + v);
  if (vectors - v == 2) dot_vectors<2>(d, columns + v, out + v);
  else if (vectors - v == 1) dot_vectors<1>(d, columns + v, out + v);
}

}  // namespace

const Path path_avxvnni = make_path("avxvnni", 127, false, dot);

}  // namespace edge_kernels
