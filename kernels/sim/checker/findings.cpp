#include "kernels/sim/checker/findings.h"

#include <cstdio>

#include "kernels/registry.h"
#include "kernels/sim/block.h"
#include "kernels/sim/checker/where.h"
#include "kernels/sim/names.h"

namespace duel::sim::checker {
namespace {

// The standard library's inline functions exist once in this library, and the copy may be an instrumented kernel's: its hooks must not
// look.
struct Unwatched {
  const bool before = running.active;
  Unwatched() { running.active = false; }
  ~Unwatched() { running.active = before; }
};

const char* verb(Kind kind) { return kind == Kind::read ? "reads" : kind == Kind::write ? "writes" : "updates"; }

std::string bytes_text(size_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

// "gw + 4096 bytes, byte 4096 of an allocation of 8192 bytes"
std::string device_address(uintptr_t at) {
  char name[128];
  const std::string place = Arena::instance().describe(at);
  return duel_name_address(reinterpret_cast<const void*>(at), name, sizeof name) ? name + (", " + place) : place;
}

}  // namespace

void Findings::launch_begins(const Launch& launch) {
  launch_ = &launch;
  count_ = 0;
  more_ = 0;
  text_.clear();
}

bool Findings::is_new(int what, uintptr_t pc, uintptr_t other) {
  for (int i = 0; i < count_; ++i)
    if (seen_[i].what == what && seen_[i].pc == pc && seen_[i].other == other) return false;
  if (count_ == most) {
    ++more_;
    return false;
  }
  seen_[count_++] = {what, pc, other};
  return true;
}

void Findings::say(const std::string& text) {
  const std::string row = launch_->row ? std::string("[") + launch_->row->op + ":" + launch_->row->name + "] " : "[sim-checked] ";
  text_ += (text_.empty() ? "" : "\n") + row + text;
}

std::string Findings::block_text(uint32_t number, int thread) const {
  return text_of(launch_->place_of(number, thread / launch_->lanes_apart()));
}
std::string Findings::shared_text(uintptr_t offset) const {
  if (launch_->members() == 1) return "byte " + std::to_string(offset) + " of shared memory";
  const size_t span = cluster_span(launch_->shared_bytes);
  return "byte " + std::to_string(offset % span) + " of shared memory of the block of rank " + std::to_string(offset / span);
}
std::string Findings::thread_text(int number) const {
  const dim3 b = launch_->block;
  const auto n = static_cast<unsigned>(number % launch_->lanes_apart());
  return text_of(uint3{n % b.x, n / b.x % b.y, n / b.x / b.y});
}
std::string Findings::who(const Party& p) const { return place(p) + " " + verb(p.kind) + " " + bytes_text(p.bytes); }
std::string Findings::place(const Party& p) const {
  return "block " + block_text(p.block, p.thread) + " thread " + thread_text(p.thread) + " in " + source_line(p.pc);
}

void Findings::fault(Fault fault, const Party& p, uintptr_t at, bool global, uintptr_t base) {
  const Unwatched unwatched;
  if (!is_new(static_cast<int>(fault), p.pc, 0)) return;
  if (fault == Fault::accumulating) {
    const FlyingProduct* product = Block::mine().find_register(p.thread, at);
    return say("in flight: " + who(p) + " of the accumulators of the wgmma() in " + (product ? source_line(product->pc) : "this block") +
               "; no wgmma_wait() that covers it lies between");
  }
  const std::string place = global ? device_address(at) : shared_text(at - base);
  if (fault == Fault::misaligned) {
    say("misaligned: " + who(p) + " at " + place + ", an address that is not a multiple of " + std::to_string(p.bytes));
  } else if (fault == Fault::unwritten) {
    say("unwritten: " + who(p) + " that nothing wrote, at " + place);
  } else if (fault == Fault::in_flight) {
    int thread = 0;
    const AsyncCopy* copy = Block::mine().copies().find(at, thread);
    const BulkCopy* bulk = Block::mine().bulk().find(at);
    if (bulk && !copy) thread = bulk->thread;
    const uintptr_t begun = copy ? copy->pc : bulk ? bulk->pc : 0;
    say("in flight: " + who(p) + " at " + place + ", where the copy that " + (thread == p.thread ? "it" : "thread " + thread_text(thread)) +
        " began in " + (begun ? source_line(begun) : "this block") + " has not landed; no " +
        (copy ? "copy_async_wait()" : "mbarrier_wait()") + " that covers it lies between");
  } else if (fault == Fault::leaving) {
    const BulkCopy* bulk = Block::mine().bulk().find(at);
    say("still read: " + who(p) + " at " + place + ", from where the bulk store that thread " + thread_text(bulk ? bulk->thread : 0) +
        " began in " + (bulk ? source_line(bulk->pc) : "this block") + " takes its bytes; no bulk_wait_read() that covers it lies between");
  } else if (fault == Fault::multiplied) {
    const FlyingProduct* product = Block::mine().find_product(at - base);
    say("still read: " + who(p) + " at " + place + ", an operand of the wgmma() in " + (product ? source_line(product->pc) : "this block") +
        "; no wgmma_wait() that covers it lies between");
  } else if (fault == Fault::unborn) {
    say("too early: " + who(p) + " at " + place + ", which may not have begun to run; no cluster_sync() lies between");
  } else if (fault == Fault::gone) {
    say("gone: " + who(p) + " at " + place + ", all of whose threads may have returned by then; no cluster_sync() lies between");
  } else if (fault == Fault::stale) {
    say("not fenced: " + who(p) + " by the async proxy at " + place +
        ", which a thread's own store wrote; no fence_proxy_async() behind that store lies between");
  } else {
    say("out of bounds: " + who(p) + " at " + place +
        (global ? "" : "; the launch passed .shared_bytes = " + std::to_string(launch_->shared_bytes)));
  }
}

void Findings::race(const Party& p, uintptr_t at, bool global, uintptr_t base, const Access& other, Kind other_kind, uintptr_t image) {
  const Unwatched unwatched;
  const uintptr_t other_pc = image + other.pc;
  if (!is_new(100 + static_cast<int>(other_kind), p.pc, other_pc)) return;
  const int apart = launch_->lanes_apart();
  const bool together = other.block == p.block, same_block = together && other.thread / apart == p.thread / apart;
  const std::string place = global ? device_address(at) : shared_text(at - base);
  const char* past = other.atomic ? "updated" : other_kind == Kind::read ? "read" : "wrote";
  std::string how = launch_->cooperative ? "; no grid_sync() lies between"
                                         : "; blocks of one launch are ordered by nothing but atomics behind a __threadfence()";
  if (together && !same_block) how = "; no cluster_sync() lies between";
  if (same_block)
    how = other.thread / 32 == p.thread / 32 ? "; no __syncwarp() or __syncthreads() lies between" : "; no __syncthreads() lies between";
  say("race: " + who(p) + " at " + place + ", which " + (same_block ? "" : "block " + block_text(other.block, other.thread) + " ") +
      "thread " + thread_text(other.thread) + " " + past + " in " + source_line(other_pc) + how);
}

void Findings::index(const Party& p, const char* array, unsigned long index) {
  const Unwatched unwatched;
  if (!is_new(300, p.pc, 0)) return;
  say("index: " + place(p) + " takes element " + std::to_string(static_cast<long>(index)) + " of an array " + array);
}

void Findings::host_memory(const Party& p, bool constant) {
  const Unwatched unwatched;
  if (!is_new(200, p.pc, 0)) return;
  char address[32];
  std::snprintf(address, sizeof address, "0x%lx", static_cast<unsigned long>(p.at));
  say("not device memory: " + who(p) + " at " + address +
      (constant ? ", a variable of the program, which kernels can only read" : ", which belongs to the host or to another thread's stack"));
}

std::string Findings::text() const {
  if (more_ == 0) return text_;
  return text_ + "\nand " + std::to_string(more_) + " more findings in this launch";
}

}  // namespace duel::sim::checker
