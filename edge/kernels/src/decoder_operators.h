#pragma once
#include <vector>

#include "ort.h"

namespace edge_kernels {

// FloatConv1d and Delay, of the first version of the operators, or FloatConv1d of the second, and TimeNorm.
const std::vector<OrtCustomOp>& decoder_operators();
const std::vector<OrtCustomOp>& later_decoder_operators();

}  // namespace edge_kernels
