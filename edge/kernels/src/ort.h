// The part of onnxruntime's C interface that a custom operator needs, declared from its documented
// facts: a table of function pointers whose order never changes (entries are only appended). Our
// Python tests prove the indices by running graphs through every entry used here.
#pragma once
#include <cstddef>
#include <cstdint>

extern "C" {

struct OrtStatus;
struct OrtValue;
struct OrtKernelInfo;
struct OrtKernelContext;
struct OrtSessionOptions;
struct OrtCustomOpDomain;
struct OrtTensorTypeAndShapeInfo;
struct OrtApi {
  void* entry[1];
};
struct OrtApiBase {
  const OrtApi* (*get_api)(uint32_t version);
  const char* (*version)();
};

// An operator: its schema and its callbacks. onnxruntime reads as much of it as `version` promises.
struct OrtCustomOp {
  uint32_t version;
  void* (*create)(const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*);
  const char* (*name)(const OrtCustomOp*);
  const char* (*provider)(const OrtCustomOp*);
  int (*input_type)(const OrtCustomOp*, size_t);
  size_t (*input_count)(const OrtCustomOp*);
  int (*output_type)(const OrtCustomOp*, size_t);
  size_t (*output_count)(const OrtCustomOp*);
  void (*compute)(void*, OrtKernelContext*);
  void (*destroy)(void*);
  int (*input_presence)(const OrtCustomOp*, size_t);
  int (*output_presence)(const OrtCustomOp*, size_t);
  int (*input_memory)(const OrtCustomOp*, size_t);
  int (*variadic_input_min)(const OrtCustomOp*);
  int (*variadic_input_same)(const OrtCustomOp*);
  int (*variadic_output_min)(const OrtCustomOp*);
  int (*variadic_output_same)(const OrtCustomOp*);
  OrtStatus* (*create_v2)(const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*, void**);
  OrtStatus* (*compute_v2)(void*, OrtKernelContext*);
  OrtStatus* (*infer_shape)(const OrtCustomOp*, void*);
  int (*start_version)(const OrtCustomOp*);
  int (*end_version)(const OrtCustomOp*);
  size_t (*may_inplace)(int**, int**);
  void (*release_may_inplace)(int*, int*);
  size_t (*alias_map)(int**, int**);
  void (*release_alias_map)(int*, int*);
};

}  // extern "C"

namespace edge_kernels::ort {

constexpr uint32_t kVersion = 17;  // onnxruntime 1.17, the first with all entries below
enum Type { kFloat = 1, kInt8 = 3, kInt32 = 6, kBool = 9 };
enum Presence { kRequired = 0, kOptional = 1 };
enum Code { kFail = 1, kInvalidArgument = 2 };

template <size_t Index, class Signature>
struct Entry;
template <size_t Index, class Result, class... Arguments>
struct Entry<Index, Result(Arguments...)> {
  static Result call(const OrtApi* api, Arguments... arguments) {
    return reinterpret_cast<Result (*)(Arguments...)>(api->entry[Index])(arguments...);
  }
};

using CreateStatus = Entry<0, OrtStatus*(int, const char*)>;
using GetErrorMessage = Entry<2, const char*(const OrtStatus*)>;
using CreateCustomOpDomain = Entry<26, OrtStatus*(const char*, OrtCustomOpDomain**)>;
using CustomOpDomainAdd = Entry<27, OrtStatus*(OrtCustomOpDomain*, const OrtCustomOp*)>;
using AddCustomOpDomain = Entry<28, OrtStatus*(OrtSessionOptions*, OrtCustomOpDomain*)>;
using GetTensorMutableData = Entry<51, OrtStatus*(OrtValue*, void**)>;
using GetDimensionsCount = Entry<61, OrtStatus*(const OrtTensorTypeAndShapeInfo*, size_t*)>;
using GetDimensions = Entry<62, OrtStatus*(const OrtTensorTypeAndShapeInfo*, int64_t*, size_t)>;
using GetTensorTypeAndShape = Entry<65, OrtStatus*(const OrtValue*, OrtTensorTypeAndShapeInfo**)>;
using GetAttributeFloat = Entry<85, OrtStatus*(const OrtKernelInfo*, const char*, float*)>;
using GetAttributeInt = Entry<86, OrtStatus*(const OrtKernelInfo*, const char*, int64_t*)>;
using ContextInputCount = Entry<88, OrtStatus*(const OrtKernelContext*, size_t*)>;
using ContextOutputCount = Entry<89, OrtStatus*(const OrtKernelContext*, size_t*)>;
using ContextInput = Entry<90, OrtStatus*(const OrtKernelContext*, size_t, const OrtValue**)>;
using ContextOutput = Entry<91, OrtStatus*(OrtKernelContext*, size_t, const int64_t*, size_t, OrtValue**)>;
using ReleaseStatus = Entry<93, void(OrtStatus*)>;
using ReleaseTensorTypeAndShape = Entry<99, void(OrtTensorTypeAndShapeInfo*)>;
using ConstantInput = Entry<249, OrtStatus*(const OrtKernelInfo*, size_t, int*, const OrtValue**)>;
using ParallelFor = Entry<274, OrtStatus*(const OrtKernelContext*, void (*)(void*, size_t), size_t, size_t, void*)>;

}  // namespace edge_kernels::ort
