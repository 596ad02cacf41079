#include "weight_pairs.h"

#include <array>

namespace edge_kernels {
namespace {

constexpr int kFits = 128;  // sum of weights of one sign that 16 bits hold

using Four = std::array<int, 4>;  // of one quad and one output

// How far the weights of one sign exceed what fits, of the channels `c` and c + 1 in either quad.
int excess(const Four& a, const Four& b, int c, int sign) {
  int sum = -kFits;
  for (int w : {a[c], a[c + 1], b[c], b[c + 1]}) sum += std::max(sign * w, 0);
  return sum;
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

// Adds what is left of a quad to the rests, in as many steps as it takes.
void add_rest(std::vector<Rest>& rests, int row, int tap, int quad, Four left) {
  while (left != Four{}) {
    Four later{}, none{};
    take_excess(left, none, later, none);
    Rest& rest = rests.emplace_back(Rest{row, tap, quad, {}});
    std::copy_n(left.begin(), 4, rest.weights);
    left = later;
  }
}

}  // namespace

WeightPairs pair_weights(const std::vector<int8_t>& weights, int taps, int quads) {
  WeightPairs out;
  out.pairs.reserve(weights.size());
  const size_t block_bytes = static_cast<size_t>(taps * quads) * kBlock * 4;
  for (size_t block = 0; block < weights.size(); block += block_bytes) {
    out.rest_begins.push_back(out.rests.size());
    for (int half = 0; half < kBlock; half += kHalf) {
      for (int step = 0; step < taps * quads; step += 2) {
        for (int row = half; row < half + kHalf; ++row) {
          const int8_t* from = &weights[block + static_cast<size_t>(step * kBlock + row) * 4];
          Four a, b, rest_a{}, rest_b{};
          std::copy_n(from, 4, a.begin());
          std::copy_n(from + kBlock * 4, 4, b.begin());
          take_excess(a, b, rest_a, rest_b);
          out.pairs.insert(out.pairs.end(), a.begin(), a.end());
          out.pairs.insert(out.pairs.end(), b.begin(), b.end());
          add_rest(out.rests, row, step / quads, step % quads, rest_a);
          add_rest(out.rests, row, step / quads, step % quads + 1, rest_b);
        }
      }
    }
  }
  out.rest_begins.push_back(out.rests.size());
  return out;
}

}  // namespace edge_kernels
