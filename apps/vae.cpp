// vae: train a variational autoencoder, measure it, look at its latent space.
//
//   vae train --data fashion-mnist --out runs/mine      vae eval runs/mine                vae reconstruct runs/mine --out grid.png
//   vae train --out runs/mine --resume                  vae sample runs/mine --out a.png  vae encode runs/mine --out codes.csv
//   vae generate runs/mine --n 10000 --out folder       vae arithmetic runs/mine --from Trouser --to Bag --out bags.png
#include <algorithm>

#include "apps/support/command/flags.h"
#include "apps/support/images/data.h"
#include "apps/support/judge/sample_judge.h"
#include "apps/support/report/run_page.h"
#include "apps/support/train/trainer.h"
#include "apps/support/vae/ask.h"
#include "apps/support/vae/elbo.h"
#include "apps/support/vae/generated.h"
#include "apps/support/vae/pictures.h"
#include "apps/support/vae/report.h"
#include "apps/support/vae/state.h"

namespace duel {
namespace {

constexpr int shown = 32, shown_columns = 8, walks = 4, walk_steps = 10, plane = 15;  // of the page's pictures

int train(TrainCommand<VaeSettings>& command) {
  const Device device = command.begin();
  VaeSettings& settings = command.settings;
  const ImageData data = vae_images(settings.data, settings.size, settings);
  settings.channels = data.train.c;
  VaeState state(settings, data.train, device);
  const bool variational = state.net.config.variational;
  std::optional<Extractor> extractor;
  std::optional<SampleJudge> measure;
  if (!settings.extractor.empty()) {
    extractor.emplace(settings.extractor, "last", device), state.judged_by = extractor->hash();
    check_perceptual(settings, extractor->config(), data.train);
    if (variational) measure.emplace(*extractor, settings.data, data.test, settings.eval_n, settings.seed);
  }
  Trainer trainer(command, state, data.train.n);
  const VaeObjective objective = settings.objective();

  const int64_t images = int64_t{settings.batch} * settings.accumulate;
  Tensor x({images, data.train.h, data.train.w, settings.channels}, DType::f32, device);
  Tensor labels = settings.conditional ? Tensor({images}, DType::i32, device) : Tensor();
  VaeStep one_step = state.training_step(x, labels, extractor ? &extractor->net() : nullptr);

  auto means = [&] {  // since the last look
    std::vector<double> means = state.sums.values();
    for (double& v : means) v /= static_cast<double>(std::max<int64_t>(1, state.step - state.seen_at));
    refuse_non_finite("the loss", means[0], state.step);
    return means;
  };
  auto readings = [&] {
    const std::vector<double> m = means();
    std::vector<Reading> readings{{"loss", m[0]}};
    if (variational) readings.push_back({"-log p(x|z)", m[1]}), readings.push_back({"KL", m[2]});
    return readings;
  };
  Elbo test;
  auto look = [&] {
    const std::vector<double> training = means();
    test = evaluate(state.shown(), objective, data.test, settings.seed);
    state.sums.assign(Tensor::zeros({VaeReport::size}, DType::f32, device)), state.seen_at = state.step;
    nlohmann::ordered_json values = values_of(training, test, objective.beta);
    if (measure) values.update((*measure)(generated(TrainedVae(state), measure->n(), settings.seed)));
    return values;
  };
  auto look_again = [&] {
    if (test.n == 0 || state.seen_at != state.step) test = evaluate(state.shown(), objective, data.test, settings.seed);
  };
  const Dataset some = first_images(data.test, shown);
  auto reconstructions = [&] { return reconstruction_grid(state.shown(), objective.likelihood, some, shown_columns); };
  auto picture = [&] {
    const int columns = state.net.config.classes ? std::min(state.net.config.classes, 16) : 8;
    return variational ? sample_grid(state.shown(), objective.likelihood, 8 * columns, columns, settings.seed, RandomStream::fixed_noise)
                       : reconstructions();
  };
  auto page = [&] {
    Page page = vae_page(settings, trainer.computed_on(), state.step, trainer.records(), test, trainer.frames());
    page.layers = table_of(layers_of(state.net.config));
    if (variational)
      page.pictures.push_back({"Real over reconstruction", "Test images, and under each what is left of it in z.", reconstructions()});
    if (data.test.n >= 2)
      page.pictures.push_back({"From one test image to another", "The line between their codes; at both ends the images themselves.",
                               interpolation_grid(state.shown(), objective.likelihood,
                                                  first_images(data.test, std::min(2 * walks, data.test.n / 2 * 2)), walk_steps)});
    if (variational && state.net.config.latent == 2)
      page.pictures.push_back(
          {"The plane of z", "Quantiles of the prior in both directions.", manifold_grid(state.shown(), objective.likelihood, plane)});
    return page;
  };
  auto result = [&] {
    return fmt::format("on {} test images {} {:.2f} nats an image{}", test.n, variational ? "ELBO" : "-log p(x|z)",
                       variational ? test.elbo() : test.reconstruction, measure && !measure->text().empty() ? "; " + measure->text() : "");
  };
  return trainer.run({.load =
                          [&] {
                            load_batches(data, trainer.order(), settings.accumulate, x, labels);
                            state.set_rate(settings.rate_at(state.step, trainer.total()));
                          },
                      .step = [&] { one_step(); },
                      .readings = readings,
                      .judge_every = settings.eval_every,
                      .judge = look,
                      .best = "test_loss",
                      .show_every = settings.eval_every,
                      .show = picture,
                      .page = page,
                      .at_end = look_again,
                      .result = result});
}

int main(int argc, char** argv) {
  CLI::App app("Train a variational autoencoder, measure it, look at its latent space.", "vae");
  app.require_subcommand(1);
  TrainCommand<VaeSettings> train_command(app);

  VaeAsk ask;
  const std::vector<std::pair<CLI::App*, int (*)(const VaeAsk&)>> questions = add_vae_questions(app, ask);

  InfoCommand<VaeSettings> info_command(app);
  return run_main(argc, argv, app, [&] {
    if (train_command) return train(train_command);
    for (const auto& [command, answer] : questions)
      if (*command) return answer(ask);
    return info_command.describe_net<TrainedVae>();
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
