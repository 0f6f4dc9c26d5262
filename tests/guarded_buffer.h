// Memory on a device with a margin on both sides that nobody may touch. A row that writes past an end is caught by its margin, and reads of
// neighbouring memory find the same bytes in every run.
#pragma once
#include <cstddef>
#include <vector>

#include "kernels/device.h"

namespace duel::test {

using Bytes = std::vector<unsigned char>;

class GuardedBuffer {
 public:
  // data() is aligned to `alignment`, a power of two, and where that is below device_alignment, to no more. bytes may be 0.
  GuardedBuffer(const DeviceBackend& device, size_t bytes, size_t alignment = device_alignment);
  ~GuardedBuffer();
  GuardedBuffer(GuardedBuffer&& other) noexcept;
  GuardedBuffer(const GuardedBuffer&) = delete;

  void* data() const { return base_ + lead_ + margin; }
  size_t bytes() const { return bytes_; }
  void poison(int byte);              // every byte of the payload
  void write(const Bytes& contents);  // of bytes() bytes
  Bytes read() const;
  // 0 when both margins are whole, else the distance in bytes of the nearest touched byte: −1 is the one before the payload, 1 the one
  // right after it.
  long damage() const;

  static constexpr size_t margin = 4096;

 private:
  const DeviceBackend* device_;
  unsigned char* base_ = nullptr;
  size_t lead_ = 0;  // bytes before the first margin
  size_t bytes_ = 0;
};

}  // namespace duel::test
