#include "engine/tensor.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "kernels/pointwise/pointwise.h"

namespace duel {
namespace {

std::atomic<long> live_tensors{0};
Device chosen = Device::cpu;

template <class F>
void with_any(DType t, F&& f) {
  if (t == DType::i32) f(TypeTag<int32_t>{});
  else if (t == DType::u8) f(TypeTag<uint8_t>{});
  else with_floating(t, f);
}

}  // namespace

int64_t Shape::count() const {
  int64_t product = 1;
  for (int64_t d : dims_)
    if (d < 0 || __builtin_mul_overflow(product, d, &product))
      fail(Failure::usage, "a tensor of shape " + text() + " is too large to exist");
  return product;
}
std::string Shape::text() const { return fmt::format("[{}]", fmt::join(dims_, ", ")); }

Storage::Storage(size_t bytes, Device device) : data_(backend(device).allocate(bytes)), bytes_(bytes), device_(device) {}
Storage::~Storage() { find_backend(device_)->release(data_, bytes_); }

Tensor::Impl::Impl(std::shared_ptr<Storage> storage, size_t offset, Shape shape, DType dtype)
    : storage(std::move(storage)), offset(offset), shape(std::move(shape)), dtype(dtype) {
  ++live_tensors;
}
// A long history would free itself by recursion, node within node, and overflow the stack: it is taken apart here, one after another.
Tensor::Impl::~Impl() {
  --live_tensors;
  if (!node) return;
  static thread_local std::vector<std::shared_ptr<Node>>* pending = nullptr;
  if (pending) {  // an Impl further up is already at it
    pending->push_back(std::move(node));
    return;
  }
  std::vector<std::shared_ptr<Node>> work{std::move(node)};
  pending = &work;
  while (!work.empty()) {
    const std::shared_ptr<Node> next = std::move(work.back());
    work.pop_back();
  }
  pending = nullptr;
}

Tensor::Tensor(const Shape& shape, DType dtype, Device device)
    : impl_(std::make_shared<Impl>(std::make_shared<Storage>(static_cast<size_t>(shape.count()) * size_of(dtype), device), 0, shape,
                                   dtype)) {}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor t(shape, dtype, device);
  backend(device).fill(t.data(), 0, t.bytes());  // all-zero bits are 0 in every dtype
  return t;
}

// On the device from start to end, so that a captured step may hold it: 0·x + value over zeros.
Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  if (!is_floating(dtype)) return from(shape, std::vector<double>(static_cast<size_t>(shape.count()), value), dtype, device);
  const Tensor zero = zeros(shape, dtype, device);
  if (value == 0) return zero;
  Tensor t(shape, dtype, device);
  UnaryProblem problem{.n = 1, .inner = shape.count(), .c = 1, .fn = UnaryFn::affine, .a = 0, .b = value, .dtype = dtype};
  dispatch<Unary>(problem, {zero.data(), t.data()}, device);
  return t;
}

Tensor Tensor::from(const Shape& shape, const std::vector<double>& values, DType dtype, Device device) {
  if (static_cast<int64_t>(values.size()) != shape.count())
    fail(Failure::usage, fmt::format("[from] {} values for a tensor of shape {}", values.size(), shape.text()));
  Tensor t(shape, dtype, device);
  with_any(dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> host(values.size());
    for (size_t i = 0; i < values.size(); ++i) host[i] = static_cast<T>(values[i]);
    t.assign(static_cast<const void*>(host.data()));
  });
  return t;
}

Tensor Tensor::from_bytes(const Shape& shape, DType dtype, const void* host, Device device) {
  Tensor t(shape, dtype, device);
  t.assign(host);
  return t;
}

void Tensor::copy_out(void* host) const { backend(device()).copy_out(host, data(), bytes()); }

std::vector<double> Tensor::values() const {
  std::vector<double> result(static_cast<size_t>(count()));
  with_any(dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> host(result.size());
    copy_out(host.data());
    for (size_t i = 0; i < host.size(); ++i) result[i] = static_cast<double>(host[i]);
  });
  return result;
}

double Tensor::item() const {
  if (count() != 1) fail(Failure::usage, "[item] wants one element, not " + text());
  return values()[0];
}

void Tensor::assign(const void* host) { backend(device()).copy_in(data(), host, bytes()); }

void Tensor::assign(const Tensor& other) {
  if (other.shape() != shape() || other.dtype() != dtype() || other.device() != device())
    fail(Failure::usage, fmt::format("[assign] {} into {}: shape, dtype and device must be equal", other.text(), text()));
  backend(device()).copy(data(), other.data(), bytes());
}

Tensor Tensor::clone() const {
  Tensor t(shape(), dtype(), device());
  t.assign(*this);
  return t;
}

Tensor Tensor::detach() const { return alias(shape()); }

Tensor Tensor::to(Device target) const {
  if (target == device()) return *this;
  std::vector<char> host(bytes());
  copy_out(host.data());
  return from_bytes(shape(), dtype(), host.data(), target);
}

Tensor Tensor::alias(const Shape& new_shape, int64_t first_element) const {
  if (first_element < 0 || first_element + new_shape.count() > count())
    fail(Failure::usage, fmt::format("[view] {} from element {} does not fit into {}", new_shape.text(), first_element, text()));
  Tensor t;
  t.impl_ =
      std::make_shared<Impl>(impl_->storage, impl_->offset + static_cast<size_t>(first_element) * size_of(dtype()), new_shape, dtype());
  return t;
}

std::string Tensor::text() const {
  if (!impl_) return "an undefined tensor";
  return fmt::format("{}{} on {}", name_of(dtype()), shape().text(), name_of(device()));
}

Device Tensor::default_device() { return chosen; }
long Tensor::live() { return live_tensors; }

void set_default_device(Device device) {
  backend(device);  // throws where it is not usable
  chosen = device;
}

Device choose_device(const std::string& name) {
  if (name == "auto") {
    const DeviceBackend* cuda = find_backend(Device::cuda);
    return cuda && !cuda->problem() ? Device::cuda : Device::cpu;
  }
  for (Device d : devices)
    if (name == name_of(d)) {
      backend(d);
      return d;
    }
  fail(Failure::usage, "--device " + name + ": there are cpu, cuda, sim, sim-checked and auto");
}

}  // namespace duel
