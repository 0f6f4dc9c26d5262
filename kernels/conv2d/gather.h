// Where the operands of a convolution lie when it is written as a matrix product: the indices of the im2col matrix, which never exists.
#pragma once
#include "kernels/conv2d/conv2d.h"
#include "kernels/tile/divide.h"

namespace duel {

// x as the matrix [output pixels (n,p,q)] × [taps and input channels (r,s,c)]. Offsets fit 32 bits.
struct GatherX {
  Divisor pq, q, c, s;
  explicit GatherX(const Conv2dProblem& p) : pq(p.p * p.q), q(p.q), c(p.c), s(p.s) {}
  // Offset into x, or −1 in the padding. pixel < n·p·q and at < r·s·c are the caller's to see to.
  HD int offset(const Conv2dProblem& d, int pixel, int at) const {
    const int in_image = pq.remainder(pixel), tap = c.quotient(at);
    const int h = q.quotient(in_image) * d.u - d.top + s.quotient(tap), w = q.remainder(in_image) * d.v - d.left + s.remainder(tap);
    const bool inside = h >= 0 && h < d.h && w >= 0 && w < d.w;
    return inside ? ((pq.quotient(pixel) * d.h + h) * d.w + w) * d.c + c.remainder(at) : -1;
  }
};

// One side of a phase: pixels at first, first + stride, … below `size`, and taps tap, tap + stride, … below `taps`.
struct PhaseSide {
  int first, count, tap, taps;
  HD PhaseSide(int phase, int size, int all_taps, int stride, int pad) {
    first = phase;
    count = size > phase ? (size - phase + stride - 1) / stride : 0;
    tap = (phase + pad) % stride;
    taps = all_taps > tap ? (all_taps - tap + stride - 1) / stride : 0;
  }
};

// With strides u×v the input pixels whose row is h ≡ i (mod u) and column w ≡ j (mod v) see the same taps, every u-th row and v-th column
// of the kernel. Such a phase is a convolution of stride 1: the matrix gy [its pixels] × [its taps and output channels] times w. No
// inserted zero is ever multiplied. phase: i·v + j.
struct Phase {
  PhaseSide rows, cols;
  int per_image, pixels, depth;
  HD Phase(const Conv2dProblem& d, int phase)
      : rows(phase / d.v, d.h, d.r, d.u, d.top),
        cols(phase % d.v, d.w, d.s, d.v, d.left),
        per_image(rows.count * cols.count),
        pixels(d.n * per_image),
        depth(rows.taps * cols.taps * d.k) {}

  struct Pixel {
    int n, h, w;
  };
  HD Pixel pixel(const Conv2dProblem& d, int row) const {
    const int in_image = row % per_image;
    return {row / per_image, rows.first + in_image / cols.count * d.u, cols.first + in_image % cols.count * d.v};
  }
  HD int gx_offset(const Conv2dProblem& d, const Pixel& x) const { return ((x.n * d.h + x.h) * d.w + x.w) * d.c; }
  // Of (tap of the phase, k) = at: into gy, or −1 where no output sees the pixel through that tap, and into w, its first channel.
  HD int gy_offset(const Conv2dProblem& d, const Divisor& by_k, const Pixel& x, int at) const {
    const int t = by_k.quotient(at);
    const int pu = x.h + d.top - tap_row(d, t), qv = x.w + d.left - tap_col(d, t);  // p·u and q·v
    const bool inside = pu >= 0 && pu / d.u < d.p && qv >= 0 && qv / d.v < d.q;
    return inside ? ((x.n * d.p + pu / d.u) * d.q + qv / d.v) * d.k + by_k.remainder(at) : -1;
  }
  HD int w_offset(const Conv2dProblem& d, const Divisor& by_k, int at) const {
    const int t = by_k.quotient(at);
    return ((by_k.remainder(at) * d.r + tap_row(d, t)) * d.s + tap_col(d, t)) * d.c;
  }

 private:
  HD int tap_row(const Conv2dProblem& d, int t) const { return rows.tap + t / (cols.taps > 1 ? cols.taps : 1) * d.u; }
  HD int tap_col(const Conv2dProblem& d, int t) const { return cols.tap + t % (cols.taps > 1 ? cols.taps : 1) * d.v; }
};

}  // namespace duel
