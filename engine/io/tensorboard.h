// TensorBoard's event files: what a run writes for `tensorboard --logdir`.
//
// A file is a sequence of TFRecords: length u64, its masked CRC-32C, so many bytes, their masked CRC-32C, all little-endian
// (tensorflow/core/lib/io/record_writer.h; crc is masked as rotate right by 15, plus a282ead8: tensorflow/core/lib/hash/crc32c.h). Each
// holds one Event, and the first says which version of the format follows (tensorflow/core/util/event.proto, framework/summary.proto).
#pragma once
#include <cstdint>
#include <string>

#include "engine/histogram.h"
#include "engine/io/image.h"
#include "engine/io/protobuf.h"

namespace duel::tensorboard {

// What is said of one step, each under its tag; tags with a common part before a '/' are shown together. A histogram's least and greatest
// value are told as the ends of its range, whatever its values are.
class Summary {
 public:
  void scalar(const std::string& tag, double value);  // f32 in the file
  void image(const std::string& tag, const Image& image);
  // The sum of the values and of their squares, which no page of TensorBoard shows, are those of the bins' middles.
  void histogram(const std::string& tag, const Histogram& values);
  bool empty() const { return message_.bytes().empty(); }
  const protobuf::Message& message() const { return message_; }

 private:
  void add(const std::string& tag, int field, const protobuf::Message& value);
  protobuf::Message message_;
};

// The bytes that a file begins with. With `from` above 0 they also tell TensorBoard to forget what earlier files of the folder say of step
// `from` and later ones: a run that was stopped, and goes on from before. `now` in seconds since 1970.
std::string beginning(double now, int64_t from = 0);
std::string record(double now, int64_t step, const Summary& summary);

// The length of the part of a file that is whole and says nothing of steps above `step`; records are in order of steps. Throws Error(data)
// when it cannot be read.
int64_t length_up_to(const std::string& path, int64_t step);

}  // namespace duel::tensorboard
