// Lets a library of gcc 11 and later load where libstdc++ is older (glibc 2.28 came with gcc 8): every
// std::vector calls this function, which libstdc++ has since GLIBCXX_3.4.29. Ours stays inside.
#include <new>
#include <vector>

#if defined(__GLIBCXX__)
namespace std {
[[noreturn]] void __throw_bad_array_new_length() { throw bad_array_new_length(); }
}  // namespace std
#endif
