#include "tests/guarded_buffer.h"

#include <utility>

#include "kernels/error.h"

namespace duel::test {
namespace {

// Differs from byte to byte, so that a copy of the margin onto itself, shifted, shows.
const Bytes& guard() {
  static const Bytes pattern = [] {
    Bytes bytes(GuardedBuffer::margin);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(0xa5 ^ (i * 37 + i / 251));
    return bytes;
  }();
  return pattern;
}

}  // namespace

GuardedBuffer::GuardedBuffer(const DeviceBackend& device, size_t bytes, size_t alignment)
    : device_(&device), lead_(alignment % device_alignment), bytes_(bytes) {
  static_assert(margin % device_alignment == 0);
  base_ = static_cast<unsigned char*>(device.allocate(lead_ + bytes + 2 * margin));
  device.copy_in(base_ + lead_, guard().data(), margin);
  device.copy_in(base_ + lead_ + margin + bytes_, guard().data(), margin);
  if (!device.declare) return;
  device.declare(base_, lead_ + margin, Contents::forbidden);
  device.declare(base_ + lead_ + margin + bytes_, margin, Contents::forbidden);
}

GuardedBuffer::GuardedBuffer(GuardedBuffer&& other) noexcept
    : device_(other.device_), base_(std::exchange(other.base_, nullptr)), lead_(other.lead_), bytes_(other.bytes_) {}

GuardedBuffer::~GuardedBuffer() {
  if (base_) device_->release(base_, lead_ + bytes_ + 2 * margin);
}

void GuardedBuffer::poison(int byte) {
  if (!bytes_) return;
  device_->fill(data(), byte, bytes_);
  if (device_->declare) device_->declare(data(), bytes_, Contents::unwritten);
}

void GuardedBuffer::write(const Bytes& contents) {
  if (contents.size() != bytes_) fail(Failure::internal, "[guarded buffer] wrong number of bytes");
  if (bytes_) device_->copy_in(data(), contents.data(), bytes_);
}

Bytes GuardedBuffer::read() const {
  Bytes contents(bytes_);
  if (bytes_) device_->copy_out(contents.data(), data(), bytes_);
  return contents;
}

long GuardedBuffer::damage() const {
  Bytes before(margin), after(margin);
  device_->copy_out(before.data(), base_ + lead_, margin);
  device_->copy_out(after.data(), base_ + lead_ + margin + bytes_, margin);
  for (size_t i = 0; i < margin; ++i) {
    if (after[i] != guard()[i]) return static_cast<long>(i) + 1;
    if (before[margin - 1 - i] != guard()[margin - 1 - i]) return -static_cast<long>(i) - 1;
  }
  return 0;
}

}  // namespace duel::test
