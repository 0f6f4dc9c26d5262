// What a row is given to be tested or timed on.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/op.h"

namespace duel {

enum class Values { integers, reals };

// Contents that Buffer::fill asks for; element i depends on nothing but seed and i. Integers are −largest…largest (positive: 1…largest),
// probabilities then multiples of 1/8.
std::vector<unsigned char> filled(const Buffer& buffer, Values values, uint64_t seed, int largest);

}  // namespace duel
