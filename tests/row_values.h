// What a test fills buffers with, and how far an element may be from the answer.
#pragma once
#include "kernels/op.h"
#include "tests/guarded_buffer.h"

namespace duel::test {

enum class Values { integers, reals };

// Contents that Buffer::fill asks for; element i depends on nothing but seed and i. Integers are −largest…largest (positive: 1…largest),
// probabilities then multiples of 1/8.
Bytes filled(const Buffer& buffer, Values values, uint64_t seed, int largest);
double element(const Bytes& bytes, DType dtype, int64_t index);
double root_mean_square(const Buffer& buffer, const Bytes& bytes);

// Largest |got − expected| that passes: see row_check.h.
double tolerance(DType dtype, int reduction, double expected, double rms, double slack);

}  // namespace duel::test
