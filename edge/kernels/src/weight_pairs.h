// Weights in pairs of quads, for paths that add products up in 16 bits before they widen them.
//
// Those paths multiply bytes 0..255 by signed weights and sum four products: of two neighbouring channels, in
// either quad. Four fit if neither the positive nor the negative weights among them sum to more than 128, for
// 255 * 128 = 32,640. What exceeds that is taken out of the pair and becomes a rest, a step of its own for the one output,
// so that any weights give the exact sum. Rests cost time only: a Piper voice has one for 1 % of its pairs (of four
// outputs) with 7-bit weights, for a tenth with those of edge.kernels.pack and for half with all of 8 bits.
#pragma once
#include <algorithm>
#include <vector>

#include "path.h"

namespace edge_kernels {

// [block][half][tap][pair of quads][kHalf][2][4], and the rests of each block.
struct WeightPairs {
  std::vector<int8_t> pairs;
  std::vector<Rest> rests;
  std::vector<size_t> rest_begins;  // [block], and where the last ends
};

// From weights [block][tap][quad][kBlock][4] with an even number of quads.
WeightPairs pair_weights(const std::vector<int8_t>& weights, int taps, int quads);

}  // namespace edge_kernels
