#include "apps/support/augment/balance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "apps/support/command/cli.h"
#include "apps/support/command/csv.h"
#include "apps/support/command/flags.h"
#include "apps/support/command/signals.h"
#include "apps/support/generate/generated.h"
#include "apps/support/generators/class_samples.h"
#include "apps/support/judge/extractor.h"
#include "apps/support/judge/source.h"
#include "apps/support/run/new_folder.h"
#include "augment/smote.h"
#include "engine/data/sampling.h"
#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

bool needs_generator(const std::string& by) { return by == "generator" || by == "vae-smote"; }

// What is put behind a data set's own images.
struct Filling {
  Dataset images;
  std::vector<int32_t> base, neighbour;  // numbers in the data set; empty where a generator made the images from noise
  std::vector<float> share;              // of the way from base to neighbour
  std::vector<int64_t> seed, number;     // which of a generator's samples each is (class_samples.h)
  nlohmann::ordered_json about;          // for the text in each picture; null: they are repeats
  std::string note;                      // what a reader must know; empty: nothing
};

Filling repeats(const Dataset& data, int64_t seed) {
  const std::vector<int32_t> order = oversample(data.labels, static_cast<int>(data.classes.size()), static_cast<uint64_t>(seed));
  const std::vector<int32_t> behind(order.begin() + data.n, order.end());
  return {.images = subset(data, behind), .base = behind, .neighbour = behind, .share = std::vector<float>(behind.size()), .about = {}};
}

Filling between(const Dataset& data, const SmoteOptions& options, const BalanceAsk& ask) {
  OversampledImages all = smote(data, options);
  std::vector<int32_t> behind(all.base.size());
  std::iota(behind.begin(), behind.end(), data.n);
  return {.images = subset(all.data, behind),
          .base = all.base,
          .neighbour = all.neighbour,
          .share = all.u,
          .about = {{"by", ask.by}, {"seed", ask.seed}}};
}

Filling between_codes(const TrainedVae& vae, const Dataset& data, const SmoteOptions& options, const BalanceAsk& ask) {
  check_fills(vae, ask.from, data, vae.net.config.classes > 0);
  SmotedCodes made = smote_codes(vae, data, options);
  Filling filling{.images = std::move(made.images), .base = made.base, .neighbour = made.neighbour, .share = made.share};
  filling.about = {{"by", ask.by}};
  filling.about.update(about_generator(vae.origin, vae.step, ask.seed));
  return filling;
}

void take(Filling& filling, ClassSamples samples) {
  filling.images = std::move(samples.images), filling.seed = std::move(samples.seed), filling.number = std::move(samples.number);
}

template <class Trained>
Filling sampled(const Trained& generator, const Dataset& data, const BalanceAsk& ask, Device device) {
  check_fills(generator, ask.from, data, true);
  Filling filling;
  filling.about = {{"by", ask.by}};
  filling.about.update(about_generator(generator.origin, generator.step, ask.seed));
  if (ask.filter.empty()) {
    take(filling, class_samples(generator, missing(data), data, ask.seed));
    return filling;
  }
  const Extractor judge(ask.filter, "last", device);
  if (judge.classes() != data.classes)
    fail(Failure::data, fmt::format("--filter {}: it tells [{}] apart, but the classes of {} are [{}]", ask.filter,
                                    fmt::join(judge.classes(), ", "), data.name, fmt::join(data.classes, ", ")));
  FilteredSamples kept = filtered_samples(generator, missing(data), data, ask.seed, [&](const Dataset& candidates) {
    return judge(Source{.name = "samples", .images = with_channels(candidates, judge.config().channels)}).probabilities;
  });
  filling.note = kept.note();
  take(filling, std::move(kept));
  filling.about["filter"] = judge.hash();
  return filling;
}

Filling fill_up(const Dataset& data, const BalanceAsk& ask, Device device) {
  if (ask.by == "oversample") return repeats(data, ask.seed);
  SmoteOptions options{.neighbours = ask.neighbours, .surroundings = ask.surroundings, .seed = ask.seed};
  if (ask.by == "borderline") options.kind = Oversampling::borderline;
  if (ask.by == "adasyn") options.kind = Oversampling::adasyn;
  if (!needs_generator(ask.by)) return between(data, options, ask);
  const std::string file = checkpoint_path(ask.from), format = format_of(file);
  if (!is_generator(format)) fail(Failure::data, fmt::format("--from {}: no run of cgan or vae", ask.from));
  if (ask.by == "vae-smote") {
    if (format != vae_format) fail(Failure::data, fmt::format("--from {}: vae-smote wants a run of vae, whose encoder it needs", ask.from));
    return between_codes(TrainedVae(file, device), data, options, ask);
  }
  return format == vae_format ? sampled(TrainedVae(file, device), data, ask, device) : sampled(TrainedGan(file, device), data, ask, device);
}

void check(const BalanceAsk& ask) {
  const char* known[] = {"oversample", "smote", "borderline", "adasyn", "vae-smote", "generator"};
  if (std::find(std::begin(known), std::end(known), ask.by) == std::end(known))
    fail(Failure::usage, fmt::format("--by {}: there are {}", printable(ask.by), fmt::join(known, ", ")));
  if (needs_generator(ask.by) && ask.from.empty())
    fail(Failure::usage, fmt::format("--by {}: name a run of cgan or vae with --from", ask.by));
  if (!needs_generator(ask.by) && !ask.from.empty())
    fail(Failure::usage, fmt::format("--from goes with --by generator or vae-smote, not {}", ask.by));
  if (ask.by != "generator" && !ask.filter.empty()) fail(Failure::usage, fmt::format("--filter goes with --by generator, not {}", ask.by));
}

}  // namespace

void add_flags(CLI::App& command, BalanceAsk& ask) {
  command.add_option("source", ask.source, "labelled data set or folder of pictures of one size; NAME@test chooses a split")->required();
  command
      .add_option("--by", ask.by,
                  "oversample (repeats); smote, borderline or adasyn (between neighbours, in pixels); vae-smote (between a VAE's codes, "
                  "decoded); generator (samples of each class)")
      ->capture_default_str();
  command.add_option("--from", ask.from, "run of cgan or vae, or a checkpoint in one, for generator and vae-smote");
  command.add_option("--filter", ask.filter, "run of classify: of the generator's samples, keep those that it puts into their class");
  command.add_option("--out", ask.out, "folder to write")->required();
  command.add_option("--neighbours", ask.neighbours, "nearest of its own class that a new sample may lean to")->capture_default_str();
  command.add_option("--surroundings", ask.surroundings, "nearest of any class by which borderline tells danger")->capture_default_str();
  command.add_option("--size", ask.size, "bring all pictures to this size, as training does; 0 keeps theirs")->capture_default_str();
  command.add_option("--seed", ask.seed, "of what is drawn")->capture_default_str()->check(fits_64_bits());
  command.add_option("--data-seed", ask.data_seed, "of synthetic data")->capture_default_str()->check(fits_64_bits());
  command.add_option("--device", ask.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  command.add_flag("--force", ask.force, "replace what this program wrote there before, and nothing else");
}

int balance(const BalanceAsk& ask) {
  check(ask);
  const Device device = use_device(ask.device);
  NewFolder folder(ask.out, ask.force);  // before anything long is begun
  const Source source = open_source(ask.source, {.split = "train", .size = ask.size, .seed = ask.data_seed});
  if (source.is_features() || !source.labelled)
    fail(Failure::data,
         fmt::format("{}: has no classes to balance; put each into a sub-folder, or a labels.csv beside the pictures", source.name));
  const Dataset& data = source.images;
  install_signals();
  const Filling made = fill_up(data, ask, device);
  const int classes = static_cast<int>(data.classes.size());
  const std::vector<int64_t> before = class_counts(data.labels, classes);
  std::vector<int64_t> after = before;

  std::string labels = "file,label\n", table = csv_line({"file", "label", "base", "neighbour", "share", "by", "seed"});
  const auto put = [&](const std::vector<uint8_t>& png, int number, int32_t label) {
    const std::string name = fmt::format("{:06}.png", number);
    folder.write(name, png);
    labels += csv_line({name, data.classes[static_cast<size_t>(label)]});
    return name;
  };
  for (int i = 0; i < data.n + made.images.n; ++i) {
    if (stop_requested()) {
      fmt::print(stderr, "augment: stopped; {} was not written\n", ask.out);
      return stop_exit_code();
    }
    if (i < data.n) {
      put(encode_png(image_of(data, i)), i, data.labels[static_cast<size_t>(i)]);
      continue;
    }
    const auto k = static_cast<size_t>(i - data.n);
    const int32_t label = made.images.labels[k];
    const std::string& label_name = data.classes[static_cast<size_t>(label)];
    std::string base, neighbour, share;
    nlohmann::ordered_json about = made.about;
    if (!made.base.empty())
      base = fmt::format("{:06}.png", made.base[k]), neighbour = fmt::format("{:06}.png", made.neighbour[k]),
      share = fmt::format("{:.9g}", made.share[k]);
    if (!about.is_null()) {
      about["label"] = label_name;
      if (!made.number.empty()) about["seed"] = made.seed[k], about["number"] = made.number[k];
      if (!base.empty()) about["base"] = base, about["neighbour"] = neighbour, about["share"] = made.share[k];
    }
    const std::string name = put(synthetic_png(image_of(made.images, static_cast<int>(k)), about), i, label);
    ++after[static_cast<size_t>(label)];
    table += csv_line({name, label_name, base, neighbour, share, ask.by, std::to_string(ask.seed)});
  }
  folder.write("labels.csv", labels), folder.write("balance.csv", table);
  folder.finish();
  fmt::print("{:<24} {:>8} {:>8}\n", "class", "before", "after");
  for (size_t c = 0; c < before.size(); ++c) fmt::print("{:<24} {:>8} {:>8}\n", data.classes[c], before[c], after[c]);
  fmt::print("{} in {}\n", counted(static_cast<uint64_t>(data.n + made.images.n), "picture"), ask.out);
  if (!made.note.empty()) fmt::print("{}\n", made.note);
  return 0;
}

}  // namespace duel
