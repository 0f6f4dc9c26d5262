#include "apps/support/gan/report.h"

#include <cmath>
#include <span>

#include "apps/support/gan/layer_inspector.h"
#include "apps/support/report/run_page.h"
#include "apps/support/run/events.h"

namespace duel {
namespace {

std::string title_of(const GanSettings& s) {
  const std::string net = s.net == "dcgan" ? "DCGAN" : s.net == "keras" ? "DCGAN as in Keras" : "GAN of dense layers";
  return (s.conditional ? "Conditional " : "") + net + (s.loss == "non-saturating" ? "" : ", " + s.loss + " loss") +
         (s.penalty == "none" ? "" : ", penalty " + s.penalty) + (s.d_norm == "spectral" ? ", spectral norm" : "");
}

}  // namespace

std::vector<Reading> readings_of(const GanSettings& settings, const GanReport& r) {
  const bool p = says_probability(settings.objective().loss);
  return {{"loss D", r.loss_d},
          {"loss G", r.loss_g},
          {"D(x)", p ? r.d_real : r.score_real},
          {"D(G(z))", p ? r.d_fake : r.score_fake},
          {"real right", r.real_right, true},
          {"fake right", r.fake_right, true}};
}

nlohmann::ordered_json values_of(const GanReport& r) {
  const double values[GanReport::size] = {r.loss_d,     r.loss_g,     r.d_real,     r.d_fake,     r.d_fake_after,
                                          r.real_right, r.fake_right, r.score_real, r.score_fake, r.penalty};
  nlohmann::ordered_json json;
  for (int i = 0; i < GanReport::size; ++i) json[GanReport::names[i]] = values[i];
  return json;
}

nlohmann::ordered_json histograms_of(const GanSettings& settings, std::vector<double> said) {
  constexpr int bins = 24;
  Histogram all;
  if (says_probability(settings.objective().loss)) {
    for (double& v : said) v = 1 / (1 + std::exp(-v));
    all = histogram(said, bins, 0, 1);
  } else {
    all = histogram(said, bins);
  }
  const auto half = std::span(said).first(said.size() / 2), other = std::span(said).last(said.size() / 2);
  return {{"said_real", json_of(histogram(half, bins, all.low, all.high))},
          {"said_fake", json_of(histogram(other, bins, all.low, all.high))}};
}

Page gan_page(const GanSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              std::vector<Frame> frames) {
  Page page = run_page(title_of(settings), settings.data, device, step, settings.json());
  page.frames = std::move(frames);
  if (settings.conditional) page.frames_are = "A row for each class, from the same noise in every row";
  page.series = {{"Losses",
                  "Two nets pull against each other: neither curve should run away.",
                  {curve_of(records, "loss_d", "D"), curve_of(records, "loss_g", "G")},
                  false}};
  if (says_probability(settings.objective().loss))
    page.series.push_back({"What D says",
                           "The mean of D(x) on real images and of D(G(z)) on generated ones. At 50 % it can no longer tell them apart.",
                           {curve_of(records, "d_real", "D(x)"), curve_of(records, "d_fake", "D(G(z))")},
                           true});
  else
    page.series.push_back(
        {"What D says",
         "The mean of D(x) on real images and of D(G(z)) on generated ones: no probabilities with this loss. What counts is "
         "the distance between the two.",
         {curve_of(records, "score_real", "D(x)"), curve_of(records, "score_fake", "D(G(z))")},
         false});
  const bool p = says_probability(settings.objective().loss);
  page.distributions = {
      distribution_of(records, "said_real", "D(x), image by image", "How what D says of a batch of real images is spread, over time.", p),
      distribution_of(records, "said_fake", "D(G(z)), image by image",
                      "The same of generated images. Where the two no longer overlap, D tells them apart without fail.", p)};
  if (!settings.extractor.empty())
    for (Series& s : distances_of(records, settings.extractor, settings.eval_n,
                                  "The best is kept as checkpoints/best.safetensors; a GAN's last is often not its best."))
      page.series.push_back(std::move(s));
  if (settings.penalty != "none")
    page.series.push_back({"Penalty", "On D's gradient, before its weight.", {curve_of(records, "penalty", "penalty")}, false});
  if (settings.ada > 0)
    page.series.push_back({"How much is augmented",
                           "The probability p of each operation on what D sees. It rises while D is too sure of the real images.",
                           {curve_of(records, "ada_p", "p")},
                           true});
  if (settings.loss != "wasserstein")
    page.series.push_back(
        {"How often D is right",
         "The share of real and of generated images that D judges rightly. Both near 100 % for long: D has won, and G learns little.",
         {curve_of(records, "real_right", "real"), curve_of(records, "fake_right", "generated")},
         true});
  for (Series& s : layer_series(records)) page.series.push_back(std::move(s));
  return page;
}

}  // namespace duel
