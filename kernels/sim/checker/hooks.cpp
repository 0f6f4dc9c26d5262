// What -fsanitize=thread,bounds-strict has the compiler call, before each load and store. The names and types are the compiler's; no
// sanitizer is linked. A hook must not throw: the compiler believes that it cannot.
#include <cstdint>
#include <cstring>

#include "kernels/sim/access.h"
#include "kernels/sim/atomics.h"
#include "kernels/sim/checker/checker.h"

namespace {
using duel::sim::checker::Kind;
using duel::sim::checker::touch;
using duel::sim::checker::touch_range;
}  // namespace

#define PC reinterpret_cast<uintptr_t>(__builtin_return_address(0))
#define AT(pointer) reinterpret_cast<uintptr_t>(pointer)

namespace duel::sim {
void copy_vector(void* to, const void* from, size_t bytes, bool store) {
  touch(store ? AT(to) : AT(from), bytes, store ? Kind::write : Kind::read, PC);
  std::memcpy(to, from, bytes);
}
void count_multiplies(int each, bool matrix) { checker::count_multiplies(PC, each, matrix); }
void atomic_access(const void* at, size_t bytes) { touch(AT(at), bytes, Kind::atomic, PC); }
}  // namespace duel::sim

#define HOOKS(size)                                                                                  \
  void __tsan_read##size(void* at) { touch(AT(at), size, Kind::read, PC); }                          \
  void __tsan_write##size(void* at) { touch(AT(at), size, Kind::write, PC); }                        \
  void __tsan_volatile_read##size(void* at) { touch(AT(at), size, Kind::read, PC); }                 \
  void __tsan_volatile_write##size(void* at) { touch(AT(at), size, Kind::write, PC); }               \
  void __tsan_unaligned_read##size(void* at) { touch_range(AT(at), size, Kind::read, PC); }          \
  void __tsan_unaligned_write##size(void* at) { touch_range(AT(at), size, Kind::write, PC); }        \
  void __tsan_unaligned_volatile_read##size(void* at) { touch_range(AT(at), size, Kind::read, PC); } \
  void __tsan_unaligned_volatile_write##size(void* at) { touch_range(AT(at), size, Kind::write, PC); }

// Atomics do their work here. The order that is asked for does not matter: fibers of one OS thread.
#define FETCH(bits, T, name, builtin)                        \
  T __tsan_atomic##bits##_##name(volatile T* at, T v, int) { \
    touch(AT(at), sizeof(T), Kind::atomic, PC);              \
    return builtin(at, v, __ATOMIC_RELAXED);                 \
  }
#define ATOMICS(bits, T)                                                                            \
  T __tsan_atomic##bits##_load(const volatile T* at, int) {                                         \
    touch(AT(at), sizeof(T), Kind::atomic, PC);                                                     \
    return __atomic_load_n(at, __ATOMIC_RELAXED);                                                   \
  }                                                                                                 \
  void __tsan_atomic##bits##_store(volatile T* at, T v, int) {                                      \
    touch(AT(at), sizeof(T), Kind::atomic, PC);                                                     \
    __atomic_store_n(at, v, __ATOMIC_RELAXED);                                                      \
  }                                                                                                 \
  FETCH(bits, T, exchange, __atomic_exchange_n)                                                     \
  FETCH(bits, T, fetch_add, __atomic_fetch_add)                                                     \
  FETCH(bits, T, fetch_sub, __atomic_fetch_sub)                                                     \
  FETCH(bits, T, fetch_and, __atomic_fetch_and)                                                     \
  FETCH(bits, T, fetch_or, __atomic_fetch_or)                                                       \
  FETCH(bits, T, fetch_xor, __atomic_fetch_xor)                                                     \
  FETCH(bits, T, fetch_nand, __atomic_fetch_nand)                                                   \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* at, T* expected, T v, int, int) {   \
    touch(AT(at), sizeof(T), Kind::atomic, PC);                                                     \
    return __atomic_compare_exchange_n(at, expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
  }                                                                                                 \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile T* at, T* expected, T v, int, int) {     \
    touch(AT(at), sizeof(T), Kind::atomic, PC);                                                     \
    return __atomic_compare_exchange_n(at, expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
  }

// What -fsanitize=bounds-strict has it call before an index outside an array whose length is a constant. The layout is the compiler's.
struct OutOfBounds {
  struct {
    const char* file;
    uint32_t line, column;
  } where;
  struct Type {
    uint16_t kind, info;
    char name[1];  // "'float [4]'"
  } * array;
};

extern "C" {
void __ubsan_handle_out_of_bounds(void* data, unsigned long index) {
  duel::sim::checker::bad_index(static_cast<OutOfBounds*>(data)->array->name, index, PC);
}
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_read_range(void* at, unsigned long bytes) { touch_range(AT(at), bytes, Kind::read, PC); }
void __tsan_write_range(void* at, unsigned long bytes) { touch_range(AT(at), bytes, Kind::write, PC); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}
}
