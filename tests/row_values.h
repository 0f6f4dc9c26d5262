// The elements of a test's buffers, and how far one may be from the answer.
#pragma once
#include "kernels/fill.h"
#include "kernels/op.h"
#include "tests/guarded_buffer.h"

namespace duel::test {

using duel::filled;
using duel::Values;

double element(const Bytes& bytes, DType dtype, int64_t index);
double root_mean_square(const Buffer& buffer, const Bytes& bytes);

constexpr double bf16_rounding = 8e-3;  // of a number, at most

// Largest |got − expected| that passes: see row_check.h.
double tolerance(DType dtype, int reduction, double expected, double rms, double slack);

}  // namespace duel::test
