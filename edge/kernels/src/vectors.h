// Vectors of a path's own width, for loops that g++ would not make into them. Each path's file compiles its own copy
// with its own flags (hence the unnamed namespace).
#pragma once
#include <cstring>

#include "path.h"

namespace edge_kernels {
namespace {

// Of the path's own width: g++ splits wider ones badly.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
using Floats = float __attribute__((vector_size(kLanes * 4)));
using Ints = int32_t __attribute__((vector_size(kLanes * 4)));
using Bits = uint32_t __attribute__((vector_size(kLanes * 4)));

// Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
constexpr float kRound = 12582912.0f;

inline uint32_t bits_of(float v) {
  uint32_t bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}
inline Bits bits_of(Floats v) { return (Bits)v; }

inline float float_of(uint32_t bits) {
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}
inline Floats float_of(Bits bits) { return (Floats)bits; }

}  // namespace
}  // namespace edge_kernels
