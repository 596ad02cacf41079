// Reading a kernel's attributes and tensors, with errors that say what was found.
#pragma once
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "chunk.h"
#include "ort.h"

namespace edge_kernels::ort {

inline void check(const OrtApi* api, OrtStatus* status) {
  if (!status) return;
  const auto release = [api](OrtStatus* said) { ReleaseStatus::call(api, said); };
  const std::unique_ptr<OrtStatus, decltype(release)> owned(status, release);
  throw std::runtime_error(GetErrorMessage::call(api, status));
}

struct Tensor {
  const void* data = nullptr;
  std::vector<int64_t> dims;
  template <class T>
  const T* as() const {
    return static_cast<const T*>(data);
  }
};

inline Tensor tensor(const OrtApi* api, const OrtValue* value) {
  Tensor t;
  OrtTensorTypeAndShapeInfo* made = nullptr;
  size_t count = 0;
  check(api, GetTensorTypeAndShape::call(api, value, &made));
  const auto release = [api](OrtTensorTypeAndShapeInfo* info) { ReleaseTensorTypeAndShape::call(api, info); };
  const std::unique_ptr<OrtTensorTypeAndShapeInfo, decltype(release)> info(made, release);
  check(api, GetDimensionsCount::call(api, info.get(), &count));
  t.dims.resize(count);
  check(api, GetDimensions::call(api, info.get(), t.dims.data(), count));
  void* data = nullptr;
  check(api, GetTensorMutableData::call(api, const_cast<OrtValue*>(value), &data));
  t.data = data;
  return t;
}

inline std::string text(const std::vector<int64_t>& dims) {
  std::string out;
  for (int64_t d : dims) out += (out.empty() ? "[" : ", ") + std::to_string(d);
  return out.empty() ? "[]" : out + "]";
}

inline void require_dims(const Tensor& t, const std::vector<int64_t>& dims, const char* what) {
  if (t.dims != dims) throw std::invalid_argument(std::string(what) + " is " + text(t.dims) + ", not " + text(dims));
}

// One value for each channel, in whatever shape: [C], [1, C] and [1, C, 1] are alike.
inline void require_count(const Tensor& t, int64_t count, const char* what) {
  int64_t values = t.data ? 1 : 0;
  for (int64_t d : t.dims) {  // an empty tensor may claim any other dimensions
    require(d >= 0 && d <= kLargest && values <= kLargest, std::string(what) + " is " + text(t.dims));
    values *= d;
  }
  require(values == count, std::string(what) + " is " + text(t.dims) + ", not " + std::to_string(count) + " values");
}

// What an older library would pass over in silence is in a domain that it does not know.
inline void require_version(int version, bool is_plain, const char* what) {
  require(version >= 2 || is_plain, std::string(what) + " are of the domain edge.voice.2");
}

// None of ours is negative, and none so large that arithmetic with it could overflow.
inline int64_t attribute(const OrtApi* api, const OrtKernelInfo* info, const char* name, int64_t otherwise) {
  int64_t value = otherwise;
  if (OrtStatus* status = GetAttributeInt::call(api, info, name, &value)) {
    ReleaseStatus::call(api, status);
    return otherwise;
  }
  require(value >= 0 && value <= kLargest, std::string(name) + " must be in 0..2^20, not " + std::to_string(value));
  return value;
}

inline float real_attribute(const OrtApi* api, const OrtKernelInfo* info, const char* name, float otherwise) {
  float value = otherwise;
  OrtStatus* status = GetAttributeFloat::call(api, info, name, &value);
  if (!status) return value;
  ReleaseStatus::call(api, status);
  return otherwise;
}

inline Tensor constant(const OrtApi* api, const OrtKernelInfo* info, size_t index, const char* what) {
  int is_constant = 0;
  const OrtValue* value = nullptr;
  check(api, ConstantInput::call(api, info, index, &is_constant, &value));
  if (is_constant && value) return tensor(api, value);
  if (!what) return {};
  throw std::invalid_argument(std::string(what) + " must be an initializer");
}

inline float* output(const OrtApi* api, OrtKernelContext* context, size_t index, const std::vector<int64_t>& dims) {
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

// One run's inputs, by their place in the operator.
class Inputs {
 public:
  Inputs(const OrtApi* api, const OrtKernelContext* context) : api_(api), context_(context) {
    check(api, ContextInputCount::call(api, context, &count_));
  }
  // Without data if the input is absent.
  Tensor operator[](size_t index) const {
    const OrtValue* value = nullptr;
    if (index < count_) check(api_, ContextInput::call(api_, context_, index, &value));
    return value ? tensor(api_, value) : Tensor{};
  }
  // One bool; true if absent.
  bool flag(size_t index) const {
    const Tensor t = (*this)[index];
    if (!t.data) return true;
    for (int64_t d : t.dims)
      if (d != 1) throw std::invalid_argument("a flag is " + text(t.dims) + ", not one value");
    return *t.as<bool>();
  }

 private:
  const OrtApi* api_;
  const OrtKernelContext* context_;
  size_t count_ = 0;
};

// Weights [O, C, K] whose dimensions can be multiplied: an empty tensor may claim any.
inline void require_weights(const Tensor& weights) {
  require(weights.dims.size() == 3, "weights are " + text(weights.dims) + ", not [O, C, K]");
  for (int64_t d : weights.dims)
    require(d >= 1 && d <= kLargest, "weights are " + text(weights.dims) + "; each must be in 1..2^20");
}

// No exception may pass into onnxruntime.
template <class Function>
OrtStatus* guarded(const OrtApi* api, Function function) {
  try {
    function();
    return nullptr;
  } catch (const std::invalid_argument& error) {
    return CreateStatus::call(api, kInvalidArgument, error.what());
  } catch (const std::bad_alloc&) {
    return CreateStatus::call(api, kFail, "not enough memory for the layer");
  } catch (const std::exception& error) {
    return CreateStatus::call(api, kFail, error.what());
  }
}

}  // namespace edge_kernels::ort
