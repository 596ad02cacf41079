#pragma once
#include <vector>

#include "ort.h"

namespace edge_kernels {

// CachedAttention.
const std::vector<OrtCustomOp>& attention_operators();

}  // namespace edge_kernels
