// The operators' own `new`, which fails on demand: linked into a library for tests, and seen by nobody but it.
// onnxruntime and libstdc++ keep theirs.
#include <malloc.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int64_t> made{0}, failing{0}, live{0};
std::atomic<bool> onwards{false};

}  // namespace

// The `nth` allocation from now fails, and those after it too if `all_after`; 0: none.
extern "C" __attribute__((visibility("default"))) void edge_kernels_fail_allocation(int64_t nth, int all_after) {
  made = 0;
  onwards = all_after != 0;
  failing = nth;
}

// Allocations since then, of all threads.
extern "C" __attribute__((visibility("default"))) int64_t edge_kernels_allocations() { return made; }

// Bytes that the operators hold now.
extern "C" __attribute__((visibility("default"))) int64_t edge_kernels_live_bytes() { return live; }

void* operator new(std::size_t size) {
  const int64_t number = ++made, nth = failing;
  if (nth && (number == nth || (onwards && number > nth))) throw std::bad_alloc();
  void* const place = std::malloc(size ? size : 1);
  if (!place) throw std::bad_alloc();
  live += static_cast<int64_t>(malloc_usable_size(place));
  return place;
}

void operator delete(void* place) noexcept {
  live -= static_cast<int64_t>(malloc_usable_size(place));
  std::free(place);
}

void operator delete(void* place, std::size_t) noexcept { operator delete(place); }
