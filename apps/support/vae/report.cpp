#include "apps/support/vae/report.h"

#include "apps/support/report/run_page.h"

namespace duel {

nlohmann::ordered_json values_of(const std::vector<double>& training, const Elbo& test, double beta) {
  nlohmann::ordered_json json;
  for (size_t i = 0; i < VaeReport::size; ++i) json[VaeReport::names[i]] = training[i];
  json["test_loss"] = test.loss(beta), json["test_reconstruction"] = test.reconstruction, json["test_kl"] = test.kl;
  return json;
}

namespace {

// What `loss` holds besides −log p(x|z) and the weighted KL, as words; empty where that is all.
std::string further_terms(const VaeSettings& settings) {
  std::string terms;
  for (const auto& [weight, what] :
       {std::pair{settings.content, "content"}, {settings.style, "style"}, {settings.variation, "total variation"}})
    if (weight > 0) terms += fmt::format("{}{}", terms.empty() ? "" : ", ", what);
  return terms;
}

// The records with `bound`: of training, what the test images' loss is of them.
std::vector<nlohmann::ordered_json> with_bound(std::vector<nlohmann::ordered_json> records, double beta) {
  for (auto& r : records)
    if (r.contains("reconstruction") && r.contains("kl")) r["bound"] = r["reconstruction"].get<double>() + beta * r["kl"].get<double>();
  return records;
}

}  // namespace

Page vae_page(const VaeSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              const Elbo& test, std::vector<Frame> frames) {
  const bool variational = settings.net != "ae";
  Page page = run_page(!variational           ? "Autoencoder"
                       : settings.conditional ? "Conditional VAE"
                                              : "VAE",
                       settings.data, device, step, settings.json());
  page.frames = std::move(frames);
  if (!variational) page.frames_are = "Test images, each over what the net makes of it";
  const std::string terms = further_terms(settings), l1 = settings.l1 > 0 ? " The weights' L1 is minimised too, and not drawn." : "";
  page.series = {{"Loss",
                  fmt::format("{} in nats an image. The best look at the test images is kept as checkpoints/best.safetensors.{}{}",
                              variational ? "−log p(x|z) and the weighted KL," : "−log p(x|z),",
                              terms.empty() ? "" : fmt::format(" What is minimised has besides: {}.", terms), l1),
                  {curve_of(with_bound(records, settings.beta), "bound", "training"), curve_of(records, "test_loss", "test")},
                  false}};
  if (!terms.empty()) page.series[0].curves.push_back(curve_of(records, "loss", "all that is minimised"));
  if (variational)
    page.series.push_back({"KL",
                           "How much z says about the image, in nats. At 0 the decoder has learnt to do without z.",
                           {curve_of(records, "kl", "training"), curve_of(records, "test_kl", "test")},
                           false});
  if (variational && !settings.extractor.empty())
    for (Series& s : distances_of(records, settings.extractor, settings.eval_n, "The best checkpoint is kept by the loss, not by this."))
      page.series.push_back(std::move(s));
  if (test.n == 0) return page;
  auto nats = [](double value) { return fmt::format("{:.2f}", value); };
  Table table{"On the test images", "Means at the last look, z drawn once an image.", {"Part", "Nats an image"}, {}};
  table.rows.push_back({"−log p(x|z)", nats(test.reconstruction)});
  if (settings.likelihood == "bernoulli") table.rows.push_back({"of which entropy of grey pixels", nats(test.floor)});
  if (variational) table.rows.push_back({"KL", nats(test.kl)}), table.rows.push_back({"ELBO", nats(test.elbo())});
  page.tables.push_back(table);
  return page;
}

}  // namespace duel
