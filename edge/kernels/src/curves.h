// The functions of one value, for a float or a vector of floats: the same operations in the same order, none fused, so
// that every path gives the same bits. tests/kernels/test_curves.py holds them to their errors.
#pragma once
#include "vectors.h"

namespace edge_kernels {
namespace {

// exp(v) is (q + 1) * scale and exp(v) - 1 is q * scale + (scale - 1), for v at most 0; below -87 as at -87. Cephes'
// polynomial, within 2e-7 of its size.
template <class Number>
struct Exponential {
  Number q, scale;

  explicit Exponential(Number v) {
    const Number x = v < -87.0f ? -87.0f : v, shifted = x * 1.44269504088896341f + kRound, n = shifted - kRound;
    const Number r = x - n * 0.693359375f - n * -2.12194440e-4f;
    Number p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = r * p + 8.3334519073e-3f;
    p = r * p + 4.1665795894e-2f;
    p = r * p + 1.6666665459e-1f;
    p = r * p + 5.0000001201e-1f;
    scale = float_of((bits_of(shifted) + 127u) << 23);
    q = p * (r * r) + r;
  }
};

// sin(pi * t)^2: of t's distance from the nearest whole number, a polynomial of degree 6 in its square, within 6e-9
// but for rounding. Beyond 2^22 a float has no more parts of a turn: any share of it will do, but none beyond 1.
template <class Number>
inline Number sine_squared(Number t) {
  const Number whole = (t + kRound) - kRound, r = t - whole, s = r * r, square = s > 0.25f ? 0.25f : s;
  Number p = square * -3.2729463f + 12.9907306f;
  p = square * p + -30.0859532f;
  p = square * p + 42.7253848f;
  p = square * p + -32.4695811f;
  p = square * p + 9.86960292f;
  return square * p;
}

}  // namespace
}  // namespace edge_kernels
