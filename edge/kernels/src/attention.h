// Attention of new rows over those of a cache, which it writes in place. See README.md.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "chunk.h"

namespace edge_kernels {

struct AttentionShape {
  int64_t heads = 0, kv_heads = 0, size = 0;  // size: values of a head
  int64_t window = 0;                         // keys that a row sees, its own among them; 0: all
  bool rows = false;                          // qkv and out are [n][..], not [..][n]
};

// Of one run: n rows behind `before` others that the cache holds.
struct AttentionRun {
  const float* qkv = nullptr;  // queries, keys, values side by side
  int64_t n = 0, before = 0, capacity = 0;
  float *keys = nullptr, *values = nullptr;     // [kv_heads][capacity][size]
  const float *cos = nullptr, *sin = nullptr;   // [position][size / 2]
  float* out = nullptr;                         // heads * size for each row
};

class CachedAttention {
 public:
  CachedAttention(const AttentionShape& shape, const Path* path) : shape_(shape), path_(path) {
    for (int64_t v : {shape.heads, shape.kv_heads, shape.size})
      require(v >= 1 && v <= kLargest, "heads, kv_heads and the size of a head must be in 1..2^20");
    require(shape.heads % shape.kv_heads == 0, "heads must be a multiple of kv_heads");
    require(shape.size % kBlock == 0, "a head must have a multiple of 8 values");
    require_room(shape.size * kGroup * 8);
  }

  const AttentionShape& shape() const { return shape_; }
  int64_t width() const { return (shape_.heads + 2 * shape_.kv_heads) * shape_.size; }

  void run(const AttentionRun& run, const Parallel& parallel) const {
    require_room((run.before + run.n) * kGroup * 4);
    for (int64_t head = 0; head < shape_.kv_heads; ++head) keep(run, head);
    parallel(static_cast<size_t>(shape_.heads), [&](size_t head) { attend(run, static_cast<int64_t>(head)); });
  }

 private:
  // Where a value of the first row is, and from one value to the next.
  struct Place {
    const float* data;
    int64_t across, along;
  };
  Place place(const AttentionRun& run, int64_t channel) const {
    if (shape_.rows) return {run.qkv + channel, 1, width()};
    return {run.qkv + channel * run.n, run.n, 1};
  }

  // The new keys, turned by their places, and values into the cache.
  void keep(const AttentionRun& run, int64_t head) const {
    const int64_t size = shape_.size;
    const Place k = place(run, (shape_.heads + head) * size), v = place(run, (shape_.heads + shape_.kv_heads + head) * size);
    for (int64_t row = 0; row < run.n; ++row) {
      const int64_t at = run.before + row;
      const float *cos = run.cos + at * size / 2, *sin = run.sin + at * size / 2;
      float* key = run.keys + (head * run.capacity + at) * size;
      float* value = run.values + (head * run.capacity + at) * size;
      const float *from = k.data + row * k.along, *other = v.data + row * v.along;
      for (int64_t d = 0; d < size; d += 2) {
        const float a = from[d * k.across], b = from[(d + 1) * k.across];
        key[d] = a * cos[d / 2] - b * sin[d / 2];
        key[d + 1] = a * sin[d / 2] + b * cos[d / 2];
      }
      for (int64_t d = 0; d < size; ++d) value[d] = other[d * v.across];
    }
  }

  void attend(const AttentionRun& run, int64_t head) const {
    const int64_t size = shape_.size, share = shape_.heads / shape_.kv_heads, kv = head / share * run.capacity * size;
    const bool single = run.n == 1 && size % kGroup == 0;
    const int64_t columns = single ? 1 : kGroup;
    const float scale = 1.0f / std::sqrt(static_cast<float>(size));
    static thread_local std::vector<float> queries, shares, out;
    queries.assign(static_cast<size_t>(size * columns), 0.0f);
    out.resize(static_cast<size_t>(size * columns));
    Attention a{};
    a.queries = queries.data();
    a.size = size;
    a.out = out.data();
    const Place q = place(run, head * size);
    for (int64_t row = 0; row < run.n; row += columns) {
      const int64_t count = std::min(columns, run.n - row), own = run.before + row;
      const int64_t begin = shape_.window ? std::max<int64_t>(own - shape_.window + 1, 0) : 0;
      a.count = own + count - begin;
      a.keys = run.keys + kv + begin * size;
      a.values = run.values + kv + begin * size;
      const auto room = static_cast<size_t>((a.count + kGroup) * columns);
      if (shares.size() < room) shares.resize(room);
      a.shares = shares.data();
      for (int64_t i = 0; i < columns; ++i) {
        const int64_t at = own + std::min(i, count - 1), last = at - begin;  // what has no row is as the last
        a.first[i] = shape_.window ? static_cast<int32_t>(std::max<int64_t>(last - shape_.window + 1, 0)) : 0;
        a.last[i] = static_cast<int32_t>(last);
        const float *cos = run.cos + at * size / 2, *sin = run.sin + at * size / 2;
        const float* from = q.data + (row + std::min(i, count - 1)) * q.along;
        for (int64_t d = 0; d < size; d += 2) {
          const float x = from[d * q.across] * scale, y = from[(d + 1) * q.across] * scale;
          queries[static_cast<size_t>(d * columns + i)] = x * cos[d / 2] - y * sin[d / 2];
          queries[static_cast<size_t>((d + 1) * columns + i)] = x * sin[d / 2] + y * cos[d / 2];
        }
      }
      (single ? path_->attend_one : path_->attend)(a);
      for (int64_t i = 0; i < count; ++i)
        for (int64_t d = 0; d < size; ++d) {
          const int64_t channel = head * size + d, at = row + i;
          run.out[shape_.rows ? at * shape_.heads * size + channel : channel * run.n + at] =
              out[static_cast<size_t>(d * columns + i)];
        }
    }
  }

  AttentionShape shape_;
  const Path* path_;
};

}  // namespace edge_kernels
