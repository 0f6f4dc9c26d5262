// New samples of rare classes, between samples that are there. Rows x [n, d] are anything in which a straight line means something: pixels,
// or the latents of an encoder. Each class that is to grow is handled against all the others.
//
//   smote        Chawla, Bowyer, Hall & Kegelmeyer, "SMOTE: synthetic minority over-sampling technique" (2002): x + u·(nn − x) with one u
//   in
//                [0, 1) a new sample and nn one of the k nearest of the same class. Each sample of the class is x equally often; those that
//                are x once more than others are drawn.
//   borderline   Han, Wang & Mao, "Borderline-SMOTE" (2005), their borderline-1: x is only a sample in danger, that is one with at least
//   half
//                of its m nearest samples, but not all, in other classes; nn is of its own class.
//   adasyn       He, Bai, Garcia & Li, "ADASYN" (2008): x is taken in proportion to the share of other classes among its k nearest samples.
//                The shares are rounded by largest remainder, so that the class gets exactly what was asked for (their rounding does not).
//
// A sample is never its own neighbour. Neighbours are exact, of the rows as f32: engine/neighbours.h.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/tensor.h"

namespace duel {

enum class Oversampling { smote, borderline, adasyn };

struct SmoteOptions {
  Oversampling kind = Oversampling::smote;
  int neighbours = 5;             // k
  int surroundings = 10;          // m, of borderline
  std::vector<int64_t> target{};  // samples of each class afterwards; empty: of each as many as the largest has
  int64_t seed = 0;
};

struct Oversampled {
  Tensor x;                              // [made, d]: the new rows only, in x's dtype and on its device, class by class
  std::vector<int32_t> labels;           // of the new rows
  std::vector<int64_t> before, after;    // samples a class
  std::vector<int32_t> base, neighbour;  // the rows of x that a new row lies between
  std::vector<float> u;                  // and where: 0 is base
};

// x [n, d] floating, labels[i] in [0, classes). A pure function of its arguments; differentiable by x, with the choice of neighbours held.
// Throws Error(usage), never making do with less, where a class that is to grow has no more than `neighbours` samples, a target is below
// what is there, no sample of such a class is in danger (borderline), or none has a neighbour of another class (adasyn).
Oversampled smote(const Tensor& x, std::span<const int32_t> labels, int classes, const SmoteOptions& options = {});

// The same on the pixels of a data set, which comes back with the new images behind its own, rounded.
struct OversampledImages {
  Dataset data;
  std::vector<int64_t> before, after;
  std::vector<int32_t> base, neighbour;  // of each new image, numbers in the data set
  std::vector<float> u;                  // how far from base to neighbour it lies
};
OversampledImages smote(const Dataset& data, const SmoteOptions& options = {});

}  // namespace duel
