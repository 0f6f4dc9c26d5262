// Two implicit matrix products in one launch (kernels/conv2d_grads/implicit_grads.h), the weight gradient's with a norm on what it loads.
#pragma once
#include "kernels/conv2d_grads/implicit_grads.h"
#include "kernels/normed_conv2d/activation_on_store.h"
#include "kernels/normed_conv2d/norm_on_load.h"

namespace duel::normed {

template <class Tiles>
bool supports_grads(const NormedConv2dProblem& p) {
  return implicit_grads::supports<typename Tiles::Operand>(p.conv) && bn_supports_act(p.act) && !p.statistics && p.then == Act::none;
}
template <class Tiles>
size_t grads_scratch(const NormedConv2dProblem& p) {
  return p.input_only ? 0 : implicit_grads::grads_scratch<Tiles>(p.conv);
}
template <class Tiles>
size_t dgrad_grads_scratch(const NormedConv2dProblem& p) {
  return p.input_only ? 0 : implicit_grads::dgrad_grads_scratch<Tiles>(p.conv);
}

template <class ByInput, class ByWeight>
void launch_grads(const NormedConv2dProblem& p, const NormedConv2dGrads::Args& a, Scratch scratch, Stream stream) {
  const Conv2dProblem& d = p.conv;
  const implicit_dgrad::Job<ByInput, AsLoaded, ActivationOnStore> by_input(d, {a.gy, a.w, a.gx}, {}, ActivationOnStore(p, a.x));
  if (p.input_only) return launch_job(by_input, stream);
  launch_jobs(by_input, SummedWgrad<ByWeight, NormOnLoad, AsLoaded>(d, {a.x, a.gy, a.gw}, scratch, a.tickets, NormOnLoad(p, d.c, a)),
              stream);
}
template <class Tiles>
void run_grads(const NormedConv2dProblem& p, const NormedConv2dGrads::Args& a, Scratch scratch, Stream stream) {
  if (implicit_dgrad::in_large_tiles(p.conv))
    launch_grads<typename Tiles::template Large<true, false>, typename Tiles::template Large<false, false>>(p, a, scratch, stream);
  else launch_grads<typename Tiles::template Small<true, false>, typename Tiles::template Small<false, false>>(p, a, scratch, stream);
}

template <class ByInput, class ByWeight>
void launch_dgrad_grads(const NormedConv2dProblem& p, const NormedConv2dDgradGrads::Args& a, Scratch scratch, Stream stream) {
  const Conv2dProblem& d = p.conv;
  const implicit_fwd::Job<ByInput, AsLoaded, ActivationOnStore> by_input(d, {a.g, a.w, a.ggy}, {}, ActivationOnStore(p, a.gy));
  if (p.input_only) return launch_job(by_input, stream);
  launch_jobs(by_input, SummedWgrad<ByWeight, AsLoaded, NormOnLoad>(d, {a.g, a.gy, a.gw}, scratch, a.tickets, {}, NormOnLoad(p, d.k, a)),
              stream);
}
template <class Tiles>
void run_dgrad_grads(const NormedConv2dProblem& p, const NormedConv2dDgradGrads::Args& a, Scratch scratch, Stream stream) {
  if (implicit_fwd::in_large_tiles(p.conv))
    launch_dgrad_grads<typename Tiles::template Large<true, true>, typename Tiles::template Large<false, false>>(p, a, scratch, stream);
  else launch_dgrad_grads<typename Tiles::template Small<true, true>, typename Tiles::template Small<false, false>>(p, a, scratch, stream);
}

}  // namespace duel::normed
