// Broadcast operands read by packs of the result. A thread finds its sample and its channel by division once, and goes from pack to pack by
// additions.
#pragma once
#include "kernels/packs.h"
#include "kernels/pointwise/functions.h"

namespace duel {

// Where a pack's first element lies.
struct Place {
  int64_t sample, inside, channel;  // inside: its index in the sample
};

struct SpreadWalk {
  int64_t inner, c;
  Place by;  // from one pack of a thread to its next

  __device__ Place place(int64_t i) const { return {i / inner, i % inner, i % c}; }
  __device__ void step(Place& at) const {
    at.sample += by.sample, at.inside += by.inside, at.channel += by.channel;
    if (at.inside >= inner) at.inside -= inner, ++at.sample;
    if (at.channel >= c) at.channel -= c;
  }
  __device__ void next_element(Place& at) const {
    if (++at.channel == c) at.channel = 0;
    if (++at.inside == inner) at.inside = 0, ++at.sample;
  }
};
inline SpreadWalk spread_walk(int64_t inner, int64_t c, int64_t stride) { return {inner, c, {stride / inner, stride % inner, stride % c}}; }

// How a pack of an operand is read: as it lies (whole: where the result's lies; pack: its channels side by side), as one element for all,
// or element by element, where a pack of the result goes over the end of the channels or of a sample.
enum class PackRead : int { whole, pack, same, each };

struct SpreadOperand {
  PackRead read;
  int64_t per_sample, per_channel;  // element sample·per_sample + channel·per_channel
};
inline SpreadOperand spread_operand(Spread s, int64_t inner, int64_t c, int elements) {
  if (s == Spread::full) return {PackRead::whole, 0, 0};
  const bool samples = s == Spread::sample || s == Spread::image, channels = (s == Spread::channel || s == Spread::image) && c > 1;
  const bool fits = channels ? c % elements == 0 : !samples || inner % elements == 0;
  return {!fits ? PackRead::each : channels ? PackRead::pack : PackRead::same, !samples ? 0 : s == Spread::image ? c : 1, channels};
}

template <class T, int V = pack_elements<T>>
__device__ Pack<T, V> load_spread(const SpreadOperand& o, const SpreadWalk& walk, const T* x, int64_t i, const Place& at) {
  if (o.read == PackRead::whole) return load_vec<Pack<T, V>>(x + i);
  const T* first = x + at.sample * o.per_sample + at.channel * o.per_channel;
  if (o.read == PackRead::pack) return load_vec<Pack<T, V>>(first);
  Pack<T, V> v;
  if (o.read == PackRead::same) {
    const T value = *first;
    for (int e = 0; e < V; ++e) v.at[e] = value;
  } else {
    Place element = at;
    for (int e = 0; e < V; ++e, walk.next_element(element)) v.at[e] = x[element.sample * o.per_sample + element.channel * o.per_channel];
  }
  return v;
}

}  // namespace duel
