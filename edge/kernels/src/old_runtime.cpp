// Lets a library of gcc 11 and later load where libstdc++ is older (glibc 2.28 came with gcc 8): every
// std::vector calls this function, which libstdc++ has since GLIBCXX_3.4.29. Ours stays inside. So does
// the flag by which a std::shared_ptr counts without atomics, which glibc has since 2.32: 0, for it may
// be any thread that counts.
#include <new>
#include <vector>

#if defined(__GLIBCXX__)
namespace std {
[[noreturn]] void __throw_bad_array_new_length() { throw bad_array_new_length(); }
}  // namespace std
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
#endif
