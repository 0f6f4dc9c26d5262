#include "apps/support/augment_balance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/cli.h"
#include "apps/support/csv.h"
#include "apps/support/image_source.h"
#include "apps/support/new_folder.h"
#include "apps/support/signals.h"
#include "augment/smote.h"
#include "engine/data/sampling.h"
#include "engine/io/file.h"
#include "engine/ops.h"
#include "kernels/error.h"

namespace duel {
namespace {

struct Made {
  Image image;
  int32_t label, base, neighbour;  // neighbour is base where a sample is repeated
  float share;                     // of the way from base to neighbour
};

std::vector<Made> repeats(const Dataset& data, int64_t seed) {
  const std::vector<int32_t> order = oversample(data.labels, static_cast<int>(data.classes.size()), static_cast<uint64_t>(seed));
  std::vector<Made> made;
  for (size_t i = static_cast<size_t>(data.n); i < order.size(); ++i)
    made.push_back({image_of(data, order[i]), data.labels[static_cast<size_t>(order[i])], order[i], order[i], 0});
  return made;
}

std::vector<Made> between(const Dataset& data, const SmoteOptions& options) {
  const OversampledImages all = smote(data, options);
  std::vector<Made> made;
  for (size_t i = 0; i < all.base.size(); ++i) {
    const int at = data.n + static_cast<int>(i);
    made.push_back({image_of(all.data, at), all.data.labels[static_cast<size_t>(at)], all.base[i], all.neighbour[i], all.u[i]});
  }
  return made;
}

std::vector<Made> fill_up(const Dataset& data, const BalanceAsk& ask) {
  if (ask.by == "oversample") return repeats(data, ask.seed);
  SmoteOptions options{.neighbours = ask.neighbours, .surroundings = ask.surroundings, .seed = ask.seed};
  if (ask.by == "borderline") options.kind = Oversampling::borderline;
  else if (ask.by == "adasyn") options.kind = Oversampling::adasyn;
  else if (ask.by != "smote") fail(Failure::usage, fmt::format("--by {}: oversample, smote, borderline or adasyn", printable(ask.by)));
  return between(data, options);
}

}  // namespace

void add_flags(CLI::App& command, BalanceAsk& ask) {
  command.add_option("source", ask.source, "labelled data set or folder of pictures of one size; NAME@test chooses a split")->required();
  command.add_option("--by", ask.by, "oversample (repeats), smote, borderline or adasyn (between neighbours, in pixels)")
      ->capture_default_str();
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
  use_device(ask.device);
  NewFolder folder(ask.out, ask.force);  // before anything long is begun
  const Source source = open_source(ask.source, {.split = "train", .size = ask.size, .seed = ask.data_seed});
  if (source.is_features() || !source.labelled)
    fail(Failure::data,
         fmt::format("{}: has no classes to balance; put each into a sub-folder, or a labels.csv beside the pictures", source.name));
  const Dataset& data = source.images;
  install_signals();
  const std::vector<Made> made = fill_up(data, ask);
  const int classes = static_cast<int>(data.classes.size());
  const std::vector<int64_t> before = class_counts(data.labels, classes);
  std::vector<int64_t> after = before;

  std::string labels = "file,label\n", table = csv_line({"file", "label", "base", "neighbour", "share", "by", "seed"});
  const auto put = [&](size_t i, const Image& image, int32_t label) {
    const std::string name = fmt::format("{:06}.png", i);
    folder.write(name, encode_png(image));
    labels += csv_line({name, data.classes[static_cast<size_t>(label)]});
    return name;
  };
  for (size_t i = 0; i < static_cast<size_t>(data.n) + made.size(); ++i) {
    if (stop_requested()) {
      fmt::print(stderr, "augment: stopped; {} was not written\n", ask.out);
      return stop_exit_code();
    }
    if (i < static_cast<size_t>(data.n)) {
      put(i, image_of(data, static_cast<int>(i)), data.labels[i]);
      continue;
    }
    const Made& m = made[i - static_cast<size_t>(data.n)];
    const std::string name = put(i, m.image, m.label);
    ++after[static_cast<size_t>(m.label)];
    table += csv_line({name, data.classes[static_cast<size_t>(m.label)], fmt::format("{:06}.png", m.base),
                       fmt::format("{:06}.png", m.neighbour), fmt::format("{:.9g}", m.share), ask.by, std::to_string(ask.seed)});
  }
  folder.write("labels.csv", labels), folder.write("balance.csv", table);
  folder.finish();
  fmt::print("{:<24} {:>8} {:>8}\n", "class", "before", "after");
  for (size_t c = 0; c < before.size(); ++c) fmt::print("{:<24} {:>8} {:>8}\n", data.classes[c], before[c], after[c]);
  fmt::print("{} in {}\n", counted(static_cast<uint64_t>(data.n) + made.size(), "picture"), ask.out);
  return 0;
}

}  // namespace duel
