// A list that grows, for plain data. The standard containers are kept out of the executor and the checker: their code exists once in a
// library, and the copy that the linker keeps may be an instrumented kernel's.
#pragma once
#include <cstdlib>
#include <type_traits>

#include "kernels/error.h"

namespace duel::sim {

template <class T>
class List {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  List() = default;
  ~List() { std::free(static_cast<void*>(items_)); }
  List(const List&) = delete;

  T& add(const T& item) {
    if (count_ == room_) {
      room_ = room_ ? 2 * room_ : 64;
      void* larger = std::realloc(static_cast<void*>(items_), room_ * sizeof(T));
      if (!larger) fail(Failure::memory, "[sim] no host memory for the tables of a running block: use a smaller problem");
      items_ = static_cast<T*>(larger);
    }
    return items_[count_++] = item;
  }
  void keep(size_t count) { count_ = count; }  // the first ones; the memory stays
  void clear() { keep(0); }
  size_t size() const { return count_; }
  T& operator[](size_t i) const { return items_[i]; }
  T* begin() const { return items_; }
  T* end() const { return items_ + count_; }

 private:
  T* items_ = nullptr;
  size_t count_ = 0, room_ = 0;
};

}  // namespace duel::sim
