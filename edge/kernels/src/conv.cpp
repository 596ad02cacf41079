#include "conv.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "paths.h"

namespace edge_kernels {
namespace {

// Below this range of values a tile is silence: kSteps / range would near the end of float32.
constexpr float kSilence = 1e-30f;
constexpr float kSteps = 254.0f;  // one less than bytes have, so that no rounding leaves them
constexpr int64_t kEnoughBatches = 8;  // then each is one piece of work, else channels are split too
constexpr int64_t kSmallWork = 1 << 18;  // products below which threads cost more than they give
constexpr int64_t kLargest = int64_t{1} << 20;  // limit of every dimension and attribute

void require(bool ok, const std::string& what) {
  if (!ok) throw std::invalid_argument(what);
}

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

// Outputs [begin, end) that share one scale, as columns of the view.
struct Conv::Tile {
  int64_t begin, end;
};

// The quantized input of some tiles.
struct Conv::Panel {
  struct Group {
    int64_t column;    // in the panel
    int64_t position;  // in the view
    int count;
    float scale;
    int32_t zero;
  };
  std::vector<uint8_t> bytes;
  std::vector<float> rows;  // one tile's window, activated
  std::vector<Group> groups;
  size_t quad_bytes = 0;
};

// A chunk's input with what stands before and after it: state or zeros, the chunk, zeros.
struct Conv::View {
  const Chunk& chunk;
  int64_t before, after;  // columns
  int64_t outs;           // positions (before interleaving) computed
  int64_t out_length;
  int64_t size() const { return before + chunk.length + after; }
};

Conv::Conv(const Shape& shape, const int8_t* weights, const float* scales, const float* bias, const float* gains,
           const Path* path)
    : shape_(shape), path_(path) {
  const Shape& s = shape_;
  for (int64_t v : {s.in_channels, s.out_channels, s.kernel, s.dilation, s.granule, s.tile})
    require(v >= 1 && v <= kLargest, "channels, kernel, dilation, granule and tile must be in 1..2^20");
  require(s.slope >= 0.0f && s.slope <= 1.0f, "slope must be in 0..1 (1: no LeakyReLU)");
  require(s.phase >= 0 && s.phase < s.granule, "phase must be in 0..granule - 1");
  if (s.stride) {
    require(s.stride >= 1 && s.stride <= kLargest && s.kernel % s.stride == 0, "kernel must be a multiple of stride");
    require((s.kernel - s.stride) % 2 == 0, "kernel - stride must be even");
    require(s.dilation == 1 && !s.skip && s.lookahead == 0 && s.delay == 0,
            "a transposed convolution has no dilation, skip, lookahead or delay");
  }
  taps_ = s.stride ? s.kernel / s.stride : s.kernel;
  rows_ = s.out_channels * std::max<int64_t>(s.stride, 1);
  blocks_ = divide_up(rows_, kBlock);
  quads_ = divide_up(s.in_channels, 4);
  pad_ = s.stride ? (s.kernel - s.stride) / 2 : span() - s.lookahead;
  require(s.stride || (s.lookahead >= 0 && pad_ >= 0), "lookahead must be in 0..(kernel - 1) * dilation");
  require(s.delay >= 0 && s.delay <= kLargest && span() <= kLargest, "delay and span must be in 0..2^20");
  require(!s.skip || s.in_channels == s.out_channels, "skip needs as many output as input channels");
  // 255 * 127 for each product, in 32 bits.
  require(quads_ * 4 * taps_ <= 65536, "channels * kernel must be at most 65,536");
  pack(weights);
  gains_.assign(static_cast<size_t>(s.in_channels), 1.0f);
  if (gains) gains_.assign(gains, gains + s.in_channels);
  scales_.resize(static_cast<size_t>(rows_));
  bias_.resize(static_cast<size_t>(rows_));
  for (int64_t row = 0; row < rows_; ++row) {
    const int64_t channel = s.stride ? row / s.stride : row;
    scales_[static_cast<size_t>(row)] = scales[channel];
    bias_[static_cast<size_t>(row)] = bias[channel];
  }
}

void Conv::pack(const int8_t* weights) {
  const Shape& s = shape_;
  weights_.assign(static_cast<size_t>(blocks_ * quads_ * taps_ * kBlock * 4), 0);
  weight_sums_.assign(static_cast<size_t>(rows_), 0);
  for (int64_t row = 0; row < rows_; ++row) {
    const int64_t channel = s.stride ? row / s.stride : row;
    int32_t sum = 0;
    for (int64_t c = 0; c < s.in_channels; ++c) {
      for (int64_t tap = 0; tap < taps_; ++tap) {
        // Transposed: output j * stride + r takes input j - t with tap t * stride + r.
        const int64_t k = s.stride ? (taps_ - 1 - tap) * s.stride + row % s.stride : tap;
        const int8_t w = weights[(channel * s.in_channels + c) * s.kernel + k];
        const int64_t at = (((row / kBlock * taps_ + tap) * quads_ + c / 4) * kBlock + row % kBlock) * 4 + c % 4;
        weights_[static_cast<size_t>(at)] = w;
        sum += w;
      }
    }
    weight_sums_[static_cast<size_t>(row)] = sum;
  }
}

int64_t Conv::out_length(int64_t length, bool first, bool last) const {
  require(length >= 0 && length <= std::numeric_limits<int32_t>::max() / 4, "a chunk is too long");
  const int64_t out = length * std::max<int64_t>(shape_.stride, 1) - (first ? late() : 0) + (last ? late() : 0);
  require(out >= 0,
          "the first chunk has " + std::to_string(length) + " positions, but this layer drops " +
              std::to_string(late()) + " until it sees what follows");
  return out;
}

// Tiles of the chunk, put together so that each batch fills the registers. The grid stands at the
// same absolute positions for every cutting into chunks; README.md says why.
std::vector<std::vector<Conv::Tile>> Conv::batches(int64_t columns, bool first) const {
  const size_t together = shape_.tile < kRow ? kGroups : 1;
  std::vector<std::vector<Tile>> out;
  int64_t in_granule = first ? (shape_.phase + shape_.lookahead + shape_.delay) % shape_.granule : 0;
  for (int64_t at = 0; at < columns;) {
    const int64_t room = std::min(shape_.tile - in_granule % shape_.tile, shape_.granule - in_granule);
    const int64_t end = std::min(columns, at + room);
    if (out.empty() || out.back().size() == together) out.emplace_back();
    out.back().push_back({at, end});
    in_granule = (in_granule + end - at) % shape_.granule;
    at = end;
  }
  return out;
}

void Conv::load(const View& view, const std::vector<Tile>& tiles, Panel& panel) const {
  const Chunk& chunk = view.chunk;
  const int64_t halo = span();
  int64_t columns = 0, widest = 0;
  panel.groups.clear();
  for (const Tile& tile : tiles) {
    columns += divide_up(tile.end - tile.begin, kGroup) * kGroup + halo;
    widest = std::max(widest, tile.end - tile.begin + halo);
  }
  panel.quad_bytes = static_cast<size_t>(columns + kGroup) * 4;  // the last tile is rounded up to groups
  panel.bytes.resize(static_cast<size_t>(quads_) * panel.quad_bytes);
  const auto stride = static_cast<size_t>(divide_up(widest, kGroup) * kGroup);
  panel.rows.resize(static_cast<size_t>(quads_) * 4 * stride);
  for (int64_t c = shape_.in_channels; c < quads_ * 4; ++c)
    std::fill_n(panel.rows.data() + static_cast<size_t>(c) * stride, stride, 0.0f);

  int64_t column = 0;
  for (const Tile& tile : tiles) {
    const int64_t width = tile.end - tile.begin + halo;
    // The window's parts before, inside and after the chunk.
    const int64_t before = std::clamp<int64_t>(view.before - tile.begin, 0, width);
    const int64_t inside = std::clamp<int64_t>(view.before + chunk.length - tile.begin, before, width) - before;
    Range range;
    float* rows = panel.rows.data();
    const int64_t channels = shape_.in_channels;
    if (before && !chunk.first)
      path_->load({chunk.state + tile.begin, static_cast<size_t>(state_length()), channels}, before, shape_.slope,
                  gains_.data(), rows, stride, 0, range);
    if (inside) {
      const float* in = chunk.in + (tile.begin + before - view.before);
      path_->load({in, static_cast<size_t>(chunk.length), channels}, inside, shape_.slope, gains_.data(),
                  rows + before, stride, tile.end - tile.begin, range);
    }
    const bool ahead_of_all = before && chunk.first;
    if (ahead_of_all || before + inside < width) {
      for (int64_t c = 0; c < channels; ++c) {
        float* row = rows + static_cast<size_t>(c) * stride;
        if (ahead_of_all) std::fill_n(row, before, 0.0f);
        std::fill(row + before + inside, row + width, 0.0f);
      }
    }
    const uint32_t bits[2] = {static_cast<uint32_t>(std::max(range.high, 0)), range.low >> 31 ? range.low : 0u};
    float high_low[2], scale = 0.0f, inverse = 0.0f;
    std::memcpy(high_low, bits, sizeof high_low);
    const float extent = high_low[0] - high_low[1];
    int zero = 0;
    if (!std::isfinite(extent)) {
      scale = std::numeric_limits<float>::quiet_NaN();
      std::fill(panel.rows.begin(), panel.rows.end(), 0.0f);
    } else if (extent >= kSilence) {
      scale = extent / kSteps;
      inverse = kSteps / extent;
      zero = static_cast<int>(std::nearbyint(-high_low[1] * inverse));
    }
    path_->quantize({rows, stride, quads_ * 4}, width, inverse, zero, path_->is_signed ? 0x80808080u : 0u,
                    panel.bytes.data() + column * 4, panel.quad_bytes);
    const int32_t seen = path_->is_signed ? zero - 128 : zero;
    for (int64_t at = tile.begin; at < tile.end; at += kGroup) {
      const auto count = static_cast<int>(std::min<int64_t>(kGroup, tile.end - at));
      panel.groups.push_back({column + at - tile.begin, at, count, scale, seen});
    }
    column += divide_up(tile.end - tile.begin, kGroup) * kGroup + halo;
  }
}

void Conv::multiply(const View& view, const Panel& panel, int64_t block) const {
  alignas(64) int32_t sums[kBlock * kRow];
  Dot dot{};
  dot.quad_bytes = panel.quad_bytes;
  dot.tap_bytes = static_cast<size_t>(shape_.dilation) * 4;
  dot.quads = static_cast<int>(quads_);
  dot.taps = static_cast<int>(taps_);
  dot.weights = weights_.data() + static_cast<size_t>(block * quads_ * taps_) * kBlock * 4;
  dot.sums = sums;
  for (size_t g = 0; g < panel.groups.size(); g += kGroups) {
    dot.groups = static_cast<int>(std::min<size_t>(kGroups, panel.groups.size() - g));
    for (int i = 0; i < dot.groups; ++i)
      dot.group[i] = panel.bytes.data() + panel.groups[g + static_cast<size_t>(i)].column * 4;
    if (!shape_.stride) {  // the rows that will be written, while the sums are made
      const int64_t last = std::min<int64_t>(rows_, (block + 1) * kBlock);
      for (int64_t row = block * kBlock; row < last; ++row) {
        const float* out = view.chunk.out + row * view.out_length + panel.groups[g].position;
        for (int i = 0; i < dot.groups; ++i) __builtin_prefetch(out + i * kGroup, 1);
      }
    }
    path_->dot(dot);
    finish(view, panel, block, g, dot.groups, sums);
  }
}

void Conv::finish(const View& view, const Panel& panel, int64_t block, size_t first_group, int groups,
                  const int32_t* sums) const {
  const Chunk& chunk = view.chunk;
  const int64_t row = block * kBlock, halo = state_length();
  float own[kBlock][kRow], phases[kBlock][kRow];
  Finish f;  // not zeroed: this runs for every 384 outputs
  f.spans = 0;
  f.sums = sums;
  f.rows = static_cast<int>(std::min<int64_t>(kBlock, rows_ - row));
  f.weight_sums = weight_sums_.data() + row;
  f.channel_scale = scales_.data() + row;
  f.bias = bias_.data() + row;
  int64_t positions[kGroups];  // of each span
  for (int i = 0; i < groups; ++i) {
    const Panel::Group& group = panel.groups[first_group + static_cast<size_t>(i)];
    Span* before = f.spans ? &f.span[f.spans - 1] : nullptr;
    // Equal scales with no gap: as good as one tile, if not the same.
    if (before && before->scale == group.scale && before->zero == group.zero &&
        before->first + before->count == i * kGroup) {
      before->count += group.count;
      continue;
    }
    positions[f.spans] = group.position;
    f.span[f.spans++] = Span{i * kGroup, group.count, group.scale, group.zero, nullptr, 0, nullptr, 0, nullptr, 0};
  }
  for (int i = 0; i < f.spans; ++i) {
    Span& span = f.span[i];
    span.residual_stride = static_cast<size_t>(view.out_length);
    if (chunk.residual) span.residual = chunk.residual + row * view.out_length + positions[i];
    span.out = shape_.stride ? phases[0] + span.first : chunk.out + row * view.out_length + positions[i];
    span.out_stride = shape_.stride ? kRow : static_cast<size_t>(view.out_length);
    if (!shape_.skip) continue;
    const int64_t at = positions[i] + pad_ - view.before;  // of the output's own input in the chunk
    if (at >= 0) {
      span.own = chunk.in + row * chunk.length + at;
      span.own_stride = static_cast<size_t>(chunk.length);
      continue;
    }
    for (int r = 0; r < f.rows; ++r)
      for (int p = 0; p < span.count; ++p)
        own[r][span.first + p] = at + p < 0 ? chunk.state[(row + r) * halo + at + p + view.before]
                                            : chunk.in[(row + r) * chunk.length + at + p];
    span.own = own[0] + span.first;
    span.own_stride = kRow;
  }
  path_->finish(f);
  if (!shape_.stride) return;
  for (int i = 0; i < f.spans; ++i) interleave(view, f, f.span[i], positions[i], row);
}

void Conv::interleave(const View& view, const Finish& f, const Span& span, int64_t position, int64_t row) const {
  const int64_t stride = shape_.stride;
  const int64_t start = position * stride - (view.chunk.first ? pad_ : 0);
  if (kBlock % stride == 0 && start >= 0 && start + span.count * stride <= view.out_length) {
    for (int64_t r = 0; r < f.rows; r += stride)
      path_->interleave(span.out + r * kRow, static_cast<int>(stride), span.count,
                        view.chunk.out + (row + r) / stride * view.out_length + start);
    return;
  }
  for (int64_t r = 0; r < f.rows; ++r) {
    float* out = view.chunk.out + (row + r) / stride * view.out_length;
    for (int64_t p = 0; p < span.count; ++p) {
      const int64_t at = start + p * stride + (row + r) % stride;
      if (at >= 0 && at < view.out_length) out[at] = span.out[r * kRow + p];
    }
  }
}

void Conv::save_state(const View& view) const {
  const Chunk& chunk = view.chunk;
  const int64_t halo = state_length();
  for (int64_t c = 0; c < shape_.in_channels; ++c) {
    float* next = chunk.next_state + c * halo;
    if (chunk.last) {
      std::fill_n(next, halo, 0.0f);
      continue;
    }
    const int64_t start = view.before + chunk.length - halo;
    for (int64_t i = 0; i < halo; ++i) {
      const int64_t at = start + i - view.before;
      if (at >= 0) next[i] = chunk.in[c * chunk.length + at];
      else next[i] = chunk.first ? 0.0f : chunk.state[c * halo + start + i];
    }
  }
}

void Conv::run(const Chunk& chunk, const Parallel& parallel) const {
  const int64_t halo = state_length();
  const int64_t out = out_length(chunk.length, chunk.first, chunk.last);
  View view{chunk, halo, 0, 0, out};
  if (shape_.stride) {
    view.after = chunk.last ? halo : 0;
  } else {
    if (chunk.first) view.before = pad_;
    view.after = chunk.last ? late() : 0;
  }
  view.outs = std::max<int64_t>(view.size() - halo, 0);
  if (chunk.next_state) save_state(view);

  const auto work = batches(view.outs, chunk.first);
  const Parallel serial = [](size_t total, const Work& one) {
    for (size_t i = 0; i < total; ++i) one(i);
  };
  const bool small = view.outs * blocks_ * kBlock * quads_ * 4 * taps_ < kSmallWork;
  const Parallel& each = small ? serial : parallel;
  if (small || static_cast<int64_t>(work.size()) >= kEnoughBatches) {
    each(work.size(), [&](size_t i) {
      static thread_local Panel panel;
      load(view, work[i], panel);
      for (int64_t block = 0; block < blocks_; ++block) multiply(view, panel, block);
    });
    return;
  }
  std::vector<Panel> panels(work.size());
  each(work.size(), [&](size_t i) { load(view, work[i], panels[i]); });
  each(static_cast<size_t>(blocks_), [&](size_t block) {
    for (const Panel& panel : panels) multiply(view, panel, static_cast<int64_t>(block));
  });
}

const Path* choose_path(const int8_t* weights, size_t count, const char* name) {
  int largest = 0;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(static_cast<int>(weights[i])));
  require(largest <= 127, "weights must be in -127..127");
  std::string known;
  for (const Path* path : supported_paths()) {
    known += std::string(known.empty() ? "" : ", ") + path->name;
    if (name && *name && path->name != std::string(name)) continue;
    if (largest <= path->weight_limit) return path;
    require(!name || !*name, std::string(path->name) + " needs weights in -63..63");
  }
  throw std::invalid_argument("no path is named " + std::string(name) + "; this CPU has " + known);
}

}  // namespace edge_kernels
