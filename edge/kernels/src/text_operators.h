#pragma once
#include <vector>

#include "ort.h"

namespace edge_kernels {

// ChannelNorm, BandSoftmax, InverseSpline.
const std::vector<OrtCustomOp>& text_operators();

// ChunkNorm, of the domain edge.voice.2 alone.
const std::vector<OrtCustomOp>& later_text_operators();

}  // namespace edge_kernels
