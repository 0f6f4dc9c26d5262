#include "apps/support/study/synthesis.h"

#include <algorithm>
#include <chrono>

#include "apps/support/classify/train_classifier.h"
#include "apps/support/generators/class_samples.h"
#include "apps/support/generators/train_generator.h"
#include "apps/support/metrics/scores.h"
#include "augment/smote.h"

namespace duel {
namespace {

constexpr int generator_batch = 64;

struct Stopwatch {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
};

// Small enough for a few thousand images.
VaeSettings vae_settings(const StudyPlan& plan, const Dataset& images, bool conditional, int64_t seed) {
  VaeSettings s;
  s.net = "conv", s.width = 32, s.latent = 16, s.conditional = conditional;
  s.channels = images.c, s.batch = std::min(generator_batch, images.n), s.seed = seed, s.steps = plan.generator_steps;
  return s;
}
GanSettings gan_settings(const StudyPlan& plan, const Dataset& images, int64_t seed) {
  GanSettings s;
  s.conditional = true, s.size = images.h, s.ngf = s.ndf = 32, s.ema = 0.99;
  s.channels = images.c, s.batch = std::min(generator_batch, images.n), s.seed = seed, s.steps = plan.generator_steps;
  return s;
}

template <class Settings>
void check_fits(const Settings& settings, const Dataset& train) {
  settings.check();
  check_config(settings.network(train.h, train.w, static_cast<int>(train.classes.size())));
}

}  // namespace

Synthesiser::Synthesiser(const StudyPlan& plan, const Dataset& train, Device device) : plan_(plan), device_(device) {
  for (const bool conditional : {false, true}) {
    if (!plan.wants(conditional ? wants_cvae : wants_vae)) continue;
    const std::string& run = (conditional ? plan.cvae : plan.vae).run;
    if (run.empty()) {
      check_fits(vae_settings(plan, train, conditional, 1), train);
      continue;
    }
    std::optional<TrainedVae>& given = conditional ? given_cvae_ : given_vae_;
    given.emplace(checkpoint_path(run), device);
    check_fills(*given, run, train, conditional || given->net.config.classes);
  }
  if (!plan.wants(wants_cgan)) return;
  if (plan.cgan.run.empty()) {
    check_fits(gan_settings(plan, train, 1), train);
    return;
  }
  given_gan_.emplace(checkpoint_path(plan.cgan.run), device);
  check_fills(*given_gan_, plan.cgan.run, train, true);
}

void Synthesiser::start(const Dataset& real, int64_t seed) {
  real_ = &real, seed_ = seed;
  vae_ = {}, cvae_ = {}, gan_ = {}, judge_ = {};
}

const TrainedVae& Synthesiser::vae(bool conditional, double& seconds) {
  if (const auto& given = conditional ? given_cvae_ : given_vae_) return *given;
  Made<TrainedVae>& made = conditional ? cvae_ : vae_;
  if (!made.is) {
    const Stopwatch watch;
    made.is.emplace(
        train_vae(vae_settings(plan_, *real_, conditional, seed_), *real_, device_, conditional ? "training a cVAE" : "training a VAE"));
    made.seconds = watch.seconds();
  }
  seconds += made.seconds;
  return *made.is;
}

const TrainedGan& Synthesiser::gan(double& seconds) {
  if (given_gan_) return *given_gan_;
  if (!gan_.is) {
    const Stopwatch watch;
    gan_.is.emplace(train_gan(gan_settings(plan_, *real_, seed_), *real_, device_, "training a cGAN"));
    gan_.seconds = watch.seconds();
  }
  seconds += gan_.seconds;
  return *gan_.is;
}

const Classifier& Synthesiser::judge(double& seconds) {
  if (!judge_.is) {
    const Stopwatch watch;
    ClassifySettings settings = plan_.training;
    settings.seed = seed_, settings.sampler = "balanced";
    judge_.is.emplace(train_classifier(settings, *real_, device_, "training the filter").net);
    judge_.seconds = watch.seconds();
  }
  seconds += judge_.seconds;
  return *judge_.is;
}

Synthesis Synthesiser::make(Images how) {
  Synthesis made;
  double trained = 0;  // seconds of what may have been trained for an arm before
  const TrainedVae* vae_used = how == Images::vae_smote ? &vae(false, trained) : how == Images::cvae ? &vae(true, trained) : nullptr;
  const TrainedGan* gan_used = how == Images::cgan || how == Images::cgan_filtered ? &gan(trained) : nullptr;
  const Classifier* judge_used = how == Images::cgan_filtered ? &judge(trained) : nullptr;
  const Stopwatch since;
  if (how == Images::vae_smote) {
    made.images = smote_codes(*vae_used, *real_, {.seed = seed_}).images;
  } else if (how == Images::cvae) {
    made.images = class_samples(*vae_used, missing(*real_), *real_, seed_).images;
  } else if (how == Images::cgan) {
    made.images = class_samples(*gan_used, missing(*real_), *real_, seed_).images;
  } else if (how == Images::cgan_filtered) {
    FilteredSamples kept = filtered_samples(*gan_used, missing(*real_), *real_, seed_,
                                            [&](const Dataset& candidates) { return predict(*judge_used, candidates.images); });
    made.note = kept.note(), made.images = std::move(kept.images);
  } else {
    const Oversampling kind = how == Images::smote        ? Oversampling::smote
                              : how == Images::borderline ? Oversampling::borderline
                                                          : Oversampling::adasyn;
    std::vector<int32_t> behind;
    const Dataset all = smote(*real_, {.kind = kind, .seed = seed_}).data;
    for (int32_t i = real_->n; i < all.n; ++i) behind.push_back(i);
    made.images = subset(all, behind);
  }
  made.seconds = trained + since.seconds();
  return made;
}

}  // namespace duel
