// Baseline: cuDNN 9, NHWC, the fastest of its algorithms for each problem, found by timing them once. A unit of measurement, never picked.
//
// f32 in f32 arithmetic (CUDNN_FMA_MATH: no TF32); bf16 on tensor cores with f32 sums. Algorithms that add with atomics are left out: like
// every row this one has to give the same bits twice. Padding is the same on both sides in this interface, so problems whose output size is
// not the one which that gives are not supported; nor is any problem that cuDNN itself declines (it may decline an f32 gw of bf16 tensors).
#include <cuda_runtime.h>
#include <cudnn.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>

#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"

namespace duel {
namespace {

void check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const Row* row = duel_current_row();
  fail(status == CUDNN_STATUS_ALLOC_FAILED ? Failure::memory : Failure::device,
       std::string("[") + (row ? row->op : "cudnn") + "] cuDNN: " + what + " failed: " + cudnnGetErrorString(status) +
           "; DUEL_VARIANT chooses another row");
}

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}
cudnnHandle_t handle() {  // nullptr: no usable GPU
  static cudnnHandle_t handle = [] {
    cudnnHandle_t made = nullptr;
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0 || cudnnCreate(&made) != CUDNN_STATUS_SUCCESS) {
      cudaGetLastError();
      return cudnnHandle_t{};
    }
    return made;
  }();
  return handle;
}

cudnnDataType_t type_of(DType t) { return t == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT; }

struct Descriptors {
  cudnnTensorDescriptor_t x = nullptr, y = nullptr;
  cudnnFilterDescriptor_t w = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;
  Descriptors(const Conv2dProblem& d, DType w_type) {
    check(cudnnCreateTensorDescriptor(&x), "cudnnCreateTensorDescriptor");
    check(cudnnCreateTensorDescriptor(&y), "cudnnCreateTensorDescriptor");
    check(cudnnCreateFilterDescriptor(&w), "cudnnCreateFilterDescriptor");
    check(cudnnCreateConvolutionDescriptor(&convolution), "cudnnCreateConvolutionDescriptor");
    check(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, type_of(d.dtype), d.n, d.c, d.h, d.w), "the descriptor of x");
    check(cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NHWC, type_of(d.dtype), d.n, d.k, d.p, d.q), "the descriptor of y");
    check(cudnnSetFilter4dDescriptor(w, type_of(w_type), CUDNN_TENSOR_NHWC, d.k, d.c, d.r, d.s), "the descriptor of w");
    check(cudnnSetConvolution2dDescriptor(convolution, d.top, d.left, d.u, d.v, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
          "the descriptor of the convolution");
    check(cudnnSetConvolutionMathType(convolution, math(d)), "cudnnSetConvolutionMathType");
  }
  ~Descriptors() {
    if (convolution) cudnnDestroyConvolutionDescriptor(convolution);
    if (w) cudnnDestroyFilterDescriptor(w);
    if (y) cudnnDestroyTensorDescriptor(y);
    if (x) cudnnDestroyTensorDescriptor(x);
  }
  Descriptors(const Descriptors&) = delete;
  static cudnnMathType_t math(const Conv2dProblem& d) { return d.dtype == DType::bf16 ? CUDNN_TENSOR_OP_MATH : CUDNN_FMA_MATH; }
};

// The three ops behind one face. `propose` is the quick answer without a launch, `time_all` runs every algorithm on memory of its own.
struct Fwd {
  using Perf = cudnnConvolutionFwdAlgoPerf_t;
  static DType w_type(const Conv2dProblem& d) { return d.dtype; }
  static cudnnStatus_t propose(const Descriptors& t, int wanted, int* found, Perf* perf) {
    return cudnnGetConvolutionForwardAlgorithm_v7(handle(), t.x, t.w, t.convolution, t.y, wanted, found, perf);
  }
  static cudnnStatus_t time_all(const Descriptors& t, int wanted, int* found, Perf* perf) {
    return cudnnFindConvolutionForwardAlgorithm(handle(), t.x, t.w, t.convolution, t.y, wanted, found, perf);
  }
  static cudnnStatus_t run(const Descriptors& t, const Perf& best, const void* x, const void* w, void* y, Scratch s) {
    const float one = 1, zero = 0;
    return cudnnConvolutionForward(handle(), &one, t.x, x, t.w, w, t.convolution, best.algo, s.data, best.memory, &zero, t.y, y);
  }
};
struct Dgrad {
  using Perf = cudnnConvolutionBwdDataAlgoPerf_t;
  static DType w_type(const Conv2dProblem& d) { return d.dtype; }
  static cudnnStatus_t propose(const Descriptors& t, int wanted, int* found, Perf* perf) {
    return cudnnGetConvolutionBackwardDataAlgorithm_v7(handle(), t.w, t.y, t.convolution, t.x, wanted, found, perf);
  }
  static cudnnStatus_t time_all(const Descriptors& t, int wanted, int* found, Perf* perf) {
    return cudnnFindConvolutionBackwardDataAlgorithm(handle(), t.w, t.y, t.convolution, t.x, wanted, found, perf);
  }
  static cudnnStatus_t run(const Descriptors& t, const Perf& best, const void* gy, const void* w, void* gx, Scratch s) {
    const float one = 1, zero = 0;
    return cudnnConvolutionBackwardData(handle(), &one, t.w, w, t.y, gy, t.convolution, best.algo, s.data, best.memory, &zero, t.x, gx);
  }
};
struct Wgrad {
  using Perf = cudnnConvolutionBwdFilterAlgoPerf_t;
  static DType w_type(const Conv2dProblem& d) { return accumulator_of(d.dtype); }
  static cudnnStatus_t propose(const Descriptors& t, int wanted, int* found, Perf* perf) {
    return cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle(), t.x, t.y, t.convolution, t.w, wanted, found, perf);
  }
  static cudnnStatus_t time_all(const Descriptors& t, int wanted, int* found, Perf* perf) {
    return cudnnFindConvolutionBackwardFilterAlgorithm(handle(), t.x, t.y, t.convolution, t.w, wanted, found, perf);
  }
  static cudnnStatus_t run(const Descriptors& t, const Perf& best, const void* x, const void* gy, void* gw, Scratch s) {
    const float one = 1, zero = 0;
    return cudnnConvolutionBackwardFilter(handle(), &one, t.x, x, t.y, gy, t.convolution, best.algo, s.data, best.memory, &zero, t.w, gw);
  }
};

constexpr int most_algorithms = 16;

// The first that is allowed; both lists come fastest first. nullptr: none.
template <class Perf>
const Perf* first_allowed(const Perf* perf, int found, cudnnMathType_t math) {
  for (int i = 0; i < found; ++i) {
    const bool in_f32 = perf[i].mathType == CUDNN_FMA_MATH || perf[i].mathType == CUDNN_DEFAULT_MATH;
    const bool same_bits = perf[i].determinism == CUDNN_DETERMINISTIC;
    if (perf[i].status == CUDNN_STATUS_SUCCESS && same_bits && (in_f32 || math != CUDNN_FMA_MATH)) return &perf[i];
  }
  return nullptr;
}

template <class Op>
struct Plan {
  Descriptors tensors;
  typename Op::Perf best{};
  bool found = false, timed = false;
  explicit Plan(const Conv2dProblem& d) : tensors(d, Op::w_type(d)) { choose(d, Op::propose); }
  template <class Search>
  void choose(const Conv2dProblem& d, Search&& search) {
    std::array<typename Op::Perf, most_algorithms> perf;
    int count = 0;
    if (search(tensors, most_algorithms, &count, perf.data()) != CUDNN_STATUS_SUCCESS) return;
    if (const auto* allowed = first_allowed(perf.data(), count, Descriptors::math(d))) best = *allowed, found = true;
  }
};

// Callers hold library_mutex(). With `timed` the algorithms have been run against each other, at the first use, not in supports().
template <class Op>
Plan<Op>& plan_of(const Conv2dProblem& d, bool timed) {
  static std::map<std::string, std::unique_ptr<Plan<Op>>> plans;
  auto& plan = plans[d.text()];
  if (!plan) plan = std::make_unique<Plan<Op>>(d);
  if (timed && !plan->timed) {
    plan->choose(d, Op::time_all);
    plan->timed = true;
  }
  return *plan;
}

template <class Op>
bool supports(const Conv2dProblem& d) {
  if (d.dtype != DType::f32 && d.dtype != DType::bf16) return false;
  if (d.p != conv_size(d.h, d.r, d.u, d.top) || d.q != conv_size(d.w, d.s, d.v, d.left)) return false;
  std::lock_guard lock(library_mutex());
  return handle() && plan_of<Op>(d, false).found;
}
template <class Op>
size_t scratch(const Conv2dProblem& d) {
  std::lock_guard lock(library_mutex());
  return plan_of<Op>(d, true).best.memory;
}
template <class Op>
void convolve(const Conv2dProblem& d, const void* first, const void* second, void* result, Scratch scratch, Stream stream) {
  std::lock_guard lock(library_mutex());
  const Plan<Op>& plan = plan_of<Op>(d, true);
  check(cudnnSetStream(handle(), static_cast<cudaStream_t>(stream.handle)), "cudnnSetStream");
  duel_count_launch();
  check(Op::run(plan.tensors, plan.best, first, second, result, scratch), "the convolution");
}

void run_fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch s, Stream t) { convolve<Fwd>(d, a.x, a.w, a.y, s, t); }
void run_dgrad(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch s, Stream t) { convolve<Dgrad>(d, a.gy, a.w, a.gx, s, t); }
void run_wgrad(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch s, Stream t) { convolve<Wgrad>(d, a.x, a.gy, a.gw, s, t); }

KERNEL_VARIANT(Conv2dFwd, cudnn, baseline_rank, supports<Fwd>, scratch<Fwd>, run_fwd);
KERNEL_VARIANT(Conv2dDgrad, cudnn, baseline_rank, supports<Dgrad>, scratch<Dgrad>, run_dgrad);
KERNEL_VARIANT(Conv2dWgrad, cudnn, baseline_rank, supports<Wgrad>, scratch<Wgrad>, run_wgrad);

}  // namespace
}  // namespace duel
