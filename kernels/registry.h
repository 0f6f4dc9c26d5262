// The registry: every implementation of every op is a row, and a row registers itself where it is written.
//
//   KERNEL_VARIANT(Conv2dFwd, tiled, 2, supports, no_scratch, run);   // last line of fwd_02_tiled.cu
//
// is the whole registration. Tests, benches and the engine find it by walking rows().
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/error.h"

namespace duel {

constexpr int reference_rank = 0;  // the oracle: never faster, never wrong
constexpr int baseline_rank = -1;  // a library kept as a unit of measurement (cuDNN, cuBLAS): never picked unless asked for by name

// What a row may assume of its memory: every pointer of Args is aligned to this, which is enough for float4, cp.async and TMA. A slice of a
// batch may start at any element; engine/dispatch.h hands a copy to the row where it has to.
constexpr size_t row_alignment = 16;

// The order in which a row adds. fixed: it depends on the problem alone. by_threads: a library adds, in an order that may differ with
// the number of threads, and so may the bits; a row says so behind `run`.
enum class Sums { fixed, by_threads };

// A row as its author writes it. The highest rank whose supports() says yes wins, unless overridden.
template <class Op>
struct Variant {
  const char* name;
  Device device;
  int rank;
  bool (*supports)(const typename Op::Problem&);   // tile divisibility, dtype, shared memory: said, not assumed
  size_t (*scratch)(const typename Op::Problem&);  // bytes; the caller provides them, a kernel never allocates
  void (*run)(const typename Op::Problem&, const typename Op::Args&, Scratch, Stream);
  Sums sums = Sums::fixed;
};

// The same row with its types erased: what the table holds. Plain data, so that it crosses library borders.
struct Row {
  const char* op;
  const char* name;
  const char* file;
  Device device;
  int rank;
  bool (*supports)(const void* problem);
  size_t (*scratch)(const void* problem);
  void (*run)(const void* problem, const void* args, Scratch, Stream);
  Sums sums = Sums::fixed;
};

extern "C" void duel_register_row(const Row* row);
extern "C" const Row* duel_current_row();  // the row this thread is running, or nullptr: names the culprit in errors
extern "C" void duel_count_launch();
// Spells an address by the buffers of the row this thread is running: "gw + 4096 bytes". False when it is in none and near none.
extern "C" bool duel_name_address(const void* address, char* text, size_t room);
extern "C" void** duel_checker_slot();  // where the libraries of checked rows keep what they share

const std::vector<Row>& rows();
std::vector<Row> rows_of(const char* op);
const Row* find_row(const char* op, const char* variant, Device device);
void forget_rows_run();              // starts rows_run() afresh
std::vector<const Row*> rows_run();  // rows that have run in this process, in the table's order
long launches();                     // kernel launches so far, on any device

// The row that will run `op` on this problem. `text` spells the problem for the error, which names op, problem and device.
const Row& pick_row(const char* op, const void* problem, Device device, std::string (*text)(const void* problem));
void run_row(const Row& row, const void* problem, const void* args, Scratch scratch, Stream stream);

template <class Op>
const Row& pick(const typename Op::Problem& problem, Device device) {
  return pick_row(Op::name, &problem, device, [](const void* p) { return static_cast<const typename Op::Problem*>(p)->text(); });
}

// Overrides pick(): DUEL_VARIANT="conv2d_fwd:tiled,gemm:naive" in the environment, or for a scope. An override that does not support a
// problem is an error, not a fallback.
class ScopedVariant {
 public:
  explicit ScopedVariant(const std::string& overrides);
  ~ScopedVariant();
  ScopedVariant(const ScopedVariant&) = delete;

 private:
  std::string before_;
};

struct NoScratch {
  template <class Problem>
  constexpr size_t operator()(const Problem&) const {
    return 0;
  }
};
constexpr NoScratch no_scratch{};

template <class Op, auto supports, auto scratch, auto run>
struct Registration {
  Registration(Device device, const char* name, const char* file, int rank, Sums sums = Sums::fixed) {
    using P = typename Op::Problem;
    using A = typename Op::Args;
    const Row row{
        Op::name,
        name,
        file,
        device,
        rank,
        [](const void* p) -> bool { return supports(*static_cast<const P*>(p)); },
        [](const void* p) -> size_t { return scratch(*static_cast<const P*>(p)); },
        [](const void* p, const void* a, Scratch s, Stream t) { run(*static_cast<const P*>(p), *static_cast<const A*>(a), s, t); },
        sums};
    duel_register_row(&row);
  }
};

#if defined(DUEL_SIM_CHECKED)
constexpr Device row_device = Device::sim_checked;
#elif defined(DUEL_SIM)
constexpr Device row_device = Device::sim;
#elif defined(__CUDACC__) || defined(DUEL_CUDA_LIBRARY)
constexpr Device row_device = Device::cuda;
#else
constexpr Device row_device = Device::cpu;
#endif

// The optional last argument is the row's Sums.
#define KERNEL_VARIANT(Op, variant, rank, supports, scratch, run, ...)                      \
  static const ::duel::Registration<Op, supports, scratch, run> duel_row_##Op##_##variant { \
    ::duel::row_device, #variant, __FILE__, rank, __VA_ARGS__                               \
  }

}  // namespace duel
