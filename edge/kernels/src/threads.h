// A kernel's work on onnxruntime's threads.
#pragma once
#include <atomic>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include "ort_tensor.h"

namespace edge_kernels::ort {

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

inline Parallel threads(const OrtApi* api, OrtKernelContext* context) {
  return [api, context](size_t total, const Work& work) {
    Shared shared(work);
    check(api, ParallelFor::call(api, context, Shared::one, total, 0, &shared));
    shared.rethrow();
  };
}

}  // namespace edge_kernels::ort
