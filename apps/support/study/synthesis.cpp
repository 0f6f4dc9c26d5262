#include "apps/support/study/synthesis.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "apps/support/generated.h"
#include "apps/support/image_source.h"
#include "apps/support/scores.h"
#include "apps/support/train_classifier.h"
#include "apps/support/train_generator.h"
#include "apps/support/vae_pictures.h"
#include "augment/smote.h"
#include "engine/data/sampling.h"
#include "engine/data/splitmix.h"

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

// Without the margin that training added, and in as many channels as `real`.
Dataset brought_home(Dataset made, int margin, const Dataset& real, const std::string& run) {
  Source source{.name = run, .images = without_margin(made, margin)};
  if (source.images.c != real.c) source.images = with_channels(source.images, real.c);
  if (source.images.h != real.h || source.images.w != real.w) take_padding_away(source, real.h, real.w);
  if (source.images.h != real.h || source.images.w != real.w)
    fail(Failure::data, fmt::format("{} makes images of {}×{} pixels, and the study's have {}×{}; --size brings those to another size", run,
                                    source.images.h, source.images.w, real.h, real.w));
  source.images.name = real.name;
  return source.images;
}

template <class Trained>
void check_given(const Trained& trained, const std::string& run, const Dataset& train, int classes) {
  if (classes == 0)
    fail(Failure::data, fmt::format("{}: it was not told classes, and classes are to be filled up; train it with labels", run));
  if (trained.classes != train.classes)
    fail(Failure::data, fmt::format("{}: its classes are [{}], but those of {} are [{}]", run, fmt::join(trained.classes, ", "), train.name,
                                    fmt::join(train.classes, ", ")));
}

}  // namespace

Dataset joined(Dataset a, const Dataset& b) {
  a.n += b.n;
  a.images.insert(a.images.end(), b.images.begin(), b.images.end());
  a.labels.insert(a.labels.end(), b.labels.begin(), b.labels.end());
  return a;
}

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
    if (conditional || given->net.config.classes) check_given(*given, run, train, given->net.config.classes);
    brought_home(Dataset{.h = given->net.config.h, .w = given->net.config.w, .c = given->net.config.channels}, given->margin, train, run);
  }
  if (!plan.wants(wants_cgan)) return;
  if (plan.cgan.run.empty()) {
    check_fits(gan_settings(plan, train, 1), train);
    return;
  }
  given_gan_.emplace(checkpoint_path(plan.cgan.run), device);
  check_given(*given_gan_, plan.cgan.run, train, given_gan_->g.config.classes);
  brought_home(Dataset{.h = given_gan_->g.config.h, .w = given_gan_->g.config.w, .c = given_gan_->g.config.channels}, given_gan_->margin,
               train, plan.cgan.run);
}

void Synthesiser::start(const Dataset& real, int64_t seed) {
  real_ = &real, seed_ = seed;
  vae_ = {}, cvae_ = {}, gan_ = {}, judge_ = {};
}

std::vector<int64_t> Synthesiser::missing() const {
  std::vector<int64_t> counts = class_counts(real_->labels, static_cast<int>(real_->classes.size()));
  const int64_t largest = *std::max_element(counts.begin(), counts.end());
  for (int64_t& count : counts) count = largest - count;
  return counts;
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

// counts[c] of each class c, class by class, each from noise of its own.
template <class Trained>
Dataset Synthesiser::samples(const Trained& generator, const std::vector<int64_t>& counts, int64_t seed) const {
  Dataset all{.name = real_->name, .h = real_->h, .w = real_->w, .c = real_->c, .classes = real_->classes};
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    const auto noise = static_cast<int64_t>(SplitMix(static_cast<uint64_t>(seed), c).next() >> 1);
    all = joined(std::move(all), brought_home(in_memory(generated(generator, counts[c], noise, static_cast<int>(c)), "samples"),
                                              generator.margin, *real_, "the generator"));
  }
  return all;
}

Dataset Synthesiser::smote_codes(const TrainedVae& vae) const {
  const VaeConfig& net = vae.net.config;
  Dataset seen = real_->c == net.channels ? *real_ : with_channels(*real_, net.channels);
  if (seen.h != net.h || seen.w != net.w) seen = fit(seen, net.h);
  const Codes codes = encode(vae.net, seen);
  const Tensor rows = Tensor::from_bytes({seen.n, net.latent}, DType::f32, codes.mean.data(), Device::cpu);
  const Oversampled more = smote(rows, seen.labels, static_cast<int>(seen.classes.size()), {.seed = seed_});
  std::vector<float> z(static_cast<size_t>(more.x.count()));
  more.x.copy_out(z.data());
  const std::vector<float> values = decoded(vae.net, vae.settings.objective().likelihood, z, more.labels);
  Dataset made{.name = real_->name,
               .n = static_cast<int>(more.labels.size()),
               .h = net.h,
               .w = net.w,
               .c = net.channels,
               .images = std::vector<uint8_t>(values.size()),
               .labels = more.labels,
               .classes = real_->classes};
  to_pixels(values, made.images.data());
  return brought_home(std::move(made), vae.margin, *real_, "the VAE");
}

Dataset Synthesiser::filtered(const TrainedGan& gan, const Classifier& judge, std::string& note) const {
  constexpr int rounds = 10;
  std::vector<int64_t> left = missing(), asked(left.size());
  Dataset kept{.name = real_->name, .h = real_->h, .w = real_->w, .c = real_->c, .classes = real_->classes};
  for (int round = 0; round < rounds && std::any_of(left.begin(), left.end(), [](int64_t n) { return n > 0; }); ++round) {
    const Dataset candidates = samples(gan, left, seed_ + (int64_t{round} << 32));
    const std::vector<float> said = predict(judge, candidates.images);
    std::vector<int32_t> good;
    for (int32_t i = 0; i < candidates.n; ++i) {
      const auto truth = static_cast<size_t>(candidates.labels[static_cast<size_t>(i)]);
      const size_t classes = candidates.classes.size();
      ++asked[truth];
      if (best_class({said.data() + static_cast<size_t>(i) * classes, classes}) == static_cast<int>(truth))
        good.push_back(i), --left[truth];
    }
    kept = joined(std::move(kept), subset(candidates, good));
  }
  const int64_t tried = std::accumulate(asked.begin(), asked.end(), int64_t{0});
  note = fmt::format("{} of {} samples kept", kept.n, tried);
  for (size_t c = 0; c < left.size(); ++c)
    if (left[c] > 0) note += fmt::format("; {} is {} short", kept.classes[c], left[c]);
  return kept;
}

Synthesis Synthesiser::make(Images how) {
  Synthesis made;
  double trained = 0;  // seconds of what may have been trained for an arm before
  const TrainedVae* vae_used = how == Images::vae_smote ? &vae(false, trained) : how == Images::cvae ? &vae(true, trained) : nullptr;
  const TrainedGan* gan_used = how == Images::cgan || how == Images::cgan_filtered ? &gan(trained) : nullptr;
  const Classifier* judge_used = how == Images::cgan_filtered ? &judge(trained) : nullptr;
  const Stopwatch since;
  if (how == Images::vae_smote) {
    made.images = smote_codes(*vae_used);
  } else if (how == Images::cvae) {
    made.images = samples(*vae_used, missing(), seed_);
  } else if (how == Images::cgan) {
    made.images = samples(*gan_used, missing(), seed_);
  } else if (how == Images::cgan_filtered) {
    made.images = filtered(*gan_used, *judge_used, made.note);
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
