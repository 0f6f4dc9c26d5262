// One access of one lane, held against what is remembered of the memory it goes to.
#pragma once
#include <cstring>
#include <mutex>

#include "kernels/sim/block.h"
#include "kernels/sim/checker/findings.h"
#include "kernels/sim/checker/proxy.h"

namespace duel::sim::checker {

struct Range {
  uintptr_t base = 0;
  size_t bytes = 0;
  bool holds(uintptr_t at) const { return at - base < bytes; }
};

// What is remembered of a block that has begun and not ended.
struct OfBlock {
  uint32_t block = 0;  // its number in the grid
  int threads = 0;
  Order order;
  Region shared;
  Proxy proxy;
  uint16_t products[max_shared_span / 16];  // that read these 16 bytes of shared memory now
  bool registers_fly[1024 / 128];           // of a warpgroup
  Access mbarrier_made[max_mbarriers];      // by whom and where
};

// One launch at a time has it; blocks run one after the other on the launching thread, those of a cooperative grid in turns.
struct Checker {
  std::mutex launching;
  Findings findings;
  Region* global = nullptr;
  Counters counters;
  Between between;
  OfBlock* blocks[max_resident_blocks] = {};  // by the executor's slot, made at its first block
  OfBlock* now = nullptr;                     // of the block that runs
  const Launch* launch = nullptr;
  int thread = 0;         // the running lane
  Range image, builtins;  // of this library; the built-in variables
  uint32_t short_pc(uintptr_t pc) const { return static_cast<uint32_t>(pc - image.base); }
};

Checker& checker();
// Where the access goes, if that is looked at; reports memory that no kernel may touch.
Region* region_of(Checker& c, uintptr_t at, size_t bytes, Kind kind, uintptr_t pc);
// The lane's own variables, of which only accumulators on their way are looked at.
void registers(uintptr_t at, size_t bytes, Kind kind, uintptr_t pc);
// Whether a write goes to an operand of a product on its way. Bytes of shared memory from `offset` on.
void multiplied(Checker& c, size_t offset, size_t bytes, Kind kind, uintptr_t pc);

// Once the region of an access is known: alignment, states, races.
class Look {
 public:
  Look(Checker& c, Region& region, uintptr_t at, size_t bytes, Kind kind, uintptr_t pc)
      : c_(c), r_(region), at_(at), bytes_(bytes), kind_(kind), pc_(pc), offset_(at - region.base) {}

  void aligned() {
    if ((at_ & (bytes_ - 1)) == 0) return;
    report(Fault::misaligned);
  }
  void whole() {  // one region, any length
    if (!states_are_right()) return;
    if (&r_ == &c_.now->shared && c_.launch->members() > 1) begun();
    size_t at = offset_, left = bytes_;
    for (; left && at % 4; ++at, --left) one_byte(at);
    for (; left >= 4; at += 4, left -= 4) word(at);
    for (; left; ++at, --left) one_byte(at);
  }

  // 16 bytes that a product of a warpgroup will read: each of its warps must come after who wrote them.
  void product_reads(int first) {
    if (!states_are_right()) return;
    for (size_t at = offset_; at < offset_ + 16; at += 4) {
      const Cell& word = r_.words[at / 4];
      if (word.generation != r_.generation) continue;
      const bool split = word.write.pc == split_mark;
      for (size_t i = 0; i < (split ? 4 : 1); ++i) {
        const Access& write = split ? r_.single[at + i].write : word.write;
        for (int thread = first; thread < first + 128; thread += 32)
          if (write.pc && !c_.now->order.before(write, thread)) return race(write, Kind::write, at + i, thread);
      }
    }
  }
  // And has read.
  void product_has_read(const Access& own) {
    for (size_t at = offset_; at < offset_ + 16; at += 4) {
      Cell& word = r_.words[at / 4];
      if (word.generation != r_.generation) fresh(word);
      if (word.write.pc != split_mark) remember(word, own);
      else
        for (size_t i = 0; i < 4; ++i) remember(r_.single[at + i], own);
    }
  }

 private:
  // Another block of the cluster is known to run when anything that one of its threads did is ordered before this.
  void begun() {
    const int apart = c_.launch->lanes_apart(), member = static_cast<int>(offset_ / cluster_span(c_.launch->shared_bytes));
    if (c_.thread / apart != member && !c_.now->order.knows_any(c_.thread, member * apart, apart)) report(Fault::unborn);
  }

  bool states_are_right() {
    uint8_t* s = r_.states + offset_;
    bool all_written = true, any[6] = {};
    for (size_t i = 0; i < bytes_; ++i) all_written &= s[i] == written, any[s[i]] = true;
    if (all_written) return true;
    if (any[forbidden]) return refuse(Fault::out_of_bounds, forbidden);
    if (any[gone]) return refuse(Fault::gone, gone);
    if (any[in_flight]) return refuse(Fault::in_flight, in_flight);
    if (any[leaving] && kind_ != Kind::read) return refuse(Fault::leaving, leaving);
    if (!any[unwritten]) return true;
    if (kind_ != Kind::write) report(Fault::unwritten);
    for (size_t i = 0; i < bytes_; ++i)
      if (s[i] == unwritten) s[i] = written;  // of a read that was wrong: said once
    return true;
  }

  bool refuse(Fault fault, ByteState state) {
    size_t first = 0;
    while (r_.states[offset_ + first] != state) ++first;
    report(fault, first);
    return false;
  }

  void fresh(Cell& cell) const { std::memset(&cell, 0, sizeof cell), cell.generation = r_.generation; }

  void word(size_t at) {
    Cell& cell = r_.words[at / 4];
    if (cell.generation != r_.generation) fresh(cell);
    if (cell.write.pc == split_mark) {
      for (size_t i = 0; i < 4; ++i) visit(r_.single[at + i], at + i);
    } else {
      visit(cell, at);
    }
  }
  void one_byte(size_t at) {
    Cell& whole = r_.words[at / 4];
    if (whole.generation != r_.generation) fresh(whole);
    if (whole.write.pc != split_mark) {
      for (size_t i = 0; i < 4; ++i) r_.single[at / 4 * 4 + i] = whole;
      whole.write.pc = split_mark;
    }
    visit(r_.single[at], at);
  }

  bool conflicts(const Access& a) const { return a.pc && !(a.atomic && kind_ == Kind::atomic) && !c_.now->order.before(a, c_.thread); }

  void visit(Cell& cell, size_t at) {
    if (conflicts(cell.write)) race(cell.write, Kind::write, at);
    const Access own = c_.now->order.access(c_.thread, c_.short_pc(pc_), kind_ == Kind::atomic, bytes_);
    for (const Access& earlier : cell.read)  // a read, or an atomic update that another one followed
      if ((kind_ != Kind::read || earlier.atomic) && conflicts(earlier)) race(earlier, earlier.atomic ? Kind::write : Kind::read, at);
    if (kind_ == Kind::read) return remember(cell, own);
    const auto joins = [&](const Access& a) { return own.atomic && a.pc && a.atomic && !c_.now->order.before(a, c_.thread); };
    cell.read[0] = joins(cell.write) ? cell.write : joins(cell.read[0]) ? cell.read[0] : Access{};
    cell.read[1].pc = 0;
    cell.write = own;
  }
  void remember(Cell& cell, const Access& own) const {
    if (!cell.read[0].pc || c_.now->order.before(cell.read[0], own.thread)) cell.read[0] = own;
    else if (!cell.read[1].pc || c_.now->order.before(cell.read[1], own.thread)) cell.read[1] = own;
    else if (same_warp(cell.read[0], cell.read[1]) && !same_warp(cell.read[0], own)) cell.read[1] = own;
  }
  static bool same_warp(const Access& a, const Access& b) { return a.block == b.block && a.thread / 32 == b.thread / 32; }

  void race(const Access& other, Kind other_kind, size_t at, int thread = -1) {
    c_.findings.race({pc_, at_, bytes_, kind_, c_.now->block, thread < 0 ? c_.thread : thread}, r_.base + at, &r_ == c_.global, r_.base,
                     other, other_kind, c_.image.base);
  }
  void report(Fault fault, size_t skip = 0) {
    c_.findings.fault(fault, {pc_, at_, bytes_, kind_, c_.now->block, c_.thread}, at_ + skip, &r_ == c_.global, r_.base);
  }

  Checker& c_;
  Region& r_;
  const uintptr_t at_;
  const size_t bytes_;
  const Kind kind_;
  const uintptr_t pc_;
  const size_t offset_;
};

}  // namespace duel::sim::checker
