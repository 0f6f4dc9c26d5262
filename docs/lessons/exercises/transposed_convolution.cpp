// Exercise of docs/lessons/transposed_convolution.md: the transpose of a convolution in one direction.
//
//   g++ -std=c++20 docs/lessons/exercises/transposed_convolution.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether transposed() is right. All that it is held against is (A·x)·y = x·(Aᵀ·y), where A is convolution(), so the answer is nowhere
// in this file.
#include <cstdio>
#include <vector>

using Row = std::vector<double>;

// y[p] = Σ x[p·stride − pad + r] · w[r] over the taps r; what lies outside x is zero. As many outputs as are asked for.
Row convolution(const Row& x, const Row& w, int stride, int pad, int outputs) {
  Row y(static_cast<size_t>(outputs));
  for (int p = 0; p < outputs; ++p)
    for (int r = 0; r < static_cast<int>(w.size()); ++r) {
      const int i = p * stride - pad + r;
      if (i >= 0 && i < static_cast<int>(x.size())) y[static_cast<size_t>(p)] += x[static_cast<size_t>(i)] * w[static_cast<size_t>(r)];
    }
  return y;
}

// Yours: from y back to something of x's size, `size` numbers. It is Aᵀ·y for the A of convolution(x, w, stride, pad, y.size()).
Row transposed(const Row& y, const Row& w, int stride, int pad, int size) {
  return Row(static_cast<size_t>(size));  // write it here
}

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Row one_at(size_t place, size_t size) {
  Row v(size);
  v[place] = 1;
  return v;
}

int main() {
  struct Layer {
    const char* name;
    Row w;
    int stride, pad, small, large;
  };
  const Layer layers[] = {
      {"the page's", {1, 2, 3, 4}, 2, 1, 2, 4},         {"a first layer, k = 4 on one input", {3, -1, 4, 2}, 1, 0, 1, 4},
      {"DCGAN's, k = 4", {2, 7, 1, 8}, 2, 1, 5, 10},    {"\"same\", k = 5", {1, 2, 3, 4, 5}, 2, 1, 4, 8},
      {"k = 5, odd size", {1, 2, 3, 4, 5}, 2, 2, 4, 7}, {"stride 3 with k = 2, which leaves gaps", {5, 6}, 3, 0, 3, 9}};
  for (const Layer& l : layers)
    for (size_t p = 0; p < static_cast<size_t>(l.small); ++p) {
      const Row stamp = transposed(one_at(p, static_cast<size_t>(l.small)), l.w, l.stride, l.pad, l.large);
      if (stamp.size() != static_cast<size_t>(l.large)) {
        std::printf("wrong: %s: %d outputs were asked for, and %zu came\n", l.name, l.large, stamp.size());
        return 1;
      }
      for (size_t i = 0; i < static_cast<size_t>(l.large); ++i) {
        const Row x = one_at(i, static_cast<size_t>(l.large));
        const double forward = dot(convolution(x, l.w, l.stride, l.pad, l.small), one_at(p, static_cast<size_t>(l.small)));
        if (forward != dot(x, stamp)) {
          std::printf("wrong: %s: with x a 1 at %zu and y a 1 at %zu, (A·x)·y is %g and x·(Aᵀ·y) is %g\n", l.name, i, p, forward,
                      dot(x, stamp));
          return 1;
        }
      }
    }
  const Row w{1, 2, 3, 4}, both = transposed({5, -1}, w, 2, 1, 4), first = transposed({5, 0}, w, 2, 1, 4),
                           second = transposed({0, -1}, w, 2, 1, 4);
  for (size_t i = 0; i < 4; ++i)
    if (both[i] != first[i] + second[i]) {
      std::printf("wrong: where two stamps overlap, at output %zu, they do not add up\n", i);
      return 1;
    }
  std::printf("right\n");
}
