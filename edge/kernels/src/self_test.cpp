#include "self_test.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>

#include "attention.h"
#include "conv.h"
#include "float_conv.h"
#include "paths.h"
#include "text_layers.h"
#include "time_norm.h"

namespace edge_kernels {
namespace {

using Floats = std::vector<float>;

struct Layer {
  Shape shape;
  std::vector<int8_t> weights;
  Floats scales, bias, gains, alpha, mul, add, in, residual;
  int64_t length = 0;
};

const Parallel kBackwards = [](size_t total, const Work& work) {
  for (size_t i = total; i-- > 0;) work(i);
};

struct Random {
  std::mt19937 engine;
  int64_t whole(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine); }
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine); }
  bool chance(double p) { return std::bernoulli_distribution(p)(engine); }
};

Floats random_floats(Random& r, int64_t count, float size) {
  Floats out(static_cast<size_t>(count));
  for (float& v : out) v = r.real(-size, size);
  return out;
}

Layer random_layer(Random& r) {
  Layer l;
  Shape& s = l.shape;
  s.in_channels = r.whole(1, 40);
  s.out_channels = r.whole(1, 40);
  if (r.chance(0.2)) s.elu = true;
  else if (r.chance(0.25)) l.alpha = random_floats(r, s.in_channels, 3.0f);
  else s.slope = r.chance(0.3) ? 1.0f : r.real(0.0f, 1.0f);
  for (float& a : l.alpha) a = a < 0.0f ? a - 0.01f : a + 0.01f;
  if (r.chance(0.3)) {
    s.stride = r.whole(1, 12);
    s.kernel = s.stride * r.whole(1, 3);
    if ((s.kernel - s.stride) % 2 || r.chance(0.5)) s.left = r.whole(0, s.kernel - s.stride);
  } else {
    s.kernel = r.whole(1, 9);
    s.dilation = r.whole(1, 12);
    s.lookahead = r.whole(0, (s.kernel - 1) * s.dilation);
    s.delay = r.chance(0.3) ? r.whole(1, 30) : 0;
    s.skip = r.chance(0.5);
    s.gate = !s.skip && s.out_channels % 2 == 0 && r.chance(0.5);
    s.gelu = !s.skip && !s.gate && r.chance(0.3);
    if (s.skip) s.out_channels = s.in_channels;
  }
  s.tile = r.whole(1, 100);
  s.granule = s.tile * r.whole(1, 4) + r.whole(0, s.tile - 1);
  s.phase = r.whole(0, s.granule - 1);
  l.length = r.whole(1, 400);
  // 7-bit weights every other time, and often the extremes, where an intermediate could saturate.
  const int64_t limit = r.chance(0.5) ? 63 : 127;
  const bool extreme = r.chance(0.2);
  l.weights.resize(static_cast<size_t>(s.out_channels * s.in_channels * s.kernel));
  for (int8_t& w : l.weights)
    w = static_cast<int8_t>(extreme ? (r.chance(0.9) ? limit : -limit) : r.whole(-limit, limit));
  l.scales = random_floats(r, s.out_channels, 0.02f);
  l.bias = random_floats(r, s.out_channels, 1.0f);
  if (r.chance(0.5)) {
    l.gains = random_floats(r, s.in_channels, 3.0f);
    for (float& gain : l.gains) gain = std::fabs(gain) + 0.01f;
  }
  if (r.chance(0.3)) {
    l.mul = random_floats(r, s.in_channels, 3.0f);
    l.add = random_floats(r, s.in_channels, 2.0f);
  }
  l.in = random_floats(r, s.in_channels * l.length, extreme ? 1.0f : std::exp(r.real(-12.0f, 12.0f)));
  if (extreme)
    for (float& v : l.in) v = v < -0.8f ? -1.0f : 1.0f;
  const float odd[] = {0.0f, -0.0f, 1e-42f, -1e-42f, 1e38f, -1e38f, std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
  if (r.chance(0.25)) {
    const int64_t kinds = r.chance(0.5) ? 3 : 8;
    for (int64_t i = r.whole(1, 4); i > 0; --i)
      l.in[static_cast<size_t>(r.whole(0, s.in_channels * l.length - 1))] = odd[r.whole(0, kinds)];
  }
  if (!s.stride && !s.gate && !s.gelu && r.chance(0.4)) l.residual = random_floats(r, s.out_channels * l.length, 2.0f);
  return l;
}

Conv make(const Layer& l, const Path* path) {
  return Conv(l.shape, l.weights.data(), l.scales.data(), l.bias.data(), l.gains.empty() ? nullptr : l.gains.data(),
              l.alpha.empty() ? nullptr : l.alpha.data(), path);
}

// [channels][from..to) of [channels][length]
Floats columns(const Floats& all, int64_t channels, int64_t from, int64_t to) {
  Floats out;
  const int64_t length = static_cast<int64_t>(all.size()) / channels;
  for (int64_t c = 0; c < channels; ++c)
    out.insert(out.end(), all.begin() + c * length + from, all.begin() + c * length + to);
  return out;
}

// The layer's output when its input arrives cut at `cuts`.
template <class AnyConv>
Floats run(const Layer& l, const AnyConv& conv, const std::vector<int64_t>& cuts) {
  const Shape& s = l.shape;
  const int64_t up = std::max<int64_t>(s.stride, 1), halo = conv.state_length(), channels = conv.out_channels();
  Floats whole(static_cast<size_t>(channels * l.length * up)), state(static_cast<size_t>(s.in_channels * halo));
  int64_t from = 0, done = 0;
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const int64_t to = i < cuts.size() ? cuts[i] : l.length;
    const Floats in = columns(l.in, s.in_channels, from, to);
    Floats next(state.size());
    Chunk chunk;
    chunk.in = in.data();
    chunk.length = to - from;
    chunk.first = i == 0;
    chunk.last = i == cuts.size();
    chunk.state = state.data();
    chunk.next_state = next.data();
    if (!l.mul.empty()) chunk.mul = l.mul.data(), chunk.add = l.add.data();
    const int64_t n = conv.out_length(chunk.length, chunk.first, chunk.last);
    Floats out(static_cast<size_t>(channels * n)), residual;
    if (!l.residual.empty()) {
      residual = columns(l.residual, channels, done, done + n);
      chunk.residual = residual.data();
    }
    chunk.out = out.data();
    conv.run(chunk, kBackwards);
    for (int64_t c = 0; c < channels; ++c)
      std::copy_n(out.begin() + c * n, n, whole.begin() + c * l.length * up + done);
    state = next;
    from = to;
    done += n;
  }
  return whole;
}

bool same(const Floats& a, const Floats& b) {
  for (size_t i = 0; i < a.size(); ++i)
    if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof a[i]) != 0) return false;
  return a.size() == b.size();
}

// Cuts at whole granules of what earlier layers emit: `phase` positions fewer in the first chunk.
std::vector<int64_t> random_cuts(Random& r, const Shape& s, int64_t length, int64_t state) {
  std::vector<int64_t> cuts;
  const int64_t cut = s.left < 0 ? (s.kernel - s.stride) / 2 : s.left;
  const int64_t least = std::max(s.stride ? (cut + s.stride - 1) / s.stride : s.lookahead + s.delay, state);
  int64_t at = -s.phase;
  while ((at += s.granule * r.whole(1, 3)) < length)
    if (!cuts.empty() || (at > 0 && at >= least)) cuts.push_back(at);
  return cuts;
}

std::string describe(const Layer& l, const char* path, const char* what) {
  const Shape& s = l.shape;
  char out[400];
  std::snprintf(out, sizeof out,
                "%s differs %s: C %d O %d K %d dilation %d stride %d left %d lookahead %d delay %d slope %g elu %d alpha %d affine %d skip %d gate %d gelu %d granule %d tile %d "
                "phase %d length %d",
                path, what, int(s.in_channels), int(s.out_channels), int(s.kernel), int(s.dilation), int(s.stride),
                int(s.left), int(s.lookahead), int(s.delay), double(s.slope), int(s.elu), int(!l.alpha.empty()),
                int(!l.mul.empty()), int(s.skip), int(s.gate), int(s.gelu), int(s.granule), int(s.tile), int(s.phase), int(l.length));
  return out;
}

// The same layer in float, without what only the int8 operator has.
Layer in_float(Random& r, const Layer& l) {
  Layer out = l;
  out.shape.stride = out.shape.delay = out.shape.phase = 0;
  out.shape.skip = out.shape.gate = out.shape.gelu = false;
  out.shape.lookahead = r.whole(0, (out.shape.kernel - 1) * out.shape.dilation);
  out.shape.granule = r.whole(1, 100);
  out.residual.clear();
  out.mul.clear();
  return out;
}

std::string compare_float(Random& r, const Layer& l) {
  const Shape& s = l.shape;
  const Floats weights(l.weights.begin(), l.weights.end());
  const auto make_float = [&](const Path* path) {
    return FloatConv({s.in_channels, s.out_channels, s.kernel, s.dilation, s.lookahead, s.slope, s.elu}, weights.data(),
                     l.bias.data(), path);
  };
  const Floats expected = run(l, make_float(supported_paths().back()), {});
  for (const Path* path : supported_paths()) {
    const FloatConv conv = make_float(path);
    if (!same(expected, run(l, conv, {}))) return describe(l, path->name, "in float from scalar");
    if (!same(expected, run(l, conv, random_cuts(r, s, l.length, 0))))
      return describe(l, path->name, "in float when its input arrives in chunks");
  }
  return "";
}

// The layers of the text encoder, on inputs that the layer above was given.
std::string compare_text(Random& r, const Layer& l) {
  const int64_t channels = l.shape.in_channels, length = std::min<int64_t>(l.length, 120);
  const Floats in = columns(l.in, channels, 0, length), after = random_floats(r, channels * length, 2.0f);
  ChannelNorm norm;
  norm.gamma = random_floats(r, channels, 3.0f);
  norm.beta = random_floats(r, channels, 1.0f);
  norm.gelu = r.chance(0.5);
  norm.dilation = r.whole(1, 9);
  if (r.chance(0.5)) {
    norm.taps = static_cast<int>(r.whole(0, 3) * 2 + 1);
    norm.weights = random_floats(r, channels * norm.taps, 2.0f);
    norm.bias = random_floats(r, channels, 1.0f);
  }
  const int64_t band = r.whole(0, 6) * 2 + 1;
  const Floats logits = random_floats(r, length * length, std::exp(r.real(-2.0f, 6.0f)));
  const Floats near = random_floats(r, band * length, 4.0f);
  const float* residual = r.chance(0.5) ? after.data() : nullptr;
  const auto both = [&](const Path* path) {
    const size_t normed = in.size();
    Floats out(normed + static_cast<size_t>(length * (length + band)));
    norm.run(*path, {in.data(), length}, residual, {out.data()});
    band_softmax(*path, logits.data(), near.data(), length, band, out.data() + normed);
    for (int64_t c = 0; c < channels; ++c) {
      float mul, add;
      const Statistics found = statistics(*path, in.data() + c * length, length, 1e-5f);
      found.as_affine(norm.gamma[static_cast<size_t>(c)], norm.beta[static_cast<size_t>(c)], mul, add);
      out.insert(out.end(), {mul, add});
    }
    return out;
  };
  const Floats expected = both(supported_paths().back());
  for (const Path* path : supported_paths())
    if (!same(expected, both(path))) return describe(l, path->name, "in norm or softmax from scalar");
  return "";
}

// Attention of a few rows after others.
std::string compare_attention(Random& r) {
  AttentionShape s;
  s.kv_heads = r.whole(1, 2);
  s.heads = s.kv_heads * r.whole(1, 2);
  s.size = r.whole(1, 5) * kBlock;
  s.window = r.whole(0, 1) * r.whole(1, 40);
  s.rows = r.chance(0.5);
  const int64_t n = r.chance(0.3) ? 1 : r.whole(1, 50), before = r.whole(0, 60), capacity = before + n;
  const Floats cache = random_floats(r, s.kv_heads * capacity * s.size, 1.0f);
  const Floats cos = random_floats(r, capacity * s.size / 2, 1.0f), sin = random_floats(r, capacity * s.size / 2, 1.0f);
  const Floats qkv = random_floats(r, (s.heads + 2 * s.kv_heads) * s.size * n, std::exp(r.real(-2.0f, 4.0f)));
  const auto made = [&](const Path* path) {
    Floats keys = cache, values = cache, out(static_cast<size_t>(s.heads * s.size * n));
    const AttentionRun run{qkv.data(), n, before, capacity, keys.data(), values.data(), cos.data(), sin.data(), out.data()};
    CachedAttention(s, path).run(run, kBackwards);
    out.insert(out.end(), keys.begin(), keys.end());
    out.insert(out.end(), values.begin(), values.end());
    return out;
  };
  const Floats expected = made(supported_paths().back());
  for (const Path* path : supported_paths())
    if (!same(expected, made(path)))
      return std::string(path->name) + " differs in attention from scalar: heads of " + std::to_string(s.size) + ", " +
             std::to_string(n) + " rows after " + std::to_string(before) + ", window " + std::to_string(s.window);
  return "";
}

}  // namespace

std::string compare_paths(uint32_t seed, int layers) {
  Random r{std::mt19937(seed)};
  for (int i = 0; i < layers; ++i) {
    const Layer l = random_layer(r);
    const auto largest = *std::max_element(l.weights.begin(), l.weights.end(),
                                           [](int8_t a, int8_t b) { return std::abs(int(a)) < std::abs(int(b)); });
    const Floats expected = run(l, make(l, supported_paths().back()), {});
    for (const Path* path : supported_paths()) {
      if (std::abs(int(largest)) > path->weight_limit) continue;
      const Conv conv = make(l, path);
      if (!same(expected, run(l, conv, {}))) return describe(l, path->name, "from scalar");
      if (!same(expected, run(l, conv, random_cuts(r, l.shape, l.length, l.mul.empty() ? 0 : conv.state_length()))))
        return describe(l, path->name, "when its input arrives in chunks");
    }
    if (i % 4) continue;
    std::string differs = compare_float(r, in_float(r, l));
    if (differs.empty()) differs = compare_text(r, l);
    if (differs.empty()) differs = compare_attention(r);
    if (!differs.empty()) return differs;
  }
  return "";
}

}  // namespace edge_kernels

extern "C" __attribute__((visibility("default"))) const char* edge_kernels_paths() {
  static const std::string names = [] {
    std::string out;
    for (const auto* path : edge_kernels::supported_paths()) out += (out.empty() ? "" : ",") + std::string(path->name);
    return out;
  }();
  return names.c_str();
}

extern "C" __attribute__((visibility("default"))) int edge_kernels_self_test(uint32_t seed, int layers, char* message,
                                                                             uint64_t size) {
  std::string reason;
  try {
    reason = edge_kernels::compare_paths(seed, layers);
  } catch (const std::exception& error) {
    reason = error.what();
  }
  if (size) std::snprintf(message, size, "%s", reason.c_str());
  return reason.empty() ? 0 : 1;
}
