// Lesson: what a transposed convolution really does. Prints the numbers of docs/lessons/transposed_convolution.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/ops.h"

using namespace duel;

namespace {

Tensor row(const std::vector<double>& v) { return Tensor::from({1, 1, static_cast<int64_t>(v.size()), 1}, v, DType::f64, Device::cpu); }
void print(const std::string& name, const Tensor& t) { fmt::print("   {:<28}{}\n", name, fmt::join(t.values(), "  ")); }
double dot(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

// Along one direction: `in` numbers on the small side, `out` on the large one, whatever `pad` would leave of it.
Conv2dProblem along(int64_t out, const Tensor& w, int64_t in, int stride, int pad) {
  return {.w = static_cast<int>(out), .s = static_cast<int>(w.count()), .q = static_cast<int>(in), .v = stride, .left = pad};
}
Tensor transposed(const Tensor& y, const Tensor& w, int stride, int pad, int64_t out) {
  return conv2d_dgrad(y, w, along(out, w, y.count(), stride, pad));
}

void by_hand() {
  fmt::print("1. A convolution and its transpose: kernel 1 2 3 4, stride 2, padding 1\n");
  const Tensor w = row({1, 2, 3, 4}), x = row({1, 0, 2, -1}), y = row({5, -1});
  const Conv2dProblem d = along(4, w, 2, 2, 1);
  print("stamp of a 1 at input 0", conv2d_dgrad(row({1, 0}), w, d)), print("stamp of a 1 at input 1", conv2d_dgrad(row({0, 1}), w, d));
  const Tensor small = conv2d_fwd(x, w, d), large = conv2d_dgrad(y, w, d);
  print("A·x of x = 1 0 2 -1", small), print("Aᵀ·y of y = 5 -1", large), print("A·(Aᵀ·y)", conv2d_fwd(large, w, d));
  fmt::print("   (A·x)·y = {}, x·(Aᵀ·y) = {}\n\n", dot(small, y), dot(x, large));
}

void in_the_plane() {
  fmt::print("2. 2 × 2 pixels to 4 × 4: kernel (1 3 3 1)/4 in both directions, stride 2, padding 1\n");
  const double line[] = {0.25, 0.75, 0.75, 0.25};
  std::vector<double> kernel;
  for (const double r : line)
    for (const double s : line) kernel.push_back(r * s);
  const Tensor x = Tensor::from({1, 2, 2, 1}, {4, 8, 12, 16}, DType::f64, Device::cpu);
  const Tensor y = conv_transpose2d(x, Tensor::from({1, 4, 4, 1}, kernel, DType::f64, Device::cpu), {.stride = 2, .pad = 1});
  for (int64_t i = 0; i < 4; ++i) print(fmt::format("row {}", i), reshape(y, {4, 4}).alias({4}, 4 * i));
}

void overlaps() {
  fmt::print("\n3. How many stamps meet at each output: 6 ones in, a kernel of ones, stride 2, 12 out\n");
  for (const int k : {3, 4, 5, 6})
    print(fmt::format("kernel {}", k),
          transposed(row(std::vector<double>(6, 1)), row(std::vector<double>(static_cast<size_t>(k), 1)), 2, (k - 1) / 2, 12));
}

void phases() {
  fmt::print("\n4. Kernel 1 2 3 4, stride 2, padding 1, x = 5 -1 2: even and odd outputs by convolutions of stride 1\n");
  const Tensor w = row({1, 2, 3, 4}), x = row({5, -1, 2});
  print("transposed convolution", transposed(x, w, 2, 1, 6));
  print("even outputs: taps 4 2", conv2d_fwd(x, row({4, 2}), along(3, row({4, 2}), 3, 1, 1)));
  print("odd outputs:  taps 3 1", conv2d_fwd(x, row({3, 1}), along(3, row({3, 1}), 3, 1, 0)));
}

void same_padding() {
  fmt::print("\n5. Kernel 1 2 3 4 5, stride 2, a 1 at input 2 of 4, 8 out\n");
  const Tensor w = row({1, 2, 3, 4, 5}), x = row({0, 0, 1, 0});
  print("\"same\": padding 1 before", transposed(x, w, 2, 1, 8));
  print("PyTorch's padding=2", transposed(x, w, 2, 2, 8));
}

}  // namespace

int main() { by_hand(), in_the_plane(), overlaps(), phases(), same_padding(); }
