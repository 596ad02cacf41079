// One quantized 1-D convolution or transposed convolution, whole or in chunks. See README.md.
#pragma once
#include <cstdint>
#include <vector>

#include "activation.h"
#include "chunk.h"
#include "packed_weights.h"

namespace edge_kernels {

// What a layer is. Lengths are in positions of the layer's input.
struct Shape {
  int64_t in_channels = 0, out_channels = 0, kernel = 0;
  int64_t dilation = 1;
  int64_t stride = 0;     // 0: convolution; else transposed convolution, kernel a multiple of stride
  int64_t lookahead = 0;  // convolution: inputs needed after an output's own position
  int64_t delay = 0;      // convolution: outputs held back beyond that, for a slower branch
  int64_t left = -1;      // transposed: outputs cut at the left, of kernel - stride; -1: half of them
  float slope = 1.0f;     // LeakyReLU on load; 1: none
  bool elu = false;       // ELU on load
  bool skip = false;      // add the layer's own raw input to its output
  bool gate = false;      // tanh of the first half of the channels times sigmoid of the second
  bool gelu = false;      // GELU of the output
  int64_t granule = 192, tile = 192, phase = 0;
};

class Conv {
 public:
  // weights [out_channels][in_channels][kernel] in -127..127, scales and bias [out_channels],
  // gains and Snake's alpha [in_channels] or null. Throws std::invalid_argument.
  Conv(const Shape& shape, const int8_t* weights, const float* scales, const float* bias, const float* gains,
       const float* alpha, const Path* path);

  int64_t out_channels() const { return shape_.gate ? shape_.out_channels / 2 : shape_.out_channels; }
  int64_t state_length() const { return span() + shape_.delay; }
  // Positions that a chunk gives; throws std::invalid_argument if the first chunk is too short.
  int64_t out_length(int64_t length, bool first, bool last) const;
  void run(const Chunk& chunk, const Parallel& parallel) const;

  const Shape& shape() const { return shape_; }
  bool has_alpha() const { return on_load_.has_alpha(); }

 private:
  struct Tile;
  struct Panel;
  int64_t span() const { return (taps_ - 1) * shape_.dilation; }  // inputs of an output, less one
  int64_t late() const { return shape_.stride ? pad_ : shape_.lookahead + shape_.delay; }
  int64_t channel(int64_t row) const;
  void pack(const int8_t* weights);
  int64_t panel_bytes() const;
  std::vector<std::vector<Tile>> batches(int64_t columns, bool first) const;
  void load(const View& view, const std::vector<Tile>& tiles, Panel& panel) const;
  void multiply(const View& view, int64_t out, const Panel& panel, int64_t block) const;
  void finish(const View& view, int64_t out, const Panel& panel, int64_t block, size_t first_group, int groups,
              const int32_t* sums) const;
  void interleave(const View& view, int64_t out, const float* rows, int64_t count, int n, int64_t position,
                  int64_t row) const;

  Shape shape_;
  const Path* path_;
  OnLoad on_load_;
  int64_t taps_, rows_, blocks_, quads_;  // rows: out_channels, times stride if transposed; in whole blocks if gated
  int64_t pad_;  // zeros before the sentence; transposed: outputs cut off at the left
  std::shared_ptr<const PackedWeights> weights_;
  std::vector<float> scales_, bias_;  // per row
};

// The path to use for weights of this magnitude: the best supported one, or the one named.
// Throws std::invalid_argument if the name is unknown here or cannot hold the weights.
const Path* choose_path(const int8_t* weights, size_t count, const char* name);

}  // namespace edge_kernels
