// The images a run trains on, at the network's size, and batches of them.
#pragma once
#include <string>
#include <vector>

#include "engine/data/batches.h"
#include "engine/data/dataset.h"
#include "engine/tensor.h"

namespace duel {

struct ImageData {
  Dataset train, test;  // test.n is 0 where there is none
};

struct ImageOptions {
  std::string data;            // as load_data() takes it
  int size = 0, channels = 0;  // 0 keeps the data's
  int64_t images = 0;          // to train on, in the classes' own shares, chosen by the seed; 0: all
  int64_t seed = 1;
  int batch = 1;
  double holdout = 0.05;  // of the training images, for testing, where a data set has no test images of its own
};
// Throws Error(data) when there are fewer images than a batch.
ImageData load_images(const ImageOptions& options);

// Puts the next batch of `order` into `x`, f32 [batch,h,w,c] in [−1, 1], and its labels into `labels`, i32 [batch], unless that is
// undefined.
void load_batch(const ImageData& data, Shuffler& order, Tensor& x, Tensor labels = {});
// The next so many batches, one behind the other: x [batches·batch,h,w,c].
void load_batches(const ImageData& data, Shuffler& order, int batches, const Tensor& x, const Tensor& labels = {});

// What a net made of a batch, in f32 behind what it made of those before.
void append(std::vector<float>& values, const Tensor& t);

}  // namespace duel
