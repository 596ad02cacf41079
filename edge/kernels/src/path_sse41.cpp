// SSE4.1 (pmaddubsw is of SSSE3): 128-bit products in 16 bits, for the small Celerons and Atoms without AVX.
#include <smmintrin.h>

#include "dot_pairs.h"
#include "rows_attention.h"

namespace edge_kernels {
namespace {

struct Vector {
  using Register = __m128i;
  static constexpr int kWide = 2;
  static void fetch(const int8_t* from) { _mm_prefetch(from, _MM_HINT_T0); }
  static Register zero() { return _mm_setzero_si128(); }
  static Register load(const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }
  static Register spread(const int8_t* four) {
    int32_t together;
    std::memcpy(&together, four, 4);
    return _mm_set1_epi32(together);
  }
  static Register multiply(Register a, Register b) { return _mm_maddubs_epi16(a, b); }
  static Register add(Register a, Register b) { return _mm_add_epi16(a, b); }
  static Register widen(Register sum, Register products) {
    return _mm_add_epi32(sum, _mm_madd_epi16(products, _mm_set1_epi16(1)));
  }
  static void store(int32_t* to, Register sum) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), sum); }

  // Two loads and a shuffle for each: there is no load that spreads.
  struct Weights {
    Register half[2];
    explicit Weights(const int8_t* w) : half{load(reinterpret_cast<const uint8_t*>(w)), load(reinterpret_cast<const uint8_t*>(w) + 16)} {}
    Register spread(int i) const {
      const Register from = half[i / 4];
      switch (i % 4) {
        case 0: return _mm_shuffle_epi32(from, 0x00);
        case 1: return _mm_shuffle_epi32(from, 0x55);
        case 2: return _mm_shuffle_epi32(from, 0xaa);
        default: return _mm_shuffle_epi32(from, 0xff);
      }
    }
  };
};

}  // namespace

const Path path_sse41 = make_path("sse4.1", 127, false, dot_all<Vector>, true);

}  // namespace edge_kernels
