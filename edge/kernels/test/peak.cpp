// What one x86 core can do at best, as the limit beside measured figures: int8 products
// (vpdpbusd), float products (vfmadd), both with registers alone, and reading weights in a row.
// Build and run by hand, on a CPU with AVX512-VNNI:
//     g++ -O2 -march=native edge/kernels/test/peak.cpp -o peak && ./peak
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

namespace {

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// The best of several rounds: other work on the machine only ever takes away.
template <class Run>
double best(Run run) {
  double least = 1e9;
  for (int round = 0; round < 30; ++round) {
    double start = cpu_seconds();
    run();
    least = std::min(least, cpu_seconds() - start);
  }
  return least;
}

constexpr long kSteps = 2000000;
constexpr int kSums = 16;  // independent, more than latency times units

// In registers by name: gcc copies the sums between two of them, which halves the rate.
#define SIXTEEN(instruction)                                                          \
  asm volatile(".irp n,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n\t" instruction         \
               " %%zmm0, %%zmm1, %%zmm\\n\n\t.endr" ::                                  \
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",  \
                     "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",     \
                     "xmm15", "xmm16", "xmm17")

}  // namespace

int main() {
  asm volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n\t"
               "vpxorq %%zmm\\n, %%zmm\\n, %%zmm\\n\n\t.endr" ::
                   :);  // no denormals
  double ints = best([] {
    for (long i = 0; i < kSteps; ++i) SIXTEEN("vpdpbusd");
  });
  std::printf("int8: %.0f GOP/s\n", 1e-9 * kSteps * kSums * 64 * 2 / ints);
  double products = best([] {
    for (long i = 0; i < kSteps; ++i) SIXTEEN("vfmadd231ps");
  });
  std::printf("float32: %.0f GFLOP/s\n", 1e-9 * kSteps * kSums * 16 * 2 / products);

  for (size_t megabytes : {9, 36, 512}) {  // int8 weights, float weights, main memory
    std::vector<int64_t> data(megabytes << 17, 1);
    double reading = best([&] {
      __m512i sum[4] = {};
      for (size_t i = 0; i < data.size(); i += 32)
        for (int k = 0; k < 4; ++k)
          sum[k] = _mm512_add_epi64(sum[k], _mm512_loadu_si512(&data[i + 8 * k]));
      for (auto& part : sum) asm volatile("" : "+v"(part));
    });
    std::printf("reading %zu MiB again: %.0f GB/s, %.2f ms\n", megabytes,
                1e-9 * data.size() * 8 / reading, 1e3 * reading);
  }
}
