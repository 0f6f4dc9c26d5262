#include "apps/support/train/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace duel {
namespace {

using Verdict = std::optional<Finding>;

constexpr size_t window = doctor_window;

// The mean of the last `window` records; none where there are fewer.
std::optional<double> lately(const std::vector<double>& values) {
  if (values.size() < window) return {};
  const auto last = std::span(values).last(window);
  return std::accumulate(last.begin(), last.end(), 0.0) / window;
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// Adam never forgets an infinite gradient, so nothing after it is training.
Verdict non_finite(const Readings& r) {
  const auto bad = [](const std::vector<double>& values) {
    return std::any_of(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  };
  if (!bad(r.loss_d) && !bad(r.loss_g)) return {};
  return Finding{
      "not finite",
      fmt::format("{} loss was NaN or infinite: go back to a checkpoint from before, and try a smaller --lr, or --precision f32; "
                  "--check-finite names the op that such a number comes from.",
                  bad(r.loss_d) ? "D's" : "G's")};
}

// A D that is never wrong has learned to separate the two sets, and its gradient says nothing of which way to go (Arjovsky & Bottou,
// "Towards principled methods for training generative adversarial networks", 2017, section 2). 99.5 % of both over twenty records: runs
// that came to a good end were at 98.5 % for a while and fell back (docs/runs/gan-fashion-mnist).
Verdict d_too_strong(const Readings& r) {
  constexpr double always = 0.995;
  const auto real = lately(r.real_right), fake = lately(r.fake_right);
  if (!real || !fake || !(*real >= always && *fake >= always)) return {};
  return Finding{
      "D too strong",
      fmt::format("D was right about {} of the real and {} of the generated images over the last {} records, so G has little to go by: try "
                  "a smaller --lr-d, --instance-noise 0.1, --d-norm spectral, or with few images --diff-augment color,translation,cutout.",
                  percent(*real), percent(*fake), window)};
}

// The gradient of log(1 − D(G(z))) with respect to D's logit is −D(G(z)): nothing, once D is sure (Goodfellow et al., 2014, section 3). At
// one in a hundred G learns a hundred times slower than the other loss would have it.
Verdict vanishing_gradient(const Readings& r) {
  constexpr double sure = 0.01;
  const auto said = lately(r.d_fake_after);
  if (!r.saturating || !said || !(*said < sure)) return {};
  return Finding{
      "vanishing gradient",
      fmt::format("D gave generated images a probability of {} over the last {} records, and with the minimax loss G's gradient is "
                  "as small as that: try --loss non-saturating.",
                  percent(*said), window)};
}

// Cross entropy is −log of a probability as long as its targets are probabilities. With one above 1 it has no lower bound (handled by
// check_objective(); a training loop of one's own may not check).
Verdict impossible_loss(const Readings& r) {
  const auto loss = lately(r.loss_d);
  if (!r.cross_entropy || !loss || !(*loss < 0)) return {};
  return Finding{"impossible loss",
                 fmt::format("D's loss was {:.3g} on the average of the last {} records, but a cross entropy is never negative "
                             "unless a target lies outside [0, 1]: look at what is added to the labels, and try --smooth, "
                             "which keeps them below 1.",
                             *loss, window)};
}

Verdict d_stands_still(const Readings& r) {
  if (!r.d_moves || *r.d_moves != 0) return {};
  return Finding{
      "D stands still",
      "No weight of D changed in a step: it does not train, so G climbs to whatever it happens to like; try to find out whether its "
      "optimiser got D's weights, and a step size above 0."};
}

Verdict g_stands_still(const Readings& r) {
  if (!r.g_moves || *r.g_moves != 0) return {};
  return Finding{
      "G stands still",
      "No weight of G changed in a step, so no gradient reaches it: try to find out where what G makes loses its history on the way "
      "to D's loss, or whether every unit on the way is dead."};
}

// Batch norm makes the verdict on one image depend on those beside it. Trained on mixed batches, D tells the halves of a batch apart, which
// says nothing of a batch of one kind (Radford, Metz & Chintala, 2016, gave D each kind in a batch of its own). The limit is a judgement.
Verdict batch_leak(const Readings& r) {
  constexpr double most = 0.1;
  if (!r.right_in_company || !r.right_alone || !(*r.right_in_company - *r.right_alone > most)) return {};
  return Finding{"batch norm leakage",
                 fmt::format("D is right about {} of the real images where generated ones stand in the same batch, and about {} where "
                             "none do: its batch norm compares the two; try a batch of its own for each kind, or --d-norm layer.",
                             percent(*r.right_in_company), percent(*r.right_alone))};
}

// Half-way between chance and likeness; a judgement. (That a label changes the image at all says little: G may use it as more noise.)
Verdict ignored_labels(const Readings& r) {
  constexpr double least = 0.5;
  if (!r.label_agreement || !(*r.label_agreement < least)) return {};
  return Finding{
      "ignored labels",
      fmt::format(
          "What samples of a class have in common is not what its real images have (agreement {:.2f}, of 1): early in a run that is to be "
          "expected, later look whether D gets the labels, and those of its own images, and try --label-in-d projection.",
          *r.label_agreement)};
}

// The limits are those of the sample check (sample_check.cpp).
Verdict collapse(const Readings& r) {
  constexpr double least_spread = 0.7, least_twin = 0.5;
  const char* advice =
      "after more than a few hundred steps this is collapse; go back to an earlier checkpoint, and try --minibatch-stddev, "
      "--loss wasserstein --penalty wgan-gp --d-norm layer, or a smaller --lr.";
  if (r.twin && *r.twin < least_twin)
    return Finding{
        "collapse",
        fmt::format("A few images repeat: samples lie {:.2f} times as far from their nearest twin as real images do; {}", *r.twin, advice)};
  if (r.spread && *r.spread < least_spread)
    return Finding{"collapse",
                   fmt::format("The samples look alike: they lie {:.2f} times as far apart as real images do; {}", *r.spread, advice)};
  constexpr double least_modes = 0.5;  // a judgement
  if (r.modes_found && *r.modes_found < least_modes)
    return Finding{"collapse", fmt::format("The samples find {} of the modes; {}", percent(*r.modes_found), advice)};
  return {};
}

// tanh' is 1 − v², 0.02 at the limit: what has saturated hardly learns. Real images may be black and white themselves, so what counts is
// how much more the samples are; a fifth of all values is a judgement.
Verdict saturated_tanh(const Readings& r) {
  constexpr double more = 0.2;
  if (!r.saturated || !r.real_saturated || !(*r.saturated > *r.real_saturated + more)) return {};
  return Finding{
      "saturated tanh",
      fmt::format("{} of the samples' values are at the ends of tanh, where its gradient is nearly 0, against {} of the real images': "
                  "try a smaller --lr, or --init normal.",
                  percent(*r.saturated), percent(*r.real_saturated))};
}

// Four times the energy is twice the amplitude of what real images have there: to be seen (a judgement).
Verdict checkerboard(const Readings& r) {
  constexpr double most = 4;
  if (!r.checkerboard || !(*r.checkerboard > most)) return {};
  return Finding{
      "checkerboard",
      fmt::format(
          "The samples have {:.1f} times the energy of real images at a period of two pixels, as strides leave it: early in a run it "
          "goes by itself, and where it stays, train longer, or try --ema 0.999.",
          *r.checkerboard)};
}

// Held-out real images score one in a hundred by definition. With a hundred of them and more, ten times that is not chance; with fewer the
// nearest of them says too little, and the reading is to be left out.
Verdict memorisation(const Readings& r) {
  constexpr double chance = 0.01, most = 10 * chance;
  if (!r.copied || !(*r.copied > most)) return {};
  return Finding{
      "memorisation",
      fmt::format("{} of the samples are nearer to a training image than {} of real images are: G repeats what it was shown; take more "
                  "images, --diff-augment color,translation,cutout, or an earlier checkpoint.",
                  percent(*r.copied), percent(chance))};
}

// A ReLU that is never above 0 has no gradient, so nothing brings it back (Lu, Shin, Su & Karniadakis, "Dying ReLU and initialization",
// 2019). A net does without some of its channels; half of a layer is a judgement.
Verdict dead_relu(const Readings& r) {
  constexpr double most = 0.5;
  if (!r.dead || !(*r.dead >= most)) return {};
  return Finding{"dead ReLU",
                 fmt::format("{} of the channels of {} are 0 for a whole batch, and a ReLU that is never above 0 learns no more: try a "
                             "smaller --lr, or --init he.",
                             percent(*r.dead), r.dead_layer)};
}

// Images from running statistics are those that people get. Where they are half as far from the batch's as samples are from each other, the
// statistics have not kept up with the weights, or differ from batch to batch (Ioffe, "Batch renormalization", 2017; a judgement).
Verdict norm_drift(const Readings& r) {
  constexpr double most = 0.5;
  if (!r.norm_drift || !(*r.norm_drift > most)) return {};
  return Finding{
      "batch norm drift",
      fmt::format(
          "G makes other images with its running statistics than with the batch's: they differ by {:.2f} of what samples differ by; "
          "early in a run that goes by itself, later try a larger --batch or a smaller --lr.",
          *r.norm_drift)};
}

}  // namespace

std::vector<Finding> diagnose(const Readings& readings) {
  std::vector<Finding> findings;
  for (const auto rule : {non_finite, impossible_loss, d_stands_still, g_stands_still, collapse, ignored_labels, d_too_strong, batch_leak,
                          vanishing_gradient, memorisation, dead_relu, norm_drift, saturated_tanh, checkerboard})
    if (Verdict found = rule(readings)) findings.push_back(std::move(*found));
  return findings;
}

double checkerboard_energy(const std::vector<float>& images, int h, int w, int c) {
  const size_t row = static_cast<size_t>(w) * static_cast<size_t>(c), size = static_cast<size_t>(h) * row;
  double sum = 0, squares = 0, detail = 0;
  for (const float v : images) sum += v;
  const double mean = images.empty() ? 0 : sum / static_cast<double>(images.size());
  for (const float v : images) squares += (v - mean) * (v - mean);
  size_t blocks = 0;
  for (size_t image = 0; image + size <= images.size(); image += size)
    for (int y = 0; y + 1 < h; ++y)
      for (size_t x = 0; x + static_cast<size_t>(c) < row; ++x, ++blocks) {
        const float* at = &images[image + static_cast<size_t>(y) * row + x];
        const double d = (double{at[0]} - at[c] - at[row] + at[row + static_cast<size_t>(c)]) / 2;
        detail += d * d;
      }
  return squares > 0 && blocks ? detail / static_cast<double>(blocks) / (squares / static_cast<double>(images.size())) : 0;
}

std::optional<double> label_agreement(const std::vector<float>& samples, const std::vector<int>& asked, const std::vector<float>& real,
                                      const std::vector<int>& labels, int classes, size_t size) {
  constexpr double least_agreement = 0.5;  // of the halves
  struct Sums {
    std::vector<double> values, count;
  };
  const auto n = static_cast<size_t>(classes);
  Sums made{std::vector<double>(n * size), std::vector<double>(n)};
  Sums half[2] = {made, made};
  const auto add = [&](Sums& to, const std::vector<float>& rows, size_t row, int label) {
    const auto c = static_cast<size_t>(label);
    ++to.count[c];
    for (size_t j = 0; j < size; ++j) to.values[c * size + j] += rows[row * size + j];
  };
  for (size_t i = 0; i < asked.size(); ++i) add(made, samples, i, asked[i]);
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto c = static_cast<size_t>(labels[i]);
    add(half[half[0].count[c] > half[1].count[c]], real, i, labels[i]);
  }
  std::vector<size_t> there;
  for (size_t c = 0; c < n; ++c)
    if (made.count[c] > 0 && half[1].count[c] > 0) there.push_back(c);
  const auto deviations = [&](const Sums& sums) {  // of the classes that are there, one behind the other
    std::vector<double> d;
    for (const size_t c : there)
      for (size_t j = 0; j < size; ++j) d.push_back(sums.values[c * size + j] / sums.count[c]);
    for (size_t j = 0; j < size; ++j) {
      double mean = 0;
      for (size_t i = 0; i < there.size(); ++i) mean += d[i * size + j] / static_cast<double>(there.size());
      for (size_t i = 0; i < there.size(); ++i) d[i * size + j] -= mean;
    }
    return d;
  };
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const std::vector<double> of_made = deviations(made), a = deviations(half[0]), b = deviations(half[1]);
  const double both = dot(a, b);
  if (there.size() < 2 || !(both > 0) || !(both >= least_agreement * std::sqrt(dot(a, a) * dot(b, b)))) return {};
  return (dot(of_made, a) + dot(of_made, b)) / 2 / both;
}

}  // namespace duel
