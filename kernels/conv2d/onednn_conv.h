// A convolution prepared with oneDNN: shared by the row `onednn` (activations as they are) and the baseline `onednn_any` (oneDNN's own
// choice of layout for everything).
//
// oneDNN asked for weights in a fixed KRSC layout silently runs its reference code, so weights are always asked for as `any` and reordered
// within the row: a few ms at most for the largest layer.
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/onednn.h"
#ifdef DUEL_ONEDNN

namespace duel::onednn {

enum class ConvOp { fwd, dgrad, wgrad };
enum class Layout { nhwc, any };

// One of the three tensors: as the caller has it, as the primitive wants it, and the reorder between them where they differ.
struct ConvTensor {
  int argument = 0;
  Desc caller, inner;
  dnnl::reorder reorder;
  bool converts() const { return caller != inner; }
};

struct ConvPlan {
  ConvTensor in[2], out;  // in the order of buffers()
  Desc scratchpad;
  dnnl::primitive primitive;
  std::string implementation;

  struct Work {
    void *in[2], *out, *pad;
  };  // where converted tensors and the scratchpad live
  Work place(ScratchPieces& pieces) const {
    Work work{};
    for (int i : {0, 1})
      if (in[i].converts()) work.in[i] = pieces.take(in[i].inner.get_size());
    if (out.converts()) work.out = pieces.take(out.inner.get_size());
    work.pad = pieces.take(scratchpad.get_size());
    return work;
  }
  size_t scratch_bytes() const {
    ScratchPieces pieces;
    place(pieces);
    return pieces.used;
  }
  void convert_in(const void* const* buffers, const Work& work) const {
    for (int i : {0, 1})
      if (in[i].converts()) {
        dnnl::memory from = view(in[i].caller, buffers[i]), to = view(in[i].inner, work.in[i]);
        in[i].reorder.execute(stream(), from, to);
      }
  }
  void execute(const void* const* buffers, void* result, const Work& work) const {
    primitive.execute(stream(), {{in[0].argument, view(in[0].inner, in[0].converts() ? work.in[0] : buffers[0])},
                                 {in[1].argument, view(in[1].inner, in[1].converts() ? work.in[1] : buffers[1])},
                                 {out.argument, view(out.inner, out.converts() ? work.out : result)},
                                 {DNNL_ARG_SCRATCHPAD, view(scratchpad, work.pad)}});
  }
  void convert_out(void* result, const Work& work) const {
    if (!out.converts()) return;
    dnnl::memory from = view(out.inner, work.out), to = view(out.caller, result);
    out.reorder.execute(stream(), from, to);
  }
  void run(const void* first, const void* second, void* result, Scratch scratch) const {
    ScratchPieces pieces{static_cast<char*>(scratch.data)};
    const Work work = place(pieces);
    const void* buffers[] = {first, second};
    convert_in(buffers, work);
    execute(buffers, result, work);
    convert_out(result, work);
  }
};

inline ConvTensor conv_tensor(int argument, const Dims& dims, DType t, Tag caller, const Desc& inner, bool is_output) {
  ConvTensor tensor{argument, Desc(dims, type_of(t), caller), inner, {}};
  if (tensor.converts())
    tensor.reorder = dnnl::reorder(is_output ? dnnl::reorder::primitive_desc(engine(), tensor.inner, engine(), tensor.caller)
                                             : dnnl::reorder::primitive_desc(engine(), tensor.caller, engine(), tensor.inner));
  return tensor;
}

inline ConvPlan make_conv_plan(ConvOp op, const Conv2dProblem& d, Layout layout) {
  using dnnl::algorithm;
  const Dims xs{d.n, d.c, d.h, d.w}, ws{d.k, d.c, d.r, d.s}, ys{d.n, d.k, d.p, d.q}, strides{d.u, d.v}, before{d.top, d.left};
  // Whatever p and q need beyond the far side. Negative where no window reaches it; oneDNN takes that down to 1 − stride.
  const Dims after{(d.p - 1) * d.u + d.r - d.top - d.h, (d.q - 1) * d.v + d.s - d.left - d.w};
  const Tag tag = layout == Layout::any ? Tag::any : Tag::nhwc;
  const DType gw_type = accumulator_of(d.dtype);
  const Desc x(xs, type_of(d.dtype), tag), y(ys, type_of(d.dtype), tag);
  const Desc w(ws, type_of(d.dtype), Tag::any), gw(ws, type_of(gw_type), Tag::any);
  const auto training = dnnl::prop_kind::forward_training;
  const dnnl::convolution_forward::primitive_desc fwd({training, algorithm::convolution_direct, x, w, y, strides, before, after},
                                                      attributes(), engine());
  auto x_of = [&](int argument, const Desc& inner, bool output) { return conv_tensor(argument, xs, d.dtype, Tag::nhwc, inner, output); };
  auto w_of = [&](const Desc& inner) { return conv_tensor(DNNL_ARG_WEIGHTS, ws, d.dtype, Tag::ohwi, inner, false); };
  auto y_of = [&](int argument, const Desc& inner, bool output) { return conv_tensor(argument, ys, d.dtype, Tag::nhwc, inner, output); };
  ConvPlan plan;
  auto finish = [&](const auto& pd, const auto& primitive) {
    plan.scratchpad = pd.scratchpad_desc();
    plan.implementation = pd.impl_info_str();
    plan.primitive = primitive;
  };
  if (op == ConvOp::fwd) {
    plan.in[0] = x_of(DNNL_ARG_SRC, fwd.src_desc(), false), plan.in[1] = w_of(fwd.weights_desc());
    plan.out = y_of(DNNL_ARG_DST, fwd.dst_desc(), true);
    finish(fwd, dnnl::convolution_forward(fwd));
  } else if (op == ConvOp::dgrad) {
    const dnnl::convolution_backward_data::primitive_desc pd({algorithm::convolution_direct, x, w, y, strides, before, after}, attributes(),
                                                             engine(), fwd);
    plan.in[0] = y_of(DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), false), plan.in[1] = w_of(pd.weights_desc());
    plan.out = x_of(DNNL_ARG_DIFF_SRC, pd.diff_src_desc(), true);
    finish(pd, dnnl::convolution_backward_data(pd));
  } else {
    const dnnl::convolution_backward_weights::primitive_desc pd({algorithm::convolution_direct, x, gw, y, strides, before, after},
                                                                attributes(), engine(), fwd);
    plan.in[0] = x_of(DNNL_ARG_SRC, pd.src_desc(), false), plan.in[1] = y_of(DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), false);
    plan.out = conv_tensor(DNNL_ARG_DIFF_WEIGHTS, ws, gw_type, Tag::ohwi, pd.diff_weights_desc(), true);
    finish(pd, dnnl::convolution_backward_weights(pd));
  }
  return plan;
}

inline PlanCache<ConvPlan>& conv_plans() {
  static PlanCache<ConvPlan> cache;
  return cache;
}

// Does some tap never meet the image? oneDNN's bf16 wgrad leaves the gradient of such a tap unwritten.
inline bool has_idle_tap(const Conv2dProblem& d) {
  auto idle = [](int in, int out, int kernel, int stride, int before) {
    for (int t = 0; t < kernel; ++t) {
      bool meets = false;
      for (int o = 0; o < out && !meets; ++o) meets = o * stride - before + t >= 0 && o * stride - before + t < in;
      if (!meets) return true;
    }
    return false;
  };
  return idle(d.h, d.p, d.r, d.u, d.top) || idle(d.w, d.q, d.s, d.v, d.left);
}

// oneDNN 2.6's wgrad of a strided 1×1 kernel (jit_1x1:avx512_core) packs the pixels that count into its scratchpad, which is sized for c
// channels; it fills them up to a multiple of 16 and writes past the end.
inline bool overruns_scratchpad(const Conv2dProblem& d) { return d.r == 1 && d.s == 1 && (d.u > 1 || d.v > 1) && d.c % 16 != 0; }

// nullptr when oneDNN refuses the problem or would only run its reference code.
inline std::shared_ptr<const ConvPlan> conv_plan(ConvOp op, const Conv2dProblem& d, Layout layout) {
  if (d.dtype != DType::f32 && d.dtype != DType::bf16) return nullptr;
  if (op == ConvOp::wgrad && (has_idle_tap(d) || overruns_scratchpad(d))) return nullptr;
  const PlanCache<ConvPlan>::Key key = {static_cast<int>(op),
                                        static_cast<int>(layout),
                                        static_cast<int>(d.dtype),
                                        d.n,
                                        d.h,
                                        d.w,
                                        d.c,
                                        d.k,
                                        d.r,
                                        d.s,
                                        d.p,
                                        d.q,
                                        d.u,
                                        d.v,
                                        d.top,
                                        d.left};
  return conv_plans().find(key, [&]() -> std::shared_ptr<const ConvPlan> {
    ConvPlan plan = make_conv_plan(op, d, layout);
    if (is_reference(plan.implementation)) return nullptr;
    return std::make_shared<const ConvPlan>(std::move(plan));
  });
}

}  // namespace duel::onednn
#endif
