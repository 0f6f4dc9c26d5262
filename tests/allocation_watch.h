// Replaces operator new in the one test file that includes this, to see that a lying header is given no memory.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace duel::test {
inline size_t largest_allocation = 0;  // since it was last set to 0
}

__attribute__((noinline)) void* operator new(size_t bytes) {
  duel::test::largest_allocation = std::max(duel::test::largest_allocation, bytes);
  if (void* data = std::malloc(bytes ? bytes : 1)) return data;
  throw std::bad_alloc();
}
__attribute__((noinline)) void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  duel::test::largest_allocation = std::max(duel::test::largest_allocation, bytes);
  return std::malloc(bytes ? bytes : 1);
}
__attribute__((noinline)) void operator delete(void* data) noexcept { std::free(data); }
__attribute__((noinline)) void operator delete(void* data, size_t) noexcept { std::free(data); }
