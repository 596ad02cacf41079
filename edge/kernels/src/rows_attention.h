// Attention over a cache, as plain loops that every path compiles with its own flags: sums over a head's values, then
// over the keys, each in one order everywhere.
#pragma once
#include "rows_text.h"

namespace edge_kernels {
namespace {

constexpr int kColumns = kGroup / kLanes;  // vectors of queries
#if defined(__aarch64__)
constexpr int kMany = 4;  // keys, or values of a head, whose sums stay in registers
#else
constexpr int kMany = 8 / kColumns;
#endif
static_assert(kBlock % kMany == 0);

// One vector each: g++ keeps an array in memory that is copied as a whole.
inline Floats load_vector(const float* from) {
  Floats v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
inline void store_vector(float* to, const Floats& v) { std::memcpy(to, &v, sizeof v); }

// The products of `Keys` neighbouring keys with all queries.
template <int Keys>
inline void score_keys(const Attention& a, int64_t key) {
  Floats sums[Keys][kColumns] = {};
  const float* from = a.keys + key * a.size;
  for (int64_t d = 0; d < a.size; ++d) {
    Floats q[kColumns];
    for (int i = 0; i < kColumns; ++i) q[i] = load_vector(a.queries + d * kGroup + i * kLanes);
    for (int k = 0; k < Keys; ++k)
      for (int i = 0; i < kColumns; ++i) sums[k][i] += q[i] * from[k * a.size + d];
  }
  for (int k = 0; k < Keys; ++k)
    for (int i = 0; i < kColumns; ++i) store_vector(a.shares + (key + k) * kGroup + i * kLanes, sums[k][i]);
}

// What a query does not see is farther than anything, and then has no share: exactly 0, so that how many such keys
// there are changes nothing.
inline void share_keys(const Attention& a, Floats* inverse) {
  for (int i = 0; i < kColumns; ++i) {
    Ints first, last;
    std::memcpy(&first, a.first + i * kLanes, sizeof first);
    std::memcpy(&last, a.last + i * kLanes, sizeof last);
    Floats most = Floats{} - kFarthest, sum{};
    float* column = a.shares + i * kLanes;
    for (int64_t key = 0; key < a.count; ++key) {
      Floats v;
      std::memcpy(&v, column + key * kGroup, sizeof v);
      const Ints at = Ints{} + static_cast<int32_t>(key);
      v = (at >= first) & (at <= last) ? v : Floats{} - kFarthest;
      most = v > most ? v : most;
      std::memcpy(column + key * kGroup, &v, sizeof v);
    }
    for (int64_t key = 0; key < a.count; ++key) {
      Floats v;
      std::memcpy(&v, column + key * kGroup, sizeof v);
      const Exponential<Floats> e(v - most);
      v = v > Floats{} - kFarthest ? (e.q + 1.0f) * e.scale : Floats{};
      sum += v;
      std::memcpy(column + key * kGroup, &v, sizeof v);
    }
    inverse[i] = 1.0f / sum;
  }
}

void attend_rows(const Attention& a) {
  int64_t key = 0;
  for (; key + kMany <= a.count; key += kMany) score_keys<kMany>(a, key);
  for (; key < a.count; ++key) score_keys<1>(a, key);
  Floats inverse[kColumns];
  share_keys(a, inverse);
  for (int64_t d = 0; d < a.size; d += kMany) {
    Floats sums[kMany][kColumns] = {};
    const float* from = a.values + d;
    for (key = 0; key < a.count; ++key, from += a.size) {
      Floats p[kColumns];
      for (int i = 0; i < kColumns; ++i) p[i] = load_vector(a.shares + key * kGroup + i * kLanes);
      for (int k = 0; k < kMany; ++k)
        for (int i = 0; i < kColumns; ++i) sums[k][i] += p[i] * from[k];
    }
    for (int k = 0; k < kMany; ++k)
      for (int i = 0; i < kColumns; ++i)
        store_vector(a.out + (d + k) * kGroup + i * kLanes, sums[k][i] * inverse[i]);
  }
}

// Lanes are values of the head here: 16 on every path, then added up in one order.
void attend_row(const Attention& a) {
  for (int64_t key = 0; key < a.count; ++key) {
    const float* k = a.keys + key * a.size;
    Floats sums[kColumns] = {};
    for (int64_t d = 0; d < a.size; d += kGroup)
      for (int i = 0; i < kColumns; ++i)
        sums[i] += load_vector(a.queries + d + i * kLanes) * load_vector(k + d + i * kLanes);
    float lanes[kGroup];
    for (int i = 0; i < kColumns; ++i) store_vector(lanes + i * kLanes, sums[i]);
    for (int half = kGroup / 2; half; half /= 2)
      for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    a.shares[key] = lanes[0];
  }
  softmax_row(a.shares, a.count);
  for (int64_t d = 0; d < a.size; d += kGroup) {
    Floats sums[kColumns] = {};
    const float* v = a.values + d;
    for (int64_t key = 0; key < a.count; ++key, v += a.size)
      for (int i = 0; i < kColumns; ++i) sums[i] += load_vector(v + i * kLanes) * a.shares[key];
    for (int i = 0; i < kColumns; ++i) store_vector(a.out + d + i * kLanes, sums[i]);
  }
}

constexpr Path make_path(const char* name, int weight_limit, bool is_signed, void (*dot)(const Dot&),
                         bool in_pairs = false) {
  return {name,        weight_limit,    is_signed, in_pairs,      dot,            load_rows, quantize_rows,
          finish_rows, interleave_rows, gate_rows, convolve_rows, depthwise_rows, norm_rows, softmax_row, gelu_row,
          sum_row,     attend_rows,     attend_row};
}

}  // namespace
}  // namespace edge_kernels
