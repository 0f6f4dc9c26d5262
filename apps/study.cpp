// study: does augmentation make a classifier better, and what helps where classes are rare?
//
//   study augmentation --data fashion-mnist --sizes 1000,10000 --out runs/aug     the same command again goes on where it stopped
//   study augmentation --arms none,hflip,crop --recipe mine="hflip; rotate -5..5" --seeds 1,2,3
//   study imbalance --ratios 10,100 --cgan runs/cgan --out runs/rare
//   study imbalance --counts 4000,2000,1000,750,500,350,200,100,60,40
//
// What is compared, with which seeds and by which measure is written to plan.json before the first step. docs/study.md defines all of it.
#include "apps/support/command/flags.h"
#include "apps/support/command/signals.h"
#include "apps/support/study/page.h"
#include "apps/support/study/train_arm.h"
#include "engine/io/file.h"

namespace duel {
namespace {

// Of the first seed: what was synthesised for each level, and what the other arms make of a batch.
void keep_picture(const StudyPlan& plan, const StudyRun& run, const StudyFolder& folder, const Prepared& prepared, Device device) {
  const Arm& arm = plan.arms[run.arm];
  if (run.seed > 0 || (run.level > 0 && !arm.synthesises())) return;
  const Image picture = arm.synthesises() ? synthetic_picture(prepared.made.images) : batch_picture(plan, run, prepared.train, device);
  if (picture.pixels.empty()) return;
  const auto file = folder.sample(plan.levels[run.level].name, arm.name);
  std::filesystem::create_directories(file.parent_path());
  write_png(file.string(), picture);
}

int study(StudyAsk& ask) {
  const Device device = use_device(ask.training.device);
  const ImageData data = load_images({.data = ask.training.data,
                                      .size = ask.training.size,
                                      .channels = ask.training.channels,
                                      .batch = ask.training.batch,
                                      .holdout = 0.1});
  const StudyPlan plan = plan_study(ask, data, device);
  Synthesiser synthesiser(plan, data.train, device);
  check_oversampling(plan, data.train, synthesiser);
  StudyFolder folder(ask.out, plan.json());
  const std::vector<StudyRun> runs = runs_of(plan);
  auto write_page = [&] { write_report(folder.index(), study_page(plan, outcome_of(plan, folder.results()), folder, data.train.classes)); };

  install_signals();
  Dataset real;
  for (const StudyRun& run : runs) {
    const Arm& arm = plan.arms[run.arm];
    const int64_t seed = plan.seeds[run.seed];
    if (run.arm == 0) real = images_of(plan, run, data.train), synthesiser.start(real, seed);
    if (folder.has(plan.levels[run.level].name, seed, arm.name)) continue;
    if (stop_requested()) break;
    StudyResult result;
    try {
      const Prepared prepared = prepare(arm, real, plan.training.batch, seed, synthesiser);
      if (stop_requested()) break;
      result = train_arm(plan, run, prepared, data.test, device);
      if (stop_requested()) break;
      keep_picture(plan, run, folder, prepared, device);
    } catch (const Error& e) {  // an arm that does not train is an answer too, and no reason to lose the others'
      if (e.kind != Failure::numeric) throw;
      result = failed_arm(plan, run, e.what());
    }
    folder.add(result);
    if (result.failed.empty())
      fmt::print("{}, {}, seed {}: {} % {}\n", result.level, result.arm, seed, percent_text(measure_of(result.scores, plan.measure)),
                 measure_words[plan.measure]);
    else fmt::print("{}, {}, seed {}: did not train: {}\n", result.level, result.arm, seed, result.failed);
    std::fflush(stdout);
    if (run.arm + 1 == plan.arms.size()) write_page();
  }
  write_page();
  const Outcome outcome = outcome_of(plan, folder.results());
  if (stop_requested() && !outcome.complete()) {
    fmt::print("stopped after {} of {} trainings; the same command goes on\n", outcome.done, outcome.planned);
    return stop_exit_code();
  }
  for (const std::string& sentence : words_of(plan, outcome)) fmt::print("{}\n", sentence);
  fmt::print("{}; open {}\n", counted(outcome.done, "training"), folder.index().string());
  return 0;
}

// The flags that every arm shares, by the names that `classify train` gives them.
void add_training(CLI::App& command, ClassifySettings& training) {
  training.each([&](const std::string& name, auto& field, const char* help, bool) {
    for (const char* one : {"data", "size", "channels", "net", "width", "blocks", "dropout", "batch", "precision", "optimizer", "lr",
                            "schedule", "momentum", "weight-decay", "smoothing", "device"})
      if (name == one) command.add_option("--" + name, field, help)->capture_default_str();
  });
  command.add_option("--steps", training.steps, "steps of every arm")->capture_default_str()->check(fits_64_bits());
}

CLI::App* add_study(CLI::App& app, StudyKind kind, const char* help, StudyAsk& ask) {
  CLI::App* command = app.add_subcommand(study_names[static_cast<int>(kind)], help);
  ask.kind = kind, ask.out = fmt::format("runs/study-{}", command->get_name()), ask.training.steps = 1000;
  std::string arms;
  for (const Arm& arm : arms_of(kind)) arms += (arms.empty() ? "" : ", ") + arm.name;
  command->add_option("--out", ask.out, "folder of the study; one that is there is gone on with")->capture_default_str();
  command->add_option("--arms", ask.arms, "what is compared, by commas, of: " + arms)->delimiter(',');
  command->add_option("--recipe", ask.recipes, "one arm more, as NAME=RECIPE; `classify steps` lists what a recipe may hold");
  command->add_option("--seeds", ask.seeds, "each trains every arm once, on images of its own")
      ->delimiter(',')
      ->capture_default_str()
      ->check(fits_64_bits());
  command->add_option("--measure", ask.measure, "decides: accuracy, balanced_accuracy, g_mean or macro_f1")
      ->default_str(kind == StudyKind::augmentation ? "accuracy" : "balanced_accuracy");
  add_training(*command, ask.training);
  return command;
}

int main(int argc, char** argv) {
  CLI::App app("Does augmentation make a classifier better, and what helps where classes are rare?", "study");
  app.require_subcommand(1);
  StudyAsk augmentation, imbalance;
  CLI::App* augmentation_command = add_study(app, StudyKind::augmentation, "each augmentation against none", augmentation);
  augmentation_command->add_option("--sizes", augmentation.sizes, "training images, in the classes' own shares; 0: all")
      ->delimiter(',')
      ->capture_default_str();
  CLI::App* imbalance_command = add_study(app, StudyKind::imbalance, "each remedy for rare classes against none", imbalance);
  CLI::Option* ratios =
      imbalance_command->add_option("--ratios", imbalance.ratios, "long tails: images of the first class over those of the last")
          ->delimiter(',')
          ->capture_default_str();
  imbalance_command
      ->add_option("--head", imbalance.head, "images of the first class of a long tail; 0: 1000, or as many as the smallest class has")
      ->capture_default_str();
  imbalance_command->add_option("--counts", imbalance.counts, "images of each class, instead of a long tail")
      ->delimiter(',')
      ->excludes(ratios);
  imbalance_command->add_option("--vae", imbalance.vae, "run of vae for vae-smote; without it one is trained on the study's images");
  imbalance_command->add_option("--cvae", imbalance.cvae, "run of a conditional vae, likewise");
  imbalance_command->add_option("--cgan", imbalance.cgan, "run of cgan, likewise; with it the arms of cgan are among the usual ones");
  imbalance_command->add_option("--generator-steps", imbalance.generator_steps, "of a generator that the study trains")
      ->capture_default_str()
      ->check(fits_64_bits());
  return run_main(argc, argv, app, [&] { return study(*augmentation_command ? augmentation : imbalance); });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
