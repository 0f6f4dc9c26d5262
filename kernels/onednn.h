// What the oneDNN rows share: engine, stream, a cache of prepared primitives, and the matrix product. oneDNN 2.6, its C++ interface.
//
// A primitive is prepared once a problem and thread count: it plans for the threads there are when it is made, and must run on as many.
// Scratchpads are the caller's (a row never allocates). Whatever oneDNN refuses, or would only run in its reference code, is a missing
// plan, and the row's supports() says no.
#pragma once
#ifdef DUEL_ONEDNN
#include <omp.h>

#include <array>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>

#include "kernels/device.h"
#include "kernels/dtype.h"
#include "kernels/error.h"
#include "kernels/registry.h"

namespace duel::onednn {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;

inline dnnl::engine& engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}
inline dnnl::stream& stream() {  // on the CPU it only marks the order, which is that of the calls
  static thread_local dnnl::stream stream(engine());
  return stream;
}
inline dnnl::memory::data_type type_of(DType t) { return t == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32; }
inline dnnl::primitive_attr attributes(bool accumulate = false) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (accumulate) {
    dnnl::post_ops ops;
    ops.append_sum(1.f);
    attr.set_post_ops(ops);
  }
  return attr;
}
inline dnnl::memory view(const Desc& desc, const void* data) { return {desc, engine(), const_cast<void*>(data)}; }
inline bool is_reference(const std::string& implementation) { return implementation.find("ref") != std::string::npos; }

constexpr size_t scratch_alignment = 64;
constexpr size_t aligned(size_t bytes) { return (bytes + scratch_alignment - 1) / scratch_alignment * scratch_alignment; }

// Takes pieces of a row's scratch one after another; `used` is also how scratch() adds them up.
struct ScratchPieces {
  char* data = nullptr;
  size_t used = 0;
  void* take(size_t bytes) {
    void* piece = data ? data + used : nullptr;
    used += aligned(bytes);
    return piece;
  }
};

// Runs f; what oneDNN throws becomes an error that names the row.
template <class F>
void guarded(F&& f) {
  try {
    f();
  } catch (const dnnl::error& e) {
    const Row* row = duel_current_row();
    fail(e.status == dnnl_out_of_memory ? Failure::memory : Failure::internal,
         std::string("[") + (row ? row->op : "onednn") + "] oneDNN: " + e.what() + "; DUEL_VARIANT chooses another row");
  }
}

// Carries the first exception of a parallel loop's bodies out of the loop.
class FirstError {
 public:
  template <class F>
  void run(F&& body) {
    try {
      body();
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
};

// Plans by key. A plan that could not be made is remembered as nullptr. When full the cache starts over: the problems of one network are
// few, some dozens of products for a convolution by minimal filtering included, and plans in use are kept alive by their users.
template <class Plan>
class PlanCache {
 public:
  using Key = std::array<int, 24>;  // whatever makes two plans differ; find() adds the thread count
  template <class Make>
  std::shared_ptr<const Plan> find(Key key, Make&& make) {
    key.back() = omp_get_max_threads();
    std::lock_guard lock(mutex_);
    if (auto it = plans_.find(key); it != plans_.end()) return it->second;
    std::shared_ptr<const Plan> plan;
    try {
      plan = make();
    } catch (const dnnl::error& e) {
      const bool refused = e.status == dnnl_unimplemented || e.status == dnnl_invalid_arguments;
      if (!refused) throw;  // out of memory, say: no fact about the problem, so nothing to remember
    }
    if (plans_.size() >= 4096) plans_.clear();
    plans_.emplace(key, plan);
    return plan;
  }

 private:
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const Plan>> plans_;
};

// C = op(A)·op(B), or C += …, row-major, a batch of members that follow one another.
struct MatmulShape {
  int batch = 1, m = 1, n = 1, k = 1;
  bool ta = false, tb = false;  // A is stored [k,m], B is stored [n,k]
  DType dtype = DType::f32, out = DType::f32;
  bool accumulate = false;
  bool packed_b = false;  // B in the layout oneDNN likes best (plan.b says which), packed by the caller
  int threads = 0;        // 0: all; 1: to be run by each thread of a parallel loop
};
struct MatmulPlan {
  Desc a, b, c, scratchpad;
  dnnl::matmul primitive;
  std::string implementation;
  size_t scratch_bytes() const { return aligned(scratchpad.get_size()); }
  void run(const void* pa, const void* pb, void* pc, void* pad) const {
    dnnl::memory ma = view(a, pa), mb = view(b, pb), mc = view(c, pc), mp = view(scratchpad, pad);
    primitive.execute(stream(), {{DNNL_ARG_SRC, ma}, {DNNL_ARG_WEIGHTS, mb}, {DNNL_ARG_DST, mc}, {DNNL_ARG_SCRATCHPAD, mp}});
  }
};

inline Desc matrix_desc(const MatmulShape& s, int rows, int columns, bool transposed, DType t) {
  const dnnl::memory::dim r = rows, c = columns;
  const Dims dims = s.batch > 1 ? Dims{s.batch, r, c} : Dims{r, c};
  const Dims inner = transposed ? Dims{1, r} : Dims{c, 1};
  return {dims, type_of(t), s.batch > 1 ? Dims{r * c, inner[0], inner[1]} : inner};
}

// nullptr when oneDNN has nothing better than its reference code.
inline std::shared_ptr<const MatmulPlan> matmul_plan(const MatmulShape& s) {
  static PlanCache<MatmulPlan> cache;
  const PlanCache<MatmulPlan>::Key key = {
      s.batch, s.m, s.n, s.k, s.ta, s.tb, static_cast<int>(s.dtype), static_cast<int>(s.out), s.accumulate, s.packed_b, s.threads};
  return cache.find(key, [&]() -> std::shared_ptr<const MatmulPlan> {
    const int before = omp_get_max_threads();
    if (s.threads) omp_set_num_threads(s.threads);
    struct Restore {
      int threads;
      ~Restore() { omp_set_num_threads(threads); }
    } restore{before};
    MatmulPlan plan;
    plan.a = matrix_desc(s, s.m, s.k, s.ta, s.dtype);
    plan.b = s.packed_b ? Desc({s.k, s.n}, type_of(s.dtype), Tag::any) : matrix_desc(s, s.k, s.n, s.tb, s.dtype);
    plan.c = matrix_desc(s, s.m, s.n, false, s.out);
    const dnnl::matmul::primitive_desc pd({plan.a, plan.b, plan.c}, attributes(s.accumulate), engine());
    plan.implementation = pd.impl_info_str();
    if (is_reference(plan.implementation)) return nullptr;
    plan.b = pd.weights_desc();
    plan.scratchpad = pd.scratchpad_desc();
    plan.primitive = dnnl::matmul(pd);
    return std::make_shared<const MatmulPlan>(std::move(plan));
  });
}

}  // namespace duel::onednn
#endif
