// Two implicit matrix products in one launch (kernels/conv2d/implicit_*.h): the gradient by the input, and the gradient by the weights
// beside it. The blocks of one fill the multiprocessors that the last wave of the other leaves idle, and both read gy (the other way round,
// g) while it is in the cache. Both take the tiles that the former would take by itself, since a launch has one number of threads.
#pragma once
#include "kernels/conv2d/implicit_dgrad.h"
#include "kernels/conv2d/implicit_fwd.h"
#include "kernels/conv2d_grads/summed_wgrad.h"

namespace duel::implicit_grads {

template <class T>
bool supports(const Conv2dProblem& p) {
  return implicit_fwd::supports<T>(p) && implicit_dgrad::supports<T>(p) && implicit_wgrad::supports<T>(p);
}

template <class Tiles>
size_t scratch_bytes(const Conv2dProblem& p, bool large) {
  const PixelSplit split = large ? implicit_wgrad::split_of<typename Tiles::template Large<false, false>>(p)
                                 : implicit_wgrad::split_of<typename Tiles::template Small<false, false>>(p);
  return parts_bytes(split.parts, p.w_count());
}
template <class Tiles>
size_t grads_scratch(const Conv2dProblem& p) {
  return scratch_bytes<Tiles>(p, implicit_dgrad::in_large_tiles(p));
}
template <class Tiles>
size_t dgrad_grads_scratch(const Conv2dProblem& p) {
  return scratch_bytes<Tiles>(p, implicit_fwd::in_large_tiles(p));
}

template <class Tiles>
void run_grads(const Conv2dProblem& p, const Conv2dGrads::Args& a, Scratch scratch, Stream stream) {
  const Conv2dDgrad::Args dgrad{a.gy, a.w, a.gx};
  const Conv2dWgrad::Args wgrad{a.x, a.gy, a.gw};
  if (implicit_dgrad::in_large_tiles(p))
    launch_jobs(implicit_dgrad::Job<typename Tiles::template Large<true, false>>(p, dgrad),
                SummedWgrad<typename Tiles::template Large<false, false>>(p, wgrad, scratch, a.tickets), stream);
  else
    launch_jobs(implicit_dgrad::Job<typename Tiles::template Small<true, false>>(p, dgrad),
                SummedWgrad<typename Tiles::template Small<false, false>>(p, wgrad, scratch, a.tickets), stream);
}

template <class Tiles>
void run_dgrad_grads(const Conv2dProblem& p, const Conv2dDgradGrads::Args& a, Scratch scratch, Stream stream) {
  const Conv2dFwd::Args fwd{a.g, a.w, a.ggy};
  const Conv2dWgrad::Args wgrad{a.g, a.gy, a.gw};
  if (implicit_fwd::in_large_tiles(p))
    launch_jobs(implicit_fwd::Job<typename Tiles::template Large<true, true>>(p, fwd),
                SummedWgrad<typename Tiles::template Large<false, false>>(p, wgrad, scratch, a.tickets), stream);
  else
    launch_jobs(implicit_fwd::Job<typename Tiles::template Small<true, true>>(p, fwd),
                SummedWgrad<typename Tiles::template Small<false, false>>(p, wgrad, scratch, a.tickets), stream);
}

}  // namespace duel::implicit_grads
