#include "apps/support/metrics/duplicates.h"

#include <algorithm>

#include "kernels/error.h"

namespace duel {
namespace {

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = share * static_cast<double>(values.size() - 1);
  const size_t below = static_cast<size_t>(rank), above = std::min(below + 1, values.size() - 1);
  return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<double> nearest_of_each(const Neighbours& of) {
  std::vector<double> values;
  for (size_t i = 0; i < of.distance.size(); i += static_cast<size_t>(of.count)) values.push_back(of.distance[i]);
  return values;
}

}  // namespace

Duplicates duplicate_rate(const Neighbours& samples, const Neighbours& tests) {
  if (samples.distance.empty() || tests.distance.empty())
    fail(Failure::usage, "a duplicate rate needs a sample and a test image at least; take more images");
  const std::vector<double> made = nearest_of_each(samples), real = nearest_of_each(tests);
  Duplicates d{
      .threshold = percentile(real, 0.01), .samples = static_cast<int64_t>(made.size()), .tests = static_cast<int64_t>(real.size())};
  if (d.threshold <= 0)
    fail(Failure::data,
         "a hundredth of the test images is no distance at all from the training images, so no sample can be nearer: pass test images that "
         "were held out, or another extractor if this one cannot tell them apart");
  d.count = std::count_if(made.begin(), made.end(), [&](double distance) { return distance < d.threshold; });
  d.rate = static_cast<double>(d.count) / static_cast<double>(d.samples);
  return d;
}

}  // namespace duel
