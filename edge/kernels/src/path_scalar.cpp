// The reference: what every other path must equal, bit for bit.
#include "rows_attention.h"

namespace edge_kernels {
namespace {

void dot(const Dot& d) {
  for (int o = 0; o < kBlock; ++o) {
    for (int g = 0; g < d.groups; ++g) {
      for (int i = 0; i < kGroup; ++i) {
        int32_t sum = 0;
        for (int tap = 0; tap < d.taps; ++tap) {
          for (int quad = 0; quad < d.quads; ++quad) {
            const uint8_t* a = d.group[g] + static_cast<size_t>(quad) * d.quad_bytes +
                               static_cast<size_t>(tap) * d.tap_bytes + i * 4;
            const int8_t* w = d.weights + ((static_cast<size_t>(tap) * d.quads + quad) * kBlock + o) * 4;
            for (int c = 0; c < 4; ++c) sum += static_cast<int8_t>(a[c]) * w[c];
          }
        }
        d.sums[o * kRow + g * kGroup + i] = sum;
      }
    }
  }
}

}  // namespace

const Path path_scalar = make_path("scalar", 127, true, dot);

}  // namespace edge_kernels
