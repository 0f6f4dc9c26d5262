#include "kernels/layout/layout.h"

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "engine/ops/check.h"

namespace duel {
namespace {

int64_t row_count(const Shape& shape) { return shape[-1] ? shape.count() / shape[-1] : 0; }
Shape with_channels(const Shape& shape, int64_t c) {
  std::vector<int64_t> dims = shape.dims();
  dims.back() = c;
  return Shape(dims);
}
void check_index(const char* op, const Tensor& index, int64_t rows) {
  check(index && index.dtype() == DType::i32 && index.shape().rank() == 1, op, "wants an index i32[n], not {}", index);
  if (index.device() != Device::cpu) return;  // elsewhere reading them back would stall the device; whoever put them there checked them
  const int32_t* values = static_cast<const int32_t*>(index.data());
  for (int64_t i = 0; i < index.count(); ++i)
    if (values[i] < 0 || values[i] >= rows) check(false, op, "index {} at position {} is outside [0, {})", values[i], i, rows);
}
// x placed at elements [from, from + count) of `total` zeros.
Tensor pad_flat(const Tensor& x, int64_t from, int64_t total) {
  Tensor flat = reshape(x, {1, x.count()});
  if (from > 0) flat = concat_channels(Tensor::zeros({1, from}, x.dtype(), x.device()), flat);
  const int64_t after = total - from - x.count();
  if (after > 0) flat = concat_channels(flat, Tensor::zeros({1, after}, x.dtype(), x.device()));
  return flat;
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  check(x.count() == shape.count(), "reshape", "{} has {} elements, but {} wants {}", x, x.count(), shape, shape.count());
  return record(
      "reshape", x.alias(shape), {x}, [from = x.shape()](const Tensor&, const Tensor& g, Needs) { return Tensors{reshape(g, from)}; },
      /*wide_gradient=*/true);
}

Tensor slice(const Tensor& x, int64_t from, int64_t to) {
  check(x && x.shape().rank() >= 1 && from >= 0 && from <= to && to <= x.shape()[0], "slice", "samples [{}, {}) of {}", from, to, x);
  std::vector<int64_t> dims = x.shape().dims();
  const int64_t per_sample = dims[0] ? x.count() / dims[0] : 0;
  dims[0] = to - from;
  return record("slice", x.alias(Shape(dims), from * per_sample), {x},
                [shape = x.shape(), first = from * per_sample](const Tensor&, const Tensor& g, Needs) {
                  return Tensors{reshape(pad_flat(g, first, shape.count()), shape)};
                });
}

// Samples lie one behind the other, so those of two tensors are the channels of one flat row.
Tensor concat(const Tensor& a, const Tensor& b) {
  check_like("concat", a, b);
  std::vector<int64_t> dims = a.shape().dims(), others = b.shape().dims();
  check(!dims.empty() && dims.size() == others.size() && std::equal(dims.begin() + 1, dims.end(), others.begin() + 1), "concat",
        "{} and {} differ behind the first axis", a, b);
  dims[0] += others[0];
  return reshape(concat_channels(reshape(a, {1, a.count()}), reshape(b, {1, b.count()})), Shape(dims));
}

Tensor concat_channels(const Tensor& a, const Tensor& b) {
  check_like("concat_channels", a, b);
  check(a.shape().rank() >= 1 && a.shape().rank() == b.shape().rank() && with_channels(a.shape(), 0) == with_channels(b.shape(), 0),
        "concat_channels", "{} and {} differ before the last axis", a, b);
  const int64_t ca = a.shape()[-1], cb = b.shape()[-1];
  Tensor y(with_channels(a.shape(), ca + cb), a.dtype(), a.device());
  dispatch<ConcatChannels>({.rows = row_count(y.shape()), .ca = ca, .cb = cb, .dtype = a.dtype()}, {a.data(), b.data(), y.data()},
                           a.device());
  return record("concat_channels", y, {a, b}, [ca, cb](const Tensor&, const Tensor& g, Needs needs) {
    return Tensors{needs[0] ? slice_channels(g, 0, ca) : Tensor(), needs[1] ? slice_channels(g, ca, cb) : Tensor()};
  });
}

Tensor slice_channels(const Tensor& x, int64_t from, int64_t count) {
  check(x && x.shape().rank() >= 1 && from >= 0 && count >= 0 && from + count <= x.shape()[-1], "slice_channels", "channels [{}, {}) of {}",
        from, from + count, x);
  const int64_t c = x.shape()[-1];
  Tensor y(with_channels(x.shape(), count), x.dtype(), x.device());
  dispatch<SliceChannels>({.rows = row_count(x.shape()), .c = c, .from = from, .count = count, .dtype = x.dtype()}, {x.data(), y.data()},
                          x.device());
  return record(
      "slice_channels", y, {x},
      [from, count, c](const Tensor&, const Tensor& g, Needs) {
        Tensor whole = g;
        auto zeros = [&](int64_t channels) { return Tensor::zeros(with_channels(g.shape(), channels), g.dtype(), g.device()); };
        if (from > 0) whole = concat_channels(zeros(from), whole);
        if (from + count < c) whole = concat_channels(whole, zeros(c - from - count));
        return Tensors{whole};
      },
      /*wide_gradient=*/true);  // x may be a weight in bf16, whose gradient is f32
}

Tensor gather_rows(const Tensor& table, const Tensor& index) {
  check_floating("gather_rows", table);
  check(table.shape().rank() == 2, "gather_rows", "wants a table [v,d], not {}", table);
  const int64_t v = table.shape()[0], d = table.shape()[1];
  check_index("gather_rows", index, v);
  Tensor y({index.count(), d}, table.dtype(), table.device());
  dispatch<GatherRows>({.rows = v, .cols = d, .count = index.count(), .dtype = table.dtype()}, {table.data(), index.data(), y.data()},
                       table.device());
  return record("gather_rows", y, {table, index}, [index, v](const Tensor&, const Tensor& g, Needs) {
    return Tensors{scatter_add_rows(g, index, v), Tensor()};
  });
}

Tensor scatter_add_rows(const Tensor& g, const Tensor& index, int64_t rows) {
  check_floating("scatter_add_rows", g);
  check_index("scatter_add_rows", index, rows);
  check(g.shape().rank() == 2 && g.shape()[0] == index.count(), "scatter_add_rows", "wants g [n,d] with one index a row, not {} and {}", g,
        index);
  Tensor y({rows, g.shape()[1]}, accumulator_of(g.dtype()), g.device());
  dispatch<ScatterAddRows>({.rows = rows, .cols = g.shape()[1], .count = index.count(), .dtype = g.dtype()},
                           {g.data(), index.data(), y.data()}, g.device());
  return record("scatter_add_rows", y, {g, index}, [index, dtype = g.dtype()](const Tensor&, const Tensor& gg, Needs) {
    return Tensors{gather_rows(cast(gg, dtype), index), Tensor()};
  });
}

Tensor transpose(const Tensor& x) {
  check(x && x.shape().rank() >= 2, "transpose", "wants at least two axes, not {}", x);
  std::vector<int64_t> dims = x.shape().dims();
  const int64_t rows = dims[dims.size() - 2], cols = dims.back();
  std::swap(dims[dims.size() - 2], dims.back());
  Tensor y(Shape(dims), x.dtype(), x.device());
  const int64_t matrix = rows * cols;
  dispatch<Transpose>({.batch = matrix ? x.count() / matrix : 0, .rows = rows, .cols = cols, .dtype = x.dtype()}, {x.data(), y.data()},
                      x.device());
  return record("transpose", y, {x}, [](const Tensor&, const Tensor& g, Needs) { return Tensors{transpose(g)}; });
}

}  // namespace duel
