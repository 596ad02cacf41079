// AVX-VNNI: the 256-bit form of vpdpbusd, on CPUs without AVX512.
#include "dot_avx2.h"

namespace edge_kernels {
namespace {

struct Multiply {
  static __m256i add(__m256i sum, __m256i a, __m256i b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
};

}  // namespace

const Path path_avxvnni = make_path("avxvnni", 127, false, dot_avx2<Multiply>);

}  // namespace edge_kernels
