// Floats of a window on their way to be quantized: an affine per channel, a curve, a gain per channel, and the range of
// what they become.
#pragma once
#include "curves.h"

namespace edge_kernels {
namespace {

// What one channel's values go through.
struct Leaky {
  float slope;
  Leaky(const Activation& a, int64_t) : slope(a.slope) {}
  Floats operator()(Floats v) const {
    const Floats leaked = v * slope;
    return leaked > v ? leaked : v;
  }
};

struct Elu {
  Elu(const Activation&, int64_t) {}
  Floats operator()(Floats v) const {
    const Exponential<Floats> e(v);
    return v > 0.0f ? v : e.q * e.scale + (e.scale - 1.0f);
  }
};

struct Snake {
  float turns, inverse;
  Snake(const Activation& a, int64_t channel) : turns(a.turns[channel]), inverse(a.inverses[channel]) {}
  Floats operator()(Floats v) const { return v + sine_squared(v * turns) * inverse; }
};

// The range stays in registers over all rows: with a reduction for each row it took four times as long.
template <class Curve, bool Affine>
inline void load_rows_by(const Rows& from, int64_t n, const Activation& a, float* out, size_t out_stride, int64_t next,
                         Range& range) {
  Ints highs = Ints{} + range.high;
  Bits lows = Bits{} + range.low;
  int32_t high = range.high;
  uint32_t low = range.low;
  for (int64_t row = 0; row < from.count; ++row, out += out_stride) {
    const float* in = from.data + static_cast<size_t>(row) * from.stride;
    const float gain = a.gains[row], mul = Affine ? a.mul[row] : 1.0f, add = Affine ? a.add[row] : 0.0f;
    const Curve curve(a, row);
    const auto activate = [&](Floats v) {
      if (Affine) v = v * mul + add;
      return curve(v) * gain;
    };
    // The next tile's part of this row: 9 % of the whole decoder where rows come from memory.
    for (int64_t i = 0; i < next; i += kGroup) __builtin_prefetch(in + n + i, 0, 2);
    if (n < kLanes) {
      Floats v{};
      std::memcpy(&v, in, static_cast<size_t>(n) * sizeof *in);
      const Floats active = activate(v);
      std::memcpy(out, &active, static_cast<size_t>(n) * sizeof *out);
      for (int64_t i = 0; i < n; ++i) {
        const uint32_t bits = bits_of(active[i]);
        high = static_cast<int32_t>(bits) > high ? static_cast<int32_t>(bits) : high;
        low = bits > low ? bits : low;
      }
      continue;
    }
    for (int64_t i = 0; i < n; i += kLanes) {
      const int64_t at = i + kLanes <= n ? i : n - kLanes;  // the last vector may overlap the one before
      Floats v;
      std::memcpy(&v, in + at, sizeof v);
      const Floats active = activate(v);
      std::memcpy(out + at, &active, sizeof active);
      const Ints bits = (Ints)active;  // the same bits
      const Bits plain = (Bits)active;
      highs = bits > highs ? bits : highs;
      lows = plain > lows ? plain : lows;
    }
  }
  for (int i = 0; i < kLanes; ++i) {
    high = highs[i] > high ? highs[i] : high;
    low = lows[i] > low ? lows[i] : low;
  }
  range = {high, low};
}

template <class Curve>
inline void load_rows_affine(const Rows& from, int64_t n, const Activation& a, float* out, size_t out_stride, int64_t next,
                             Range& range) {
  if (a.mul) load_rows_by<Curve, true>(from, n, a, out, out_stride, next, range);
  else load_rows_by<Curve, false>(from, n, a, out, out_stride, next, range);
}

void load_rows(const Rows& from, int64_t n, const Activation& a, float* out, size_t out_stride, int64_t next,
               Range& range) {
  if (a.elu) load_rows_affine<Elu>(from, n, a, out, out_stride, next, range);
  else if (a.turns) load_rows_affine<Snake>(from, n, a, out, out_stride, next, range);
  else load_rows_affine<Leaky>(from, n, a, out, out_stride, next, range);
}

}  // namespace
}  // namespace edge_kernels
