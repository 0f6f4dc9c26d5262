#include "models/cgan.h"

namespace duel {

Tensor row_of_label(const Tensor& table, const Tensor& labels) {
  return labels.dtype() == DType::i32 ? gather_rows(table, labels) : matmul(cast(labels, table.dtype()), table);
}

Tensor with_one_hot(const Tensor& x, const Tensor& labels, int64_t classes) {
  const Tensor row = labels.dtype() == DType::i32 ? one_hot(labels, classes, x.dtype()) : cast(labels, x.dtype());
  const Tensor pixel = reshape(row, {x.shape()[0], 1, 1, classes});
  return concat_channels(x, upsample_nearest(pixel, static_cast<int>(x.shape()[1]), static_cast<int>(x.shape()[2])));
}

Tensor conv2d_with_one_hot(const Tensor& x, const Tensor& labels, const Tensor& planes, const Tensor& weight, Window window) {
  const int64_t c = x.shape()[-1], classes = planes.shape()[0];
  const Tensor of_image = conv2d(x, slice_channels(weight, 0, c), window);
  const Tensor of_class = conv2d(planes, slice_channels(weight, c, classes), window);
  return of_image + reshape(row_of_label(reshape(of_class, {classes, of_class.count() / classes}), labels), of_image.shape());
}

Tensor planes_of_classes(int64_t classes, int64_t h, int64_t w, DType dtype, Device device) {
  std::vector<double> identity(static_cast<size_t>(classes * classes));
  for (int64_t i = 0; i < classes; ++i) identity[static_cast<size_t>(i * (classes + 1))] = 1;
  const Tensor pixels = Tensor::from({classes, 1, 1, classes}, identity, dtype, device);
  return upsample_nearest(pixels, static_cast<int>(h), static_cast<int>(w)).detach();
}

Tensor with_embedding(const Tensor& z, const Tensor& labels, const Tensor& table) {
  return concat_channels(z, reshape(row_of_label(table, labels), {z.shape()[0], 1, 1, table.shape()[1]}));
}

Tensor with_embedded_plane(const Tensor& x, const Tensor& labels, const Tensor& table) {
  return concat_channels(x, reshape(row_of_label(table, labels), {x.shape()[0], x.shape()[1], x.shape()[2], 1}));
}

Tensor projection(const Tensor& features, const Tensor& labels, const Tensor& table) {
  const Tensor phi = sum_per_image(features);  // [n,1,1,c]
  return sum_per_sample(mul(phi, cast(reshape(row_of_label(table, labels), phi.shape()), phi.dtype())));
}

Tensor conditional_batch_norm(const Tensor& x, const Layer& l, const Pass& pass, ActivationSpec then) {
  const int64_t n = x.shape()[0], c = x.shape()[-1];
  const DType wide = accumulator_of(x.dtype());
  const BatchNorm plain{
      Tensor::full({c}, 1, wide, x.device()), Tensor::zeros({c}, wide, x.device()), l.running_mean, l.running_var, l.momentum, l.eps};
  const Tensor x_hat = pass.mode == Mode::train ? batch_norm(x, plain, {}, pass.groups) : batch_norm_infer(x, plain);
  const auto of_sample = [&](const Weight& table) {  // [n,1,…,1,c]
    std::vector<int64_t> dims(static_cast<size_t>(x.shape().rank()), 1);
    dims.front() = n, dims.back() = c;
    return cast(reshape(row_of_label(table.master, pass.labels), Shape(dims)), x.dtype());
  };
  const Tensor y = x_hat * of_sample(l.gamma) + of_sample(l.beta);
  return then.act == Act::none ? y : activation(y, then.act, then.slope);
}

}  // namespace duel
