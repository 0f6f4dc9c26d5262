// How a classifier is judged: intervals against published numbers, and counts by hand.
#include <doctest/doctest.h>

#include <cmath>

#include "apps/support/metrics/scores.h"
#include "tests/support.h"

using namespace duel;

TEST_CASE("Wilson's interval is what is published") {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  struct Known {
    int64_t k, n;
    double low, high;
  };
  for (const Known& known : {Known{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}}) {
    const Interval i = wilson(known.k, known.n);
    CHECK(i.low == doctest::Approx(known.low).epsilon(0.0002 / std::max(known.low, 0.01)));
    CHECK(i.high == doctest::Approx(known.high).epsilon(0.0005));
  }
  CHECK(wilson(20, 20).high == 1);
  CHECK(wilson(0, 0).low == 0);
  CHECK(wilson(0, 0).high == 1);
}

TEST_CASE("accuracy, balanced accuracy and recall by hand") {
  Scores s(3);  // class 2 has no images
  for (int i = 0; i < 8; ++i) s.add(0, i < 6 ? 0 : 1);
  s.add(1, 1), s.add(1, 2);
  CHECK(s.total() == 10);
  CHECK(s.right() == 7);
  CHECK(s.of(0) == 8);
  CHECK(s.right(1) == 1);
  CHECK(s.accuracy() == doctest::Approx(0.7));
  CHECK(s.balanced_accuracy() == doctest::Approx((0.75 + 0.5) / 2));
  CHECK(std::isnan(s.recall(2)));
  CHECK(std::isnan(Scores(3).accuracy()));
  const std::string text = scores_text(s, {"cat", "dog", "cow"});
  CHECK(text.find("70.00 %") != std::string::npos);
  CHECK(text.find("62.50 %") != std::string::npos);
  CHECK(text.find("no images") != std::string::npos);
}

TEST_CASE("evaluation counts every image once, whatever the batch") {
  const ClassifierConfig config{.h = 8, .w = 8, .classes = 3, .width = 4};
  Classifier net(config, Device::cpu);
  init_weights(net, 1);
  Dataset data{.name = "noise", .n = 301, .h = 8, .w = 8, .c = 1, .classes = {"a", "b", "c"}};
  for (int i = 0; i < data.n * 64; ++i) data.images.push_back(static_cast<uint8_t>(i * 2654435761u >> 13));
  for (int i = 0; i < data.n; ++i) data.labels.push_back(i % 3);
  const Scores scores = evaluate(net, data);
  CHECK(scores.total() == 301);
  const std::vector<float> all = predict(net, data.images);
  const std::vector<float> one = predict(net, {data.images.data() + 300 * 64, 64});
  for (int k = 0; k < 3; ++k) CHECK(all[static_cast<size_t>(900 + k)] == doctest::Approx(one[static_cast<size_t>(k)]));
  CHECK(one[0] + one[1] + one[2] == doctest::Approx(1));
  CHECK(best_class(std::vector<float>{0.2f, 0.4f, 0.4f}) == 1);
}
