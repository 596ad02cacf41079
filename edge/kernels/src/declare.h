// A class as an operator of onnxruntime.
#pragma once
#include "ort_tensor.h"

namespace edge_kernels::ort {

// What an operator is unless it says otherwise: all inputs are floats, and must be there.
struct Traits {
  static int type(size_t) { return kFloat; }
  static int presence(size_t) { return kRequired; }
  static constexpr size_t kOutputs = 1;  // those after the first are optional
};

// `Kernel` has the members of Traits, static `name()` and `kInputs`, a constructor from (api, info), `compute(context)`
// and the api as `api`.
template <class Kernel>
OrtCustomOp declare() {
  OrtCustomOp op{};
  op.version = kVersion;
  op.name = [](const OrtCustomOp*) { return Kernel::name(); };
  op.provider = [](const OrtCustomOp*) -> const char* { return nullptr; };
  op.input_count = [](const OrtCustomOp*) -> size_t { return Kernel::kInputs; };
  op.input_type = [](const OrtCustomOp*, size_t i) -> int { return Kernel::type(i); };
  op.input_presence = [](const OrtCustomOp*, size_t i) -> int { return Kernel::presence(i); };
  op.input_memory = [](const OrtCustomOp*, size_t) { return 0; };
  op.output_count = [](const OrtCustomOp*) -> size_t { return Kernel::kOutputs; };
  op.output_type = [](const OrtCustomOp*, size_t) -> int { return kFloat; };
  op.output_presence = [](const OrtCustomOp*, size_t i) -> int { return i ? kOptional : kRequired; };
  const auto one = [](const OrtCustomOp*) { return 1; };
  op.variadic_input_min = op.variadic_input_same = op.variadic_output_min = op.variadic_output_same = one;
  op.start_version = op.end_version = one;
  op.create_v2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return guarded(api, [&] { *kernel = new Kernel(api, info); });
  };
  op.compute_v2 = [](void* kernel, OrtKernelContext* context) {
    const Kernel& k = *static_cast<Kernel*>(kernel);
    return guarded(k.api, [&] { k.compute(context); });
  };
  op.destroy = [](void* kernel) { delete static_cast<Kernel*>(kernel); };
  return op;
}

}  // namespace edge_kernels::ort
