// One instruction set's way to compute the layer: what a path must provide.
#pragma once
#include <cstddef>
#include <cstdint>

namespace edge_kernels {

constexpr int kBlock = 8;    // output channels per call of `dot`
constexpr int kHalf = kBlock / 2;
constexpr int kGroup = 16;   // positions that always share one scale
constexpr int kGroups = 3;   // groups per call of `dot`
constexpr int kRow = kGroup * kGroups;

// A quad of one tap once more, for one output channel of a block: what its pair could not hold (weight_pairs.h).
struct Rest {
  int row, tap, quad;
  int8_t weights[4];
};

// Sums of products for kBlock output channels at up to kRow positions.
// Activations: bytes [quad][column][4], four channels beside each other. Weights: [tap][quad][kBlock][4], or
// [half][tap][pair of quads][kHalf][2][4] and the rests.
struct Dot {
  const uint8_t* group[kGroups];  // first column of each group in quad 0
  int groups;
  size_t quad_bytes;  // from one quad's columns to the next quad's
  size_t tap_bytes;   // from one tap's column to the next tap's
  int quads, taps;
  const int8_t* weights;
  const Rest *rests, *rests_end;
  int32_t* sums;  // [kBlock][kRow]
};

// Neighbouring positions that share a scale, and where their floats come from and go.
struct Span {
  int first, count;  // in a row of sums
  float scale;       // of the tile
  int32_t zero;      // the byte that stands for 0 in the tile, as `dot` sees it
  const float* own;  // null: none; the strides are floats between channels
  size_t own_stride;
  const float* residual;
  size_t residual_stride;
  float* out;
  size_t out_stride;
};

// From sums to floats:
// (sum - zero * weight sum) * (tile scale * channel scale) + bias + own + residual.
struct Finish {
  const int32_t* sums;  // [kBlock][kRow]
  int rows, spans;
  Span span[kGroups];
  const int32_t* weight_sums;  // per row
  const float* channel_scale;
  const float* bias;
};

// The largest and the smallest float seen, as bit patterns: integers order floats of one sign, and
// put Inf and NaN beyond them, alike on every CPU. Nothing above 0 leaves `high`, nothing below 0
// leaves `low` without its sign bit.
struct Range {
  int32_t high = 0;
  uint32_t low = 0;
};

// Rows of floats, `stride` apart.
struct Rows {
  const float* data;
  size_t stride;
  int64_t count;
};

// What a layer's input goes through before it is quantized: v * mul + add, then a curve (LeakyReLU; ELU; Snake, which is
// v + sin(alpha v)^2 / alpha), then a gain. Arrays have a value for each channel.
struct Activation {
  float slope = 1.0f;  // of LeakyReLU, if neither of the others; 1: none
  bool elu = false;
  const float *turns = nullptr, *inverses = nullptr;  // Snake: alpha / pi and 1 / alpha; null: none
  const float* gains = nullptr;
  const float *mul = nullptr, *add = nullptr;  // null: none
};

// What a norm over channels does to each.
struct Norm {
  const float *gamma, *beta;
  float epsilon;
  bool gelu;
};

// One head of attention. Arrays of queries, shares and results are [..][kGroup]: a column for each of neighbouring rows
// of the sequence; of a single row they are plain arrays.
struct Attention {
  const float* queries;        // [size], rotated and scaled
  const float *keys, *values;  // [count][size]: from the first that any query sees to the last
  int64_t size, count;
  int32_t first[kGroup], last[kGroup];  // of the keys that each query sees
  float* shares;                        // [count] to work in, whole groups
  float* out;                           // [size]
};

struct Path {
  const char* name;
  int weight_limit;      // largest |weight| for which no intermediate can saturate
  bool is_signed;        // `dot` reads activations as signed bytes: 128 less than quantized
  bool in_pairs;         // `dot` reads weights in pairs of quads
  void (*dot)(const Dot&);
  // n floats of every row, activated; widens the range. Fetches `next` more.
  void (*load)(const Rows& in, int64_t n, const Activation&, float* out, size_t out_stride, int64_t next, Range& range);
  // Every four rows of floats to n quads of bytes: v * inverse + zero, to nearest, ties to even; then
  // each byte xor the one of `flip`. Reads and writes whole groups of quads.
  void (*quantize)(const Rows& in, int64_t n, float inverse, int zero, uint32_t flip, uint8_t* out,
                   size_t quad_bytes);
  void (*finish)(const Finish&);
  // `count` neighbouring phases of a channel of a transposed convolution to their places: out[i * stride + phase].
  void (*interleave)(const float* rows, int count, int stride, int n, float* out);
  // tanh(tanh_rows) * sigmoid(sigmoid_rows), n of each channel; rows are kRow apart. Reads whole groups and
  // overwrites tanh_rows.
  void (*gate)(float* tanh_rows, const float* sigmoid_rows, int channels, int n, float* out, size_t out_stride);
  // One output channel of a float convolution: out[i] = bias + in[0][i] * w[0] + in[0][i + dilation] * w[1] ...
  // over `taps` of every row, in that order.
  void (*convolve)(const Rows& in, const float* weights, int taps, int64_t dilation, float bias, int64_t n, float* out);
  // Of the text encoder, on rows of kRow positions: a depthwise convolution, and a norm in place.
  void (*depthwise)(const Rows& in, const float* weights, const float* bias, int taps, int64_t dilation, float* rows);
  void (*norm)(float* rows, int64_t channels, const Norm& norm);
  // n floats to their shares, in place; overwrites whole groups.
  void (*softmax)(float* row, int64_t n);
  // GELU of n floats, in place, as near as what is quantized next needs it.
  void (*gelu)(float* row, int64_t n);
  // Sum of a row's distances from `center`, or of their squares.
  double (*sum)(const float* row, int64_t n, float center, bool squares);
  // Up to kGroup queries, size a multiple of kBlock; and a single one, size a multiple of kGroup, first and last unread.
  void (*attend)(const Attention&);
  void (*attend_one)(const Attention&);
};

// Each in a file of its own; a build has those of its processor.
extern const Path path_avx512vnni, path_avxvnni, path_avx512, path_avx2, path_sse41;
extern const Path path_sdot, path_smlal_narrow, path_smlal;
extern const Path path_scalar;

}  // namespace edge_kernels
