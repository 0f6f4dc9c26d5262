// One pixel of warp_images and of its adjoint.
#pragma once
#include "augment/warp/warp.h"

namespace duel {

struct StayPut {
  HD Point operator()(Point at) const { return at; }
};

// The value of channel `ch` of result pixel (i, j); x is the sample's image.
template <class A, class T>
HD A warped(const WarpProblem& p, const Sampling& s, const Map& map, Taps taps, const T* x, int i, int j, int ch) {
  A sum = A(0);
  each_sample<A>(map, taps, i, j, StayPut{}, [&](Point at, A weight) {
    each_tap<A>(s, p.h, p.w, at, weight, [&](int row, int column, A w) {
      sum += w * (row < 0 ? A(s.fill) : static_cast<A>(x[(int64_t{row} * p.w + column) * p.c + ch]));
    });
  });
  return sum;
}

// add(offset in the sample's gx, value) for each pixel that channel `ch` of (i, j) was read from.
template <class A, class Add>
HD void spread(const WarpProblem& p, const Sampling& s, const Map& map, Taps taps, A gy, int i, int j, int ch, Add&& add) {
  each_sample<A>(map, taps, i, j, StayPut{}, [&](Point at, A weight) {
    each_tap<A>(s, p.h, p.w, at, weight, [&](int row, int column, A w) {
      if (row >= 0) add((int64_t{row} * p.w + column) * p.c + ch, w * gy);
    });
  });
}

HD inline Taps taps_of(const WarpProblem& p, const Map& map) { return p.antialias ? antialias_taps(map) : Taps{}; }

}  // namespace duel
