// AVX2: vpmaddubsw adds two products in 16 bits and saturates, so the operands must be small enough.
#include "dot_avx2.h"

namespace edge_kernels {
namespace {

// 7-bit weights: 255 * 63 * 2 = 32,130 fits.
struct Narrow {
  static __m256i add(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
  }
};

// 8-bit weights: the activation's sign moves to the weight, and 128 * 127 * 2 = 32,512 fits.
struct Wide {
  static __m256i add(__m256i sum, __m256i a, __m256i b) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace

const Path path_avx2_narrow = make_path("avx2-7bit", 63, false, dot_avx2<Narrow>);
const Path path_avx2 = make_path("avx2", 127, true, dot_avx2<Wide>);

}  // namespace edge_kernels
