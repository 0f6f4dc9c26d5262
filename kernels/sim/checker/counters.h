// Counts memory instructions warp by warp. Lanes run one after the other, so each leaves a trace; at a barrier and at the end of a block
// the traces of a warp are put back together: of the lanes' next accesses those with the lowest program counter are one request. That is
// what the hardware's reconvergence makes of structured code, because kernels are compiled with their blocks in the order of the source.
#pragma once
#include "kernels/counts.h"
#include "kernels/sim/checker/shadow.h"
#include "kernels/sim/list.h"

namespace duel::sim {
struct Launch;
}

namespace duel::sim::checker {

enum class Kind : uint8_t { read, write, atomic };

class Counters {
 public:
  bool on() const { return visitor_ != nullptr; }  // in this launch

  void launch_begins(CountsVisitor visitor, void* user);    // visitor: nullptr when nobody counts
  void launch_ends(const Launch& launch, uintptr_t image);  // reports to the visitor
  void access(int thread, uint32_t pc, uintptr_t at, size_t bytes, Kind kind, MemorySpace space, uintptr_t shared_base);
  void no_access(int thread, uint32_t pc, size_t bytes);  // a lane that takes part in a load of device memory without reading
  // A piece of a bulk copy: up to 32 of those that follow one another are one request. bulk_ends(): what follows is another copy's.
  void bulk(uint32_t pc, uint64_t at, size_t bytes, Kind kind, MemorySpace space);
  void bulk_ends();
  void multiplies(uint32_t pc, int count, bool matrix);
  void block_barrier(int threads);  // also at the end of a block
  void count_barrier() { ++barriers_; }

 private:
  struct Entry {
    uint64_t at;  // shared memory: from its start
    uint32_t pc;
    uint8_t bytes;
    uint8_t kind, space;
  };
  struct Site {
    uint32_t pc;
    uint8_t bytes, kind, space;
    uintptr_t first;                           // address of the first access
    long long requests, lanes, units, fewest;  // units: sectors or wavefronts
  };
  struct Product {
    uint32_t pc;
    bool matrix;
    long long lanes, multiplies;
  };
  void merge(List<Entry>* lanes);
  void request(const Entry* const* lanes, int count);
  struct Pieces {
    Entry entry[32];
    int count = 0;
  };
  void flush(Pieces& pieces);
  Site& site_of(const Entry& entry, uint64_t first);

  CountsVisitor visitor_ = nullptr;
  void* user_ = nullptr;
  List<Entry> traces_[1024];  // a thread of the block
  Pieces pieces_[2];          // of a bulk copy: in device and in shared memory
  List<Site> sites_;
  List<Product> products_;
  long long barriers_ = 0;
};

// Sectors of 32 bytes that `count` lanes of `bytes` each touch, and the fewest that their distinct bytes would fill.
void count_sectors(const uint64_t* at, int count, int bytes, long long& sectors, long long& fewest);
// Wavefronts that shared memory takes for them, and the fewest it could.
void count_wavefronts(const uint64_t* at, int count, int bytes, long long& wavefronts, long long& fewest);

}  // namespace duel::sim::checker
