// batch_norm_fwd and batch_norm_infer on the CPU. x is read twice and y written once: the statistics of a chunk are those of its own mean,
// found in two passes while the chunk is in the cache, and the chunks are joined by Chan, Golub & LeVeque's formula (1983), in order.
#include "kernels/batch_norm/cpu_moments.h"

namespace duel {
namespace {

bool supports(const BatchNormProblem& p) { return (p.dtype == DType::f32 || p.dtype == DType::bf16) && bn_supports_act(p.act); }

// Scratch: double moments[chunks][2][c], then float lines: mean, scale, beta [3][width], then per channel mean, scale [2][c].
size_t scratch_infer(const BatchNormProblem& p) {
  const Lanes l = lanes_of(p);
  return (3 * size_t(l.width) + 2 * size_t(l.c)) * sizeof(float);
}
size_t scratch_fwd(const BatchNormProblem& p) {
  const Lanes l = lanes_of(p);
  return size_t(l.chunks) * 2 * size_t(l.c) * sizeof(double) + scratch_infer(p);
}

// Chunks' moments → the batch's, in place of the first chunk's.
void join_batch(const Lanes& l, double* moments) {
  if (l.chunks == 1) return;
  parallel_chunks(l.c, joined_channels, [&](int64_t begin, int64_t end, int64_t) { join_chunks(l, moments, begin, end); });
}

// y = act((x − mean)·scale + beta), with mean, scale, beta along a line.
template <Act act, class T>
void apply(const Lanes& l, const T* __restrict x, const float* __restrict mean, const float* __restrict scale, const float* __restrict beta,
           float slope, T* __restrict y) {
  parallel_chunks(l.rows, l.chunk_rows, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t r = begin; r < end; r += l.group) {
      const T* __restrict from = x + r * l.c;
      T* __restrict to = y + r * l.c;
      const int width = static_cast<int>(std::min<int64_t>(l.group, end - r)) * l.c;
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
      for (int i = 0; i < width; ++i)
        to[i] = static_cast<T>(act_forward<act>(bn_affine(static_cast<float>(from[i]), mean[i], scale[i], beta[i]), slope));
    }
  });
}

template <class T>
void apply_lines(const BatchNormProblem& p, const Lanes& l, const void* x, const float* channel_mean, const float* channel_scale,
                 const void* channel_beta, float* lines, void* y) {
  float *mean = lines, *scale = lines + l.width, *beta = lines + 2 * int64_t{l.width};
  spread(l, channel_mean, mean);
  spread(l, channel_scale, scale);
  spread(l, static_cast<const float*>(channel_beta), beta);
  with_bn_act(p.act, [&](auto tag) {
    apply<decltype(tag)::value>(l, static_cast<const T*>(x), mean, scale, beta, static_cast<float>(p.slope), static_cast<T*>(y));
  });
}

template <class T>
void fwd(const BatchNormProblem& p, const BatchNormFwd::Args& a, double* moments) {
  const Lanes l = lanes_of(p);
  const T* x = static_cast<const T*>(a.x);
  parallel_chunks(p.rows, l.chunk_rows, [&](int64_t begin, int64_t end, int64_t chunk) {
    chunk_moments(l, x + begin * l.c, end - begin, moments + chunk * 2 * l.c);
  });
  join_batch(l, moments);
  float* lines = reinterpret_cast<float*>(moments + l.chunks * 2 * l.c);
  float* scale = lines + 3 * int64_t{l.width};
  float *mean = static_cast<float*>(a.mean), *invstd = static_cast<float*>(a.invstd);
  for (int j = 0; j < l.c; ++j) {
    const double deviations = std::max(moments[l.c + j], 0.0);  // equal numbers can leave a rounding error below zero
    mean[j] = static_cast<float>(moments[j]);
    invstd[j] = static_cast<float>(bn_invstd(deviations / static_cast<double>(p.rows), p.eps));
    scale[j] = static_cast<const float*>(a.gamma)[j] * invstd[j];
    if (!a.running_mean) continue;
    float &running_mean = static_cast<float*>(a.running_mean)[j], &running_var = static_cast<float*>(a.running_var)[j];
    running_mean = static_cast<float>(bn_running_mean(p, running_mean, moments[j]));
    running_var = static_cast<float>(bn_running_var(p, running_var, deviations));
  }
  apply_lines<T>(p, l, a.x, mean, scale, a.beta, lines, a.y);
}

void run_fwd(const BatchNormProblem& p, const BatchNormFwd::Args& a, Scratch scratch, Stream) {
  double* moments = static_cast<double*>(scratch.data);
  for (int group = 0; group < p.groups; ++group) {
    if (p.dtype == DType::bf16) fwd<bf16>(of_group(p), of_group(p, a, group), moments);
    else fwd<float>(of_group(p), of_group(p, a, group), moments);
  }
}

void run_infer(const BatchNormProblem& p, const BatchNormInfer::Args& a, Scratch scratch, Stream) {
  const Lanes l = lanes_of(p.c, p.groups * p.rows);
  float* lines = static_cast<float*>(scratch.data);
  float* scale = lines + 3 * int64_t{l.width};
  for (int j = 0; j < l.c; ++j)
    scale[j] = static_cast<const float*>(a.gamma)[j] * static_cast<float>(bn_invstd(static_cast<const float*>(a.var)[j], p.eps));
  const float* mean = static_cast<const float*>(a.mean);
  if (p.dtype == DType::bf16) apply_lines<bf16>(p, l, a.x, mean, scale, a.beta, lines, a.y);
  else apply_lines<float>(p, l, a.x, mean, scale, a.beta, lines, a.y);
}

KERNEL_VARIANT(BatchNormFwd, lanes, 1, supports, scratch_fwd, run_fwd);
KERNEL_VARIANT(BatchNormInfer, lanes, 1, supports, scratch_infer, run_infer);

}  // namespace
}  // namespace duel
