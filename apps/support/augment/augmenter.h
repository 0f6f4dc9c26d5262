// A recipe applied to pictures, batch by batch.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "apps/support/images/pictures.h"
#include "augment/pipeline.h"

namespace duel {

struct AugmentJob {
  Recipe recipe;
  int64_t seed = 1, epoch = 0;
  int copies = 1;  // copy k is what the sample is in epoch `epoch` + k
  int size = 0;    // height and width of the results; 0: as their sources
  int batch = 64;  // pictures at a time; makes no difference to the results
  bool skip_bad = false;
  Rng rng() const { return {seed, RandomStream::augment}; }
  AugmentOptions options() const { return {.h = size, .w = size, .dtype = DType::f32, .is_signed = false, .strength = {}}; }
};

struct AugmentedCopy {
  size_t item = 0;  // of the pictures
  int copy = 0;
  int64_t epoch = 0;
  Image image;
  std::vector<AppliedStep> steps;  // what was drawn
  Homography map{};                // result → source, but for elastic
};

// Values in [0, 1] as pixels, rounded to nearest; what lies beyond is clamped, NaN is 0.
std::vector<Image> images_of(const Tensor& values);
Tensor tensor_of(const std::vector<const Image*>& alike);  // u8 [n,h,w,c] of images of one shape

// Calls f with each picture that can be read, in order, and its copies. Neighbours of one shape are a batch. A picture that cannot be read
// throws Error(data), or with skip_bad is named to `bad` and passed over. Returns false where the program was asked to stop.
using EachCopied = std::function<void(size_t item, const Image& original, std::vector<AugmentedCopy> copies)>;
bool each_augmented(const Pictures& pictures, const std::vector<size_t>& chosen, const AugmentJob& job, const EachCopied& f,
                    const std::function<void(const std::string& why)>& bad);

}  // namespace duel
