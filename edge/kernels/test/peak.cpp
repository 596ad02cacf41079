// What one x86 core can do at best, as the limit beside measured figures: int8 products and float products with
// registers alone, for each instruction set that the CPU has, and reading weights in a row. Build and run by hand:
//     g++ -O2 edge/kernels/test/peak.cpp -o peak && ./peak
#include <emmintrin.h>

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

constexpr long kSteps = 1000000;
constexpr int kSums = 8;  // independent, in registers 2 to 9: gcc would copy them about, which halves the rate

// `instructions` on each sum \n; registers 0 and 1 hold what is multiplied, 10 and 11 products.
#define EIGHT(instructions)                                                              \
  asm volatile(".irp n,2,3,4,5,6,7,8,9\n\t" instructions "\n\t.endr" ::                    \
                   : "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
                     "xmm13", "xmm14", "xmm15")

#define SHOW(name, unit, operations, instructions)                                           \
  std::printf("%-44s %5.0f " unit "\n", name,                                              \
              1e-9 * kSteps * kSums * (operations) / best([] {                             \
                for (long i = 0; i < kSteps; ++i) EIGHT(instructions);                     \
              }))

}  // namespace

int main() {
  asm volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11\n\tpxor %%xmm\\n, %%xmm\\n\n\t.endr" ::: "memory");  // no denormals
  if (__builtin_cpu_supports("ssse3")) {
    SHOW("int8, pmaddubsw, two quads at once", "GOP/s", 16 * 2 * 2,
         "movdqa %%xmm0, %%xmm10\n\tmovdqa %%xmm0, %%xmm11\n\tpmaddubsw %%xmm1, %%xmm10\n\tpmaddubsw %%xmm1, %%xmm11\n\t"
         "paddw %%xmm10, %%xmm11\n\tpmaddwd %%xmm1, %%xmm11\n\tpaddd %%xmm11, %%xmm\\n");
    SHOW("float32, mulps and addps", "GFLOP/s", 4 * 2,
         "movaps %%xmm0, %%xmm10\n\tmulps %%xmm1, %%xmm10\n\taddps %%xmm10, %%xmm\\n");
  }
  if (__builtin_cpu_supports("avx2")) {
    SHOW("int8, vpmaddubsw 256", "GOP/s", 32 * 2,
         "vpmaddubsw %%ymm0, %%ymm1, %%ymm10\n\tvpmaddwd %%ymm10, %%ymm1, %%ymm10\n\tvpaddd %%ymm10, %%ymm\\n, %%ymm\\n");
    SHOW("int8, vpmaddubsw 256, two quads at once", "GOP/s", 32 * 2 * 2,
         "vpmaddubsw %%ymm0, %%ymm1, %%ymm10\n\tvpmaddubsw %%ymm0, %%ymm1, %%ymm11\n\tvpaddw %%ymm10, %%ymm11, %%ymm11\n\t"
         "vpmaddwd %%ymm11, %%ymm1, %%ymm10\n\tvpaddd %%ymm10, %%ymm\\n, %%ymm\\n");
    SHOW("float32, vfmadd 256", "GFLOP/s", 8 * 2, "vfmadd231ps %%ymm0, %%ymm1, %%ymm\\n");
  }
  if (__builtin_cpu_supports("avx512bw")) {
    SHOW("int8, vpmaddubsw 512, two quads at once", "GOP/s", 64 * 2 * 2,
         "vpmaddubsw %%zmm0, %%zmm1, %%zmm10\n\tvpmaddubsw %%zmm0, %%zmm1, %%zmm11\n\tvpaddw %%zmm10, %%zmm11, %%zmm11\n\t"
         "vpmaddwd %%zmm11, %%zmm1, %%zmm10\n\tvpaddd %%zmm10, %%zmm\\n, %%zmm\\n");
    SHOW("float32, vfmadd 512", "GFLOP/s", 16 * 2, "vfmadd231ps %%zmm0, %%zmm1, %%zmm\\n");
  }
  if (__builtin_cpu_supports("avx512vnni"))  // sixteen sums: registers 12 to 19 too
    SHOW("int8, vpdpbusd 512", "GOP/s", 64 * 2 * 2,
         "vpdpbusd %%zmm0, %%zmm1, %%zmm\\n\n\tvpdpbusd %%zmm0, %%zmm1, %%zmm1\\n");

  for (size_t megabytes : {9, 36, 512}) {  // int8 weights, float weights, main memory
    std::vector<int64_t> data(megabytes << 17, 1);
    double reading = best([&] {
      __m128i sum[4] = {};
      for (size_t i = 0; i < data.size(); i += 8)
        for (int k = 0; k < 4; ++k)
          sum[k] = _mm_add_epi64(sum[k], _mm_loadu_si128(reinterpret_cast<const __m128i*>(&data[i + 2 * k])));
      for (auto& part : sum) asm volatile("" : "+x"(part));
    });
    std::printf("reading %zu MiB again: %.0f GB/s, %.2f ms\n", megabytes, 1e-9 * data.size() * 8 / reading, 1e3 * reading);
  }
}
