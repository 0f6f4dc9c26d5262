// Exercise of docs/lessons/dcgan.md: the derivative of a convolution by its weight, in the plane.
//
//   g++ -std=c++20 docs/lessons/exercises/dcgan.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether weight_gradient() is right. It moves one weight at a time and looks how the loss changes, so the answer is nowhere in this
// file.
#include <cstdio>
#include <vector>

struct Image {  // one channel, or a kernel
  int rows, cols;
  std::vector<double> values;
  Image(int rows, int cols) : rows(rows), cols(cols), values(static_cast<size_t>(rows * cols)) {}
  double& at(int row, int col) { return values[static_cast<size_t>(row * cols + col)]; }
  double at(int row, int col) const { return values[static_cast<size_t>(row * cols + col)]; }
  // 0 outside: what padding holds.
  double padded(int row, int col) const { return row >= 0 && row < rows && col >= 0 && col < cols ? at(row, col) : 0; }
};

// y[p][q] = Σ x[p·stride − pad + r][q·stride − pad + s] · w[r][s]
Image convolution(const Image& x, const Image& w, int stride, int pad) {
  Image y((x.rows + 2 * pad - w.rows) / stride + 1, (x.cols + 2 * pad - w.cols) / stride + 1);
  for (int p = 0; p < y.rows; ++p)
    for (int q = 0; q < y.cols; ++q)
      for (int r = 0; r < w.rows; ++r)
        for (int s = 0; s < w.cols; ++s) y.at(p, q) += x.padded(p * stride - pad + r, q * stride - pad + s) * w.at(r, s);
  return y;
}

// Yours: the loss's derivative by each weight of a rows × cols kernel, where g is its derivative by each output y.
Image weight_gradient(const Image& x, const Image& g, int stride, int pad, int rows, int cols) {
  return Image(rows, cols);  // write it here
}

// A loss that has g for its derivative by y.
double loss(const Image& x, const Image& w, const Image& g, int stride, int pad) {
  const Image y = convolution(x, w, stride, pad);
  double sum = 0;
  for (size_t i = 0; i < y.values.size(); ++i) sum += y.values[i] * g.values[i];
  return sum;
}

int main() {
  unsigned state = 1;
  auto number = [&] {  // whole, from −4 to 4
    state = state * 1664525u + 1013904223u;
    return static_cast<double>(static_cast<int>(state >> 24) % 9 - 4);
  };
  struct Layer {
    const char* name;
    int size, kernel, stride, pad;
  };
  for (const Layer& l : {Layer{"kernel 1", 3, 1, 1, 0},
                         {"kernel 3, stride 1", 5, 3, 1, 0},
                         {"kernel 3 and padding", 4, 3, 1, 1},
                         {"D's: kernel 4, stride 2, padding 1", 8, 4, 2, 1},
                         {"D's last, which covers the image", 4, 4, 1, 0}}) {
    Image x(l.size, l.size + 2), w(l.kernel, l.kernel);
    for (double& v : x.values) v = number();
    for (double& v : w.values) v = number();
    Image g = convolution(x, w, l.stride, l.pad);  // for its size
    for (double& v : g.values) v = number();
    const Image told = weight_gradient(x, g, l.stride, l.pad, l.kernel, l.kernel);
    if (told.rows != l.kernel || told.cols != l.kernel) {
      std::printf("wrong: %s: a gradient of %d × %d for a kernel of %d × %d\n", l.name, told.rows, told.cols, l.kernel, l.kernel);
      return 1;
    }
    for (int r = 0; r < l.kernel; ++r)
      for (int s = 0; s < l.kernel; ++s) {
        const double before = loss(x, w, g, l.stride, l.pad);
        w.at(r, s) += 1;  // the loss is linear in each weight, so a step of 1 measures its slope exactly
        const double slope = loss(x, w, g, l.stride, l.pad) - before;
        w.at(r, s) -= 1;
        if (told.at(r, s) != slope) {
          std::printf("wrong: %s: weight [%d][%d] raised by 1 changes the loss by %g, and weight_gradient() says %g\n", l.name, r, s, slope,
                      told.at(r, s));
          return 1;
        }
      }
  }
  std::printf("right\n");
}
