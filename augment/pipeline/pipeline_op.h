// A whole augmentation in one op: draws, resampling, colour, erasing, noise and range, for a batch.
//
//   augment_images        x, ids, epoch, strength → y and the record of what was drawn
//   replay_augmentation   x, record → the same y
//
// x [n, h, w, c] is u8, or floating in [0, 1] (or [−1, 1]: `signed`); y [n, p, q, c] is floating, (v − mean)/std of v in [0, 1]. Sample i's
// parameters are a pure function of (seed, stream, epoch, ids[i]) and the recipe: augment/recipe/draw.h. Records are f32
// [n, record_floats(steps)]. `strength` f32[steps] scales each step's probability.
#pragma once
#include <string>
#include <vector>

#include "augment/recipe/draw.h"
#include "augment/recipe/recipe.h"
#include "kernels/op.h"

namespace duel {

struct AugmentProblem {
  int n = 1, h = 1, w = 1, c = 1, p = 1, q = 1;
  int64_t seed = 0;
  int stream = 0;
  bool is_signed = false;
  Recipe recipe;
  DType to = DType::f32, dtype = DType::u8;

  template <class F>
  void each(F&& f) {
    f.integer("n", n), f.integer("h", h), f.integer("w", w), f.integer("c", c), f.integer("p", p), f.integer("q", q);
    f.integer("seed", seed), f.integer("stream", stream);
    f.type(dtype);
    f.choice("to", to, augmented_names), f.flag("signed", is_signed), f.spelled("aug", recipe, write_recipe, read_recipe);
  }
  HD DrawKey key() const { return {static_cast<uint64_t>(seed), static_cast<uint32_t>(stream), h, w, p, q}; }
  HD int64_t source() const { return int64_t{n} * h * w * c; }
  HD int64_t result() const { return int64_t{n} * p * q * c; }
  HD int record_size() const { return record_floats(recipe.steps); }
  std::string text() const;                              // n4h8w8c3p8q8seed1stream0:u8/to=f32/aug=hflip+rotate_-15..15
  static AugmentProblem parse(const std::string& text);  // throws Error(usage)

 private:
  static constexpr const char* augmented_names[] = {"f32", "bf16"};
  static std::string write_recipe(const Recipe& recipe);
  static Recipe read_recipe(const std::string& text);
};

struct AugmentImages {
  using Problem = AugmentProblem;
  struct Args {
    const void *epoch, *ids, *strength, *x;
    void *y, *record;
  };
  static constexpr auto name = "augment_images";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

struct ReplayAugmentation {
  using Problem = AugmentProblem;
  struct Args {
    const void *record, *x;
    void* y;
  };
  static constexpr auto name = "replay_augmentation";
  static std::vector<Buffer> buffers(const Problem&);
  static std::vector<Case<Problem>> cases();
  static double flops(const Problem&);
  static int reduction(const Problem&);
};

}  // namespace duel
