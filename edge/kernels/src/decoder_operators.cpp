// The operators FloatConv1d, Delay and TimeNorm: what a decoder has around its int8 convolutions.
#include "decoder_operators.h"

#include "chosen_path.h"
#include "declare.h"
#include "delay.h"
#include "float_conv.h"
#include "threads.h"
#include "time_norm.h"

namespace edge_kernels {
namespace {

using namespace ort;

template <int Version>
struct FloatKernel : Traits {
  enum Input { kIn, kWeights, kBias, kState, kFirst, kLast, kInputs };
  static constexpr size_t kOutputs = 2;
  static const char* name() { return "FloatConv1d"; }
  static int type(size_t i) { return i >= kFirst ? kBool : kFloat; }
  static int presence(size_t i) { return i >= kState ? kOptional : kRequired; }

  const OrtApi* api;
  FloatConv conv;

  FloatKernel(const OrtApi* a, const OrtKernelInfo* info) : api(a), conv(create(a, info)) {}

  static FloatConv create(const OrtApi* api, const OrtKernelInfo* info) {
    const Tensor weights = constant(api, info, kWeights, "weights"), bias = constant(api, info, kBias, "bias");
    require_weights(weights);
    require_dims(bias, {weights.dims[0]}, "bias");
    FloatShape s;
    s.out_channels = weights.dims[0];
    s.in_channels = weights.dims[1];
    s.kernel = weights.dims[2];
    s.dilation = attribute(api, info, "dilation", 1);
    s.lookahead = attribute(api, info, "lookahead", -1);
    s.slope = real_attribute(api, info, "slope", 1.0f);
    s.elu = attribute(api, info, "elu", 0) != 0;
    require_version(Version, s.lookahead < 0 && !s.elu, "lookahead and elu");
    return FloatConv(s, weights.as<float>(), bias.as<float>(), float_path());
  }

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor in = input[kIn], state = input[kState];
    if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
    const int64_t channels = conv.shape().in_channels;
    Chunk chunk;
    chunk.length = in.dims[2];
    require_dims(in, {1, channels, chunk.length}, "the input");
    chunk.in = in.as<float>();
    chunk.first = input.flag(kFirst);
    chunk.last = input.flag(kLast);
    const std::vector<int64_t> state_dims = {1, channels, conv.state_length()};
    if (!chunk.first && state_dims[2]) {
      require_dims(state, state_dims, "the state");
      chunk.state = state.as<float>();
    }
    const int64_t length = conv.out_length(chunk.length, chunk.first, chunk.last);
    chunk.out = output(api, context, 0, {1, conv.out_channels(), length});
    chunk.next_state = output(api, context, 1, state_dims);
    conv.run(chunk, threads(api, context));
  }
};

struct DelayKernel : Traits {
  enum Input { kIn, kState, kFirst, kLast, kInputs };
  static constexpr size_t kOutputs = 2;
  static const char* name() { return "Delay"; }
  static int type(size_t i) { return i >= kFirst ? kBool : kFloat; }

  const OrtApi* api;
  int64_t delay;

  DelayKernel(const OrtApi* a, const OrtKernelInfo* info) : api(a), delay(attribute(a, info, "delay", 0)) {
    require(delay >= 1, "delay must be in 1..2^20");
  }

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor in = input[kIn], state = input[kState];
    if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
    const int64_t channels = in.dims[1];
    DelayLine line{in.as<float>(), channels, in.dims[2], delay, input.flag(kFirst), input.flag(kLast)};
    require_dims(in, {1, channels, line.length}, "the input");
    require_dims(state, {1, channels, line.delay}, "the state");
    line.state = state.as<float>();
    line.out = output(api, context, 0, {1, channels, line.out_length()});
    line.next_state = output(api, context, 1, {1, channels, line.delay});
    line.run();
  }
};

struct TimeNormKernel : Traits {
  enum Input { kIn, kScale, kShift, kGiven, kInputs };
  static constexpr size_t kOutputs = 3;
  static const char* name() { return "TimeNorm"; }
  static int presence(size_t i) { return i == kGiven ? kOptional : kRequired; }

  const OrtApi* api;
  const Path* path;
  float epsilon;

  TimeNormKernel(const OrtApi* a, const OrtKernelInfo* info)
      : api(a), path(float_path()), epsilon(real_attribute(a, info, "epsilon", 1e-5f)) {
    require(epsilon >= 0.0f && epsilon <= 1.0f, "epsilon must be in 0..1");
  }

  void compute(OrtKernelContext* context) const {
    const Inputs input(api, context);
    const Tensor in = input[kIn], scale = input[kScale], shift = input[kShift], given = input[kGiven];
    if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
    const int64_t channels = in.dims[1], length = in.dims[2];
    require_dims(in, {1, channels, length}, "the input");
    require_count(scale, channels, "the scale");
    require_count(shift, channels, "the shift");
    const bool is_given = given.data && !is_empty(given);
    if (is_given) require_count(given, 2 * channels, "means and deviations");
    require(is_given || length >= 1, "a norm over no positions has no variance");
    float *mul = output(api, context, 0, {channels}), *add = output(api, context, 1, {channels});
    if (!mul || !add) throw std::invalid_argument("TimeNorm has two outputs, mul and add");
    float* found = output(api, context, 2, {2, channels});
    threads(api, context)(static_cast<size_t>(channels), [&](size_t c) {
      const auto channel = static_cast<int64_t>(c);
      const Statistics is = is_given ? Statistics{given.as<float>()[channel], given.as<float>()[channels + channel]}
                                     : statistics(*path, in.as<float>() + channel * length, length, epsilon);
      is.as_affine(scale.as<float>()[channel], shift.as<float>()[channel], mul[channel], add[channel]);
      if (!found) return;
      found[channel] = is.mean;
      found[channels + channel] = is.deviation;
    });
  }

  static bool is_empty(const Tensor& t) {
    for (int64_t d : t.dims)
      if (!d) return true;
    return false;
  }
};

}  // namespace

const std::vector<OrtCustomOp>& decoder_operators() {
  static const std::vector<OrtCustomOp> operators = {declare<FloatKernel<1>>(), declare<DelayKernel>()};
  return operators;
}

const std::vector<OrtCustomOp>& later_decoder_operators() {
  static const std::vector<OrtCustomOp> operators = {declare<FloatKernel<2>>(), declare<DelayKernel>(),
                                                     declare<TimeNormKernel>()};
  return operators;
}

}  // namespace edge_kernels
