// Sums of products with 7-bit weights by SMULL and SMLAL, four quads at a time, in assembly: from
// intrinsics gcc 12 makes 123 instructions of these 110, and 20 per tap of these 5.
#pragma once
#include <cstdint>

#include "path.h"

namespace edge_kernels {
namespace {

// A weight register holds one output's weights for four channels of a quad, four times. Each is
// loaded again as soon as it is used, for the next output: cores that run in order need the time.
#define EDGE_MULTIPLY(op, front, back, w)                             \
  op " v9.8h, " front ".8b, " w ".8b\n" op "2 v10.8h, " front ".16b, " w ".16b\n" \
  op " v11.8h, " back ".8b, " w ".8b\n" op "2 v12.8h, " back ".16b, " w ".16b\n"
#define EDGE_WEIGHT(w, pointer) "ld1r {" w ".4s}, [%[" pointer "]], #4\n"
#define EDGE_ADD(p01, p23, p45, p67)                     \
  "sadalp " p01 ".4s, v9.8h\n sadalp " p23 ".4s, v10.8h\n" \
  "sadalp " p45 ".4s, v11.8h\n sadalp " p67 ".4s, v12.8h\n"
#define EDGE_OUTPUT(p01, p23, p45, p67)                                                    \
  EDGE_MULTIPLY("smull", "v0", "v4", "v8") EDGE_WEIGHT("v8", "w0")                         \
  EDGE_MULTIPLY("smlal", "v1", "v5", "v13") EDGE_WEIGHT("v13", "w1")                       \
  EDGE_MULTIPLY("smlal", "v2", "v6", "v14") EDGE_WEIGHT("v14", "w2")                       \
  EDGE_MULTIPLY("smlal", "v3", "v7", "v15") EDGE_WEIGHT("v15", "w3") EDGE_ADD(p01, p23, p45, p67)
#define EDGE_LAST_OUTPUT(p01, p23, p45, p67)                                                  \
  EDGE_MULTIPLY("smull", "v0", "v4", "v8") EDGE_MULTIPLY("smlal", "v1", "v5", "v13")          \
  EDGE_MULTIPLY("smlal", "v2", "v6", "v14") EDGE_MULTIPLY("smlal", "v3", "v7", "v15")         \
  EDGE_ADD(p01, p23, p45, p67)
#define EDGE_STORE(p01, p23, p45, p67)                                          \
  "addp v0.4s, " p01 ".4s, " p23 ".4s\n addp v1.4s, " p45 ".4s, " p67 ".4s\n" \
  "stp q0, q1, [%[out]]\n add %[out], %[out], %[row]\n"

// Four outputs at eight positions; d.quads is a multiple of 4. A 16-bit lane holds four products
// (128 * 63 * 4 = 32,256), a 32-bit lane of v16..v31 two channels of one position.
inline void dot_four_narrow(const Dot& d, const uint8_t* columns, const int8_t* weights, int32_t* out) {
  constexpr int kQuad = kBlock * 4;  // bytes
  const int8_t *w0 = weights, *w1 = w0 + kQuad, *w2 = w1 + kQuad, *w3 = w2 + kQuad;
  const uint8_t* at;
  int64_t left, taps = d.taps;
  asm volatile(
      ".irp n, 16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n movi v\\n\\().4s, #0\n .endr\n"
      "1:\n"
      "mov %[at], %[columns]\n mov %[left], %[quads]\n"
      "2:\n" EDGE_WEIGHT("v8", "w0") EDGE_WEIGHT("v13", "w1") EDGE_WEIGHT("v14", "w2") EDGE_WEIGHT("v15", "w3")
      "ldp q0, q4, [%[at]]\n add %[at], %[at], %[quad_bytes]\n"
      "ldp q1, q5, [%[at]]\n add %[at], %[at], %[quad_bytes]\n"
      "ldp q2, q6, [%[at]]\n add %[at], %[at], %[quad_bytes]\n"
      "ldp q3, q7, [%[at]]\n add %[at], %[at], %[quad_bytes]\n"
      EDGE_OUTPUT("v16", "v17", "v18", "v19") EDGE_OUTPUT("v20", "v21", "v22", "v23")
      EDGE_OUTPUT("v24", "v25", "v26", "v27") EDGE_LAST_OUTPUT("v28", "v29", "v30", "v31")
      "add %[w0], %[w0], %[skip]\n add %[w1], %[w1], %[skip]\n"
      "add %[w2], %[w2], %[skip]\n add %[w3], %[w3], %[skip]\n"
      "subs %[left], %[left], #4\n b.ne 2b\n"
      "add %[columns], %[columns], %[tap_bytes]\n"
      "subs %[taps], %[taps], #1\n b.ne 1b\n"
      EDGE_STORE("v16", "v17", "v18", "v19") EDGE_STORE("v20", "v21", "v22", "v23")
      EDGE_STORE("v24", "v25", "v26", "v27") EDGE_STORE("v28", "v29", "v30", "v31")
      : [at] "=&r"(at), [left] "=&r"(left), [columns] "+&r"(columns), [taps] "+&r"(taps), [out] "+&r"(out),
        [w0] "+&r"(w0), [w1] "+&r"(w1), [w2] "+&r"(w2), [w3] "+&r"(w3)
      : [quads] "r"(static_cast<int64_t>(d.quads)), [quad_bytes] "r"(d.quad_bytes), [tap_bytes] "r"(d.tap_bytes),
        [skip] "I"(4 * kQuad - 16), [row] "I"(kRow * 4)
      : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
        "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
        "v31");
}

#undef EDGE_MULTIPLY
#undef EDGE_WEIGHT
#undef EDGE_ADD
#undef EDGE_OUTPUT
#undef EDGE_LAST_OUTPUT
#undef EDGE_STORE

}  // namespace
}  // namespace edge_kernels
