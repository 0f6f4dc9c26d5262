// vae: train a variational autoencoder, measure it, look at its latent space.
//
//   vae train --data fashion-mnist --out runs/mine      vae eval runs/mine                vae reconstruct runs/mine --out grid.png
//   vae train --out runs/mine --resume                  vae sample runs/mine --out a.png  vae encode runs/mine --out codes.csv
#include <cmath>
#include <limits>

#include "apps/support/elbo.h"
#include "apps/support/image_data.h"
#include "apps/support/progress.h"
#include "apps/support/run_folder.h"
#include "apps/support/signals.h"
#include "apps/support/vae_ask.h"
#include "apps/support/vae_pictures.h"
#include "apps/support/vae_report.h"
#include "apps/support/vae_state.h"
#include "engine/graph.h"
#include "kernels/registry.h"

namespace duel {
namespace {

struct TrainOptions {
  VaeSettings settings;
  std::string out = "runs/vae";
  bool resume = false;
};

constexpr int shown = 32, shown_columns = 8, walks = 4, walk_steps = 10, plane = 15;  // of the page's pictures

int train(TrainOptions options, const CLI::App& flags) {
  VaeSettings& settings = options.settings;
  std::optional<RunFolder> run;
  if (options.resume) {
    run.emplace(RunFolder::resume(options.out));
    settings = VaeSettings::resumed(VaeSettings::from_json(run->read_config(), run->config().string()), settings, flags);
  }
  settings.check();
  const Device device = choose_device(settings.device);
  set_default_device(device);
  const ImageData data = vae_images(settings.data, settings.size, settings);
  settings.channels = data.train.c;
  VaeState state(settings, data.train, device);
  const VaeObjective objective = settings.objective();
  const bool variational = state.net.config.variational;

  // All that can be refused has been: from here on there is a folder.
  if (!run) run.emplace(RunFolder::create(options.out));
  const std::string last = run->checkpoints() / "last.safetensors", best = run->checkpoints() / "best.safetensors";
  std::vector<nlohmann::ordered_json> records;
  std::vector<Frame> frames;
  if (options.resume) {
    state.load(last);
    for (const auto& [step, file] : run->samples_up_to(state.step)) frames.push_back({step, read_image(file, settings.channels)});
  } else {
    run->write_config(settings.json());
  }
  const int64_t resumed_at = state.step;
  // A resumed run touches its folder only once its first step has shown that it computes as before.
  double best_loss = std::numeric_limits<double>::infinity();
  auto go_on = [&] {
    if (!options.resume) return;
    records = run->rewind(resumed_at);
    run->write_config(settings.json());
    for (const auto& r : records) best_loss = std::min(best_loss, r.value("test_loss", best_loss));
  };

  Shuffler order(data.train.n, settings.batch, static_cast<uint64_t>(settings.seed));
  order.seek(state.epoch, state.position);
  const int64_t an_epoch = order.batches_per_epoch(), look_every = settings.eval_every ? settings.eval_every : an_epoch;
  const int64_t total = settings.steps ? settings.steps : static_cast<int64_t>(std::ceil(settings.epochs * static_cast<double>(an_epoch)));
  if (total < state.step)
    fail(Failure::usage, fmt::format("the run is at step {} already, and was to end at step {}; ask for more --steps", state.step, total));
  Tensor x({settings.batch, data.train.h, data.train.w, settings.channels}, DType::f32, device);
  Tensor labels({settings.batch}, DType::i32, device);
  VaeStep one_step{state.net,
                   state.optimizer,
                   objective,
                   {settings.seed, RandomStream::posterior},
                   state.step_on_device,
                   x,
                   settings.conditional ? labels : Tensor(),
                   state.sums};
  StepGraph step(device, [&] { one_step(); });

  auto save = [&](const std::string& path) {
    state.epoch = order.epoch(), state.position = order.position();
    state.save(path);
  };
  auto training = [&] {  // means since the last look
    std::vector<double> means = state.sums.values();
    for (double& v : means) v /= static_cast<double>(std::max<int64_t>(1, state.step - state.seen_at));
    if (!std::isfinite(means[0]))
      fail(Failure::numeric,
           fmt::format("step {}: the loss is {}; try a smaller --lr. The last checkpoint is from before", state.step, means[0]));
    return means;
  };
  const Dataset some = first_images(data.test, shown);
  auto reconstructions = [&] { return reconstruction_grid(state.net, objective.likelihood, some, shown_columns); };
  auto snapshot = [&] {
    const int columns = state.net.config.classes ? std::min(state.net.config.classes, 16) : 8;
    frames.push_back({state.step, variational ? sample_grid(state.net, objective.likelihood, 8 * columns, columns, settings.seed,
                                                            RandomStream::fixed_noise)
                                              : reconstructions()});
    write_png(run->sample(state.step), frames.back().grid);
  };
  Elbo test;
  auto page = [&] {
    Page page =
        vae_page(settings, fmt::format("{}: {}", name_of(device), backend(device).description()), state.step, records, test, frames);
    if (variational)
      page.pictures.push_back({"Real over reconstruction", "Test images, and under each what is left of it in z.", reconstructions()});
    if (data.test.n >= 2)
      page.pictures.push_back({"From one test image to another", "The line between their codes; at both ends the images themselves.",
                               interpolation_grid(state.net, objective.likelihood,
                                                  first_images(data.test, std::min(2 * walks, data.test.n / 2 * 2)), walk_steps)});
    if (variational && state.net.config.latent == 2)
      page.pictures.push_back(
          {"The plane of z", "Quantiles of the prior in both directions.", manifold_grid(state.net, objective.likelihood, plane)});
    return page;
  };
  auto look = [&] {
    const std::vector<double> means = training();
    test = evaluate(state.net, objective, data.test, settings.seed);
    const double loss = test.loss(objective.beta);
    records.push_back(record_of(state.step, static_cast<double>(state.step) / static_cast<double>(an_epoch), means, test, objective.beta));
    run->append(records.back());
    snapshot();
    state.sums.assign(Tensor::zeros({VaeReport::size}, DType::f32, device)), state.seen_at = state.step;
    if (loss < best_loss) best_loss = loss, save(best);
    save(last);
    write_report(run->index(), page());
  };
  if (state.step == 0 && frames.empty()) save(last), snapshot();

  install_signals();
  Progress progress("training", total, {.time_limit = settings.minutes * 60, .first_step = state.step});
  bool first = true;
  while (state.step < total && !stop_requested() && !(settings.minutes > 0 && progress.elapsed() > settings.minutes * 60)) {
    load_batch(data, order, x, labels);
    if (first) forget_rows_run();
    step();
    ++state.step;
    if (first) state.note_rows(), go_on(), first = false;

    if (progress.tick(state.step)) {
      const std::vector<double> means = training();
      const Reading readings[] = {
          {"images/s", progress.steps_per_second() * settings.batch}, {"loss", means[0]}, {"-log p(x|z)", means[1]}, {"KL", means[2]}};
      progress.show({readings, variational ? size_t{4} : size_t{2}});
    }
    if (state.step % look_every == 0 || state.step == total) look();
    else if (state.step % settings.checkpoint_every == 0 || take_save_request()) save(last);
  }
  progress.finish();
  if (first) go_on();
  save(last);
  if (!stop_requested() && (test.n == 0 || state.seen_at != state.step)) test = evaluate(state.net, objective, data.test, settings.seed);
  write_report(run->index(), page());
  if (!run->previous().empty()) fmt::print("the earlier run is kept as {}\n", run->previous().string());
  if (stop_requested()) {
    fmt::print("stopped after step {} of {}; go on with: vae train --out {} --resume\n", state.step, total, options.out);
    return stop_exit_code();
  }
  fmt::print("{} steps; on {} test images {} {:.2f} nats an image; open {}\n", state.step, test.n, variational ? "ELBO" : "-log p(x|z)",
             variational ? test.elbo() : test.reconstruction, run->index().string());
  return 0;
}

int info(const VaeSettings& flags, const std::string& from) {
  VaeSettings settings = flags;
  settings.check();
  if (settings.channels == 0) settings.channels = 1;
  VaeConfig config = settings.network(settings.size ? settings.size : 28, settings.size ? settings.size : 28, 10);
  if (!from.empty()) {
    const TrainedVae trained(checkpoint_path(from), Device::cpu);
    config = trained.net.config;
    fmt::print("{}: step {}\n{}\n\n", checkpoint_path(from), trained.step, trained.settings.json().dump(2));
  }
  fmt::print("{}", describe(config));
  return 0;
}

int main(int argc, char** argv) {
  CLI::App app("Train a variational autoencoder, measure it, look at its latent space.", "vae");
  app.require_subcommand(1);

  TrainOptions training;
  CLI::App* train_command = app.add_subcommand("train", "train into a run folder");
  training.settings.add_flags(*train_command);
  train_command->add_option("--out", training.out, "run folder; an earlier run there is kept as <out>.1")->capture_default_str();
  train_command->add_flag("--resume", training.resume, "go on with the run in --out, bit for bit");

  VaeAsk ask;
  const std::vector<std::pair<CLI::App*, int (*)(const VaeAsk&)>> questions = add_vae_questions(app, ask);

  VaeSettings described;
  std::string from;
  CLI::App* info_command = app.add_subcommand("info", "layers and parameter counts of a net, or of a run");
  info_command->add_option("from", from, "run folder or checkpoint");
  described.add_flags(*info_command);

  return run_main(argc, argv, app, [&] {
    if (*train_command) return train(training, *train_command);
    for (const auto& [command, answer] : questions)
      if (*command) return answer(ask);
    return info(described, from);
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
