// The operators QConv1d and QConvTranspose1d, and all of the domains edge.voice and edge.voice.2 for onnxruntime.
// README.md is their manual.
#include "attention_operator.h"
#include "chosen_path.h"
#include "declare.h"
#include "decoder_operators.h"
#include "text_operators.h"
#include "threads.h"

namespace edge_kernels {
namespace {

using namespace ort;

template <bool Transposed, int Version>
struct ConvKernel : Traits {
  enum Input { kIn, kWeights, kScales, kBias, kGains, kResidual, kState, kFirst, kLast, kMul, kAdd, kAlpha };
  static constexpr size_t kInputs = Version == 1 ? kMul : kAlpha + 1, kOutputs = 2;
  static const char* name() { return Transposed ? "QConvTranspose1d" : "QConv1d"; }
  static int type(size_t i) { return i == kWeights ? kInt8 : i == kFirst || i == kLast ? kBool : kFloat; }
  static int presence(size_t i) { return i >= kGains ? kOptional : kRequired; }

  const OrtApi* api;
  Conv conv;

  ConvKernel(const OrtApi* a, const OrtKernelInfo* info) : api(a), conv(create(a, info)) {}

  static Conv create(const OrtApi* api, const OrtKernelInfo* info) {
    const Tensor weights = constant(api, info, kWeights, "weights"), scales = constant(api, info, kScales, "scales");
    const Tensor bias = constant(api, info, kBias, "bias"), gains = constant(api, info, kGains, nullptr);
    const Tensor alpha = Version == 1 ? Tensor{} : constant(api, info, kAlpha, nullptr);
    require_weights(weights);
    Shape s;
    s.out_channels = weights.dims[0];
    s.in_channels = weights.dims[1];
    s.kernel = weights.dims[2];
    require_dims(scales, {s.out_channels}, "scales");
    require_dims(bias, {s.out_channels}, "bias");
    if (gains.data) require_dims(gains, {s.in_channels}, "gains");
    if (alpha.data) require_count(alpha, s.in_channels, "alpha");
    if (Transposed) {
      s.stride = attribute(api, info, "stride", 0);
      if (s.stride < 1) throw std::invalid_argument("stride must be at least 1");
      s.left = attribute(api, info, "left", -1);
    } else {
      s.dilation = attribute(api, info, "dilation", 1);
      s.lookahead = attribute(api, info, "lookahead", (s.kernel - 1) * s.dilation / 2);
      s.delay = attribute(api, info, "delay", 0);
      s.skip = attribute(api, info, "skip", 0) != 0;
      s.gate = attribute(api, info, "gate", 0) != 0;
      s.gelu = attribute(api, info, "gelu", 0) != 0;
    }
    s.slope = real_attribute(api, info, "slope", 1.0f);
    s.elu = attribute(api, info, "elu", 0) != 0;
    require_version(Version, s.left < 0 && !s.elu, "left and elu");
    s.tile = attribute(api, info, "tile", s.tile);
    s.granule = attribute(api, info, "granule", s.tile);
    s.phase = attribute(api, info, "phase", 0);
    const auto count = static_cast<size_t>(s.out_channels * s.in_channels * s.kernel);
    const Path* path = chosen_path(weights.as<int8_t>(), count);
    return Conv(s, weights.as<int8_t>(), scales.as<float>(), bias.as<float>(), gains.as<float>(), alpha.as<float>(), path);
  }

  void compute(OrtKernelContext* context) const {
    const Shape& s = conv.shape();
    const Inputs input(api, context);
    const Tensor in = input[kIn], state = input[kState], residual = input[kResidual];
    if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
    require_dims(in, {1, s.in_channels, in.dims[2]}, "the input");

    Chunk chunk;
    chunk.in = in.as<float>();
    chunk.length = in.dims[2];
    chunk.first = input.flag(kFirst);
    chunk.last = input.flag(kLast);
    const std::vector<int64_t> state_dims = {1, s.in_channels, conv.state_length()};
    if (!chunk.first && state_dims[2]) {
      require_dims(state, state_dims, "the state");
      chunk.state = state.as<float>();
    }
    const std::vector<int64_t> out_dims = {1, conv.out_channels(),
                                           conv.out_length(chunk.length, chunk.first, chunk.last)};
    if (residual.data) {
      if (s.stride || s.gate || s.gelu) throw std::invalid_argument("QConvTranspose1d, a gate and gelu take no residual");
      require_dims(residual, out_dims, "the residual");
      chunk.residual = residual.as<float>();
    }
    if (Version >= 2) take_affine(input, chunk);
    chunk.out = output(api, context, 0, out_dims);
    chunk.next_state = output(api, context, 1, state_dims);
    conv.run(chunk, threads(api, context));
  }

  void take_affine(const Inputs& input, Chunk& chunk) const {
    require(conv.has_alpha() || !input[kAlpha].data, "alpha must be an initializer");
    const Tensor mul = input[kMul], add = input[kAdd];
    if (!mul.data && !add.data) return;
    require_count(mul, conv.shape().in_channels, "mul");
    require_count(add, conv.shape().in_channels, "add");
    chunk.mul = mul.as<float>();
    chunk.add = add.as<float>();
  }
};

void add_domain(const OrtApi* api, OrtSessionOptions* options, const char* name,
                std::initializer_list<const std::vector<OrtCustomOp>*> operators) {
  // The domain lives as long as the process: onnxruntime keeps the pointer and never frees it.
  OrtCustomOpDomain* domain = nullptr;
  check(api, CreateCustomOpDomain::call(api, name, &domain));
  for (const auto* some : operators)
    for (const OrtCustomOp& op : *some) check(api, CustomOpDomainAdd::call(api, domain, &op));
  check(api, AddCustomOpDomain::call(api, options, domain));
}

}  // namespace
}  // namespace edge_kernels

extern "C" __attribute__((visibility("default"))) OrtStatus* RegisterCustomOps(OrtSessionOptions* options,
                                                                               const OrtApiBase* base) {
  using namespace edge_kernels;
  using namespace edge_kernels::ort;
  const OrtApi* api = base->get_api(kVersion);
  if (!api) {  // older than 1.17: entry 0 exists in every version
    const OrtApi* old = base->get_api(1);
    return old ? CreateStatus::call(old, kFail, "edge kernels need onnxruntime 1.17 or newer") : nullptr;
  }
  static const std::vector<OrtCustomOp> first = {declare<ConvKernel<false, 1>>(), declare<ConvKernel<true, 1>>()};
  static const std::vector<OrtCustomOp> second = {declare<ConvKernel<false, 2>>(), declare<ConvKernel<true, 2>>()};
  return guarded(api, [&] {
    add_domain(api, options, "edge.voice", {&text_operators(), &first, &decoder_operators()});
    add_domain(
        api, options, "edge.voice.2",
        {&text_operators(), &later_text_operators(), &second, &later_decoder_operators(), &attention_operators()});
  });
}
