#include "kernels/sim/warpgroup.h"

#include <cstdlib>
#include <cstring>

#include "kernels/sim/block.h"
#include "kernels/sim/names.h"

namespace duel::sim {
namespace {

constexpr uint32_t in_flight = 0xffffffffu;  // what accumulators on their way hold: NaN

bool alike(const WarpgroupProduct& x, const WarpgroupProduct& y) {
  return x.type == y.type && x.n == y.n && x.a_along_rows == y.a_along_rows && x.b_along_rows == y.b_along_rows && x.add == y.add &&
         !x.a_registers == !y.a_registers && x.a == y.a && x.b == y.b;
}

}  // namespace

FlyingProduct* Warpgroup::add_product() { return flying_.add(new FlyingProduct); }
void Warpgroup::remove(size_t i) {
  delete flying_[i];
  for (; i + 1 < flying_.size(); ++i) flying_[i] = flying_[i + 1];
  flying_.keep(flying_.size() - 1);
}
Accumulators* Warpgroup::find(const float* d) const {
  for (Accumulators* of : accumulators_)
    if (of->d[0] == d) return of;
  return nullptr;
}
Accumulators* Warpgroup::find_register(int thread, uintptr_t at) const {
  for (Accumulators* of : accumulators_)
    if (at - reinterpret_cast<uintptr_t>(of->d[thread]) < static_cast<uintptr_t>(of->each) * 4) return of;
  return nullptr;
}
Accumulators& Warpgroup::take(float* const (&d)[128], int each) {
  Accumulators* of = accumulators_.add(new Accumulators);
  of->each = each, of->products = 0;
  of->values = static_cast<float*>(std::malloc(sizeof(float) * 128 * static_cast<size_t>(each)));
  if (!of->values) fail(Failure::memory, "[sim] no host memory for the accumulators of a warpgroup");
  for (int t = 0; t < 128; ++t) {
    of->d[t] = d[t];
    std::memcpy(of->values + t * each, d[t], sizeof(float) * static_cast<size_t>(each));
    std::memset(d[t], 0xff, sizeof(float) * static_cast<size_t>(each));
  }
  return *of;
}
int Warpgroup::give_back(Accumulators& of) {
  int writer = -1;
  for (int t = 127; t >= 0; --t)
    for (int i = 0; i < of.each; ++i) {
      uint32_t held;
      std::memcpy(&held, of.d[t] + i, 4);
      if (held != in_flight) writer = t;
    }
  for (int t = 0; t < 128; ++t) std::memcpy(of.d[t], of.values + t * of.each, sizeof(float) * static_cast<size_t>(of.each));
  size_t i = 0;
  while (accumulators_[i] != &of) ++i;
  accumulators_[i] = accumulators_[accumulators_.size() - 1];
  accumulators_.keep(accumulators_.size() - 1);
  std::free(of.values);
  delete &of;
  return writer;
}
void Warpgroup::forget() {
  for (FlyingProduct* product : flying_) delete product;
  for (Accumulators* of : accumulators_) std::free(of->values), delete of;
  flying_.clear(), accumulators_.clear();
}

void Block::warpgroup(WarpgroupCall call, void* mine, Site site, uintptr_t pc) {
  if (failing_) return;
  const int number = current_ / 128, first = number * 128;
  Warpgroup& group = warpgroups_[number];
  int gone = 0;
  for (int i = 0; i < 4; ++i) gone += first + 32 * i >= slots_ ? 32 : __builtin_popcount(warps_[first / 32 + i].returned);
  if (gone)
    misuse(std::string(name_of(call)) + " needs all 128 threads of the warpgroup; " + std::to_string(gone) +
               " of them have returned or never were",
           &site);
  if (group.came && (group.call != call || group.site != site))
    misuse("a warpgroup is split between two instructions: " + std::to_string(group.came) + " threads have come to " + name_of(group.call) +
               " in " + text_of(group.site) + ", this one to " + name_of(call),
           &site);
  group.call = call, group.site = site;
  group.brought[current_ - first] = mine;
  const bool last = ++group.came == 128;
  if (last) {  // before this thread counts as one that waits: what follows may throw
    group.came = 0;
    if (call == WarpgroupCall::product) begin_product(group, first, pc);
    else if (call == WarpgroupCall::fence) group.fenced = true;
    else if (call == WarpgroupCall::commit) ++group.committed;
    else if (call == WarpgroupCall::wait) finish_products(group, first, static_cast<uint32_t>(*static_cast<int*>(mine)));
  }
  lanes_[current_].state = State::at_warpgroup;
  for (int i = 0; i < threads_ && last; ++i)
    if (const int lane = order_[i]; lanes_[lane].state == State::at_warpgroup && lane / 128 == number) wake(lane);
  wait();
}

void Block::begin_product(Warpgroup& group, int first, uintptr_t pc) {
  const Site site = group.site;
  const WarpgroupProduct& what = *static_cast<WarpgroupProduct*>(group.brought[0]);
  FlyingProduct& product = *group.add_product();
  product.what = what;
  product.pc = pc, product.site = site, product.group = group.committed;
  for (int t = 0; t < 128; ++t) {
    const WarpgroupProduct& own = *static_cast<WarpgroupProduct*>(group.brought[t]);
    if (!alike(own, what))
      misuse("the threads of a warpgroup name different operands: " + text_of(lanes_[first + t].index) + " others than " +
                 text_of(lanes_[first].index),
             &site);
    product.d[t] = own.d;
    if (own.a_registers) std::memcpy(product.a_registers[t], own.a_registers, sizeof product.a_registers[t]);
  }
  if (what.n < 8 || what.n > 256 || what.n % 8) misuse("wgmma() with n = " + std::to_string(what.n) + ": a multiple of 8 up to 256", &site);
  const int element = what.type == WarpgroupType::bf16 ? 2 : 4;
  product.a_in_memory = !what.a_registers;
  product.a = MatrixOperand::decode(what.a, what.a_along_rows, 64, element);
  product.b = MatrixOperand::decode(what.b, what.b_along_rows, what.n, element);
  for (const bool of_a : {true, false}) {
    if (of_a && !product.a_in_memory) continue;
    const MatrixOperand& m = of_a ? product.a : product.b;
    const std::string who = std::string("wgmma(): operand ") + (of_a ? "A" : "B");
    if (const char* problem = m.problem()) misuse(who + ": " + problem, &site);
    for (int i = 0; i < m.chunks(); ++i)
      if (m.chunk(i) + 16 > launch_->shared_bytes)
        misuse(who + " reaches to byte " + std::to_string(m.chunk(i) + 16) + " of the block's " + std::to_string(launch_->shared_bytes) +
                   " bytes of shared memory",
               &site);
  }
  Accumulators* of = group.find(what.d);
  if (of && of->each != what.n / 2) misuse("wgmma() adds to registers of a product of another n that is on its way", &site);
  if (!of) {
    if (!group.fenced)
      misuse("wgmma() on registers that the threads may have touched, without a wgmma_fence() since they last could", &site);
    of = &group.take(product.d, what.n / 2);
  }
  ++of->products;
  watch::product_begins(product, first);
}

void Block::finish_products(Warpgroup& group, int first, uint32_t newest) {
  const uint32_t done = group.committed > newest ? group.committed - newest : 0;
  while (group.flying().size() && group.flying()[0]->group < done) {
    const FlyingProduct& product = *group.flying()[0];
    Accumulators& of = *group.find(product.d[0]);
    multiply(product, reinterpret_cast<const char*>(shared_of(member_of(first))), of.values);
    watch::product_ends(product, first);
    if (--of.products == 0) {
      group.fenced = false;
      if (const int writer = group.give_back(of); writer >= 0)
        misuse("thread " + text_of(lanes_[first + writer].index) + " wrote to accumulators of the wgmma() in " + text_of(product.site) +
                   " before a wgmma_wait() that covers it",
               nullptr);
    }
    group.remove(0);
  }
  watch::registers_fly(first, group.flying().size() != 0);
}

const FlyingProduct* Block::find_product(uintptr_t offset) const {
  for (int number = 0; number < max_threads / 128; ++number)
    for (const FlyingProduct* product : warpgroups_[number].flying())
      for (const bool of_a : {true, false}) {
        if (of_a && !product->a_in_memory) continue;
        const MatrixOperand& m = of_a ? product->a : product->b;
        const uintptr_t own = offset - (shared_of(member_of(number * 128)) - shared_of(0));
        for (int i = 0; i < m.chunks(); ++i)
          if (own - m.chunk(i) < 16) return product;
      }
  return nullptr;
}
const FlyingProduct* Block::find_register(int thread, uintptr_t at) const {
  const Warpgroup& group = warpgroups_[thread / 128];
  if (const Accumulators* of = group.find_register(thread % 128, at))
    for (const FlyingProduct* product : group.flying())
      if (product->d[0] == of->d[0]) return product;
  return nullptr;
}

void Block::check_products_at_end() {
  for (const Warpgroup& group : warpgroups_)
    if (group.flying().size())
      misuse("ended while the wgmma() in " + text_of(group.flying()[0]->site) +
                 " was on its way: wgmma_commit() and wgmma_wait<0>() come first",
             nullptr);
}

}  // namespace duel::sim
