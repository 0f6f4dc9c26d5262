// Barriers, shuffles and votes. A mask synchronises the lanes it names and no others: lanes run in step only where a call says so.
#pragma once
#include <cstring>
#include <type_traits>

#include "kernels/sim/runtime.h"

namespace duel::sim {

template <class T>
uint64_t to_bits(T value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8, "a shuffle moves up to 8 bytes");
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}
template <class T>
T from_bits(uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// PTX ISA, shfl.sync: the lane read from, or the own lane where that lies outside the segment of `width` lanes.
inline int shuffle_source(Collective kind, unsigned operand, int width, Site site) {
  if (width < 1 || width > 32 || (width & (width - 1))) misuse("a shuffle's width must be a power of two up to 32", site);
  const int lane = lane_id(), first = lane & ~(width - 1), last = first + width - 1;
  const int64_t by = operand;
  const int64_t source = kind == Collective::shuffle        ? first | (operand & static_cast<unsigned>(width - 1))
                         : kind == Collective::shuffle_up   ? lane - by
                         : kind == Collective::shuffle_down ? lane + by
                                                            : lane ^ by;
  const bool inside = kind == Collective::shuffle_up ? source >= first : source <= last;
  return inside ? static_cast<int>(source) : lane;
}
template <class T>
T shuffle(Collective kind, unsigned mask, T value, unsigned operand, int width, Site site) {
  return from_bits<T>(warp_collective(kind, mask, to_bits(value), shuffle_source(kind, operand, width, site), site));
}
inline unsigned vote(Collective kind, unsigned mask, uint64_t value, Site site) {
  return static_cast<unsigned>(warp_collective(kind, mask, value, 0, site));
}

}  // namespace duel::sim

using DuelSite = ::duel::sim::Site;

inline void __syncthreads(DuelSite site = DuelSite::here()) { ::duel::sim::block_barrier(::duel::sim::Barrier::plain, false, site); }
inline int __syncthreads_count(int predicate, DuelSite site = DuelSite::here()) {
  return ::duel::sim::block_barrier(::duel::sim::Barrier::count, predicate != 0, site);
}
inline int __syncthreads_and(int predicate, DuelSite site = DuelSite::here()) {
  return ::duel::sim::block_barrier(::duel::sim::Barrier::conjunction, predicate != 0, site);
}
inline int __syncthreads_or(int predicate, DuelSite site = DuelSite::here()) {
  return ::duel::sim::block_barrier(::duel::sim::Barrier::disjunction, predicate != 0, site);
}
inline void __syncwarp(unsigned mask = 0xffffffffu, DuelSite site = DuelSite::here()) {
  ::duel::sim::warp_collective(::duel::sim::Collective::sync, mask, 0, 0, site);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32, DuelSite site = DuelSite::here()) {
  return ::duel::sim::shuffle(::duel::sim::Collective::shuffle, mask, value, static_cast<unsigned>(lane), width, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, DuelSite site = DuelSite::here()) {
  return ::duel::sim::shuffle(::duel::sim::Collective::shuffle_up, mask, value, by, width, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, DuelSite site = DuelSite::here()) {
  return ::duel::sim::shuffle(::duel::sim::Collective::shuffle_down, mask, value, by, width, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int by, int width = 32, DuelSite site = DuelSite::here()) {
  return ::duel::sim::shuffle(::duel::sim::Collective::shuffle_xor, mask, value, static_cast<unsigned>(by), width, site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::ballot, mask, predicate != 0, site);
}
inline int __any_sync(unsigned mask, int predicate, DuelSite site = DuelSite::here()) {
  return static_cast<int>(::duel::sim::vote(::duel::sim::Collective::any, mask, predicate != 0, site));
}
inline int __all_sync(unsigned mask, int predicate, DuelSite site = DuelSite::here()) {
  return static_cast<int>(::duel::sim::vote(::duel::sim::Collective::all, mask, predicate != 0, site));
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::match_any, mask, ::duel::sim::to_bits(value), site);
}
template <class T>
unsigned __match_all_sync(unsigned mask, T value, int* equal, DuelSite site = DuelSite::here()) {
  const unsigned lanes = ::duel::sim::vote(::duel::sim::Collective::match_all, mask, ::duel::sim::to_bits(value), site);
  *equal = lanes != 0;
  return lanes;
}
// CUDA promises no more than that the calling lane is among the active ones; code that hopes for more fails here.
inline unsigned __activemask() { return 1u << ::duel::sim::lane_id(); }

inline unsigned __reduce_add_sync(unsigned mask, unsigned v, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::add, mask, v, site);
}
inline int __reduce_add_sync(unsigned mask, int v, DuelSite site = DuelSite::here()) {
  return static_cast<int>(::duel::sim::vote(::duel::sim::Collective::add, mask, static_cast<unsigned>(v), site));
}
inline unsigned __reduce_min_sync(unsigned mask, unsigned v, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::min_unsigned, mask, v, site);
}
inline int __reduce_min_sync(unsigned mask, int v, DuelSite site = DuelSite::here()) {
  return static_cast<int>(::duel::sim::vote(::duel::sim::Collective::min_signed, mask, static_cast<unsigned>(v), site));
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned v, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::max_unsigned, mask, v, site);
}
inline int __reduce_max_sync(unsigned mask, int v, DuelSite site = DuelSite::here()) {
  return static_cast<int>(::duel::sim::vote(::duel::sim::Collective::max_signed, mask, static_cast<unsigned>(v), site));
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned v, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::bit_and, mask, v, site);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned v, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::bit_or, mask, v, site);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned v, DuelSite site = DuelSite::here()) {
  return ::duel::sim::vote(::duel::sim::Collective::bit_xor, mask, v, site);
}
