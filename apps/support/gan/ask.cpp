#include "apps/support/gan/ask.h"

#include <fmt/format.h>

#include <filesystem>
#include <limits>

#include "apps/support/command/flags.h"
#include "apps/support/drills/command.h"
#include "apps/support/gan/data.h"
#include "apps/support/gan/doctor.h"
#include "apps/support/gan/generated.h"
#include "apps/support/gan/image_drills.h"
#include "apps/support/gan/pictures.h"
#include "apps/support/gan/state.h"
#include "apps/support/gan/train.h"
#include "apps/support/images/class_name.h"
#include "apps/support/images/tiles.h"
#include "apps/support/onnx/export.h"
#include "apps/support/onnx/nets.h"
#include "apps/support/run/read_records.h"
#include "engine/io/file.h"

namespace duel {
namespace {

TrainedGan open(const GanAsk& ask) {
  const Device device = use_device(ask.device);
  return TrainedGan(ask.checkpoint(), device);
}

// −1: every class in turn.
int label_of(const TrainedGan& gan, const GanAsk& ask) {
  if (ask.label.empty()) return -1;
  if (!gan.g.config.classes) fail(Failure::usage, fmt::format("--label {}: this net knows no labels; train one with cgan", ask.label));
  return class_number("--label", ask.label, gan.classes);
}

int sample(const GanAsk& ask) {
  check_grid(ask);
  const TrainedGan gan = open(ask);
  check_tiles(ask.columns, (ask.n - 1) / ask.columns + 1, gan.g.config.h, gan.g.config.w);
  write_png(ask.out, sample_grid(gan.g, latents(gan.g, ask.n, ask.seed, RandomStream::samples, label_of(gan, ask)), ask.columns));
  fmt::print("{} of step {} in {}\n", counted(static_cast<uint64_t>(ask.n), "image"), gan.step, ask.out);
  return 0;
}

int interpolate(const GanAsk& ask) {
  check_walks(ask);
  const TrainedGan gan = open(ask);
  check_tiles(ask.steps, ask.rows, gan.g.config.h, gan.g.config.w);
  write_png(ask.out, interpolation_grid(gan.g, ask.rows, ask.steps, ask.seed, label_of(gan, ask)));
  fmt::print("{} of {} images in {}\n", counted(static_cast<uint64_t>(ask.rows), "walk"), ask.steps, ask.out);
  return 0;
}

int walk_classes(const GanAsk& ask) {
  check_walks(ask);
  const TrainedGan gan = open(ask);
  if (!gan.g.config.classes) fail(Failure::usage, fmt::format("{}: this net knows no labels; train one with cgan", ask.from));
  const std::vector<int> classes = walked_classes("--classes", ask.classes, gan.classes);
  const int64_t columns = static_cast<int64_t>(classes.size() - 1) * ask.steps + 1;
  check_tiles(columns, ask.rows, gan.g.config.h, gan.g.config.w);
  write_png(ask.out, class_walk_grid(gan.g, ask.rows, ask.steps, ask.seed, classes));
  fmt::print("{} of {} images in {}\n", counted(static_cast<uint64_t>(ask.rows), "walk"), columns, ask.out);
  return 0;
}

int generate_folder(const GanAsk& ask) {
  check_at_least(1, "--n", ask.n);
  const TrainedGan gan = open(ask);
  generate_into(ask.out, generated(gan, ask.n, ask.seed, label_of(gan, ask)));
  return 0;
}

int examine(const GanAsk& ask) {
  if (!std::filesystem::is_directory(ask.from))
    fail(Failure::usage, fmt::format("{}: the doctor looks at a run folder, with its records and checkpoints", ask.from));
  TrainedGan gan = open(ask);
  // All of them: where a run failed, its last record is of a step that no checkpoint has.
  const auto records = read_records(std::filesystem::path(ask.from) / "metrics.jsonl", std::numeric_limits<int64_t>::max());
  Readings readings = doctor_readings(gan.settings, records);
  const ImageData data = load_gan_data(gan.settings);
  if (data.test.n >= 2) look_at_samples(readings, gan, data, ask.seed);
  fmt::print("step {}, {}\n{}", gan.step, counted(records.size(), "record"), readings_text(readings));
  const std::vector<Finding> findings = diagnose(readings);
  for (const Finding& f : findings) fmt::print("{}: {}\n", f.name, f.sentence);
  for (const std::string& what : not_judged(readings, records.size(), data.test.n)) fmt::print("not looked at: {}\n", what);
  if (findings.empty()) fmt::print("nothing of this speaks of trouble\n");
  return 0;
}

int export_generator(const GanAsk& ask) {
  onnx::check_is_onnx(ask.out);
  const TrainedGan gan(ask.checkpoint(), use_device("cpu"));
  const bool conditional = gan.g.config.classes > 0;
  onnx::write(ask.out, onnx::graph_of(gan.g),
              {.name = gan.settings.net + " generator",
               .weights = gan.settings.ema > 0 ? "average" : "last",
               .step = gan.step,
               .settings = gan.settings.json(),
               .classes = conditional ? gan.classes : std::vector<std::string>()});
  fmt::print("the generator of step {} in {}\n", gan.step, ask.out);
  return 0;
}

}  // namespace

std::vector<std::pair<CLI::App*, int (*)(const GanAsk&)>> add_gan_questions(CLI::App& app, GanAsk& ask, bool conditional) {
  auto command = [&](const char* name, const char* help) {
    CLI::App* added = add_ask(app, name, help, ask);
    add_which(*added, ask), add_seed(*added, ask, "of the noise");
    return added;
  };
  auto with_label = [&](CLI::App* c) {
    if (conditional) c->add_option("--label", ask.label, "class, by name or number; without it every class in turn");
  };
  CLI::App* samples = command("sample", "a grid of images");
  add_picture(*samples, ask), add_grid(*samples, ask), with_label(samples);
  CLI::App* walks = command("interpolate", "walks between images");
  add_picture(*walks, ask), add_walks(*walks, ask), with_label(walks);
  CLI::App* folder = command("generate", conditional ? "a folder of images, as many of each class, with labels.csv" : "a folder of images");
  folder->add_option("--out", ask.out, "folder to make")->required();
  folder->add_option("-n,--n", ask.n, "images")->capture_default_str();
  with_label(folder);
  std::vector<std::pair<CLI::App*, int (*)(const GanAsk&)>> questions{{samples, sample}, {walks, interpolate}, {folder, generate_folder}};
  questions.push_back({onnx::add_export(app, ask, "the generator as an ONNX file"), export_generator});
  questions.push_back({command("doctor", "what a run's records and samples say of trouble, and what to try"), examine});
  if (conditional) {
    CLI::App* labels = command("classes", "walks from class to class, from one noise vector a row");
    add_picture(*labels, ask), add_walks(*labels, ask);
    labels->add_option("--classes", ask.classes, "the classes on the way, by name or number; without it all of them");
    questions.push_back({labels, walk_classes});
  }
  return questions;
}

int gan_info(const InfoCommand<GanSettings>& command) {
  if (const auto trained = command.run<TrainedGan>()) {
    fmt::print("{}", describe(trained->g.config));
    return 0;
  }
  GanSettings settings = command.settings;
  settings.channels = channels_of(settings);
  fmt::print("{}", describe(usual_network(settings)));
  return 0;
}

int gan_main(int argc, char** argv, CLI::App& app, bool conditional) {
  app.require_subcommand(1);
  TrainCommand<GanSettings> train_command(app);
  GanAsk ask;
  const auto questions = add_gan_questions(app, ask, conditional);
  InfoCommand<GanSettings> info_command(app);
  std::optional<DrillCommands> drills;
  if (!conditional) drills.emplace(app, image_drills());
  choose_kind(*train_command.app, train_command.settings, conditional);
  choose_kind(*info_command.app, info_command.settings, conditional);
  return run_main(argc, argv, app, [&] {
    if (train_command) return train_gan(train_command, conditional);
    if (drills && *drills) return drills->run();
    for (const auto& [command, answer] : questions)
      if (*command) return answer(ask);
    return gan_info(info_command);
  });
}

}  // namespace duel
