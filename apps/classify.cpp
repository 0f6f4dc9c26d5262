// classify: train a classifier, measure it, ask it.
//
//   classify train --data fashion-mnist --out runs/mine      classify eval runs/mine
//   classify train --out runs/mine --resume                  classify predict runs/mine photo.png another.jpg
//   classify train --aug "hflip; rotate -15..15" --mixup .2  classify steps
#include "apps/support/classify/batches.h"
#include "apps/support/classify/report.h"
#include "apps/support/classify/state.h"
#include "apps/support/command/flags.h"
#include "apps/support/images/data.h"
#include "apps/support/report/run_page.h"
#include "apps/support/run/ask.h"
#include "apps/support/train/trainer.h"

namespace duel {
namespace {

// A tenth is held out where a data set has no test images of its own.
ImageData images_of(const std::string& data, int size, int channels, const ClassifySettings& settings) {
  return load_images({.data = data,
                      .size = size,
                      .channels = channels,
                      .images = data == settings.data ? settings.images : 0,
                      .seed = settings.seed,
                      .batch = settings.batch,
                      .holdout = 0.1});
}

int train(TrainCommand<ClassifySettings>& command) {
  const Device device = command.begin();
  ClassifySettings& settings = command.settings;
  const ImageData data = images_of(settings.data, settings.size, settings.channels, settings);
  settings.channels = data.train.c;
  ClassifyState state(settings, data.train, device);
  Trainer trainer(command, state, data.train.n);

  ClassifyBatches batches(settings, data.train, device, trainer.order(), trainer.total());
  ClassifyStep one_step = batches.step_of(state);

  auto load = [&] {
    batches.next(state.step);
    state.optimizer.set_lr(settings.lr_at(state.step, trainer.total()));
  };
  auto loss = [&] {  // the mean since the last look
    const double value = state.loss_sum.item() / static_cast<double>(std::max<int64_t>(1, state.step - state.seen_at));
    refuse_non_finite("the loss", value, state.step);
    return value;
  };
  Scores scores;
  auto readings = [&] {
    std::vector<Reading> readings{{"loss", loss()}};
    if (scores.total()) readings.push_back({"right", scores.accuracy(), true});
    return readings;
  };
  auto look = [&]() -> nlohmann::ordered_json {
    const double mean_loss = loss();
    scores = evaluate(state.net, data.test);
    state.loss_sum.assign(Tensor::zeros({}, DType::f32, device)), state.seen_at = state.step;
    return {{"loss", mean_loss}, {"accuracy", scores.accuracy()}, {"balanced_accuracy", scores.balanced_accuracy()}};
  };
  auto look_again = [&] {
    if (scores.total() == 0 || state.seen_at != state.step) scores = evaluate(state.net, data.test);
  };
  auto result = [&] {
    const Interval i = wilson(scores.right(), scores.total());
    return fmt::format("{:.2f} % of {} test images right, 95 % interval {:.2f} … {:.2f} %", 100 * scores.accuracy(), scores.total(),
                       100 * i.low, 100 * i.high);
  };
  return trainer.run({.load = load,
                      .step = [&] { one_step(); },
                      .readings = readings,
                      .judge_every = settings.eval_every,
                      .judge = look,
                      .best = "accuracy",
                      .higher_is_better = true,
                      .page =
                          [&] {
                            Page page =
                                classify_page(settings, trainer.computed_on(), state.step, trainer.records(), scores, state.classes);
                            page.layers = table_of(layers_of(state.net.config));
                            return page;
                          },
                      .at_end = look_again,
                      .result = result});
}

struct ClassifyAsk : Ask {
  std::string data;
  std::vector<std::string> images;
  TrainedClassifier open() const {
    const Device chosen = use_device(device);
    return TrainedClassifier(checkpoint(), chosen);
  }
};

int measure(const ClassifyAsk& o) {
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

int ask(const ClassifyAsk& o) {
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

int main(int argc, char** argv) {
  CLI::App app("Train a classifier, measure it, ask it.", "classify");
  app.require_subcommand(1);
  TrainCommand<ClassifySettings> train_command(app);

  ClassifyAsk question;
  CLI::App* eval_command = add_ask(app, "eval", "accuracy and recall by class, with 95 % intervals", question);
  CLI::App* predict_command = add_ask(app, "predict", "the class of each image and its probability, a line each", question);
  for (CLI::App* command : {eval_command, predict_command}) add_which(*command, question);
  eval_command->add_option("--data", question.data, "another data set with the same classes");
  predict_command->add_option("images", question.images, "PNG or JPEG files")->required();

  InfoCommand<ClassifySettings> info_command(app);
  CLI::App* steps_command = app.add_subcommand("steps", "the steps that --aug can name, with their standard values");
  return run_main(argc, argv, app, [&] {
    if (train_command) return train(train_command);
    if (*eval_command) return measure(question);
    if (*predict_command) return ask(question);
    if (*steps_command) return fmt::print("{}", describe_steps()), 0;
    return info_command.describe_net<TrainedClassifier>();
  });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
