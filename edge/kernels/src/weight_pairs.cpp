#include "weight_pairs.h"

#include <array>

namespace edge_kernels {
namespace {

constexpr int kFits = 128;  // sum of weights of one sign that 16 bits hold

using Four = std::array<int, 4>;  // of one quad and one output
using Quad = std::array<Four, kHalf>;

// How far the weights of one sign exceed what fits, of the channels `c` and c + 1 in either quad.
int excess(const Four& a, const Four& b, int c, int sign) {
  int sum = -kFits;
  for (int w : {a[c], a[c + 1], b[c], b[c + 1]}) sum += std::max(sign * w, 0);
  return sum;
}

bool fit(const Quad& a, const Quad& b) {
  for (int row = 0; row < kHalf; ++row)
    for (int c : {0, 2})
      if (excess(a[row], b[row], c, 1) > 0 || excess(a[row], b[row], c, -1) > 0) return false;
  return true;
}

// Moves from `a`, then from `b`, what does not fit into the rests of either.
void take_excess(Four& a, Four& b, Four& rest_a, Four& rest_b) {
  for (int c : {0, 2}) {
    for (int sign : {1, -1}) {
      int left = excess(a, b, c, sign);
      for (auto [from, to] : {std::pair(&a, &rest_a), std::pair(&b, &rest_b)}) {
        for (int i = c; i < c + 2 && left > 0; ++i) {
          const int taken = std::clamp(sign * (*from)[i], 0, left);
          (*from)[i] -= sign * taken;
          (*to)[i] += sign * taken;
          left -= taken;
        }
      }
    }
  }
}

Quad quad_of(const Rest& rest) {
  Quad out;
  for (int row = 0; row < kHalf; ++row) std::copy_n(rest.weights[row], 4, out[row].begin());
  return out;
}

// Adds rests of one half block, in twos that fit together.
class Rests {
 public:
  explicit Rests(std::vector<Rest>& out) : out_(out), begin_(out.size()) {}

  // All of `rows`, in as many steps as it takes.
  void add(int tap, int quad, Quad rows) {
    while (std::any_of(rows.begin(), rows.end(), [](const Four& f) { return f != Four{}; })) {
      Quad later{}, none{};
      for (int row = 0; row < kHalf; ++row) take_excess(rows[row], none[row], later[row], none[row]);
      if ((out_.size() - begin_) % 2 && !fit(quad_of(out_.back()), rows)) fill();
      Rest& rest = out_.emplace_back(Rest{tap, quad, {}});
      for (int row = 0; row < kHalf; ++row) std::copy_n(rows[row].begin(), 4, rest.weights[row]);
      rows = later;
    }
  }

  // A step that adds nothing, where one has no partner.
  void fill() {
    if ((out_.size() - begin_) % 2) out_.push_back(Rest{0, 0, {}});
  }

 private:
  std::vector<Rest>& out_;
  size_t begin_;
};

}  // namespace

WeightPairs pair_weights(const std::vector<int8_t>& weights, int taps, int quads) {
  WeightPairs out;
  out.pairs.reserve(weights.size());
  const size_t block_bytes = static_cast<size_t>(taps * quads) * kBlock * 4;
  for (size_t block = 0; block < weights.size(); block += block_bytes) {
    for (int half = 0; half < kBlock; half += kHalf) {
      out.rest_begins.push_back(out.rests.size());
      Rests rests(out.rests);
      for (int step = 0; step < taps * quads; step += 2) {
        Quad rest[2] = {};
        for (int row = 0; row < kHalf; ++row) {
          const int8_t* from = &weights[block + static_cast<size_t>(step * kBlock + half + row) * 4];
          Four a, b;
          std::copy_n(from, 4, a.begin());
          std::copy_n(from + kBlock * 4, 4, b.begin());
          take_excess(a, b, rest[0][row], rest[1][row]);
          out.pairs.insert(out.pairs.end(), a.begin(), a.end());
          out.pairs.insert(out.pairs.end(), b.begin(), b.end());
        }
        for (int i : {0, 1}) rests.add((step + i) / quads, (step + i) % quads, rest[i]);
      }
      rests.fill();
    }
  }
  out.rest_begins.push_back(out.rests.size());
  return out;
}

}  // namespace edge_kernels
