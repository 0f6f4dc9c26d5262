// evaluate: how good are generated images?
//
//   evaluate compare runs/cgan fashion-mnist --extractor runs/classify     a run generates its samples
//   evaluate features samples/ --extractor runs/classify --out made.safetensors
//   evaluate compare samples/ fashion-mnist --extractor runs/classify      evaluate compare made.safetensors real.safetensors
//   evaluate neighbours samples/ fashion-mnist --out nearest.png
//   evaluate gan-train samples/ --test fashion-mnist                       evaluate gan-test samples/ --train fashion-mnist
//   evaluate leak runs/gan fashion-mnist                                   evaluate leak samples/ fashion-mnist --diff-augment cutout
//   evaluate elbo runs/vae                                                 evaluate modes points.csv --mixture ring --sigma 0.1
#include <algorithm>
#include <filesystem>
#include <optional>

#include "apps/support/classify/train_classifier.h"
#include "apps/support/command/flags.h"
#include "apps/support/evaluate/ask.h"
#include "apps/support/evaluate/leak.h"
#include "apps/support/evaluate/modes.h"
#include "apps/support/evaluate/neighbour_picture.h"
#include "apps/support/gan/state.h"
#include "apps/support/generate/generated.h"
#include "apps/support/images/tiles.h"
#include "apps/support/judge/comparison.h"
#include "apps/support/metrics/duplicates.h"
#include "apps/support/metrics/scores.h"
#include "apps/support/vae/ask.h"
#include "engine/io/file.h"

namespace duel {
namespace {

void warn(const std::vector<std::string>& warnings) {
  for (const std::string& w : warnings) fmt::print(stderr, "evaluate: {}\n", one_line(w));
}

// --n, or as many as the smaller side has.
int64_t common_count(const EvaluateAsk& ask, const Source& a, const Source& b) { return ask.n ? ask.n : std::min(a.n(), b.n()); }

int features(const EvaluateAsk& ask) {
  if (!ask.out.ends_with(".safetensors"))
    fail(Failure::usage, fmt::format("--out {}: features are written as safetensors; give a name that ends in .safetensors", ask.out));
  const Extractor extractor = ask.open_extractor();
  Source source = ask.open_generated(extractor.config().channels, INT64_MAX, ask.split);
  if (ask.n) draw(source, ask.n, ask.seed);
  const FeatureSet set = extractor(source);
  write_features(ask.out, set);
  fmt::print("{} features of {} in {}; extractor {} ({}), resizer {}\n", set.d, counted(static_cast<uint64_t>(set.n), "image"), ask.out,
             set.from.extractor, set.from.extractor_name, set.from.resizer);
  return 0;
}

int compare(const EvaluateAsk& ask) {
  std::optional<Extractor> extractor;
  if (!ask.extractor.empty()) extractor.emplace(ask.open_extractor());
  const int channels = extractor ? extractor->config().channels : 0;
  Source real = open_source(ask.real, ask.options(ask.split, channels));
  if (ask.n) draw(real, ask.n, ask.seed);  // before anything is generated that has nothing to be held against
  Source made = ask.open_generated(channels, real.n());
  std::optional<Source> train;
  if (!ask.train.empty()) train.emplace(open_source(ask.train, ask.options("train", channels)));
  for (const Source* s : {&made, &real, train ? &*train : &real})
    if (!extractor && !s->is_features())
      fail(Failure::usage, fmt::format("{} holds images; name the classifier that is to look at them with --extractor", s->name));
  match_sizes(made, real);
  if (train) match_sizes(real, *train), match_sizes(made, *train);
  const int64_t n = common_count(ask, made, real);
  draw(made, n, ask.seed), draw(real, n, ask.seed);

  auto seen = [&](const Source& source) { return extractor ? (*extractor)(source) : *source.features; };
  std::optional<FeatureSet> shown;
  if (train) shown = seen(*train);
  const Comparison result = compare(seen(made), seen(real), shown ? &*shown : nullptr, static_cast<uint64_t>(ask.seed));
  warn(result.warnings);
  fmt::print("{}", ask.json ? result.json().dump(2) + "\n" : result.text());
  return 0;
}

// Images as numbers: what the extractor sees in them, or their pixels in [−1, 1].
FeatureSet numbers_of(const std::optional<Extractor>& extractor, const Source& source) {
  if (extractor) return (*extractor)(source);
  const Dataset& images = source.images;
  FeatureSet set{.n = images.n,
                 .d = static_cast<int64_t>(images.sample_bytes()),
                 .features = std::vector<float>(images.images.size()),
                 .from = {"pixels", "pixels in [-1, 1]", "none", source.name}};
  to_signed(images.images, set.features.data());
  return set;
}

int neighbours(const EvaluateAsk& ask) {
  constexpr int shown = 5;
  if (ask.rows < 1) fail(Failure::usage, fmt::format("--rows {}: at least 1", ask.rows));
  check_is_png(ask.out);
  std::optional<Extractor> extractor;
  if (!ask.extractor.empty()) extractor.emplace(ask.open_extractor());
  const int channels = extractor ? extractor->config().channels : 0;
  SourceOptions own = ask.options("train", channels);
  if (ask.test.empty()) own.holdout = ask.holdout;  // the test images come from the training images where they have none
  Source made = ask.open_generated(channels), train = open_source(ask.real, own);
  own.split = "test";
  Source test = ask.test.empty() ? open_source(ask.real, own) : ask.open_test(ask.test, channels);
  for (Source* s : {&made, &train, &test}) {
    if (s->is_features())
      fail(Failure::usage, fmt::format("{} holds features, and neighbours are shown as pictures; name images", s->name));
    if (s->images.c != train.images.c) s->images = with_channels(s->images, train.images.c);
  }
  match_sizes(made, train), match_sizes(test, train), match_sizes(made, test);
  if (ask.n) draw(made, ask.n, ask.seed);

  const FeatureSet seen = numbers_of(extractor, made), base = numbers_of(extractor, train), held_out = numbers_of(extractor, test);
  const Neighbours found = nearest(seen.features, base.features, seen.d, shown);
  const Duplicates d = duplicate_rate(found, nearest(held_out.features, base.features, seen.d));
  write_png(ask.out, neighbour_picture(made.images, train.images, found, ask.rows));
  const Interval i = wilson(d.count, d.samples);
  if (ask.json) {
    nlohmann::ordered_json json{{"generated", made.name}, {"train", train.name},         {"test", test.name}, {"duplicate_rate", d.rate},
                                {"duplicates", d.count},  {"interval", {i.low, i.high}}, {"n", d.samples},    {"train_images", train.n()},
                                {"test_images", d.tests}, {"threshold", d.threshold},    {"picture", ask.out}};
    json.update(provenance_json(seen.from));
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print(
        "duplicate rate {:.2f} %, 95 % interval {:.2f} … {:.2f} %: {} of {} samples are nearer than {:.5g} to one of {} training images\n"
        "distances of {} ({}), resizer {}; real images of {} do so in 1 % of cases; the nearest in {}\n",
        100 * d.rate, 100 * i.low, 100 * i.high, d.count, d.samples, d.threshold, train.n(), seen.from.extractor_name, seen.from.extractor,
        seen.from.resizer, test.name, ask.out);
  }
  return 0;
}

// As GAN-train and GAN-test of Shmelkov, Schmid & Alahari, "How good is my GAN?" (2018), print it.
int say_accuracy(const EvaluateAsk& ask, const char* measure, const Scores& scores, const std::string& classifier,
                 const std::string& tested_on) {
  const Interval i = wilson(scores.right(), scores.total());
  if (ask.json) {
    const nlohmann::ordered_json json{{"measure", measure},       {"accuracy", scores.accuracy()}, {"interval", {i.low, i.high}},
                                      {"classifier", classifier}, {"tested_on", tested_on},        {"n", scores.total()}};
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print("{} {:.2f} %, 95 % interval {:.2f} … {:.2f} %: of {} images of {}, told by {}\n", measure, 100 * scores.accuracy(),
               100 * i.low, 100 * i.high, scores.total(), tested_on, classifier);
  }
  return 0;
}

void want_labelled_images(const Source& source) {
  if (source.is_features())
    fail(Failure::usage, fmt::format("{} holds features, and a classifier is trained on images; name images", source.name));
  if (!source.labelled)
    fail(Failure::data, fmt::format("{}: has no labels; put each class into a sub-folder, or a labels.csv beside the pictures, or name the "
                                    "run of a conditional net",
                                    source.name));
}

std::string trained_on(const EvaluateAsk& ask, const Source& source) {
  return fmt::format("a {} trained on {} images of {}, seed {}", ask.training.net, source.n(), source.name, ask.training.seed);
}

// Size, channels and names of classes as those of the real images.
void bring_together(Source& made, Source& real) {
  want_labelled_images(made), want_labelled_images(real);
  if (made.images.c != real.images.c) made.images = with_channels(made.images, real.images.c);
  match_sizes(made, real);
  made.images.name = made.name, match_labels(made.images, real.images.classes);
}

int gan_train(EvaluateAsk& ask) {
  ask.training.seed = ask.seed, ask.training.check();
  const Device device = ask.open_device();
  Source made = ask.open_generated(0), real = ask.open_test(ask.test, 0);
  bring_together(made, real);
  if (ask.n) draw(made, ask.n, ask.seed);
  const ClassifyState state = train_classifier(ask.training, made.images, device);
  return say_accuracy(ask, "gan-train", evaluate(state.net, real.images), trained_on(ask, made), real.name);
}

int gan_test(EvaluateAsk& ask) {
  ask.training.seed = ask.seed, ask.training.check();
  if (ask.train.empty() == ask.classifier.empty())
    fail(Failure::usage, "give --train REAL to train on, or --classifier RUN that was; one of them");
  const Device device = ask.open_device();
  Source made = ask.open_generated(0);
  want_labelled_images(made);
  if (ask.n) draw(made, ask.n, ask.seed);
  if (ask.classifier.empty()) {
    Source real = open_source(ask.train, ask.options("train", 0));
    bring_together(made, real);
    const ClassifyState state = train_classifier(ask.training, real.images, device);
    return say_accuracy(ask, "gan-test", evaluate(state.net, made.images), trained_on(ask, real), made.name);
  }
  const TrainedClassifier trained(checkpoint_path(ask.classifier, ask.which), device);
  const ClassifierConfig& c = trained.net.config;
  if (made.images.c != c.channels) made.images = with_channels(made.images, c.channels);
  take_padding_away(made, c.h, c.w);
  if (c.h == c.w) made.images = fit(made.images, c.h);
  if (made.images.h != c.h || made.images.w != c.w)
    fail(Failure::data, fmt::format("{} has images of {}×{} pixels, but the classifier takes {}×{}; resize them", made.name, made.images.h,
                                    made.images.w, c.h, c.w));
  made.images.name = made.name, match_labels(made.images, trained.classes);
  return say_accuracy(ask, "gan-test", evaluate(trained.net, made.images), fmt::format("{}, step {}", ask.classifier, trained.step),
                      made.name);
}

NamedAugmentation looked_for(const EvaluateAsk& ask) {
  const bool is_run = std::filesystem::is_directory(std::filesystem::path(ask.generated) / "checkpoints");
  if (ask.diff_augment.empty() && ask.ada == 0 && is_run) {
    const std::string file = checkpoint_path(ask.generated, ask.which);
    if (format_of(file) == gan_format) return augmentation_of_run(file, ask.seed);
  }
  if (ask.diff_augment.empty() == (ask.ada == 0))
    fail(Failure::usage, "name the augmentation to look for: --diff-augment, or --ada with its p; one of them");
  if (ask.ada != 0) {
    if (!(ask.ada > 0 && ask.ada <= 1)) fail(Failure::usage, fmt::format("--ada {}: a probability above 0, at most 1", ask.ada));
    return {fmt::format("ada {:.4g}", ask.ada), ada_augmentation(ask.ada, ask.seed)};
  }
  GanSettings settings;
  settings.diff_augment = ask.diff_augment;
  return {"diff-augment " + ask.diff_augment, diff_augmentation(settings.diff_augmentation(), ask.seed)};
}

int leak(EvaluateAsk& ask) {
  ask.training.seed = ask.seed, ask.training.check();
  const Device device = ask.open_device();
  const NamedAugmentation augmentation = looked_for(ask);
  Source real = open_source(ask.real, ask.options(ask.split, 0));
  if (real.is_features()) fail(Failure::usage, fmt::format("{} holds features, and a probe looks at images; name images", real.name));
  Source made = ask.open_generated(real.images.c);
  if (made.is_features()) fail(Failure::usage, fmt::format("{} holds features, and a probe looks at images; name images", made.name));
  if (made.images.c != real.images.c) made.images = with_channels(made.images, real.images.c);
  match_sizes(made, real);
  if (ask.n) draw(made, std::min(ask.n, made.n()), ask.seed), draw(real, std::min(2 * ask.n, real.n()), ask.seed);
  made.images.name = made.name, real.images.name = real.name;
  const Leak found = LeakProbe(real.images, augmentation.apply, ask.training, device)(made.images);
  if (ask.json) {
    const nlohmann::ordered_json json{
        {"measure", "leak"},
        {"augmentation", augmentation.name},
        {"leak", found.score},
        {"interval", {found.interval.low, found.interval.high}},
        {"called_augmented", {{"samples", found.samples}, {"real", found.real}, {"augmented", found.augmented}}},
        {"generated", made.name},
        {"real", real.name},
        {"n", found.n_samples},
        {"n_real", found.n_real},
        {"seed", ask.seed}};
    fmt::print("{}\n", json.dump(2));
  } else {
    fmt::print(
        "leak {:.3f}, 95 % interval {:.3f} … {:.3f}, of {}\n"
        "a probe calls {:.1f} % of {} of {} augmented; of {} held-out images of {} {:.1f} %, and {:.1f} % where they are\n",
        found.score, found.interval.low, found.interval.high, augmentation.name, 100 * found.samples,
        counted(static_cast<uint64_t>(found.n_samples), "image"), made.name, found.n_real, real.name, 100 * found.real,
        100 * found.augmented);
  }
  return 0;
}

int main(int argc, char** argv) {
  CLI::App app("How good are generated images?", "evaluate");
  app.require_subcommand(1);
  EvaluateAsk ask;
  auto command = [&](const char* name, const char* help) { return EvaluateFlags{*app.add_subcommand(name, help), ask}; };

  EvaluateFlags feature = command("features", "what a trained classifier sees in images, as a file");
  feature.generated("folder of pictures, data set, or run of gan, cgan or vae")
      .images()
      .split("of a data set")
      .extractor("run folder of classify", true);
  feature.command.add_option("--out", ask.out, "file to write, .safetensors")->required();
  EvaluateFlags comparing = command("compare", "FCD, KID, score, precision, recall, density, coverage, and FCD by class");
  comparing.generated("folder of samples, data set, run of gan, cgan or vae, or features file")
      .real("real", "data set, folder of pictures, or features file")
      .images()
      .split("of the real data set")
      .json();
  comparing.extractor("run folder of classify; not needed where all are features files");
  comparing.command.add_option("--train", ask.train, "training images, for the duplicate rate; the real ones must then be held out");
  EvaluateFlags near = command("neighbours", "the nearest training images of each sample, and how many are copies");
  near.generated("folder of samples, data set, or run of gan, cgan or vae")
      .real("train", "data set or folder of training images")
      .images()
      .json();
  near.extractor("run folder of classify whose features are compared; without it pixels are");
  near.command.add_option("--test", ask.test, "real images that were held out; without it those of the training data set");
  near.command.add_option("--holdout", ask.holdout, "share of the training images held out where that has none")->capture_default_str();
  near.command.add_option("--rows", ask.rows, "samples in the picture")->capture_default_str();
  near.command.add_option("--out", ask.out, "PNG to write")->required();
  EvaluateFlags train = command("gan-train", "how well a classifier trained on the samples tells real images");
  train.generated("labelled folder of samples, data set, or run of cgan or a conditional vae").images().training().json();
  train.command.add_option("--test", ask.test, "real images: test images of a data set, or a folder")->required();
  EvaluateFlags test = command("gan-test", "how well a classifier trained on real images tells the samples");
  test.generated("labelled folder of samples, data set, or run of cgan or a conditional vae").images().training().json();
  test.command.add_option("--train", ask.train, "real images to train on");
  EvaluateFlags leaking =
      command("leak", "whether an augmentation that only D should see shows in the samples: 0 no, 1 as if all were augmented");
  leaking.generated("folder of samples, data set, or run of gan, cgan or vae")
      .real("real", "the real images it was trained on: data set or folder of pictures")
      .images()
      .split("of the real data set")
      .training()
      .json();
  leaking.command.add_option("--diff-augment", ask.diff_augment,
                             "the augmentation to look for, as gan train takes it; without it and --ada that of the run");
  leaking.command.add_option("--ada", ask.ada, "the augmentation of gan train --ada at this p, such as the run's last ada_p");
  VaeAsk vae;
  CLI::App* elbo = add_ask(app, "elbo", "the ELBO of a VAE and its parts, in nats an image: what `vae eval` prints", vae);
  add_which(*elbo, vae);
  elbo->add_option("--data", vae.data, "another data set than the run's");
  elbo->add_option("--split", vae.split, "test or train")->capture_default_str();
  ModesAsk modes;
  add_modes(app, modes);
  test.command.add_option("--classifier", ask.classifier, "run folder of classify that was trained on them");

  return run_main(argc, argv, app, [&] {
    if (feature.command) return features(ask);
    if (comparing.command) return compare(ask);
    if (near.command) return neighbours(ask);
    if (train.command) return gan_train(ask);
    if (leaking.command) return leak(ask);
    if (*elbo) return say_elbo(vae);
    if (*modes.app) return say_modes(modes);
    return gan_test(ask);
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
