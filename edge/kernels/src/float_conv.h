// A convolution that stays float, for layers with so few outputs that a matrix product wastes most of its registers.
#pragma once
#include <vector>

#include "chunk.h"

namespace edge_kernels {

class FloatConv {
 public:
  // weights [out_channels][in_channels][kernel], bias [out_channels]. Throws std::invalid_argument.
  FloatConv(int64_t in_channels, int64_t out_channels, int64_t kernel, int64_t dilation, float slope,
            const float* weights, const float* bias, const Path* path)
      : in_channels_(in_channels), out_channels_(out_channels), kernel_(kernel), dilation_(dilation), slope_(slope),
        path_(path) {
    for (int64_t v : {in_channels, out_channels, kernel, dilation})
      require(v >= 1 && v <= kLargest, "channels, kernel and dilation must be in 1..2^20");
    require(state_length() <= kLargest && state_length() % 2 == 0, "(kernel - 1) * dilation must be even, at most 2^20");
    require(slope >= 0.0f && slope <= 1.0f, "slope must be in 0..1 (1: no LeakyReLU)");
    require_room(in_channels * (kPiece + state_length()) * 4);
    require_room(in_channels * state_length() * 4);
    gains_.assign(static_cast<size_t>(in_channels), 1.0f);
    weights_.assign(weights, weights + out_channels * in_channels * kernel);
    bias_.assign(bias, bias + out_channels);
  }

  int64_t in_channels() const { return in_channels_; }
  int64_t out_channels() const { return out_channels_; }
  int64_t state_length() const { return (kernel_ - 1) * dilation_; }
  int64_t out_length(int64_t length, bool first, bool last) const {
    const int64_t late = state_length() / 2, out = length - (first ? late : 0) + (last ? late : 0);
    require(out >= 0, "the first chunk has " + std::to_string(length) + " positions, but this layer drops " +
                          std::to_string(late) + " until it sees what follows");
    return out;
  }

  void run(const Chunk& chunk, const Parallel& parallel) const {
    const int64_t span = state_length(), outs = out_length(chunk.length, chunk.first, chunk.last);
    const View view{chunk, in_channels_, span, chunk.first ? span / 2 : span, chunk.last ? span / 2 : 0};
    if (chunk.next_state) view.save_state();
    const auto pieces = static_cast<size_t>((outs + kPiece - 1) / kPiece);
    parallel(pieces, [&](size_t piece) {
      static thread_local std::vector<float> rows;
      const int64_t begin = static_cast<int64_t>(piece) * kPiece, n = std::min(kPiece, outs - begin), width = n + span;
      const auto stride = static_cast<size_t>(width);
      rows.resize(static_cast<size_t>(in_channels_) * stride);
      view.load(*path_, {slope_, gains_.data()}, begin, width, n, rows.data(), stride);
      for (int64_t o = 0; o < out_channels_; ++o)
        path_->convolve({rows.data(), stride, in_channels_}, weights_.data() + o * in_channels_ * kernel_,
                        static_cast<int>(kernel_), dilation_, bias_[static_cast<size_t>(o)], n,
                        chunk.out + o * outs + begin);
    });
  }

 private:
  static constexpr int64_t kPiece = 256;  // outputs at once: 32 channels of them stay in the first cache
  int64_t in_channels_, out_channels_, kernel_, dilation_;
  float slope_;
  const Path* path_;
  std::vector<float> weights_, bias_, gains_;
};

}  // namespace edge_kernels
