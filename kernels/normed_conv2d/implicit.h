// The convolutions as implicit matrix products (kernels/conv2d/implicit_fwd.h and its kin), with a norm on what they load and a look at
// what they store, or with bias and activation on that.
#pragma once
#include "kernels/conv2d/implicit_dgrad.h"
#include "kernels/conv2d/implicit_fwd.h"
#include "kernels/conv2d/implicit_wgrad.h"
#include "kernels/normed_conv2d/bias_on_store.h"
#include "kernels/normed_conv2d/norm_on_load.h"
#include "kernels/normed_conv2d/statistics.h"

namespace duel::normed {

using Problem = NormedConv2dProblem;

// Tiles of `grid` belong to one group each, and there are tickets for them; each group has `pixels` in a run (of each phase).
inline bool fits(const Problem& p, const TileGrid& grid, int tile_pixels, int pixels) {
  return !p.statistics || (grid.columns <= most_tickets && (p.groups == 1 || pixels % tile_pixels == 0));
}

// Where nothing is done to what is loaded and nobody looks at what is stored, operands are multiplied as they come; there alone a bias and
// an activation are taken on the way out.
inline bool is_plain(const Problem& p) { return loads_as_is(p) && !p.statistics; }
inline bool can_finish(const Problem& p) {
  return (!p.bias && p.then == Act::none) || (is_plain(p) && bn_supports_act(p.then) && supports_behind(p));
}

// f(a Product) of the tiles that the plain convolution would take.
template <class Tiles, class F>
auto with_fwd_tiles(const Problem& p, F f) {
  return implicit_fwd::in_large_tiles(p.conv) ? f(std::type_identity<typename Tiles::template Large<true, true>>{})
                                              : f(std::type_identity<typename Tiles::template Small<true, true>>{});
}
template <class Tiles, class F>
auto with_dgrad_tiles(const Problem& p, F f) {
  return implicit_dgrad::in_large_tiles(p.conv) ? f(std::type_identity<typename Tiles::template Large<true, false>>{})
                                                : f(std::type_identity<typename Tiles::template Small<true, false>>{});
}
inline int parts_of(int64_t count, int size) { return static_cast<int>((count + size - 1) / size); }

template <class Product>
TileGrid fwd_grid(const Conv2dProblem& d) {
  return {parts_of(int64_t{d.n} * d.p * d.q, Product::m), parts_of(d.k, Product::n), Product::n};
}
template <class Product>
TileGrid dgrad_grid(const Conv2dProblem& d) {
  return {parts_of(implicit_dgrad::pixels_of_largest_phase(d), Product::m) * d.u * d.v, parts_of(d.c, Product::n), Product::n};
}

template <class Tiles>
bool supports_fwd(const Problem& p) {
  const Conv2dProblem& d = p.conv;
  return implicit_fwd::supports<typename Tiles::Operand>(d) && bn_supports_act(p.act) && can_finish(p) &&
         with_fwd_tiles<Tiles>(p, [&](auto tag) {
           using Product = typename decltype(tag)::type;
           return fits(p, fwd_grid<Product>(d), Product::m, d.n / p.groups * d.p * d.q);
         });
}
template <class Tiles>
bool supports_dgrad(const Problem& p) {
  const Conv2dProblem& d = p.conv;
  const bool equal_phases = d.h % d.u == 0 && d.w % d.v == 0;
  return implicit_dgrad::supports<typename Tiles::Operand>(d) && bn_supports_act(p.act) && can_finish(p) &&
         with_dgrad_tiles<Tiles>(p, [&](auto tag) {
           using Product = typename decltype(tag)::type;
           return (p.groups == 1 || equal_phases) &&
                  fits(p, dgrad_grid<Product>(d), Product::m, d.n / p.groups * (d.h / d.u) * (d.w / d.v));
         });
}
template <class Tiles>
bool supports_wgrad(const Problem& p) {
  return implicit_wgrad::supports<typename Tiles::Operand>(p.conv) && bn_supports_act(p.act) && !p.statistics && p.then == Act::none;
}

template <class Tiles>
size_t fwd_scratch(const Problem& p) {
  if (!p.statistics) return 0;
  return with_fwd_tiles<Tiles>(p, [&](auto tag) { return moments_bytes(fwd_grid<typename decltype(tag)::type>(p.conv)); });
}
template <class Tiles>
size_t dgrad_scratch(const Problem& p) {
  if (!p.statistics) return 0;
  return with_dgrad_tiles<Tiles>(p, [&](auto tag) { return moments_bytes(dgrad_grid<typename decltype(tag)::type>(p.conv)); });
}
template <class Tiles>
size_t wgrad_scratch(const Problem& p) {
  return implicit_wgrad::scratch_bytes<Tiles>(p.conv);
}

template <class Tiles>
void run_fwd(const Problem& p, const NormedConv2dFwd::Args& a, Scratch scratch, Stream stream) {
  const Conv2dProblem& d = p.conv;
  with_fwd_tiles<Tiles>(p, [&](auto tag) {
    using Product = typename decltype(tag)::type;
    if (is_plain(p))
      return launch_job(implicit_fwd::Job<Product, AsLoaded, BiasOnStore>(d, {a.x, a.w, a.y}, {}, BiasOnStore(p, d.k, a.bias)), stream);
    const OutputStatistics look(p, int64_t{d.n} * d.p * d.q, d.k, fwd_grid<Product>(d), a.y_mean, a.y_invstd, a.running_mean, a.running_var,
                                a.tickets, scratch.data);
    launch_job(implicit_fwd::Job<Product, NormOnLoad, OutputStatistics>(d, {a.x, a.w, a.y}, NormOnLoad(p, d.c, a), look), stream);
  });
}
template <class Tiles>
void run_dgrad(const Problem& p, const NormedConv2dDgrad::Args& a, Scratch scratch, Stream stream) {
  const Conv2dProblem& d = p.conv;
  with_dgrad_tiles<Tiles>(p, [&](auto tag) {
    using Product = typename decltype(tag)::type;
    if (is_plain(p))
      return launch_job(implicit_dgrad::Job<Product, AsLoaded, BiasOnStore>(d, {a.gy, a.w, a.gx}, {}, BiasOnStore(p, d.c, a.bias)), stream);
    const OutputStatistics look(p, int64_t{d.n} * d.h * d.w, d.c, dgrad_grid<Product>(d), a.gx_mean, a.gx_invstd, a.running_mean,
                                a.running_var, a.tickets, scratch.data);
    launch_job(implicit_dgrad::Job<Product, NormOnLoad, OutputStatistics>(d, {a.gy, a.w, a.gx}, NormOnLoad(p, d.k, a), look), stream);
  });
}
template <class Tiles>
void run_wgrad(const Problem& p, const NormedConv2dWgrad::Args& a, Scratch scratch, Stream stream) {
  using Product = implicit_wgrad::Product<Tiles>;
  const Conv2dProblem& d = p.conv;
  const auto run = [&](const auto& on_x, const auto& on_gy) {
    const implicit_wgrad::Job<Product, std::decay_t<decltype(on_x)>, std::decay_t<decltype(on_gy)>> job(d, {a.x, a.gy, a.gw}, scratch, on_x,
                                                                                                        on_gy);
    launch_job(job, stream);
    if (job.split.parts > 1) add_parts(job.split.parts, d.w_count(), job.parts, static_cast<float*>(a.gw), stream);
  };
  if (p.of == NormedOperand::x) run(NormOnLoad(p, d.c, a), AsLoaded{});
  else run(AsLoaded{}, NormOnLoad(p, d.k, a));
}

}  // namespace duel::normed
