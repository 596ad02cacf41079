// The operators QConv1d, QConvTranspose1d, FloatConv1d and Delay of the domain edge.voice for onnxruntime. README.md is their manual.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>

#include "conv.h"
#include "delay.h"
#include "float_conv.h"
#include "ort_tensor.h"
#include "text_operators.h"

namespace edge_kernels {
namespace {

using namespace ort;

enum Input { kIn, kWeights, kScales, kBias, kGains, kResidual, kState, kFirst, kLast, kInputs };
enum Output { kOut, kNextState, kOutputs };

struct Kernel {
  const OrtApi* api;
  std::unique_ptr<Conv> conv;
};

std::unique_ptr<Conv> create(const OrtApi* api, const OrtKernelInfo* info, bool transposed) {
  const Tensor weights = constant(api, info, kWeights, "weights"), scales = constant(api, info, kScales, "scales");
  const Tensor bias = constant(api, info, kBias, "bias"), gains = constant(api, info, kGains, nullptr);
  require_weights(weights);
  Shape s;
  s.out_channels = weights.dims[0];
  s.in_channels = weights.dims[1];
  s.kernel = weights.dims[2];
  require_dims(scales, {s.out_channels}, "scales");
  require_dims(bias, {s.out_channels}, "bias");
  if (gains.data) require_dims(gains, {s.in_channels}, "gains");
  if (transposed) {
    s.stride = attribute(api, info, "stride", 0);
    if (s.stride < 1) throw std::invalid_argument("stride must be at least 1");
  } else {
    s.dilation = attribute(api, info, "dilation", 1);
    s.lookahead = attribute(api, info, "lookahead", (s.kernel - 1) * s.dilation / 2);
    s.delay = attribute(api, info, "delay", 0);
    s.skip = attribute(api, info, "skip", 0) != 0;
    s.gate = attribute(api, info, "gate", 0) != 0;
    s.gelu = attribute(api, info, "gelu", 0) != 0;
  }
  s.slope = real_attribute(api, info, "slope", 1.0f);
  s.tile = attribute(api, info, "tile", s.tile);
  s.granule = attribute(api, info, "granule", s.tile);
  s.phase = attribute(api, info, "phase", 0);
  const auto count = static_cast<size_t>(s.out_channels * s.in_channels * s.kernel);
  const Path* path = choose_path(weights.as<int8_t>(), count, std::getenv("EDGE_KERNELS_PATH"));
  return std::make_unique<Conv>(s, weights.as<int8_t>(), scales.as<float>(), bias.as<float>(), gains.as<float>(), path);
}

// Work for several threads, and the first exception of any of them. One that left through onnxruntime would end the
// caller's frame, in which this and the work lie, while the other threads still use both.
class Shared {
 public:
  explicit Shared(const Work& work) : work_(work) {}
  // Never throws; what comes after a failure is passed over.
  static void one(void* shared, size_t i) noexcept {
    Shared& self = *static_cast<Shared*>(shared);
    if (self.failed_.load(std::memory_order_relaxed)) return;
    try {
      self.work_(i);
    } catch (const std::bad_alloc&) {
      self.failed_ = true;
    } catch (const std::exception& error) {
      if (!self.failed_.exchange(true)) std::snprintf(self.message_, sizeof self.message_, "%s", error.what());
    }
  }
  // For the caller, when all threads are done.
  void rethrow() const {
    if (message_[0]) throw std::runtime_error(message_);
    if (failed_) throw std::bad_alloc();
  }

 private:
  const Work& work_;
  std::atomic<bool> failed_{false};
  // Not an exception_ptr: copying one asks for the libstdc++ of gcc 11, and Ubuntu 20.04 has an older one.
  char message_[200] = "";
};

Parallel threads(const OrtApi* api, OrtKernelContext* context) {
  return [api, context](size_t total, const Work& work) {
    Shared shared(work);
    check(api, ParallelFor::call(api, context, Shared::one, total, 0, &shared));
    shared.rethrow();
  };
}

void compute(const Kernel& kernel, OrtKernelContext* context) {
  const OrtApi* api = kernel.api;
  const Shape& s = kernel.conv->shape();
  const Inputs input(api, context);
  const Tensor in = input[kIn], state = input[kState], residual = input[kResidual];
  if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
  require_dims(in, {1, s.in_channels, in.dims[2]}, "the input");

  Chunk chunk;
  chunk.in = in.as<float>();
  chunk.length = in.dims[2];
  chunk.first = input.flag(kFirst);
  chunk.last = input.flag(kLast);
  const std::vector<int64_t> state_dims = {1, s.in_channels, kernel.conv->state_length()};
  if (!chunk.first && state_dims[2]) {
    require_dims(state, state_dims, "the state");
    chunk.state = state.as<float>();
  }
  const std::vector<int64_t> out_dims = {1, kernel.conv->out_channels(),
                                         kernel.conv->out_length(chunk.length, chunk.first, chunk.last)};
  if (residual.data) {
    if (s.stride || s.gate || s.gelu) throw std::invalid_argument("QConvTranspose1d, a gate and gelu take no residual");
    require_dims(residual, out_dims, "the residual");
    chunk.residual = residual.as<float>();
  }
  chunk.out = output(api, context, kOut, out_dims);
  chunk.next_state = output(api, context, kNextState, state_dims);
  kernel.conv->run(chunk, threads(api, context));
}

// What the operators have in common.
OrtCustomOp declare() {
  OrtCustomOp op{};
  op.version = kVersion;
  op.provider = [](const OrtCustomOp*) -> const char* { return nullptr; };
  op.input_memory = [](const OrtCustomOp*, size_t) { return 0; };
  op.output_count = [](const OrtCustomOp*) -> size_t { return kOutputs; };
  op.output_type = [](const OrtCustomOp*, size_t) -> int { return kFloat; };
  op.output_presence = [](const OrtCustomOp*, size_t i) -> int { return i ? kOptional : kRequired; };
  const auto one = [](const OrtCustomOp*) { return 1; };
  op.variadic_input_min = op.variadic_input_same = op.variadic_output_min = op.variadic_output_same = one;
  op.start_version = op.end_version = one;
  return op;
}

template <bool Transposed>
OrtCustomOp declare_conv() {
  OrtCustomOp op = declare();
  op.name = [](const OrtCustomOp*) { return Transposed ? "QConvTranspose1d" : "QConv1d"; };
  op.input_count = [](const OrtCustomOp*) -> size_t { return kInputs; };
  op.input_type = [](const OrtCustomOp*, size_t i) -> int {
    return i == kWeights ? kInt8 : i == kFirst || i == kLast ? kBool : kFloat;
  };
  op.input_presence = [](const OrtCustomOp*, size_t i) -> int { return i >= kGains ? kOptional : kRequired; };
  op.create_v2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return guarded(api, [&] { *kernel = new Kernel{api, create(api, info, Transposed)}; });
  };
  op.compute_v2 = [](void* kernel, OrtKernelContext* context) {
    const Kernel& k = *static_cast<Kernel*>(kernel);
    return guarded(k.api, [&] { compute(k, context); });
  };
  op.destroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
  return op;
}

struct FloatKernel {
  const OrtApi* api;
  std::unique_ptr<FloatConv> conv;
};

enum FloatInput { kFloatIn, kFloatWeights, kFloatBias, kFloatState, kFloatFirst, kFloatLast, kFloatInputs };

std::unique_ptr<FloatConv> create_float(const OrtApi* api, const OrtKernelInfo* info) {
  const Tensor weights = constant(api, info, kFloatWeights, "weights"), bias = constant(api, info, kFloatBias, "bias");
  require_weights(weights);
  require_dims(bias, {weights.dims[0]}, "bias");
  return std::make_unique<FloatConv>(weights.dims[1], weights.dims[0], weights.dims[2],
                                     attribute(api, info, "dilation", 1), real_attribute(api, info, "slope", 1.0f),
                                     weights.as<float>(), bias.as<float>(),
                                     choose_path(nullptr, 0, std::getenv("EDGE_KERNELS_PATH")));
}

void compute_float(const FloatKernel& kernel, OrtKernelContext* context) {
  const OrtApi* api = kernel.api;
  const FloatConv& conv = *kernel.conv;
  const Inputs input(api, context);
  const Tensor in = input[kFloatIn], state = input[kFloatState];
  if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
  Chunk chunk;
  chunk.length = in.dims[2];
  require_dims(in, {1, conv.in_channels(), chunk.length}, "the input");
  chunk.in = in.as<float>();
  chunk.first = input.flag(kFloatFirst);
  chunk.last = input.flag(kFloatLast);
  const std::vector<int64_t> state_dims = {1, conv.in_channels(), conv.state_length()};
  if (!chunk.first && state_dims[2]) {
    require_dims(state, state_dims, "the state");
    chunk.state = state.as<float>();
  }
  const int64_t length = conv.out_length(chunk.length, chunk.first, chunk.last);
  chunk.out = output(api, context, kOut, {1, conv.out_channels(), length});
  chunk.next_state = output(api, context, kNextState, state_dims);
  conv.run(chunk, threads(api, context));
}

OrtCustomOp declare_float_conv() {
  OrtCustomOp op = declare();
  op.name = [](const OrtCustomOp*) { return "FloatConv1d"; };
  op.input_count = [](const OrtCustomOp*) -> size_t { return kFloatInputs; };
  op.input_type = [](const OrtCustomOp*, size_t i) -> int { return i >= kFloatFirst ? kBool : kFloat; };
  op.input_presence = [](const OrtCustomOp*, size_t i) -> int { return i >= kFloatState ? kOptional : kRequired; };
  op.create_v2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return guarded(api, [&] { *kernel = new FloatKernel{api, create_float(api, info)}; });
  };
  op.compute_v2 = [](void* kernel, OrtKernelContext* context) {
    const FloatKernel& k = *static_cast<FloatKernel*>(kernel);
    return guarded(k.api, [&] { compute_float(k, context); });
  };
  op.destroy = [](void* kernel) { delete static_cast<FloatKernel*>(kernel); };
  return op;
}

struct DelayKernel {
  const OrtApi* api;
  int64_t delay;
};

void compute_delay(const DelayKernel& kernel, OrtKernelContext* context) {
  const OrtApi* api = kernel.api;
  const Inputs input(api, context);
  const Tensor in = input[0], state = input[1];
  if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
  const int64_t channels = in.dims[1];
  DelayLine line{in.as<float>(), channels, in.dims[2], kernel.delay, input.flag(2), input.flag(3)};
  require_dims(in, {1, channels, line.length}, "the input");
  require_dims(state, {1, channels, line.delay}, "the state");
  line.state = state.as<float>();
  line.out = output(api, context, kOut, {1, channels, line.out_length()});
  line.next_state = output(api, context, kNextState, {1, channels, line.delay});
  line.run();
}

OrtCustomOp declare_delay() {
  OrtCustomOp op = declare();
  op.name = [](const OrtCustomOp*) { return "Delay"; };
  op.input_count = [](const OrtCustomOp*) -> size_t { return 4; };
  op.input_type = [](const OrtCustomOp*, size_t i) -> int { return i < 2 ? kFloat : kBool; };
  op.input_presence = [](const OrtCustomOp*, size_t) -> int { return kRequired; };
  op.create_v2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return guarded(api, [&] {
      const int64_t delay = attribute(api, info, "delay", 0);
      if (delay < 1 || delay > 1 << 20) throw std::invalid_argument("delay must be in 1..2^20");
      *kernel = new DelayKernel{api, delay};
    });
  };
  op.compute_v2 = [](void* kernel, OrtKernelContext* context) {
    const DelayKernel& k = *static_cast<DelayKernel*>(kernel);
    return guarded(k.api, [&] { compute_delay(k, context); });
  };
  op.destroy = [](void* kernel) { delete static_cast<DelayKernel*>(kernel); };
  return op;
}

}  // namespace
}  // namespace edge_kernels

extern "C" __attribute__((visibility("default"))) OrtStatus* RegisterCustomOps(OrtSessionOptions* options,
                                                                               const OrtApiBase* base) {
  using namespace edge_kernels;
  const OrtApi* api = base->get_api(ort::kVersion);
  if (!api) {  // older than 1.17: entry 0 exists in every version
    const OrtApi* old = base->get_api(1);
    return old ? ort::CreateStatus::call(old, ort::kFail, "edge kernels need onnxruntime 1.17 or newer") : nullptr;
  }
  static const OrtCustomOp operators[] = {declare_conv<false>(), declare_conv<true>(), declare_float_conv(),
                                          declare_delay()};
  return ort::guarded(api, [&] {
    // The domain lives as long as the process: onnxruntime keeps the pointer and never frees it.
    OrtCustomOpDomain* domain = nullptr;
    ort::check(api, ort::CreateCustomOpDomain::call(api, "edge.voice", &domain));
    for (const OrtCustomOp& op : text_operators()) ort::check(api, ort::CustomOpDomainAdd::call(api, domain, &op));
    for (const OrtCustomOp& op : operators) ort::check(api, ort::CustomOpDomainAdd::call(api, domain, &op));
    ort::check(api, ort::AddCustomOpDomain::call(api, options, domain));
  });
}
