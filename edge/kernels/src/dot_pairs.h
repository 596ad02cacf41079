// The loop of the paths that add four products up in 16 bits: four output channels by some registers of positions.
// `Vector` names the instructions. Two quads at once: five instructions for what takes six one by one.
#pragma once
#include <cstring>

#include "path.h"

namespace edge_kernels {
namespace {

template <class Vector, int Vectors>
inline void dot_pairs(const Dot& d, int half, const uint8_t* const* columns, int32_t* const* out) {
  using Register = typename Vector::Register;
  Register sums[kHalf][Vectors];
  for (auto& row : sums)
    for (auto& sum : row) sum = Vector::zero();
  const int8_t* w = d.weights + half * d.taps * d.quads * kHalf * 4;
  for (int tap = 0; tap < d.taps; ++tap) {
    size_t at = static_cast<size_t>(tap) * d.tap_bytes;
    for (int quad = 0; quad < d.quads; quad += 2, at += 2 * d.quad_bytes, w += kHalf * 8) {
      Vector::fetch(w + 2048);  // weights come from the third cache in the text encoder: 10 % of a short sentence
      Register first[Vectors], second[Vectors];
      for (int v = 0; v < Vectors; ++v) first[v] = Vector::load(columns[v] + at);
      for (int v = 0; v < Vectors; ++v) second[v] = Vector::load(columns[v] + at + d.quad_bytes);
      const typename Vector::Weights weights(w);
      for (int o = 0; o < kHalf; ++o) {
        const Register b = weights.spread(o * 2), c = weights.spread(o * 2 + 1);
        for (int v = 0; v < Vectors; ++v)
          sums[o][v] = Vector::widen(sums[o][v], Vector::add(Vector::multiply(first[v], b), Vector::multiply(second[v], c)));
      }
    }
  }
  for (int o = 0; o < kHalf; ++o)
    for (int v = 0; v < Vectors; ++v) Vector::store(out[v] + (half * kHalf + o) * kRow, sums[o][v]);
}

// What the pairs could not hold, onto the sums: of one output at a time, for seldom have two anything at one place.
template <class Vector, int Vectors>
inline void add_rests(const Dot& d, const uint8_t* const* columns) {
  constexpr int kPositions = static_cast<int>(sizeof(typename Vector::Register)) / 4;
  for (const Rest* rest = d.rests; rest < d.rests_end; ++rest) {
    const size_t at = static_cast<size_t>(rest->tap) * d.tap_bytes + static_cast<size_t>(rest->quad) * d.quad_bytes;
    const auto weights = Vector::spread(rest->weights);
    int32_t* const out = d.sums + rest->row * kRow;
    for (int v = 0; v < Vectors; ++v) {
      const auto before = Vector::load(reinterpret_cast<const uint8_t*>(out + v * kPositions));
      const auto products = Vector::multiply(Vector::load(columns[v] + at), weights);
      Vector::store(out + v * kPositions, Vector::widen(before, products));
    }
  }
}

template <class Vector>
void dot_all(const Dot& d) {
  constexpr int kWide = Vector::kWide, kPositions = static_cast<int>(sizeof(typename Vector::Register)) / 4;
  constexpr int kEach = kGroup / kPositions;  // registers of a group
  const uint8_t* columns[kGroups * kEach];
  int32_t* out[kGroups * kEach];
  const int vectors = d.groups * kEach;
  for (int v = 0; v < vectors; ++v) {
    columns[v] = d.group[v / kEach] + v % kEach * kPositions * 4;
    out[v] = d.sums + v * kPositions;
  }
  for (int half = 0; half < 2; ++half) {
    int v = 0;
    for (; v + kWide <= vectors; v += kWide) dot_pairs<Vector, kWide>(d, half, columns + v, out + v);
    if constexpr (kWide > 2)
      if (vectors - v == 2) dot_pairs<Vector, 2>(d, half, columns + v, out + v);
    if constexpr (kWide > 1)
      if (vectors - v == 1) dot_pairs<Vector, 1>(d, half, columns + v, out + v);
  }
  switch (d.groups) {
    case 1: return add_rests<Vector, kEach>(d, columns);
    case 2: return add_rests<Vector, kEach * 2>(d, columns);
    default: return add_rests<Vector, kEach * 3>(d, columns);
  }
}

}  // namespace
}  // namespace edge_kernels
