// A convolution that stays float, for layers with so few outputs that a matrix product wastes most of its registers.
#pragma once
#include <vector>

#include "activation.h"

namespace edge_kernels {

// Lengths are in positions.
struct FloatShape {
  int64_t in_channels = 0, out_channels = 0, kernel = 0;
  int64_t dilation = 1;
  int64_t lookahead = -1;  // inputs needed after an output's own position; -1: as many as before it
  float slope = 1.0f;      // LeakyReLU on load; 1: none
  bool elu = false;        // ELU on load
};

class FloatConv {
 public:
  // weights [out_channels][in_channels][kernel], bias [out_channels]. Throws std::invalid_argument.
  FloatConv(const FloatShape& shape, const float* weights, const float* bias, const Path* path)
      : shape_(shape), on_load_(shape.in_channels, shape.slope, shape.elu, nullptr, nullptr), path_(path) {
    const FloatShape& s = shape_;
    for (int64_t v : {s.in_channels, s.out_channels, s.kernel, s.dilation})
      require(v >= 1 && v <= kLargest, "channels, kernel and dilation must be in 1..2^20");
    require(state_length() <= kLargest && (s.lookahead >= 0 || state_length() % 2 == 0),
            "(kernel - 1) * dilation must be at most 2^20, and even unless lookahead is given");
    require(s.lookahead <= state_length(), "lookahead must be in 0..(kernel - 1) * dilation");
    late_ = s.lookahead < 0 ? state_length() / 2 : s.lookahead;
    require_room(s.in_channels * (kPiece + state_length()) * 4);
    require_room(s.in_channels * state_length() * 4);
    weights_.assign(weights, weights + s.out_channels * s.in_channels * s.kernel);
    bias_.assign(bias, bias + s.out_channels);
  }

  const FloatShape& shape() const { return shape_; }
  int64_t out_channels() const { return shape_.out_channels; }
  int64_t state_length() const { return (shape_.kernel - 1) * shape_.dilation; }
  int64_t out_length(int64_t length, bool first, bool last) const {
    const int64_t out = length - (first ? late_ : 0) + (last ? late_ : 0);
    require(out >= 0, "the first chunk has " + std::to_string(length) + " positions, but this layer drops " +
                          std::to_string(late_) + " until it sees what follows");
    return out;
  }

  void run(const Chunk& chunk, const Parallel& parallel) const {
    const FloatShape& s = shape_;
    const int64_t span = state_length(), outs = out_length(chunk.length, chunk.first, chunk.last);
    const View view{chunk, s.in_channels, span, chunk.first ? span - late_ : span, chunk.last ? late_ : 0};
    if (chunk.next_state) view.save_state();
    const Activation activation = on_load_.of(chunk);
    const auto pieces = static_cast<size_t>((outs + kPiece - 1) / kPiece);
    parallel(pieces, [&](size_t piece) {
      static thread_local std::vector<float> rows;
      const int64_t begin = static_cast<int64_t>(piece) * kPiece, n = std::min(kPiece, outs - begin), width = n + span;
      const auto stride = static_cast<size_t>(width);
      rows.resize(static_cast<size_t>(s.in_channels) * stride);
      view.load(*path_, activation, begin, width, n, rows.data(), stride);
      for (int64_t o = 0; o < s.out_channels; ++o)
        path_->convolve({rows.data(), stride, s.in_channels}, weights_.data() + o * s.in_channels * s.kernel,
                        static_cast<int>(s.kernel), s.dilation, bias_[static_cast<size_t>(o)], n,
                        chunk.out + o * outs + begin);
    });
  }

 private:
  static constexpr int64_t kPiece = 256;  // outputs at once: 32 channels of them stay in the first cache
  FloatShape shape_;
  OnLoad on_load_;
  const Path* path_;
  int64_t late_ = 0;
  std::vector<float> weights_, bias_;
};

}  // namespace edge_kernels
