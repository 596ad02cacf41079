#include "packed_weights.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace edge_kernels {
namespace {

template <class Value>
bool same(const std::vector<Value>& a, const std::vector<Value>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(Value)) == 0);
}

// The sums first: they tell almost all apart.
bool same(const PackedWeights& a, const PackedWeights& b) {
  return same(a.sums, b.sums) && same(a.bytes, b.bytes) && same(a.pairs.pairs, b.pairs.pairs) &&
         same(a.pairs.rest_begins, b.pairs.rest_begins) && same(a.pairs.rests, b.pairs.rests);
}

}  // namespace

std::shared_ptr<const PackedWeights> shared(PackedWeights&& weights) {
  static std::mutex mutex;
  static std::vector<std::weak_ptr<const PackedWeights>> known;
  const std::lock_guard<std::mutex> lock(mutex);
  known.erase(std::remove_if(known.begin(), known.end(), [](const auto& one) { return one.expired(); }), known.end());
  for (const auto& one : known)
    if (auto kept = one.lock(); kept && same(*kept, weights)) return kept;
  auto made = std::make_shared<const PackedWeights>(std::move(weights));
  known.push_back(made);
  return made;
}

}  // namespace edge_kernels
