// The operators edge.voice::QConv1d and QConvTranspose1d for onnxruntime. README.md is their manual.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "conv.h"
#include "ort.h"

namespace edge_kernels {
namespace {

using namespace ort;

enum Input { kIn, kWeights, kScales, kBias, kGains, kResidual, kState, kFirst, kLast, kInputs };
enum Output { kOut, kNextState, kOutputs };

struct Kernel {
  const OrtApi* api;
  std::unique_ptr<Conv> conv;
};

void check(const OrtApi* api, OrtStatus* status) {
  if (!status) return;
  const std::string message = GetErrorMessage::call(api, status);
  ReleaseStatus::call(api, status);
  throw std::runtime_error(message);
}

struct Tensor {
  const void* data = nullptr;
  std::vector<int64_t> dims;
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
};

Tensor tensor(const OrtApi* api, const OrtValue* value) {
  Tensor t;
  OrtTensorTypeAndShapeInfo* info = nullptr;
  size_t count = 0;
  check(api, GetTensorTypeAndShape::call(api, value, &info));
  check(api, GetDimensionsCount::call(api, info, &count));
  t.dims.resize(count);
  check(api, GetDimensions::call(api, info, t.dims.data(), count));
  ReleaseTensorTypeAndShape::call(api, info);
  void* data = nullptr;
  check(api, GetTensorMutableData::call(api, const_cast<OrtValue*>(value), &data));
  t.data = data;
  return t;
}

std::string text(const std::vector<int64_t>& dims) {
  std::string out;
  for (int64_t d : dims) out += (out.empty() ? "[" : ", ") + std::to_string(d);
  return out.empty() ? "[]" : out + "]";
}

void require_dims(const Tensor& t, const std::vector<int64_t>& dims, const char* what) {
  if (t.dims != dims) throw std::invalid_argument(std::string(what) + " is " + text(t.dims) + ", not " + text(dims));
}

int64_t attribute(const OrtApi* api, const OrtKernelInfo* info, const char* name, int64_t otherwise) {
  int64_t value = otherwise;
  OrtStatus* status = GetAttributeInt::call(api, info, name, &value);
  if (!status) return value;
  ReleaseStatus::call(api, status);
  return otherwise;
}

Tensor constant(const OrtApi* api, const OrtKernelInfo* info, size_t index, const char* what) {
  int is_constant = 0;
  const OrtValue* value = nullptr;
  check(api, ConstantInput::call(api, info, index, &is_constant, &value));
  if (is_constant && value) return tensor(api, value);
  if (!what) return {};
  throw std::invalid_argument(std::string(what) + " must be an initializer");
}

std::unique_ptr<Conv> create(const OrtApi* api, const OrtKernelInfo* info, bool transposed) {
  const Tensor weights = constant(api, info, kWeights, "weights"), scales = constant(api, info, kScales, "scales");
  const Tensor bias = constant(api, info, kBias, "bias"), gains = constant(api, info, kGains, nullptr);
  if (weights.dims.size() != 3) throw std::invalid_argument("weights are " + text(weights.dims) + ", not [O, C, K]");
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
  }
  if (OrtStatus* status = GetAttributeFloat::call(api, info, "slope", &s.slope)) {
    ReleaseStatus::call(api, status);
    s.slope = 1.0f;
  }
  s.tile = attribute(api, info, "tile", s.tile);
  s.granule = attribute(api, info, "granule", s.tile);
  s.phase = attribute(api, info, "phase", 0);
  const auto count = static_cast<size_t>(s.out_channels * s.in_channels * s.kernel);
  const Path* path = choose_path(weights.as<int8_t>(), count, std::getenv("EDGE_KERNELS_PATH"));
  return std::make_unique<Conv>(s, weights.as<int8_t>(), scales.as<float>(), bias.as<float>(), gains.as<float>(), path);
}

float* output(const OrtApi* api, OrtKernelContext* context, size_t index, const std::vector<int64_t>& dims) {
  size_t count = 0;
  check(api, ContextOutputCount::call(api, context, &count));
  if (index >= count) return nullptr;
  OrtValue* value = nullptr;
  check(api, ContextOutput::call(api, context, index, dims.data(), dims.size(), &value));
  if (!value) return nullptr;
  void* data = nullptr;
  check(api, GetTensorMutableData::call(api, value, &data));
  return static_cast<float*>(data);
}

void compute(const Kernel& kernel, OrtKernelContext* context) {
  const OrtApi* api = kernel.api;
  const Shape& s = kernel.conv->shape();
  size_t count = 0;
  check(api, ContextInputCount::call(api, context, &count));
  const auto input = [&](size_t index) -> Tensor {
    const OrtValue* value = nullptr;
    if (index < count) check(api, ContextInput::call(api, context, index, &value));
    return value ? tensor(api, value) : Tensor{};
  };
  const auto flag = [&](size_t index) {
    const Tensor t = input(index);
    if (!t.data) return true;
    for (int64_t d : t.dims)
      if (d != 1) throw std::invalid_argument("a flag is " + text(t.dims) + ", not one value");
    return *t.as<bool>();
  };
  const Tensor in = input(kIn), state = input(kState), residual = input(kResidual);
  if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not [1, C, n]");
  require_dims(in, {1, s.in_channels, in.dims[2]}, "the input");

  Chunk chunk;
  chunk.in = in.as<float>();
  chunk.length = in.dims[2];
  chunk.first = flag(kFirst);
  chunk.last = flag(kLast);
  const std::vector<int64_t> state_dims = {1, s.in_channels, kernel.conv->state_length()};
  if (!chunk.first && state_dims[2]) {
    require_dims(state, state_dims, "the state");
    chunk.state = state.as<float>();
  }
  const std::vector<int64_t> out_dims = {1, s.out_channels,
                                         kernel.conv->out_length(chunk.length, chunk.first, chunk.last)};
  if (residual.data) {
    if (s.stride) throw std::invalid_argument("QConvTranspose1d takes no residual");
    require_dims(residual, out_dims, "the residual");
    chunk.residual = residual.as<float>();
  }
  chunk.out = output(api, context, kOut, out_dims);
  chunk.next_state = output(api, context, kNextState, state_dims);
  kernel.conv->run(chunk, [&](size_t total, const Work& work) {
    const auto call = [](void* data, size_t i) { (*static_cast<const Work*>(data))(i); };
    check(api, ParallelFor::call(api, context, call, total, 0, const_cast<Work*>(&work)));
  });
}

// No exception may pass into onnxruntime.
template <class Function>
OrtStatus* guarded(const OrtApi* api, Function function) {
  try {
    function();
    return nullptr;
  } catch (const std::invalid_argument& error) {
    return CreateStatus::call(api, kInvalidArgument, error.what());
  } catch (const std::exception& error) {
    return CreateStatus::call(api, kFail, error.what());
  }
}

template <bool Transposed>
OrtCustomOp declare() {
  OrtCustomOp op{};
  op.version = kVersion;
  op.name = [](const OrtCustomOp*) { return Transposed ? "QConvTranspose1d" : "QConv1d"; };
  op.provider = [](const OrtCustomOp*) -> const char* { return nullptr; };
  op.input_count = [](const OrtCustomOp*) -> size_t { return kInputs; };
  op.input_type = [](const OrtCustomOp*, size_t i) -> int {
    return i == kWeights ? kInt8 : i == kFirst || i == kLast ? kBool : kFloat;
  };
  op.input_presence = [](const OrtCustomOp*, size_t i) -> int { return i >= kGains ? kOptional : kRequired; };
  op.input_memory = [](const OrtCustomOp*, size_t) { return 0; };
  op.output_count = [](const OrtCustomOp*) -> size_t { return kOutputs; };
  op.output_type = [](const OrtCustomOp*, size_t) -> int { return kFloat; };
  op.output_presence = [](const OrtCustomOp*, size_t i) -> int { return i ? kOptional : kRequired; };
  const auto one = [](const OrtCustomOp*) { return 1; };
  op.variadic_input_min = op.variadic_input_same = op.variadic_output_min = op.variadic_output_same = one;
  op.create_v2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return guarded(api, [&] { *kernel = new Kernel{api, create(api, info, Transposed)}; });
  };
  op.compute_v2 = [](void* kernel, OrtKernelContext* context) {
    const Kernel& k = *static_cast<Kernel*>(kernel);
    return guarded(k.api, [&] { compute(k, context); });
  };
  op.destroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
  op.start_version = one;
  op.end_version = [](const OrtCustomOp*) { return 1; };
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
  static const OrtCustomOp conv = declare<false>(), transposed = declare<true>();
  return guarded(api, [&] {
    // The domain lives as long as the process: onnxruntime keeps the pointer and never frees it.
    OrtCustomOpDomain* domain = nullptr;
    check(api, ort::CreateCustomOpDomain::call(api, "edge.voice", &domain));
    check(api, ort::CustomOpDomainAdd::call(api, domain, &conv));
    check(api, ort::CustomOpDomainAdd::call(api, domain, &transposed));
    check(api, ort::AddCustomOpDomain::call(api, options, domain));
  });
}
