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
constexpr int kGated = kBlock / 2;  // channels of a gated block: their tanh rows, then their sigmoid rows

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
  // Never less: what a vector takes back is cleared when it grows again.
  void reserve(size_t byte_count, size_t float_count) {
    if (bytes.size() < byte_count) bytes.resize(byte_count);
    if (rows.size() < float_count) rows.resize(float_count);
  }
};

Conv::Conv(const Shape& shape, const int8_t* weights, const float* scales, const float* bias, const float* gains,
           const float* alpha, const Path* path)
    : shape_(shape), path_(path), on_load_(shape.in_channels, shape.slope, shape.elu, gains, alpha) {
  const Shape& s = shape_;
  for (int64_t v : {s.in_channels, s.out_channels, s.kernel, s.dilation, s.granule, s.tile})
    require(v >= 1 && v <= kLargest, "channels, kernel, dilation, granule and tile must be in 1..2^20");
  for (int64_t v : {s.stride, s.lookahead, s.delay})
    require(v >= 0 && v <= kLargest, "stride, lookahead and delay must be in 0..2^20");
  require(s.phase >= 0 && s.phase < s.granule, "phase must be in 0..granule - 1");
  if (s.stride) {
    require(s.kernel % s.stride == 0, "kernel must be a multiple of stride");
    require(s.left <= s.kernel - s.stride, "left must be in 0..kernel - stride");
    require(s.left >= 0 || (s.kernel - s.stride) % 2 == 0, "kernel - stride must be even, or left be given");
    require(s.dilation == 1 && !s.skip && s.lookahead == 0 && s.delay == 0,
            "a transposed convolution has no dilation, skip, lookahead or delay");
  }
  require(!s.gate || (!s.stride && !s.skip && s.out_channels % 2 == 0),
          "gate needs an even number of output channels, and neither skip nor a transposed convolution");
  require(!s.gelu || (!s.stride && !s.skip && !s.gate),
          "gelu goes with neither skip, gate nor a transposed convolution");
  taps_ = s.stride ? s.kernel / s.stride : s.kernel;
  rows_ = s.gate ? divide_up(s.out_channels / 2, kGated) * kBlock : s.out_channels * std::max<int64_t>(s.stride, 1);
  blocks_ = divide_up(rows_, kBlock);
  quads_ = path->in_pairs ? divide_up(s.in_channels, 8) * 2 : divide_up(s.in_channels, 4);
  pad_ = !s.stride ? span() - s.lookahead : s.left < 0 ? (s.kernel - s.stride) / 2 : s.left;
  require(pad_ >= 0, "lookahead must be in 0..(kernel - 1) * dilation");
  require(span() <= kLargest, "span must be in 0..2^20");
  require(!s.skip || s.in_channels == s.out_channels, "skip needs as many output as input channels");
  // 255 * 127 for each product, in 32 bits.
  require(quads_ * 4 * taps_ <= 65536, "channels * kernel must be at most 65,536");
  require_room(panel_bytes());
  require_room(s.in_channels * state_length() * 4);
  pack(weights);
  scales_.assign(static_cast<size_t>(rows_), 0.0f);
  bias_.assign(static_cast<size_t>(rows_), 0.0f);
  for (int64_t row = 0; row < rows_; ++row) {
    const int64_t from = channel(row);
    if (from < 0) continue;
    scales_[static_cast<size_t>(row)] = scales[from];
    bias_[static_cast<size_t>(row)] = bias[from];
  }
}

// Bytes of the largest panel that load() fills.
int64_t Conv::panel_bytes() const {
  const int64_t tiles = shape_.tile < kRow ? kGroups : 1, width = divide_up(shape_.tile, kGroup) * kGroup + span();
  const int64_t columns = tiles * width + kGroup, floats = 4 * (width + kGroup);
  return quads_ * 4 * (columns + floats);
}

// The channel of the weights that a row computes; -1: none, the row fills a block.
int64_t Conv::channel(int64_t row) const {
  if (shape_.stride) return row / shape_.stride;
  if (!shape_.gate) return row;
  const int64_t half = shape_.out_channels / 2, at = row / kBlock * kGated + row % kGated;
  return at >= half ? -1 : row % kBlock < kGated ? at : at + half;
}

void Conv::pack(const int8_t* weights) {
  const Shape& s = shape_;
  PackedWeights packed;
  packed.bytes.assign(static_cast<size_t>(blocks_ * quads_ * taps_ * kBlock * 4), 0);
  packed.sums.assign(static_cast<size_t>(rows_), 0);
  for (int64_t row = 0; row < rows_; ++row) {
    const int64_t from = channel(row);
    int32_t sum = 0;
    for (int64_t c = 0; from >= 0 && c < s.in_channels; ++c) {
      for (int64_t tap = 0; tap < taps_; ++tap) {
        // Transposed: output j * stride + r takes input j - t with tap t * stride + r.
        const int64_t k = s.stride ? (taps_ - 1 - tap) * s.stride + row % s.stride : tap;
        const int8_t w = weights[(from * s.in_channels + c) * s.kernel + k];
        const int64_t at = (((row / kBlock * taps_ + tap) * quads_ + c / 4) * kBlock + row % kBlock) * 4 + c % 4;
        packed.bytes[static_cast<size_t>(at)] = w;
        sum += w;
      }
    }
    packed.sums[static_cast<size_t>(row)] = sum;
  }
  if (path_->in_pairs) {
    packed.pairs = pair_weights(packed.bytes, static_cast<int>(taps_), static_cast<int>(quads_));
    packed.bytes = {};
  }
  weights_ = shared(std::move(packed));
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
  const int64_t halo = span();
  const Activation activation = on_load_.of(view.chunk);
  int64_t columns = 0, widest = 0;
  panel.groups.clear();
  for (const Tile& tile : tiles) {
    columns += divide_up(tile.end - tile.begin, kGroup) * kGroup + halo;
    widest = std::max(widest, tile.end - tile.begin + halo);
  }
  panel.quad_bytes = static_cast<size_t>(columns + kGroup) * 4;  // the last tile is rounded up to groups
  const auto stride = static_cast<size_t>(divide_up(widest, kGroup) * kGroup);
  panel.reserve(static_cast<size_t>(quads_) * panel.quad_bytes, static_cast<size_t>(quads_) * 4 * stride);
  for (int64_t c = shape_.in_channels; c < quads_ * 4; ++c)
    std::fill_n(panel.rows.data() + static_cast<size_t>(c) * stride, stride, 0.0f);

  int64_t column = 0;
  for (const Tile& tile : tiles) {
    const int64_t width = tile.end - tile.begin + halo;
    const int64_t next = shape_.tile > kRow ? tile.end - tile.begin : 0;
    const Range range = view.load(*path_, activation, tile.begin, width, next, panel.rows.data(), stride);
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
    path_->quantize({panel.rows.data(), stride, quads_ * 4}, width, inverse, zero, path_->is_signed ? 0x80808080u : 0u,
                    panel.bytes.data() + column * 4, panel.quad_bytes);
    const int32_t seen = path_->is_signed ? zero - 128 : zero;
    for (int64_t at = tile.begin; at < tile.end; at += kGroup) {
      const auto count = static_cast<int>(std::min<int64_t>(kGroup, tile.end - at));
      panel.groups.push_back({column + at - tile.begin, at, count, scale, seen});
    }
    column += divide_up(tile.end - tile.begin, kGroup) * kGroup + halo;
  }
}

void Conv::multiply(const View& view, int64_t out_length, const Panel& panel, int64_t block) const {
  alignas(64) int32_t sums[kBlock * kRow];
  Dot dot{};
  dot.quad_bytes = panel.quad_bytes;
  dot.tap_bytes = static_cast<size_t>(shape_.dilation) * 4;
  dot.quads = static_cast<int>(quads_);
  dot.taps = static_cast<int>(taps_);
  const PackedWeights& packed = *weights_;
  dot.weights = (path_->in_pairs ? packed.pairs.pairs : packed.bytes).data() + static_cast<size_t>(block * quads_ * taps_) * kBlock * 4;
  if (path_->in_pairs) {
    const size_t* begin = &packed.pairs.rest_begins[static_cast<size_t>(block)];
    dot.rests = packed.pairs.rests.data() + begin[0];
    dot.rests_end = packed.pairs.rests.data() + begin[1];
  }
  dot.sums = sums;
  for (size_t g = 0; g < panel.groups.size(); g += kGroups) {
    dot.groups = static_cast<int>(std::min<size_t>(kGroups, panel.groups.size() - g));
    for (int i = 0; i < dot.groups; ++i)
      dot.group[i] = panel.bytes.data() + panel.groups[g + static_cast<size_t>(i)].column * 4;
    if (!shape_.stride) {  // the rows that will be written, while the sums are made
      const int64_t rows = shape_.gate ? kGated : kBlock, last = std::min(out_channels(), (block + 1) * rows);
      for (int64_t row = block * rows; row < last; ++row) {
        const float* out = view.chunk.out + row * out_length + panel.groups[g].position;
        for (int i = 0; i < dot.groups; ++i) __builtin_prefetch(out + i * kGroup, 1);
        if (!view.chunk.residual) continue;
        const float* residual = view.chunk.residual + row * out_length + panel.groups[g].position;
        for (int i = 0; i < dot.groups; ++i) __builtin_prefetch(residual + i * kGroup);
      }
    }
    path_->dot(dot);
    finish(view, out_length, panel, block, g, dot.groups, sums);
  }
}

void Conv::finish(const View& view, int64_t out_length, const Panel& panel, int64_t block, size_t first_group,
                  int groups, const int32_t* sums) const {
  const Chunk& chunk = view.chunk;
  const int64_t row = block * kBlock, halo = state_length();
  const bool staged = shape_.stride || shape_.gate;
  float own[kBlock][kRow], stage[kBlock][kRow];
  Finish f;  // not zeroed: this runs for every 384 outputs
  f.spans = 0;
  f.sums = sums;
  f.rows = static_cast<int>(std::min<int64_t>(kBlock, rows_ - row));
  f.weight_sums = weights_->sums.data() + row;
  f.channel_scale = scales_.data() + row;
  f.bias = bias_.data() + row;
  int64_t positions[kGroups];  // of each span
  int counts[kGroups];
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
    span.residual_stride = static_cast<size_t>(out_length);
    if (chunk.residual) span.residual = chunk.residual + row * out_length + positions[i];
    span.out = staged ? stage[0] + span.first : chunk.out + row * out_length + positions[i];
    span.out_stride = staged ? kRow : static_cast<size_t>(out_length);
    counts[i] = span.count;
    if (staged) span.count = static_cast<int>(divide_up(span.count, kGroup)) * kGroup;  // a stage has room
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
  if (shape_.gate) {
    const int64_t channel = block * kGated;
    const auto channels = static_cast<int>(std::min<int64_t>(kGated, out_channels() - channel));
    for (int i = 0; i < f.spans; ++i)
      path_->gate(f.span[i].out, f.span[i].out + kGated * kRow, channels, counts[i],
                  chunk.out + channel * out_length + positions[i], static_cast<size_t>(out_length));
  }
  for (int i = 0; shape_.gelu && i < f.spans; ++i)
    for (int r = 0; r < f.rows; ++r)
      path_->gelu(f.span[i].out + static_cast<size_t>(r) * f.span[i].out_stride, counts[i]);
  if (!shape_.stride) return;
  for (int i = 0; i < f.spans; ++i) interleave(view, out_length, f.span[i].out, f.rows, counts[i], positions[i], row);
}

void Conv::interleave(const View& view, int64_t out_length, const float* rows, int64_t count, int n, int64_t position,
                      int64_t row) const {
  const int64_t stride = shape_.stride;
  const int64_t start = position * stride - (view.chunk.first ? pad_ : 0);
  if (start >= 0 && start + n * stride <= out_length) {
    for (int64_t r = 0, some; r < count; r += some) {  // phases of one channel: a block may begin and end inside one
      const int64_t phase = (row + r) % stride;
      some = std::min(count - r, stride - phase);
      path_->interleave(rows + r * kRow, static_cast<int>(some), static_cast<int>(stride), n,
                        view.chunk.out + (row + r) / stride * out_length + start + phase);
    }
    return;
  }
  for (int64_t r = 0; r < count; ++r) {
    float* out = view.chunk.out + (row + r) / stride * out_length;
    for (int64_t p = 0; p < n; ++p) {
      const int64_t at = start + p * stride + (row + r) % stride;
      if (at >= 0 && at < out_length) out[at] = rows[r * kRow + p];
    }
  }
}

void Conv::run(const Chunk& chunk, const Parallel& parallel) const {
  const int64_t halo = state_length();
  const int64_t out = out_length(chunk.length, chunk.first, chunk.last);
  // A state that begins before the sentence holds zeros there, and they would become `add`.
  require(!chunk.mul || !chunk.first || chunk.last || chunk.length >= halo,
          "the first chunk has " + std::to_string(chunk.length) + " positions; with mul and add it must fill the state, " +
              std::to_string(halo));
  View view{chunk, shape_.in_channels, halo, halo, 0};
  if (shape_.stride) {
    view.after = chunk.last ? divide_up(pad_, shape_.stride) : 0;
  } else {
    if (chunk.first) view.before = pad_;
    view.after = chunk.last ? late() : 0;
  }
  const int64_t outs = std::max<int64_t>(view.size() - halo, 0);  // positions, before interleaving
  if (chunk.next_state) view.save_state();

  const auto work = batches(outs, chunk.first);
  const Parallel serial = [](size_t total, const Work& one) {
    for (size_t i = 0; i < total; ++i) one(i);
  };
  const bool small = outs * blocks_ * kBlock * quads_ * 4 * taps_ < kSmallWork;
  const Parallel& each = small ? serial : parallel;
  if (small || static_cast<int64_t>(work.size()) >= kEnoughBatches) {
    each(work.size(), [&](size_t i) {
      static thread_local Panel panel;
      load(view, work[i], panel);
      for (int64_t block = 0; block < blocks_; ++block) multiply(view, out, panel, block);
    });
    return;
  }
  static thread_local std::vector<Panel> kept;  // fewer than kEnoughBatches
  if (kept.size() < work.size()) kept.resize(work.size());
  Panel* const panels = kept.data();  // of this thread, for all that help it
  each(work.size(), [&](size_t i) { load(view, work[i], panels[i]); });
  each(static_cast<size_t>(blocks_), [&](size_t block) {
    for (size_t i = 0; i < work.size(); ++i) multiply(view, out, panels[i], static_cast<int64_t>(block));
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
