#include "apps/support/gan/train.h"

#include "apps/support/gan/augment.h"
#include "apps/support/gan/data.h"
#include "apps/support/gan/doctor.h"
#include "apps/support/gan/generated.h"
#include "apps/support/gan/layer_inspector.h"
#include "apps/support/gan/pictures.h"
#include "apps/support/gan/report.h"
#include "apps/support/gan/state.h"
#include "apps/support/judge/sample_judge.h"
#include "apps/support/report/run_page.h"
#include "apps/support/train/trainer.h"

namespace duel {
namespace {

constexpr int shown_columns = 8, walks = 6, walk_steps = 10, judged = 256;

// Prints the sample check. A data set it cannot be held against (all images alike) is said aloud, and costs nobody the run.
std::vector<Check> judge(GanState& state, const ImageData& data) {
  const Generator& g = state.shown();
  const std::vector<float> samples = generate(g, latents(g, judged, state.settings.seed, RandomStream::evaluation));
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

void check_program(const TrainCommand<GanSettings>& command, bool conditional) {
  if (command.settings.conditional == conditional) return;
  fail(Failure::usage, fmt::format("{} is a run of {}; go on with: {} train --out {} --resume", command.out, conditional ? "gan" : "cgan",
                                   conditional ? "gan" : "cgan", command.out));
}

}  // namespace

int train_gan(TrainCommand<GanSettings>& command, bool conditional) {
  const Device device = command.begin();
  check_program(command, conditional);
  GanSettings& settings = command.settings;
  const ImageData data = load_gan_data(settings);
  GanState state(settings, data.train, device);
  std::optional<Extractor> extractor;
  std::optional<SampleJudge> measure;
  if (!settings.extractor.empty()) {
    extractor.emplace(settings.extractor, "last", device), state.judged_by = extractor->hash();
    measure.emplace(*extractor, settings.data, data.test, settings.eval_n, settings.seed);
  }
  Trainer trainer(command, state, data.train.n);

  const int64_t images = int64_t{settings.batch} * settings.batches_a_step();
  Tensor real({images, data.train.h, data.train.w, settings.channels}, DType::f32, device);
  Tensor labels = conditional ? Tensor({images}, DType::i32, device) : Tensor();
  GanStep gan_step{state.g,
                   state.d,
                   state.opt_g,
                   state.opt_d,
                   settings.seed,
                   state.step_on_device,
                   real,
                   labels,
                   Tensor::zeros({GanReport::size}, DType::f32, device),
                   settings.objective(),
                   state.average ? &*state.average : nullptr};
  gan_step.said = Tensor::zeros({2 * int64_t{settings.batch} * settings.accumulate}, DType::f32, device);
  augment_what_d_sees(gan_step, state);
  LayerInspector inspector(state);
  nlohmann::ordered_json seen;  // in the step to come, or done and not recorded yet
  const auto look = [&] {
    inspector.begin();
    GanStep rehearsal = gan_step;  // what a first step makes once is left to gan_step, whose rows a run remembers
    rehearsal.look = inspector.seen();
    rehearsal();
    seen = inspector.end();
  };
  auto load = [&] {
    load_batches(data, trainer.order(), settings.batches_a_step(), real, labels);
    state.set_rate(settings.rate_at(state.step, trainer.total()));
  };
  auto finite = [&](const GanReport& r) {
    refuse_non_finite("D's loss", r.loss_d, state.step), refuse_non_finite("G's loss", r.loss_g, state.step);
    return r;
  };
  const Latents fixed = shown(state.g, settings.seed, shown_columns);
  std::vector<Check> checks;
  const auto findings = [&] {
    Readings readings = doctor_readings(settings, trainer.records());
    if (!checks.empty()) readings.spread = checks[0].value, readings.twin = checks[1].value;
    return diagnose(readings);
  };
  auto page = [&] {
    Page page = gan_page(settings, trainer.computed_on(), state.step, trainer.records(), trainer.frames());
    page.inside = layer_numbers(trainer.records());
    page.layers = table_of(layers_of(state.g.config));
    page.interpolation = interpolation_grid(state.shown(), walks, walk_steps, settings.seed);
    page.checks = checks;
    return page;
  };
  std::function<nlohmann::ordered_json()> distances;
  if (measure) distances = [&] { return (*measure)(generated(TrainedGan(state), measure->n(), settings.seed)); };
  return trainer.run({.load = load,
                      .step = [&] { gan_step(); },
                      .look_every = settings.inspect_every,
                      .look = look,
                      .readings = [&] { return readings_of(settings, finite(gan_step.read())); },
                      .log_every = settings.log_every,
                      .log =
                          [&] {
                            nlohmann::ordered_json values = values_of(gan_step.read());
                            values.update(histograms_of(settings, gan_step.said.values()));
                            if (state.ada) values["ada_p"] = state.ada->p().item();
                            if (!seen.is_null()) values["layers"] = std::exchange(seen, nullptr);
                            return values;
                          },
                      .refuse = [&] { finite(gan_step.read()); },
                      .judge_every = settings.eval_every,
                      .judge = distances,
                      .best = measure ? "fcd" : "",
                      .show_every = settings.sample_every,
                      .show = [&] { return sample_grid(state.shown(), fixed, shown_columns); },
                      .page = page,
                      .findings = findings,
                      .at_end =
                          [&] {
                            if (data.test.n >= 2) checks = judge(state, data);
                          },
                      .result = measure ? std::function([&] { return measure->text(); }) : nullptr});
}

}  // namespace duel
