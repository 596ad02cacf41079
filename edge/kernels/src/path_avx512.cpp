// AVX-512 without VNNI (Skylake-X): 512-bit products in 16 bits.
#include <immintrin.h>

#include "dot_pairs.h"
#include "rows_attention.h"

namespace edge_kernels {
namespace {

struct Vector {
  using Register = __m512i;
  static constexpr int kWide = 3;
  static void fetch(const int8_t* from) { _mm_prefetch(from, _MM_HINT_T0); }
  static Register zero() { return _mm512_setzero_si512(); }
  static Register load(const uint8_t* from) { return _mm512_loadu_si512(from); }
  static Register spread(const int8_t* four) {
    int32_t together;
    std::memcpy(&together, four, 4);
    return _mm512_set1_epi32(together);
  }
  static Register multiply(Register a, Register b) { return _mm512_maddubs_epi16(a, b); }
  static Register add(Register a, Register b) { return _mm512_add_epi16(a, b); }
  static Register widen(Register sum, Register products) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(products, _mm512_set1_epi16(1)));
  }
  static void store(int32_t* to, Register sum) { _mm512_storeu_si512(to, sum); }

  struct Weights {
    const int8_t* from;
    explicit Weights(const int8_t* w) : from(w) {}
    Register spread(int i) const { return Vector::spread(from + i * 4); }
  };
};

}  // namespace

const Path path_avx512 = make_path("avx512", 127, false, dot_all<Vector>, true);

}  // namespace edge_kernels
