// gan: train an unconditional GAN, sample from it, walk through its latent space.
//
//   gan train --data fashion-mnist --out runs/mine        gan sample runs/mine --out samples.png
//   gan train --out runs/mine --resume                    gan interpolate runs/mine --out walk.png
#include <fmt/format.h>

#include "apps/support/ask.h"
#include "apps/support/cli.h"
#include "apps/support/gan_data.h"
#include "apps/support/gan_pictures.h"
#include "apps/support/gan_report.h"
#include "apps/support/gan_state.h"
#include "apps/support/tiles.h"
#include "apps/support/trainer.h"
#include "engine/io/file.h"

namespace duel {
namespace {

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

int train(TrainCommand<GanSettings>& command) {
  const Device device = command.begin();
  GanSettings& settings = command.settings;
  const ImageData data = load_gan_data(settings);
  GanState state(settings, device, fingerprint(data.train));
  Trainer trainer(command, state, data.train.n);

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
  auto read = [&] {
    const GanReport r = gan_step.read();
    refuse_non_finite("D's loss", r.loss_d, state.step), refuse_non_finite("G's loss", r.loss_g, state.step);
    return r;
  };
  auto readings = [&]() -> std::vector<Reading> {
    const GanReport r = read();
    return {{"loss D", r.loss_d},
            {"loss G", r.loss_g},
            {"D(x)", r.d_real},
            {"D(G(z))", r.d_fake},
            {"real right", r.real_right, true},
            {"fake right", r.fake_right, true}};
  };
  std::vector<Check> checks;
  auto page = [&] {
    Page page = gan_page(settings, trainer.computed_on(), state.step, trainer.records(), trainer.frames());
    page.interpolation = interpolation_grid(state.g, 6, 10, settings.seed);
    page.checks = checks;
    return page;
  };
  return trainer.run({.load = [&] { load_batch(data, trainer.order(), real); },
                      .step = [&] { gan_step(); },
                      .readings = readings,
                      .log_every = settings.log_every,
                      .log = [&] { return values_of(read()); },
                      .show_every = settings.sample_every,
                      .show = [&] { return sample_grid(state.g, fixed_noise, 8); },
                      .page = page,
                      .at_end =
                          [&] {
                            if (data.test.n >= 2) checks = judge(state, data);
                          }});
}

int sample(const Ask& ask) {
  check_grid(ask);
  const Device device = use_device(ask.device);
  const GanSampler sampler(ask.checkpoint(), device);
  check_tiles(ask.columns, (ask.n - 1) / ask.columns + 1, sampler.g.config.size, sampler.g.config.size);
  const Tensor z = latents(sampler.g, ask.n, ask.seed, RandomStream::samples);
  write_png(ask.out, sample_grid(sampler.g, z, ask.columns));
  fmt::print("{} of step {} in {}\n", counted(static_cast<uint64_t>(ask.n), "image"), sampler.step, ask.out);
  return 0;
}

int interpolate(const Ask& ask) {
  check_walks(ask);
  const Device device = use_device(ask.device);
  const GanSampler sampler(ask.checkpoint(), device);
  check_tiles(ask.steps, ask.rows, sampler.g.config.size, sampler.g.config.size);
  write_png(ask.out, interpolation_grid(sampler.g, ask.rows, ask.steps, ask.seed));
  fmt::print("{} of {} images in {}\n", counted(static_cast<uint64_t>(ask.rows), "walk"), ask.steps, ask.out);
  return 0;
}

int info(const InfoCommand<GanSettings>& command) {
  const auto trained = command.run<GanSampler>();
  GanSettings settings = trained ? trained->settings : command.settings;
  settings.channels = channels_of(settings);
  fmt::print("{}", describe(settings.network()));
  return 0;
}

int main(int argc, char** argv) {
  CLI::App app("Train a GAN, sample from it, walk through its latent space.", "gan");
  app.require_subcommand(1);
  TrainCommand<GanSettings> train_command(app);

  Ask ask;
  CLI::App* sample_command = add_ask(app, "sample", "a grid of images", ask);
  CLI::App* interpolate_command = add_ask(app, "interpolate", "walks between images", ask);
  for (CLI::App* command : {sample_command, interpolate_command}) add_picture(*command, ask), add_seed(*command, ask, "of the noise");
  add_grid(*sample_command, ask), add_walks(*interpolate_command, ask);

  InfoCommand<GanSettings> info_command(app);
  return run_main(argc, argv, app, [&] {
    if (train_command) return train(train_command);
    if (*sample_command) return sample(ask);
    if (*interpolate_command) return interpolate(ask);
    return info(info_command);
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
