// gan: train an unconditional GAN, sample from it, walk through its latent space.
//
//   gan train --data fashion-mnist --out runs/mine        gan sample runs/mine --out samples.png
//   gan train --out runs/mine --resume                    gan interpolate runs/mine --out walk.png
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "apps/support/cli.h"
#include "apps/support/gan_data.h"
#include "apps/support/gan_pictures.h"
#include "apps/support/gan_report.h"
#include "apps/support/gan_state.h"
#include "apps/support/progress.h"
#include "apps/support/run_folder.h"
#include "apps/support/signals.h"
#include "apps/support/tiles.h"
#include "engine/graph.h"
#include "engine/io/file.h"
#include "kernels/registry.h"

namespace duel {
namespace {

struct TrainOptions {
  GanSettings settings;
  std::string out = "runs/gan";
  bool resume = false;
};

void refuse_non_finite(const GanReport& r, int64_t step) {
  for (const auto& [name, value] : {std::pair{"D's loss", r.loss_d}, {"G's loss", r.loss_g}})
    if (!std::isfinite(value))
      fail(Failure::numeric, fmt::format("step {}: {} is {}; try a smaller --lr. The last checkpoint is from before", step, name, value));
}

// Prints the sample check. A data set it cannot be held against (all images alike) is said aloud, and costs nobody the run.
std::vector<Check> judge(const GanState& state, const ImageData& data) {
  const std::vector<float> samples = generate(state.g, latents(state.g, 256, state.settings.seed, RandomStream::evaluation));
  try {
    const auto checks = check_against(data, samples).checks();
    for (const Check& c : checks) fmt::print("{}\n", c.line());
    return {checks.begin(), checks.end()};
  } catch (const Error& e) {
    if (e.kind != Failure::data) throw;
    fmt::print("no sample check: {}\n", e.what());
    return {};
  }
}

int train(TrainOptions options, const CLI::App& flags) {
  GanSettings& settings = options.settings;
  std::optional<RunFolder> run;
  if (options.resume) {
    run.emplace(RunFolder::resume(options.out));
    settings = GanSettings::resumed(GanSettings::from_json(run->read_config(), run->config().string()), settings, flags);
  }
  settings.check();
  const Device device = choose_device(settings.device);
  set_default_device(device);
  ImageData data = load_gan_data(settings);
  GanState state(settings, device, fingerprint(data.train));

  // All that can be refused has been: from here on there is a folder.
  if (!run) run.emplace(RunFolder::create(options.out));
  const std::string checkpoint = run->checkpoints() / "last.safetensors";
  std::vector<nlohmann::ordered_json> records;
  std::vector<Frame> frames;
  if (options.resume) {
    state.load(checkpoint);
    for (const auto& [step, file] : run->samples_up_to(state.step)) frames.push_back({step, read_image(file, settings.channels)});
  } else {
    run->write_config(settings.json());
  }
  const int64_t resumed_at = state.step;
  // A resumed run touches its folder only once its first step has shown that it computes as before.
  auto go_on = [&] {
    if (!options.resume) return;
    if (resumed_at > 0 && !std::filesystem::exists(run->metrics()))
      fmt::print(stderr, "gan: {} is not there, so the page's curves show the run from step {} on\n", run->metrics().string(),
                 resumed_at + 1);
    records = run->rewind(resumed_at);
    run->write_config(settings.json());
  };

  Shuffler order(data.train.n, settings.batch, static_cast<uint64_t>(settings.seed));
  order.seek(state.epoch, state.position);
  const int64_t total =
      settings.steps ? settings.steps : static_cast<int64_t>(std::ceil(settings.epochs * static_cast<double>(order.batches_per_epoch())));
  if (options.resume && total < state.step && (flags.count("--steps") || flags.count("--epochs")))
    fail(Failure::usage, fmt::format("--{} ends at step {}, but the run is at step {} already; ask for more, or leave the flag out",
                                     settings.steps ? "steps" : "epochs", total, state.step));
  if (options.resume && state.step >= total)
    fmt::print("nothing left to do: the run ends at step {}; --steps or --epochs takes it further\n", total);
  const Tensor fixed_noise = latents(state.g, 64, settings.seed, RandomStream::fixed_noise);
  Tensor real({settings.batch, settings.size, settings.size, settings.channels}, DType::f32, device);
  GanStep<DcganGenerator, DcganDiscriminator> gan_step{state.g,
                                                       state.d,
                                                       state.opt_g,
                                                       state.opt_d,
                                                       {settings.seed, RandomStream::noise},
                                                       state.step_on_device,
                                                       real,
                                                       Tensor::zeros({GanReport::size}, DType::f32, device)};
  StepGraph step(device, [&] { gan_step(); });

  auto save = [&] {
    state.epoch = order.epoch(), state.position = order.position();
    state.save(checkpoint);
  };
  auto snapshot = [&] {
    frames.push_back({state.step, sample_grid(state.g, fixed_noise, 8)});
    write_png(run->sample(state.step), frames.back().grid);
  };
  auto page = [&] {
    return gan_page(settings, fmt::format("{}: {}", name_of(device), backend(device).description()), state.step, records, frames);
  };
  if (state.step == 0 && frames.empty()) save(), snapshot();

  install_signals();
  Progress progress("training", total, {.time_limit = settings.minutes * 60, .first_step = state.step});
  bool first = true;
  while (state.step < total && !stop_requested() && !(settings.minutes > 0 && progress.elapsed() > settings.minutes * 60)) {
    load_batch(data, order, real);
    if (first) forget_rows_run();
    step();
    ++state.step;
    if (first) state.note_rows(), go_on(), first = false;

    const bool due = progress.tick(state.step), log = state.step % settings.log_every == 0 || state.step == total;
    if (due || log) {
      const GanReport r = gan_step.read();
      refuse_non_finite(r, state.step);
      if (log) {
        const double epoch = static_cast<double>(state.step) / static_cast<double>(order.batches_per_epoch());
        records.push_back(record_of(state.step, epoch, r));
        run->append(records.back());
      }
      const double rate = progress.steps_per_second();
      const Reading readings[] = {{"images/s", rate * settings.batch, false, rate > 0},
                                  {"loss D", r.loss_d},
                                  {"loss G", r.loss_g},
                                  {"D(x)", r.d_real},
                                  {"D(G(z))", r.d_fake},
                                  {"real right", r.real_right, true},
                                  {"fake right", r.fake_right, true}};
      if (due) progress.show(readings);
    }
    if (state.step % settings.sample_every == 0) snapshot(), write_report(run->index(), page());
    if (state.step % settings.checkpoint_every == 0 || take_save_request()) save();
  }
  progress.finish();
  if (first) go_on();
  save();
  if (frames.empty() || frames.back().step != state.step) snapshot();

  Page last = page();
  last.interpolation = interpolation_grid(state.g, 6, 10, settings.seed);
  if (data.test.n >= 2 && !stop_requested()) last.checks = judge(state, data);
  write_report(run->index(), last);
  if (!run->previous().empty()) fmt::print("the earlier run is kept as {}\n", run->previous().string());
  if (stop_requested()) {
    fmt::print("stopped after step {} of {}; go on with: gan train --out {} --resume\n", state.step, total, options.out);
    return stop_exit_code();
  }
  const std::string done = state.step < total ? fmt::format("{} of {} steps in the time given", state.step, total)
                                              : counted(static_cast<uint64_t>(state.step), "step");
  fmt::print("{}; open {}\n", done, run->index().string());
  return 0;
}

struct PictureOptions {
  std::string from, out, device = "auto";
  int64_t n = 64, seed = 1;
  int columns = 8, rows = 8, steps = 10;
};

void check_at_least(int64_t least, const char* flag, int64_t value) {
  if (value < least) fail(Failure::usage, fmt::format("{} {}: at least {}", flag, value, least));
}

int sample(const PictureOptions& o) {
  check_at_least(1, "--n", o.n), check_at_least(1, "--columns", o.columns), check_is_png(o.out);
  const Device device = choose_device(o.device);
  set_default_device(device);
  const GanSampler sampler(checkpoint_path(o.from), device);
  check_tiles(o.columns, (o.n - 1) / o.columns + 1, sampler.g.config.size, sampler.g.config.size);
  const Tensor z = latents(sampler.g, o.n, o.seed, RandomStream::samples);
  write_png(o.out, sample_grid(sampler.g, z, o.columns));
  fmt::print("{} of step {} in {}\n", counted(static_cast<uint64_t>(o.n), "image"), sampler.step, o.out);
  return 0;
}

int interpolate(const PictureOptions& o) {
  check_at_least(1, "--rows", o.rows), check_at_least(2, "--steps", o.steps), check_is_png(o.out);
  const Device device = choose_device(o.device);
  set_default_device(device);
  const GanSampler sampler(checkpoint_path(o.from), device);
  check_tiles(o.steps, o.rows, sampler.g.config.size, sampler.g.config.size);
  write_png(o.out, interpolation_grid(sampler.g, o.rows, o.steps, o.seed));
  fmt::print("{} of {} images in {}\n", counted(static_cast<uint64_t>(o.rows), "walk"), o.steps, o.out);
  return 0;
}

int info(const GanSettings& given, const std::string& from, const CLI::App& app) {
  GanSettings settings = given;
  if (!from.empty()) {
    if (const std::string flags = GanSettings::flags_given(app); !flags.empty())
      fail(Failure::usage, fmt::format("info describes {} as it is; leave out {}, or leave out the run to describe a net", from, flags));
    const GanSampler sampler(checkpoint_path(from), Device::cpu);
    settings = sampler.settings;
    fmt::print("{}: step {}\n{}\n\n", checkpoint_path(from), sampler.step, settings.json().dump(2));
  }
  settings.check();
  settings.channels = channels_of(settings);
  fmt::print("{}", describe(settings.network()));
  return 0;
}

int main(int argc, char** argv) {
  CLI::App app("Train a GAN, sample from it, walk through its latent space.", "gan");
  app.require_subcommand(1);

  TrainOptions training;
  CLI::App* train_command = app.add_subcommand("train", "train into a run folder");
  training.settings.add_flags(*train_command);
  train_command->add_option("--out", training.out, "run folder; an earlier run there is kept as <out>.1")->capture_default_str();
  train_command->add_flag(
      "--resume", training.resume,
      "go on with the run in --out, bit for bit; --steps or --epochs given now takes the place of every limit given before");

  PictureOptions picture;
  CLI::App* sample_command = app.add_subcommand("sample", "a grid of images");
  CLI::App* interpolate_command = app.add_subcommand("interpolate", "walks between images");
  for (CLI::App* command : {sample_command, interpolate_command}) {
    command->add_option("from", picture.from, "run folder or checkpoint")->required();
    command->add_option("--out", picture.out, "PNG to write")->required();
    command->add_option("--seed", picture.seed, "of the noise")->capture_default_str()->check(fits_64_bits());
    command->add_option("--device", picture.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  }
  sample_command->add_option("-n,--n", picture.n, "images")->capture_default_str();
  sample_command->add_option("--columns", picture.columns, "images a row")->capture_default_str();
  interpolate_command->add_option("--rows", picture.rows, "walks")->capture_default_str();
  interpolate_command->add_option("--steps", picture.steps, "images a walk")->capture_default_str();

  GanSettings described;
  std::string from;
  CLI::App* info_command = app.add_subcommand("info", "layers and parameter counts of a net, or of a run");
  info_command->add_option("from", from, "run folder or checkpoint");
  described.add_flags(*info_command);

  return run_main(argc, argv, app, [&] {
    if (*train_command) return train(training, *train_command);
    if (*sample_command) return sample(picture);
    if (*interpolate_command) return interpolate(picture);
    return info(described, from, *info_command);
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
