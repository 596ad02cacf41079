// The paths of this build that this CPU can run, best first; the last is the scalar reference.
#pragma once
#include <vector>

#include "path.h"

namespace edge_kernels {

const std::vector<const Path*>& supported_paths();

}  // namespace edge_kernels
