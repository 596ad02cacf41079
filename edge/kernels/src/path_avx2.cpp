// AVX2: 256-bit products in 16 bits.
#include <immintrin.h>

#include "dot_pairs.h"
#include "rows_attention.h"

namespace edge_kernels {
namespace {

struct Vector {
  using Register = __m256i;
  static constexpr int kWide = 2;  // eight sums, four activations, two weights, the ones and a product: 16 registers
  static void fetch(const int8_t* from) { _mm_prefetch(from, _MM_HINT_T0); }
  static Register zero() { return _mm256_setzero_si256(); }
  static Register load(const uint8_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static Register spread(const int8_t* four) {
    int32_t together;
    std::memcpy(&together, four, 4);
    return _mm256_set1_epi32(together);
  }
  static Register multiply(Register a, Register b) { return _mm256_maddubs_epi16(a, b); }
  static Register add(Register a, Register b) { return _mm256_add_epi16(a, b); }
  static Register widen(Register sum, Register products) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
  }
  static void store(int32_t* to, Register sum) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sum); }

  struct Weights {
    const int8_t* from;
    explicit Weights(const int8_t* w) : from(w) {}
    Register spread(int i) const { return Vector::spread(from + i * 4); }
  };
};

}  // namespace

const Path path_avx2 = make_path("avx2", 127, false, dot_all<Vector>, true);

}  // namespace edge_kernels
