#include "kernels/sim/checker/counters.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "kernels/registry.h"
#include "kernels/sim/block.h"
#include "kernels/sim/checker/where.h"

namespace duel::sim::checker {
namespace {

constexpr int sector = 32, banks = 32, word = 4;
constexpr uint64_t nowhere = ~uint64_t{0};

// The number of different values; `items` is sorted on return.
int distinct(uint64_t* items, int count) {
  std::sort(items, items + count);
  return static_cast<int>(std::unique(items, items + count) - items);
}

}  // namespace

void count_sectors(const uint64_t* at, int count, int bytes, long long& sectors, long long& fewest) {
  uint64_t touched[64], starts[32];
  int n = 0;
  for (int i = 0; i < count; ++i) {
    touched[n++] = at[i] / sector;
    if (const uint64_t last = (at[i] + static_cast<uint64_t>(bytes) - 1) / sector; last != touched[n - 1]) touched[n++] = last;
    starts[i] = at[i];
  }
  sectors = distinct(touched, n);
  const int different = distinct(starts, count);
  long long asked = 0;  // distinct bytes: neighbours may overlap
  for (int i = 0; i < different; ++i)
    asked += i + 1 < different ? std::min<long long>(bytes, static_cast<long long>(starts[i + 1] - starts[i])) : bytes;
  fewest = (asked + sector - 1) / sector;
}

void count_wavefronts(const uint64_t* at, int count, int bytes, long long& wavefronts, long long& fewest) {
  // Lanes are served together in groups whose requests fill the banks at most once: 32, 16 or 8 of them.
  const int together = bytes <= word ? 32 : 32 * word / bytes, words = bytes <= word ? 1 : bytes / word;
  wavefronts = fewest = 0;
  for (int first = 0; first < count; first += together) {
    uint64_t wanted[32];
    int n = 0;
    for (int i = first; i < count && i < first + together; ++i)
      for (int w = 0; w < words; ++w) wanted[n++] = at[i] / word + static_cast<uint64_t>(w);
    n = distinct(wanted, n);
    int load[banks] = {}, most = 0;
    for (int i = 0; i < n; ++i) most = std::max(most, ++load[wanted[i] % banks]);
    wavefronts += most;
    fewest += 1;
  }
}

void Counters::launch_begins(CountsVisitor visitor, void* user) {
  visitor_ = visitor, user_ = user;
  if (!visitor) return;
  sites_.clear();
  products_.clear();
  barriers_ = 0;
  for (List<Entry>& trace : traces_) trace.clear();
}

void Counters::access(int thread, uint32_t pc, uintptr_t at, size_t bytes, Kind kind, MemorySpace space, uintptr_t shared_base) {
  for (size_t done = 0; done < bytes; done += 16)  // what is longer than 16 bytes takes several instructions
    traces_[thread].add({at - shared_base + done, pc, static_cast<uint8_t>(std::min<size_t>(16, bytes - done)), static_cast<uint8_t>(kind),
                         static_cast<uint8_t>(space)});
}

void Counters::no_access(int thread, uint32_t pc, size_t bytes) {
  traces_[thread].add(
      {nowhere, pc, static_cast<uint8_t>(bytes), static_cast<uint8_t>(Kind::read), static_cast<uint8_t>(MemorySpace::global)});
}

void Counters::bulk(uint32_t pc, uint64_t at, size_t bytes, Kind kind, MemorySpace space) {
  if (!on()) return;
  Pieces& pieces = pieces_[space == MemorySpace::shared];
  if (pieces.count && pieces.entry[0].bytes != bytes) flush(pieces);
  pieces.entry[pieces.count++] = {at, pc, static_cast<uint8_t>(bytes), static_cast<uint8_t>(kind), static_cast<uint8_t>(space)};
  if (pieces.count == 32) flush(pieces);
}
void Counters::bulk_ends() {
  for (Pieces& pieces : pieces_) flush(pieces);
}
void Counters::flush(Pieces& pieces) {
  const Entry* together[32];
  for (int i = 0; i < pieces.count; ++i) together[i] = &pieces.entry[i];
  if (pieces.count) request(together, pieces.count);
  pieces.count = 0;
}

void Counters::multiplies(uint32_t pc, int count, bool matrix) {
  Product* at = products_.begin();
  while (at != products_.end() && at->pc != pc) ++at;
  if (at == products_.end()) at = &products_.add({pc, matrix, 0, 0});
  ++at->lanes, at->multiplies += count;
}

void Counters::block_barrier(int threads) {
  for (int first = 0; first < threads; first += 32) merge(traces_ + first);
}

void Counters::merge(List<Entry>* lanes) {
  size_t next[32] = {};
  for (;;) {
    uint32_t lowest = ~uint32_t{0};
    for (int i = 0; i < 32; ++i)
      if (next[i] < lanes[i].size()) lowest = std::min(lowest, lanes[i][next[i]].pc);
    if (lowest == ~uint32_t{0}) break;
    const Entry* together[32];
    int count = 0;
    for (int i = 0; i < 32; ++i) {
      if (next[i] >= lanes[i].size()) continue;
      const Entry& e = lanes[i][next[i]];
      if (e.pc != lowest || (count && (e.bytes != together[0]->bytes || e.space != together[0]->space))) continue;
      together[count++] = &e;
      ++next[i];
    }
    request(together, count);
  }
  for (int i = 0; i < 32; ++i) lanes[i].clear();
}

Counters::Site& Counters::site_of(const Entry& e, uint64_t first) {
  for (Site& s : sites_)
    if (s.pc == e.pc && s.bytes == e.bytes && s.space == e.space && s.kind == e.kind) return s;
  return sites_.add({e.pc, e.bytes, e.kind, e.space, first, 0, 0, 0, 0});
}

void Counters::request(const Entry* const* lanes, int count) {
  uint64_t at[32];
  const int came = count;
  count = 0;
  for (int i = 0; i < came; ++i)
    if (lanes[i]->at != nowhere) at[count++] = lanes[i]->at;
  if (count == 0) return;
  long long units = 0, fewest = 0;
  const auto count_units = lanes[0]->space == static_cast<uint8_t>(MemorySpace::global) ? count_sectors : count_wavefronts;
  count_units(at, count, lanes[0]->bytes, units, fewest);
  Site& site = site_of(*lanes[0], at[0]);
  ++site.requests;
  site.lanes += count, site.units += units, site.fewest += fewest;
}

void Counters::launch_ends(const Launch& launch, uintptr_t image) {
  if (!visitor_) return;
  std::sort(sites_.begin(), sites_.end(), [](const Site& a, const Site& b) { return a.pc < b.pc; });
  std::sort(products_.begin(), products_.end(), [](const Product& a, const Product& b) { return a.pc < b.pc; });
  struct Texts {
    std::string where;
    char buffer[64];
  };
  Texts* texts = new Texts[sites_.size()];
  SiteCounts* counts = new SiteCounts[sites_.size()];
  for (size_t i = 0; i < sites_.size(); ++i) {
    const Site& s = sites_[i];
    texts[i].where = source_line(image + s.pc);
    const bool global = s.space == static_cast<uint8_t>(MemorySpace::global);
    if (!global || !duel_name_address(reinterpret_cast<const void*>(s.first), texts[i].buffer, sizeof texts[i].buffer))
      texts[i].buffer[0] = 0;
    if (char* end = std::strpbrk(texts[i].buffer, " ")) *end = 0;  // the name, without the offset
    counts[i] = {texts[i].where.c_str(),
                 texts[i].buffer,
                 static_cast<MemorySpace>(s.space),
                 static_cast<AccessKind>(s.kind),
                 s.bytes,
                 s.requests,
                 s.lanes,
                 global ? s.units : 0,
                 global ? s.fewest : 0,
                 global ? 0 : s.units,
                 global ? 0 : s.fewest};
  }
  std::string* places = new std::string[products_.size()];
  ProductCounts* products = new ProductCounts[products_.size()];
  for (size_t i = 0; i < products_.size(); ++i) {
    const Product& p = products_[i];
    places[i] = source_line(image + p.pc);
    products[i] = {places[i].c_str(), p.matrix, p.lanes, p.multiplies};
  }
  const std::string row = launch.row ? std::string(launch.row->op) + ":" + launch.row->name : "";
  const LaunchCounts all{row.c_str(),
                         {launch.grid.x, launch.grid.y, launch.grid.z},
                         {launch.block.x, launch.block.y, launch.block.z},
                         launch.shared_bytes,
                         barriers_,
                         counts,
                         static_cast<int>(sites_.size()),
                         products,
                         static_cast<int>(products_.size())};
  visitor_(user_, all);
  delete[] products;
  delete[] places;
  delete[] counts;
  delete[] texts;
}

}  // namespace duel::sim::checker
