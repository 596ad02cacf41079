#pragma once
#include <vector>

#include "ort.h"

namespace edge_kernels {

// ChannelNorm, BandSoftmax, InverseSpline.
const std::vector<OrtCustomOp>& text_operators();

}  // namespace edge_kernels
