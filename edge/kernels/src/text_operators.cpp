// The operators ChannelNorm, BandSoftmax and InverseSpline: what a text encoder has around its convolutions; and
// ChunkNorm, the first of them for a decoder.
#include "text_operators.h"

#include "chosen_path.h"
#include "declare.h"
#include "text_layers.h"

namespace edge_kernels {
namespace {

using namespace ort;

Tensor required(const Inputs& input, size_t index, const char* what) {
  Tensor t = input[index];
  if (t.dims.size() != 3 || !t.data) throw std::invalid_argument(std::string(what) + " is " + text(t.dims) + ", not of 3 dimensions");
  return t;
}

// The norm that five inputs describe, of which x may be anything.
enum NormInput { kX, kGamma, kBeta, kTaps, kTapBias };

ChannelNorm create_norm(const OrtApi* a, const OrtKernelInfo* info) {
  ChannelNorm norm;
  const Tensor gamma = constant(a, info, kGamma, "gamma"), beta = constant(a, info, kBeta, "beta");
  const Tensor taps = constant(a, info, kTaps, nullptr), bias = constant(a, info, kTapBias, nullptr);
  if (gamma.dims.size() != 1 || gamma.dims[0] < 1) throw std::invalid_argument("gamma is " + text(gamma.dims) + ", not [C]");
  const int64_t channels = gamma.dims[0];
  require_dims(beta, {channels}, "beta");
  require_room(channels * kRow * 4);
  norm.gamma.assign(gamma.as<float>(), gamma.as<float>() + channels);
  norm.beta.assign(beta.as<float>(), beta.as<float>() + channels);
  norm.epsilon = real_attribute(a, info, "epsilon", norm.epsilon);
  norm.gelu = attribute(a, info, "gelu", 0) != 0;
  norm.dilation = attribute(a, info, "dilation", 1);
  require(norm.dilation >= 1 && norm.dilation <= kLargest, "dilation must be in 1..2^20");
  if (!taps.data) return norm;
  if (taps.dims.size() != 2 || taps.dims[1] % 2 == 0 || taps.dims[1] > kLargest / norm.dilation)
    throw std::invalid_argument("weights are " + text(taps.dims) + ", not [C, K] with an odd K, K * dilation to 2^20");
  require_dims(taps, {channels, taps.dims[1]}, "weights");
  require_dims(bias, {channels}, "bias");
  require_room(channels * (kRow + taps.dims[1] * norm.dilation) * 4);
  norm.taps = static_cast<int>(taps.dims[1]);
  norm.weights.assign(taps.as<float>(), taps.as<float>() + channels * norm.taps);
  norm.bias.assign(bias.as<float>(), bias.as<float>() + channels);
  return norm;
}

struct NormKernel : Traits {
  enum Input { kAfter = kTapBias + 1, kInputs };
  static const char* name() { return "ChannelNorm"; }
  static int presence(size_t i) { return i >= kTaps ? kOptional : kRequired; }

  const OrtApi* api;
  const Path* path;
  ChannelNorm norm;

  NormKernel(const OrtApi* a, const OrtKernelInfo* info) : api(a), path(float_path()), norm(create_norm(a, info)) {}

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor in = required(input, kX, "the input"), after = input[kAfter];
    require_dims(in, {1, static_cast<int64_t>(norm.gamma.size()), in.dims[2]}, "the input");
    if (after.data) require_dims(after, in.dims, "the residual");
    norm.run(*path, {in.as<float>(), in.dims[2]}, after.as<float>(), {output(api, context, 0, in.dims)});
  }
};

struct ChunkNormKernel : Traits {
  enum Input { kState = kTapBias + 1, kFirst, kLast, kInputs };
  static constexpr size_t kOutputs = 3;
  static const char* name() { return "ChunkNorm"; }
  static int type(size_t i) { return i >= kFirst ? kBool : kFloat; }

  const OrtApi* api;
  const Path* path;
  ChannelNorm norm;

  ChunkNormKernel(const OrtApi* a, const OrtKernelInfo* info) : api(a), path(float_path()), norm(create_norm(a, info)) {
    require(norm.taps > 0, "ChunkNorm has the weights of a convolution");
  }

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor in = input[kX], state = input[kState];
    if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
    const auto channels = static_cast<int64_t>(norm.gamma.size());
    Stretch chunk{in.as<float>(), in.dims[2], input.flag(kFirst), input.flag(kLast)};
    require_dims(in, {1, channels, chunk.length}, "the input");
    const std::vector<int64_t> state_dims = {1, channels, norm.span()};
    require_dims(state, state_dims, "the state");
    chunk.state = state.as<float>();
    const std::vector<int64_t> dims = {1, channels, norm.out_length(chunk)};
    float *out = output(api, context, 0, dims), *late = output(api, context, 1, dims);
    norm.run(*path, chunk, nullptr, {out, late, output(api, context, 2, state_dims)});
  }
};

struct SoftmaxKernel : Traits {
  static constexpr size_t kInputs = 2;
  static const char* name() { return "BandSoftmax"; }

  const OrtApi* api;
  const Path* path;

  SoftmaxKernel(const OrtApi* a, const OrtKernelInfo*) : api(a), path(float_path()) {}

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor logits = required(input, 0, "the logits"), near = required(input, 1, "near");
    const int64_t heads = logits.dims[0], length = logits.dims[1], band = near.dims[1];
    require_dims(logits, {heads, length, length}, "the logits");
    require_dims(near, {heads, band, length}, "near");
    require(band % 2 == 1, "the band must have an odd width");
    float* out = output(api, context, 0, {heads, length, length + band});
    for (int64_t h = 0; h < heads; ++h)
      band_softmax(*path, logits.as<float>() + h * length * length, near.as<float>() + h * band * length, length, band,
                   out + h * length * (length + band));
  }
};

struct SplineKernel : Traits {
  static constexpr size_t kInputs = 2;
  static const char* name() { return "InverseSpline"; }

  const OrtApi* api;

  SplineKernel(const OrtApi* a, const OrtKernelInfo*) : api(a) {}

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor parameters = required(input, 0, "the parameters"), x = required(input, 1, "x");
    const int64_t length = x.dims[2], rows = parameters.dims[1];
    require_dims(x, {1, 1, length}, "x");
    require_dims(parameters, {1, rows, length}, "the parameters");
    require(rows % 3 == 0 && rows >= 6 && rows <= kLargest,
            "the parameters need 3 rows for each of 2 knots or more, at most 2^20 in all");
    inverse_spline(parameters.as<float>(), rows / 3, length, x.as<float>(), output(api, context, 0, x.dims));
  }
};

}  // namespace

const std::vector<OrtCustomOp>& text_operators() {
  static const std::vector<OrtCustomOp> operators = {declare<NormKernel>(), declare<SoftmaxKernel>(),
                                                     declare<SplineKernel>()};
  return operators;
}

const std::vector<OrtCustomOp>& later_text_operators() {
  static const std::vector<OrtCustomOp> operators = {declare<ChunkNormKernel>()};
  return operators;
}

}  // namespace edge_kernels
