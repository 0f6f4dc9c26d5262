// classify: train a classifier, measure it, ask it.
//
//   classify train --data fashion-mnist --out runs/mine      classify eval runs/mine
//   classify train --out runs/mine --resume                  classify predict runs/mine photo.png another.jpg
#include <cmath>

#include "apps/support/classify_report.h"
#include "apps/support/classify_state.h"
#include "apps/support/image_data.h"
#include "apps/support/progress.h"
#include "apps/support/run_folder.h"
#include "apps/support/signals.h"
#include "engine/graph.h"
#include "kernels/registry.h"

namespace duel {
namespace {

struct TrainOptions {
  ClassifySettings settings;
  std::string out = "runs/classify";
  bool resume = false;
};

// A tenth is held out where a data set has no test images of its own.
ImageData images_of(const std::string& data, int size, int channels, const ClassifySettings& settings) {
  return load_images({.data = data, .size = size, .channels = channels, .seed = settings.seed, .batch = settings.batch, .holdout = 0.1});
}

int train(TrainOptions options, const CLI::App& flags) {
  ClassifySettings& settings = options.settings;
  std::optional<RunFolder> run;
  if (options.resume) {
    run.emplace(RunFolder::resume(options.out));
    settings = ClassifySettings::resumed(ClassifySettings::from_json(run->read_config(), run->config().string()), settings, flags);
  }
  settings.check();
  const Device device = choose_device(settings.device);
  set_default_device(device);
  const ImageData data = images_of(settings.data, settings.size, settings.channels, settings);
  settings.channels = data.train.c;
  ClassifyState state(settings, data.train, device);

  // All that can be refused has been: from here on there is a folder.
  if (!run) run.emplace(RunFolder::create(options.out));
  const std::string last = run->checkpoints() / "last.safetensors", best = run->checkpoints() / "best.safetensors";
  std::vector<nlohmann::ordered_json> records;
  if (options.resume) state.load(last);
  else run->write_config(settings.json());
  const int64_t resumed_at = state.step;
  // A resumed run touches its folder only once its first step has shown that it computes as before.
  auto go_on = [&] {
    if (!options.resume) return;
    records = run->rewind(resumed_at);
    run->write_config(settings.json());
  };

  Shuffler order(data.train.n, settings.batch, static_cast<uint64_t>(settings.seed));
  order.seek(state.epoch, state.position);
  const int64_t an_epoch = order.batches_per_epoch(), look_every = settings.eval_every ? settings.eval_every : an_epoch;
  const int64_t total = settings.steps ? settings.steps : static_cast<int64_t>(std::ceil(settings.epochs * static_cast<double>(an_epoch)));
  if (total < state.step)
    fail(Failure::usage, fmt::format("the run is at step {} already, and was to end at step {}; ask for more --steps", state.step, total));
  Tensor x({settings.batch, data.train.h, data.train.w, settings.channels}, DType::f32, device);
  Tensor labels({settings.batch}, DType::i32, device);
  ClassifyStep one_step{state.net, state.optimizer, settings.seed, state.step_on_device, x, labels, state.loss_sum, settings.smoothing};
  StepGraph step(device, [&] { one_step(); });

  auto save = [&](const std::string& path) {
    state.epoch = order.epoch(), state.position = order.position();
    state.save(path);
  };
  auto loss = [&] {  // the mean since the last look
    const double value = state.loss_sum.item() / static_cast<double>(std::max<int64_t>(1, state.step - state.seen_at));
    if (!std::isfinite(value))
      fail(Failure::numeric,
           fmt::format("step {}: the loss is {}; try a smaller --lr. The last checkpoint is from before", state.step, value));
    return value;
  };
  Scores scores;
  auto page = [&] {
    return classify_page(settings, fmt::format("{}: {}", name_of(device), backend(device).description()), state.step, records, scores,
                         state.classes);
  };
  auto look = [&] {
    const double mean_loss = loss();
    scores = evaluate(state.net, data.test);
    records.push_back({{"step", state.step},
                       {"epoch", static_cast<double>(state.step) / static_cast<double>(an_epoch)},
                       {"loss", mean_loss},
                       {"accuracy", scores.accuracy()},
                       {"balanced_accuracy", scores.balanced_accuracy()}});
    run->append(records.back());
    state.loss_sum.assign(Tensor::zeros({}, DType::f32, device)), state.seen_at = state.step;
    if (scores.right() > state.best_right) state.best_right = scores.right(), save(best);
    save(last);
    write_report(run->index(), page());
  };
  if (state.step == 0) save(last);

  install_signals();
  Progress progress("training", total, {.time_limit = settings.minutes * 60, .first_step = state.step});
  bool first = true;
  while (state.step < total && !stop_requested() && !(settings.minutes > 0 && progress.elapsed() > settings.minutes * 60)) {
    load_batch(data, order, x, labels);
    state.optimizer.set_lr(settings.lr_at(state.step, total));
    if (first) forget_rows_run();
    step();
    ++state.step;
    if (first) state.note_rows(), go_on(), first = false;

    if (progress.tick(state.step)) {
      const Reading readings[] = {
          {"images/s", progress.steps_per_second() * settings.batch}, {"loss", loss()}, {"right", scores.accuracy(), true}};
      progress.show({readings, scores.total() ? size_t{3} : size_t{2}});
    }
    if (state.step % look_every == 0 || state.step == total) look();
    else if (state.step % settings.checkpoint_every == 0 || take_save_request()) save(last);
  }
  progress.finish();
  if (first) go_on();
  save(last);
  if (!stop_requested() && (scores.total() == 0 || state.seen_at != state.step)) scores = evaluate(state.net, data.test);
  write_report(run->index(), page());
  if (!run->previous().empty()) fmt::print("the earlier run is kept as {}\n", run->previous().string());
  if (stop_requested()) {
    fmt::print("stopped after step {} of {}; go on with: classify train --out {} --resume\n", state.step, total, options.out);
    return stop_exit_code();
  }
  const Interval i = wilson(scores.right(), scores.total());
  fmt::print("{} steps; {:.2f} % of {} test images right, 95 % interval {:.2f} … {:.2f} %; open {}\n", state.step, 100 * scores.accuracy(),
             scores.total(), 100 * i.low, 100 * i.high, run->index().string());
  return 0;
}

struct AskOptions {
  std::string from, which = "last", device = "auto", data;
  std::vector<std::string> images;
  TrainedClassifier open() const {
    if (which != "last" && which != "best") fail(Failure::usage, fmt::format("--which {}: last or best", which));
    const Device chosen = choose_device(device);
    set_default_device(chosen);
    return TrainedClassifier(checkpoint_path(from, which), chosen);
  }
};

int measure(const AskOptions& o) {
  TrainedClassifier trained = o.open();
  const ClassifierConfig& c = trained.net.config;
  trained.settings.batch = 1;  // the data may be smaller than a training batch
  const std::string from = o.data.empty() ? trained.settings.data : o.data;
  const ImageData data = images_of(from, c.h == c.w ? c.h : 0, c.channels, trained.settings);
  if (data.test.n == 0) fail(Failure::data, fmt::format("{}: has no images to test on", from));
  if (data.test.classes != trained.classes)
    fail(Failure::data, fmt::format("{}: its classes are [{}], but the net was trained on [{}]", from, fmt::join(data.test.classes, ", "),
                                    fmt::join(trained.classes, ", ")));
  fmt::print("step {} on the test images of {}\n\n{}", trained.step, from, scores_text(evaluate(trained.net, data.test), trained.classes));
  return 0;
}

int ask(const AskOptions& o) {
  const TrainedClassifier trained = o.open();
  const ClassifierConfig& c = trained.net.config;
  for (const std::string& path : o.images) {
    Image image = read_image(path, c.channels);
    if ((image.h != c.h || image.w != c.w) && c.h == c.w) image = fit(image, c.h);
    if (image.h != c.h || image.w != c.w)
      fail(Failure::usage, fmt::format("{} has {}×{} pixels, but the net takes {}×{}; resize it", path, image.h, image.w, c.h, c.w));
    const std::vector<float> p = predict(trained.net, image.pixels);
    const int k = best_class(p);
    fmt::print("{}\t{}\t{:.4f}\n", path, trained.classes[static_cast<size_t>(k)], p[static_cast<size_t>(k)]);
  }
  return 0;
}

int info(const ClassifySettings& flags, const std::string& from) {
  ClassifySettings settings = flags;
  settings.check();
  if (settings.channels == 0) settings.channels = 1;
  ClassifierConfig config = settings.network(settings.size ? settings.size : 28, settings.size ? settings.size : 28, 10);
  if (!from.empty()) {
    const TrainedClassifier trained(checkpoint_path(from), Device::cpu);
    config = trained.net.config;
    fmt::print("{}: step {}\n{}\n\n", checkpoint_path(from), trained.step, trained.settings.json().dump(2));
  }
  fmt::print("{}", describe(config));
  return 0;
}

int main(int argc, char** argv) {
  CLI::App app("Train a classifier, measure it, ask it.", "classify");
  app.require_subcommand(1);

  TrainOptions training;
  CLI::App* train_command = app.add_subcommand("train", "train into a run folder");
  training.settings.add_flags(*train_command);
  train_command->add_option("--out", training.out, "run folder; an earlier run there is kept as <out>.1")->capture_default_str();
  train_command->add_flag("--resume", training.resume, "go on with the run in --out, bit for bit");

  AskOptions question;
  CLI::App* eval_command = app.add_subcommand("eval", "accuracy and recall by class, with 95 % intervals");
  CLI::App* predict_command = app.add_subcommand("predict", "the class of each image and its probability, a line each");
  for (CLI::App* command : {eval_command, predict_command}) {
    command->add_option("from", question.from, "run folder or checkpoint")->required();
    command->add_option("--which", question.which, "checkpoint of a run folder: last, or best on the test images")->capture_default_str();
    command->add_option("--device", question.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  }
  eval_command->add_option("--data", question.data, "another data set with the same classes");
  predict_command->add_option("images", question.images, "PNG or JPEG files")->required();

  ClassifySettings described;
  std::string from;
  CLI::App* info_command = app.add_subcommand("info", "layers and parameter counts of a net, or of a run");
  info_command->add_option("from", from, "run folder or checkpoint");
  described.add_flags(*info_command);

  return run_main(argc, argv, app, [&] {
    if (*train_command) return train(training, *train_command);
    if (*eval_command) return measure(question);
    if (*predict_command) return ask(question);
    return info(described, from);
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
