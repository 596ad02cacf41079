// The operator CachedAttention: what stands between the int8 projections of a transformer that goes on from a cache.
#include "attention.h"

#include "attention_operator.h"
#include "chosen_path.h"
#include "declare.h"
#include "threads.h"

namespace edge_kernels {
namespace {

using namespace ort;

struct AttentionKernel : Traits {
  enum Input { kIn, kCos, kSin, kKeys, kValues, kLastRow, kInputs };
  static constexpr size_t kOutputs = 3;
  static const char* name() { return "CachedAttention"; }
  static int type(size_t i) { return i == kLastRow ? kInt32 : kFloat; }

  const OrtApi* api;
  CachedAttention attention;
  std::vector<float> cos, sin;
  int64_t positions;

  AttentionKernel(const OrtApi* a, const OrtKernelInfo* info) : api(a), attention(create(a, info)) {
    const Tensor c = constant(a, info, kCos, "cos"), s = constant(a, info, kSin, "sin");
    const int64_t half = attention.shape().size / 2;
    if (c.dims.size() != 2) throw std::invalid_argument("cos is " + text(c.dims) + ", not [positions, size / 2]");
    positions = c.dims[0];
    require(positions >= 0 && positions <= kLargest, "cos is " + text(c.dims));
    require_dims(c, {positions, half}, "cos");
    require_dims(s, {positions, half}, "sin");
    require_room(positions * half * 4);
    cos.assign(c.as<float>(), c.as<float>() + positions * half);
    sin.assign(s.as<float>(), s.as<float>() + positions * half);
  }

  static CachedAttention create(const OrtApi* api, const OrtKernelInfo* info) {
    AttentionShape s;
    s.heads = attribute(api, info, "heads", 0);
    s.kv_heads = attribute(api, info, "kv_heads", s.heads);
    s.size = attribute(api, info, "size", 0);
    s.window = attribute(api, info, "window", 0);
    s.rows = attribute(api, info, "rows", 0) != 0;
    return CachedAttention(s, float_path());
  }

  void compute(OrtKernelContext* context) const {
    const AttentionShape& s = attention.shape();
    const Inputs input(api, context);
    const Tensor in = input[kIn], keys = input[kKeys], values = input[kValues], last = input[kLastRow];
    if (in.dims.size() != 3) throw std::invalid_argument("the input is " + text(in.dims) + ", not of 3 dimensions");
    AttentionRun run;
    run.n = in.dims[s.rows ? 1 : 2];
    require_dims(in, s.rows ? std::vector<int64_t>{1, run.n, attention.width()} : std::vector<int64_t>{1, attention.width(), run.n},
                 "the input");
    if (keys.dims.size() != 4) throw std::invalid_argument("the keys are " + text(keys.dims) + ", not of 4 dimensions");
    run.capacity = keys.dims[2];
    require(run.capacity >= 0 && run.capacity <= kLargest, "the keys are " + text(keys.dims));
    require_dims(keys, {1, s.kv_heads, run.capacity, s.size}, "the keys");
    require_dims(values, keys.dims, "the values");
    require(last.data && last.dims == std::vector<int64_t>{1}, "last_row is one value");
    const int64_t rows = int64_t{*last.as<int32_t>()} + 1;
    run.before = rows - run.n;
    require(run.before >= 0 && rows <= run.capacity && rows <= positions,
            std::to_string(run.n) + " rows up to the row " + std::to_string(rows) + " of a cache of " +
                std::to_string(run.capacity) + " and " + std::to_string(positions) + " positions");
    const int64_t width = s.heads * s.size;
    run.qkv = in.as<float>();
    run.cos = cos.data();
    run.sin = sin.data();
    run.out = output(api, context, 0, s.rows ? std::vector<int64_t>{1, run.n, width} : std::vector<int64_t>{1, width, run.n});
    run.keys = kept(context, 1, keys);
    run.values = kept(context, 2, values);
    attention.run(run, threads(api, context));
  }

  // The cache to write in: the input's own memory if the caller bound both to it, else a copy.
  float* kept(OrtKernelContext* context, size_t index, const Tensor& before) const {
    float* after = output(api, context, index, before.dims);
    if (!after) throw std::invalid_argument("CachedAttention has three outputs: y, keys, values");
    const auto* from = before.as<float>();
    int64_t count = 1;
    for (int64_t d : before.dims) count *= d;
    if (after != from) std::copy_n(from, count, after);
    return after;
  }
};

}  // namespace

const std::vector<OrtCustomOp>& attention_operators() {
  static const std::vector<OrtCustomOp> operators = {declare<AttentionKernel>()};
  return operators;
}

}  // namespace edge_kernels
