// Every path against the scalar reference on random layers: for the tests and for a board's doctor.
#pragma once
#include <cstdint>
#include <string>

namespace edge_kernels {

// Random layers of a seed: shapes, dilations, extreme values, chunk cuts. Empty if all agree, else
// what differed.
std::string compare_paths(uint32_t seed, int layers);

}  // namespace edge_kernels

extern "C" {
// The paths that this CPU can run, best first, separated by commas.
const char* edge_kernels_paths();
// 0 if compare_paths finds nothing; else 1 and the reason in `message`.
int edge_kernels_self_test(uint32_t seed, int layers, char* message, uint64_t size);
}
