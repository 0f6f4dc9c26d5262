// gan2d: GANs on points of the plane, small enough to train while one watches.
//
//   gan2d train --data ring --out runs/ring            then open runs/ring/index.html, which plays the training
//   gan2d train --data drawing.png --loss hinge        a drawing of one's own: dark pixels are where real points lie
//   gan2d compare --losses non-saturating,hinge        several losses side by side, by the modes that they find
//   gan2d step --loss minimax                          one step of D and one of G, every number printed
//   gan2d drill mode-collapse                          a way to fail, on purpose, and what mends it; `gan2d drills` lists them
//
// The nets are in models/mlp_gan.h, the losses in models/losses.h, one step of D and G in models/gan_step.cpp.
#include <fmt/format.h>

#include <chrono>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "apps/support/command/one_thread.h"
#include "apps/support/command/progress.h"
#include "apps/support/command/signals.h"
#include "apps/support/drills/command.h"
#include "apps/support/gan2d/compare.h"
#include "apps/support/gan2d/hand_step.h"
#include "apps/support/gan2d/page.h"
#include "apps/support/gan2d/plane_drills.h"
#include "apps/support/run/folder.h"
#include "engine/io/atomic_file.h"
#include "kernels/registry.h"

namespace duel {
namespace {

struct Command {
  CLI::App* app = nullptr;
  Gan2dSettings settings;
  std::string out;
  std::vector<std::string> losses;
  std::vector<int64_t> seeds;
};

std::string computed_on(Device device) { return fmt::format("{}: {}", name_of(device), backend(device).description()); }

int train(Command& ask) {
  Gan2dSettings& settings = ask.settings;
  settings.settle(*ask.app), settings.check();
  const Device device = use_device(settings.device);
  const PointSource source = open_points(settings.data, settings.modes, settings.sigma);
  RunFolder folder = RunFolder::create(ask.out);
  folder.write_config(settings.json());

  PlaneGan gan(settings, source, device);
  Film film(gan);
  std::vector<nlohmann::ordered_json> records;
  const std::set<int64_t> shots = film_steps(settings.steps, settings.frames);
  install_signals();
  Progress progress("training", settings.steps);
  film.shoot(gan);
  while (gan.step < settings.steps && !stop_requested()) {
    gan.train_step();
    const bool last = gan.step == settings.steps, shot = shots.contains(gan.step);
    if (shot || last || gan.step % settings.log_every == 0) {
      const GanReport r = gan.read();
      nlohmann::ordered_json record{
          {"step", gan.step}, {"loss_d", r.loss_d}, {"loss_g", r.loss_g}, {"d_real", r.d_real}, {"d_fake", r.d_fake}};
      if (shot) {
        film.shoot(gan);
        record[source.mixture ? "modes" : "coverage"] = film.frames.back().score.found();
        record[source.mixture ? "high_quality" : "precision"] = film.frames.back().score.good();
      }
      records.push_back(record), folder.append(record), folder.keep();
    }
    if (progress.tick(gan.step)) {
      const GanReport r = gan.read();
      progress.show(std::array{Reading{"loss D", r.loss_d}, Reading{"loss G", r.loss_g}});
    }
  }
  progress.finish();
  if (film.frames.back().step != gan.step) film.shoot(gan);
  write_report(folder.index(), plane_page(settings, source.name, computed_on(device), film, records));
  if (!folder.previous().empty()) fmt::print("the earlier run is kept as {}\n", folder.previous().string());
  fmt::print("step {}: {}; open {}\n", gan.step, film.frames.back().score.text(), folder.index().string());
  return stop_requested() ? stop_exit_code() : 0;
}

// One run of a contestant; its film becomes that of the contest where it is the first one to reach its end.
ContestRun compete(Contest& contest, PlaneGan& gan, Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const std::set<int64_t> shots = film_steps(gan.settings.steps, gan.settings.frames);
  Film film(gan);
  ContestRun run;
  run.seed = gan.settings.seed;
  try {
    film.shoot(gan);
    while (gan.step < gan.settings.steps && !stop_requested()) {
      gan.train_step();
      if (shots.contains(gan.step)) gan.read(), film.shoot(gan);
      if (progress.tick(static_cast<int64_t>(contest.runs.size()) * gan.settings.steps + gan.step)) progress.show({});
    }
    run.score = film.frames.back().score;
  } catch (const Error& e) {
    if (e.kind != Failure::numeric) throw;
    run.diverged = e.what();  // what a contestant cannot do is a result too; the others go on
  }
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const FilmFrame& f : film.frames) run.found.push_back(f.score.found());
  if (run.score && contest.film.frames.empty()) contest.film = std::move(film), contest.film_seed = run.seed;
  return run;
}

int compare(Command& ask) {
  ask.settings.settle(*ask.app), ask.settings.check();
  std::vector<Contest> contests;
  for (const std::string& name : ask.losses) contests.push_back({contestant(name, ask.settings), {}, {}, 0});
  const Device device = use_device(ask.settings.device);
  const PointSource source = open_points(ask.settings.data, ask.settings.modes, ask.settings.sigma);
  RunFolder folder = RunFolder::create(ask.out);
  folder.write_config(contest_settings(ask.settings, ask.losses, ask.seeds));

  install_signals();
  int finished = 0;
  for (Contest& contest : contests) {
    Progress progress(contest.who.name, static_cast<int64_t>(ask.seeds.size()) * ask.settings.steps);
    for (const int64_t seed : ask.seeds) {
      contest.who.settings.seed = seed;
      PlaneGan gan(contest.who.settings, source, device);
      const ContestRun run = compete(contest, gan, progress);
      if (stop_requested()) {
        fmt::print("stopped in {}, seed {}; what was finished is in {}\n", contest.who.name, seed, folder.metrics().string());
        return stop_exit_code();
      }
      folder.append(record_of(contest, run, gan.step, source)), folder.keep();
      contest.runs.push_back(run), finished += run.score.has_value();
    }
  }
  write_report(folder.index(), contest_page(ask.settings, source, computed_on(device), contests));
  const Table table = contest_table(contests, source);
  fmt::print("{}: {}\n{}", source.name, table.title, text_of(table));
  if (!folder.previous().empty()) fmt::print("the earlier run is kept as {}\n", folder.previous().string());
  fmt::print("open {}\n", folder.index().string());
  if (finished == 0)
    fail(Failure::numeric, fmt::format("every run diverged; {} says where; try a smaller --lr", folder.metrics().string()));
  return 0;
}

struct StepCommand {
  CLI::App* app = nullptr;
  AdversarialSettings training;
  int width = 2, nz = 1, batch = 2;
  int64_t seed = 1;
  std::string from, save;
  bool json = false;
};

int step_by_hand(StepCommand& ask) {
  ask.training.settle(*ask.app), ask.training.check_adversarial();
  want(ask.training.lr > 0 && std::isfinite(ask.training.lr), fmt::format("--lr {}: above 0", ask.training.lr));
  const AdversarialLoss loss = ask.training.objective().loss;
  HandInput input = ask.from.empty() ? seeded_input(ask.width, ask.nz, ask.batch, ask.seed) : read_hand_input(ask.from);
  if (!ask.save.empty()) write_file_atomic(ask.save, json_of(input).dump(1) + "\n");
  const std::vector<HandSection> sections = hand_step(input, loss, ask.training.optimizer_of_g());
  if (ask.json) fmt::print("{}\n", json_of(sections).dump(1));
  else
    fmt::print(
        "One step of D and one of G, loss {}, {}. W0, b0: hidden layer; W1, b1: output; x1, a1, h1, t1: of sample 1. A matrix is\n"
        "printed row by row: (first row | second row).\n\n{}",
        ask.training.loss, ask.training.optimizer, text_of(sections));
  return 0;
}

void add_step(CLI::App& app, StepCommand& command) {
  command.app = app.add_subcommand("step", "one step of D and one of G in a tiny net, every number of it, to follow by hand");
  command.training.optimizer = "sgd", command.training.lr = 0.1, command.training.beta1 = 0;
  auto each = [&](const std::string& name, auto& field, const char* help, bool) {
    for (const char* one : {"loss", "optimizer", "lr"})
      if (name == one) command.app->add_option("--" + name, field, help)->capture_default_str();
  };
  command.training.each_of_objective(each), command.training.each_of_optimizer(each);
  CLI::Option* seed = command.app->add_option("--seed", command.seed, "weights, points and noise follow from it");
  seed->capture_default_str()->check(fits_64_bits());
  CLI::Option* from = command.app->add_option("--from", command.from, "JSON file of weights, points and noise of one's own");
  seed->excludes(from);
  for (const auto& [flag, field, help] : {std::tuple{"--width", &command.width, "hidden units of G and of D"},
                                          {"--nz", &command.nz, "length of the noise"},
                                          {"--batch", &command.batch, "samples, real and generated each"}})
    command.app->add_option(flag, *field, help)->capture_default_str()->excludes(from);
  command.app->add_option("--save", command.save, "write such a file, of what the step starts from");
  command.app->add_flag("--json", command.json, "all digits, as JSON");
}

Command add(CLI::App& app, const char* name, const char* help, const char* out) {
  Command command;
  command.app = app.add_subcommand(name, help), command.out = out;
  return command;
}
void add_flags(Command& command) {
  command.app->add_option("--out", command.out, "folder of the run; an earlier one of that name is kept beside it")->capture_default_str();
  command.settings.add_flags(*command.app);
}

int main(int argc, char** argv) {
  CLI::App app("GANs on points of the plane: train one and watch.", "gan2d");
  app.require_subcommand(1);
  Command training = add(app, "train", "train a GAN on points; its page plays the training", "runs/gan2d");
  add_flags(training);
  Command contest = add(app, "compare", "losses side by side, by the modes that they find", "runs/gan2d-compare");
  contest.losses = {"non-saturating", "minimax", "least-squares", "hinge", "wasserstein+wgan-gp"}, contest.seeds = {1, 2, 3, 4, 5};
  contest.app->add_option("--losses", contest.losses, "by commas: a loss each, with +PENALTY or +NORM behind it where it is to have one")
      ->delimiter(',')
      ->capture_default_str();
  contest.app->add_option("--seeds", contest.seeds, "by commas")->delimiter(',')->capture_default_str()->check(fits_64_bits());
  add_flags(contest);
  for (const char* flag : {"--loss", "--seed", "--log-every"}) contest.app->remove_option(contest.app->get_option(flag));
  StepCommand step;
  add_step(app, step);
  const DrillCommands drills(app, plane_drills());
  return run_main(argc, argv, app, [&] {
    use_one_thread();
    if (drills) return drills.run();
    return *training.app ? train(training) : *contest.app ? compare(contest) : step_by_hand(step);
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
