// A window that slides over an image: what convolution and pooling have in common, and spell alike in their problem strings.
//
//   r4u2pad1                 r × s window (s defaults to r), strides u and v (v to u), padding on all sides; p and q follow
//   r3u2top0left1p3q5        padding before the first row and column, and the output size, each by itself
#pragma once
#include <initializer_list>
#include <string>

#include "kernels/problem.h"

namespace duel {

// The output size that symmetric padding gives.
constexpr int conv_size(int in, int kernel, int stride, int pad) { return (in + 2 * pad - kernel) / stride + 1; }

// Takes the integer `key` out of the words; `standard` where it is not there. Throws Error(usage) outside 0 … 2²⁴.
int take_size(ProblemWords& words, const char* key, int standard);
// Throws Error(usage) unless each is at least 1.
void check_sizes(const ProblemWords& words, std::initializer_list<int> sizes);

// P has h, w, r, s, p, q, u, v, top and left.
template <class P>
std::string window_text(const P& d) {
  auto part = [](const char* key, int value) { return key + std::to_string(value); };
  std::string t = part("r", d.r);
  if (d.s != d.r) t += part("s", d.s);
  if (d.u != 1) t += part("u", d.u);
  if (d.v != d.u) t += part("v", d.v);
  const bool symmetric = d.top == d.left && d.p == conv_size(d.h, d.r, d.u, d.top) && d.q == conv_size(d.w, d.s, d.v, d.top);
  if (!symmetric) t += part("top", d.top) + part("left", d.left) + part("p", d.p) + part("q", d.q);
  else if (d.top) t += part("pad", d.top);
  return t;
}

// h and w are known already. Throws Error(usage).
template <class P>
void take_window(ProblemWords& words, P& d) {
  d.r = take_size(words, "r", 1), d.s = take_size(words, "s", d.r), d.u = take_size(words, "u", 1), d.v = take_size(words, "v", d.u);
  const int pad = take_size(words, "pad", 0);
  d.top = take_size(words, "top", pad), d.left = take_size(words, "left", pad);
  if (d.u == 0 || d.v == 0) fail(Failure::usage, "problem '" + words.source + "': a stride of 0");
  d.p = take_size(words, "p", conv_size(d.h, d.r, d.u, d.top)), d.q = take_size(words, "q", conv_size(d.w, d.s, d.v, d.left));
  check_sizes(words, {d.h, d.w, d.r, d.s, d.p, d.q});
}

// Taps of all windows along one direction that land inside the image: what an op on windows usefully reads.
double useful_taps(int in, int out, int kernel, int stride, int before);

}  // namespace duel
