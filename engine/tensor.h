// Tensor: a value-type handle to storage, shape, dtype and device. Always contiguous; images are NHWC. Copying a Tensor copies the handle.
// Views are reshape and a slice of the first axis; both share storage.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/dtype.h"
#include "kernels/error.h"

namespace duel {

// Axis lengths; the empty shape is a scalar.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  explicit Shape(std::vector<int64_t> dims) : dims_(std::move(dims)) {}
  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis < 0 ? axis + rank() : axis)]; }
  int64_t count() const;
  bool operator==(const Shape&) const = default;
  const std::vector<int64_t>& dims() const { return dims_; }
  std::string text() const;  // [128, 64, 64, 3]

 private:
  std::vector<int64_t> dims_;
};

// Device memory; goes back to its backend when the last tensor that uses it is gone.
class Storage {
 public:
  Storage(size_t bytes, Device device);
  ~Storage();
  Storage(const Storage&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }

 private:
  void* data_;
  size_t bytes_;
  Device device_;
};

struct Node;  // how a tensor was computed: engine/grad.h

class Tensor {
 public:
  Tensor() = default;                                      // undefined
  Tensor(const Shape& shape, DType dtype, Device device);  // contents undefined
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = default_device());
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32, Device device = default_device());
  // Host values, converted to `dtype`. Throws Error(usage) unless there is one for each element.
  static Tensor from(const Shape& shape, const std::vector<double>& values, DType dtype = DType::f32, Device device = default_device());
  static Tensor from_bytes(const Shape& shape, DType dtype, const void* host, Device device = default_device());

  explicit operator bool() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl_->shape; }
  int64_t count() const { return impl_->shape.count(); }
  size_t bytes() const { return static_cast<size_t>(count()) * size_of(dtype()); }
  DType dtype() const { return impl_->dtype; }
  Device device() const { return impl_->storage->device(); }
  void* data() const { return static_cast<char*>(impl_->storage->data()) + impl_->offset; }

  std::vector<double> values() const;                                 // on the host, converted; waits for the device
  void copy_out(void* host) const;                                    // the raw bytes
  double item() const;                                                // of a one-element tensor
  void assign(const void* host);                                      // overwrites the contents, in place, from raw host bytes
  void assign(const Tensor& other);                                   // the same from a tensor of equal shape, dtype and device
  Tensor clone() const;                                               // a copy of the contents, without history
  Tensor detach() const;                                              // the same storage, without history
  Tensor to(Device device) const;                                     // without history
  Tensor alias(const Shape& shape, int64_t first_element = 0) const;  // the same storage seen otherwise, without history

  const std::shared_ptr<Node>& node() const { return impl_->node; }
  void set_node(std::shared_ptr<Node> node) const { impl_->node = std::move(node); }
  const void* id() const { return impl_.get(); }  // equal for copies of a handle
  std::string text() const;                       // "f32[128, 64, 64, 3] on cpu", for messages

  static Device default_device();
  static long live();  // tensors alive now: returns to where it was after each training step

 private:
  struct Impl {
    Impl(std::shared_ptr<Storage> storage, size_t offset, Shape shape, DType dtype);
    ~Impl();
    std::shared_ptr<Storage> storage;
    size_t offset;  // bytes
    Shape shape;
    DType dtype;
    std::shared_ptr<Node> node;
  };
  std::shared_ptr<Impl> impl_;
};
using Tensors = std::vector<Tensor>;

// Where new tensors go. Process-wide; programs set it once from --device.
void set_default_device(Device device);
// "cpu", "cuda", "sim", "sim-checked", or "auto" (cuda if usable, else cpu). Throws Error(usage) on another name, Error(device) when it is
// not usable.
Device choose_device(const std::string& name);

}  // namespace duel
