// Weights in the order in which a path reads them.
#pragma once
#include <memory>
#include <vector>

#include "weight_pairs.h"

namespace edge_kernels {

struct PackedWeights {
  std::vector<int8_t> bytes;  // [block][tap][quad][kBlock][4], or
  WeightPairs pairs;          // if the path takes pairs
  std::vector<int32_t> sums;  // per row
};

// These, or equal ones that a layer of this process has already: ALBERT runs through one layer twelve times, and a
// bundle's variants may have layers in common.
std::shared_ptr<const PackedWeights> shared(PackedWeights&& weights);

}  // namespace edge_kernels
