#include "apps/support/generators/train_generator.h"

#include <algorithm>

#include "apps/support/command/progress.h"
#include "apps/support/command/signals.h"
#include "apps/support/images/data.h"
#include "apps/support/train/trainer.h"
#include "engine/graph.h"
#include "engine/io/file.h"

namespace duel {
namespace {

void check_size(const Dataset& train, int batch) {
  if (train.n < batch)
    fail(Failure::data, fmt::format("{}: {} to train a generator on, in batches of {}; take more images", train.name,
                                    counted(static_cast<uint64_t>(train.n), "image"), batch));
}

// A State of these settings (which take the images' channels), and what its step reads.
template <class State>
struct Begun {
  ImageData data;
  State state;
  Shuffler order;
  int batches;       // a step
  Tensor x, labels;  // labels: where the net is conditional

  template <class Settings>
  Begun(Settings& settings, const Dataset& images, Device device)
      : data{.train = images},
        state(checked(settings, images), images, device),
        order(images.n, settings.batch, static_cast<uint64_t>(settings.seed)),
        batches(settings.batches_a_step()),
        x({int64_t{settings.batch} * batches, images.h, images.w, images.c}, DType::f32, device) {
    if (settings.conditional) labels = Tensor({x.shape()[0]}, DType::i32, device);
  }
  void load() { load_batches(data, order, batches, x, labels); }

  template <class Settings>
  static const Settings& checked(Settings& settings, const Dataset& images) {
    check_size(images, settings.batch);
    settings.channels = images.c;
    settings.check();
    return settings;
  }
};

// load() and step() in turn, each on so many images; loss() is looked at when the line is due and at the end.
template <class Load, class Step, class Loss>
void train(const std::string& title, int64_t total, int64_t images, Device device, int64_t& at, Load&& load, Step&& step, Loss&& loss) {
  StepGraph graph(device, step);
  Progress progress(title, total);
  const auto finite = [&] {
    const double value = loss();
    refuse_non_finite("the generator's loss", value, at);
    return value;
  };
  while (at < total && !stop_requested()) {
    load();
    graph();
    if (progress.tick(++at)) {
      const Reading readings[] = {{"images/s", progress.steps_per_second() * static_cast<double>(images)}, {"loss", finite()}};
      progress.show(readings);
    }
  }
  progress.finish();
  finite();
}

}  // namespace

TrainedVae train_vae(VaeSettings settings, const Dataset& images, Device device, const std::string& title) {
  Begun<VaeState> b(settings, images, device);
  VaeState& state = b.state;
  VaeStep one_step = state.training_step(b.x, b.labels);
  train(
      title, settings.steps, b.x.shape()[0], device, state.step,
      [&] {
        b.load();
        state.set_rate(settings.rate_at(state.step, settings.steps));
      },
      [&] { one_step(); }, [&] { return state.sums.values()[0] / static_cast<double>(std::max<int64_t>(1, state.step)); });
  return TrainedVae(state);
}

TrainedGan train_gan(GanSettings settings, const Dataset& images, Device device, const std::string& title) {
  Begun<GanState> b(settings, images, device);
  GanState& state = b.state;
  GanStep one_step{state.g,
                   state.d,
                   state.opt_g,
                   state.opt_d,
                   settings.seed,
                   state.step_on_device,
                   b.x,
                   b.labels,
                   Tensor::zeros({GanReport::size}, DType::f32, device),
                   settings.objective(),
                   state.average ? &*state.average : nullptr};
  train(
      title, settings.steps, b.x.shape()[0], device, state.step,
      [&] {
        b.load();
        state.set_rate(settings.rate_at(state.step, settings.steps));
      },
      [&] { one_step(); }, [&] { return one_step.read().loss_g; });
  return TrainedGan(state);
}

}  // namespace duel
