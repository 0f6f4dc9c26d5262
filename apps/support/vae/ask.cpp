#include "apps/support/vae/ask.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "apps/support/command/choice.h"
#include "apps/support/command/flags.h"
#include "apps/support/images/class_name.h"
#include "apps/support/images/tiles.h"
#include "apps/support/onnx/export.h"
#include "apps/support/onnx/nets.h"
#include "apps/support/vae/elbo.h"
#include "apps/support/vae/generated.h"
#include "apps/support/vae/pictures.h"
#include "engine/data/splitmix.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"
#include "engine/io/safetensors.h"

namespace duel {

ImageData vae_images(const std::string& data, int size, const VaeSettings& settings) {
  return load_images({.data = data,
                      .size = size,
                      .channels = settings.channels,
                      .images = data == settings.data ? settings.images : 0,
                      .seed = settings.seed,
                      .batch = settings.batch,
                      .holdout = 0.1});
}

Dataset first_images(const Dataset& data, int count) {
  std::vector<int32_t> indices(static_cast<size_t>(std::min(count, data.n)));
  std::iota(indices.begin(), indices.end(), 0);
  return subset(data, indices);
}

namespace {

struct Opened : TrainedVae {
  Likelihood likelihood;
  explicit Opened(const VaeAsk& ask, Device device) : TrainedVae(ask.checkpoint(), device), likelihood(settings.objective().likelihood) {}
};

Opened open(const VaeAsk& ask) {
  const Device device = use_device(ask.device);
  return Opened(ask, device);
}

void want_prior(const Opened& vae, const char* what) {
  if (!vae.net.config.variational)
    fail(Failure::usage, fmt::format("{}: a plain autoencoder has no distribution of z; train one with --net vae or conv", what));
}

// −1 without --label.
int label_of(const Opened& vae, const VaeAsk& ask) {
  if (ask.label.empty()) return -1;
  if (!vae.net.config.classes)
    fail(Failure::usage, fmt::format("--label {}: this net knows no labels; train one with --conditional", ask.label));
  return class_number("--label", ask.label, vae.classes);
}

// The images that --split names, test or train, of --data, or of the data it was trained on.
Dataset images_of(Opened& vae, const VaeAsk& ask, const std::string& split) {
  if (split != "test" && split != "train") fail(Failure::usage, fmt::format("--split {}: test or train", split));
  const VaeConfig& c = vae.net.config;
  const std::string from = ask.data.empty() ? vae.settings.data : ask.data;
  vae.settings.batch = 1;  // the data may be smaller than a training batch
  ImageData data = vae_images(from, c.h == c.w ? c.h : 0, vae.settings);
  Dataset images = split == "test" ? std::move(data.test) : std::move(data.train);
  if (images.n == 0) fail(Failure::data, fmt::format("{}: has no {} images", from, split));
  if (images.h != c.h || images.w != c.w)
    fail(Failure::data,
         fmt::format("{}: images of {}×{} pixels, but the net takes {}×{}; resize them", from, images.h, images.w, c.h, c.w));
  if (c.classes && images.classes != vae.classes)
    fail(Failure::data, fmt::format("{}: its classes are [{}], but the net was trained on [{}]", from, fmt::join(images.classes, ", "),
                                    fmt::join(vae.classes, ", ")));
  return images;
}
Dataset images_of(Opened& vae, const VaeAsk& ask) { return images_of(vae, ask, ask.split); }

int sample(const VaeAsk& ask) {
  check_grid(ask);
  const Opened vae = open(ask);
  want_prior(vae, "sample");
  check_tiles(ask.columns, (ask.n - 1) / ask.columns + 1, vae.net.config.h, vae.net.config.w);
  write_png(ask.out, sample_grid(vae.net, vae.likelihood, ask.n, ask.columns, ask.seed, RandomStream::samples, label_of(vae, ask)));
  fmt::print("{} of step {} in {}\n", counted(static_cast<uint64_t>(ask.n), "image"), vae.step, ask.out);
  return 0;
}

int walk_classes(const VaeAsk& ask) {
  check_walks(ask);
  const Opened vae = open(ask);
  want_prior(vae, "classes");
  if (!vae.net.config.classes) fail(Failure::usage, fmt::format("{}: this net knows no labels; train one with --conditional", ask.from));
  const std::vector<int> way = walked_classes("--classes", ask.classes, vae.classes);
  const int64_t columns = static_cast<int64_t>(way.size() - 1) * ask.steps + 1;
  check_tiles(columns, ask.rows, vae.net.config.h, vae.net.config.w);
  write_png(ask.out, class_walk_grid(vae.net, vae.likelihood, ask.rows, ask.steps, ask.seed, way));
  fmt::print("{} of {} images in {}\n", counted(static_cast<uint64_t>(ask.rows), "walk"), columns, ask.out);
  return 0;
}

int generate_folder(const VaeAsk& ask) {
  check_at_least(1, "--n", ask.n);
  const Opened vae = open(ask);
  generate_into(ask.out, generated(vae, ask.n, ask.seed, label_of(vae, ask)));
  return 0;
}

int reconstruct(const VaeAsk& ask) {
  check_grid(ask);
  Opened vae = open(ask);
  check_tiles(ask.columns, 2 * ((ask.n - 1) / ask.columns + 1), vae.net.config.h, vae.net.config.w);
  const Dataset images = first_images(images_of(vae, ask), static_cast<int>(ask.n));
  write_png(ask.out, reconstruction_grid(vae.net, vae.likelihood, images, ask.columns));
  fmt::print("{} images over their reconstructions in {}\n", images.n, ask.out);
  return 0;
}

int interpolate(const VaeAsk& ask) {
  check_walks(ask);
  if (ask.images.size() % 2)
    fail(Failure::usage, fmt::format("--images: {} numbers; a walk goes from one image to another", ask.images.size()));
  Opened vae = open(ask);
  const int64_t rows = ask.images.empty() ? ask.rows : static_cast<int64_t>(ask.images.size() / 2);
  check_tiles(int64_t{ask.steps} + 2, rows, vae.net.config.h, vae.net.config.w);
  const Dataset images = images_of(vae, ask);
  std::vector<int32_t> ends(ask.images.begin(), ask.images.end());
  for (const int32_t i : ends)
    if (i < 0 || i >= images.n) fail(Failure::usage, fmt::format("--images {}: there are 0 to {}", i, images.n - 1));
  SplitMix draw(static_cast<uint64_t>(ask.seed));
  if (ends.empty())
    for (int64_t i = 0; i < 2 * rows; ++i) ends.push_back(static_cast<int32_t>(draw.below(static_cast<uint64_t>(images.n))));
  write_png(ask.out, interpolation_grid(vae.net, vae.likelihood, subset(images, ends), ask.steps));
  fmt::print("{} of {} images in {}\n", counted(static_cast<uint64_t>(rows), "walk"), ask.steps, ask.out);
  return 0;
}

Dataset of_class(const Dataset& data, int label) {
  std::vector<int32_t> indices;
  for (int i = 0; i < data.n; ++i)
    if (data.labels[static_cast<size_t>(i)] == label) indices.push_back(i);
  return subset(data, indices);
}

int arithmetic(const VaeAsk& ask) {
  check_walks(ask);
  if (!std::isfinite(ask.reach)) fail(Failure::usage, fmt::format("--reach {}: how far to go, where 1 is the whole difference", ask.reach));
  Opened vae = open(ask);
  if (vae.net.config.classes)
    fail(Failure::usage, "arithmetic: this net is told the class, so its codes need not hold it; train one without --conditional");
  check_tiles(int64_t{ask.steps} + 1, ask.rows, vae.net.config.h, vae.net.config.w);
  const Dataset train = images_of(vae, ask, "train"), split = images_of(vae, ask);
  const int from = class_number("--from", ask.from_class, train.classes), to = class_number("--to", ask.to_class, train.classes);
  if (from == to) fail(Failure::usage, fmt::format("--to {}: the class of --from; name another", ask.to_class));
  const Dataset images = of_class(split, from), before = of_class(train, from), after = of_class(train, to);
  if (before.n == 0 || after.n == 0)
    fail(Failure::data,
         fmt::format("{}: no training image of {}; name a class that has some", train.name, train.classes[before.n ? to : from]));
  if (images.n < ask.rows)
    fail(Failure::usage, fmt::format("--rows {}: there are {} {} images of {}", ask.rows, images.n, ask.split, train.classes[from]));
  std::vector<int32_t> drawn = permutation(images.n, static_cast<uint64_t>(ask.seed), 0);
  drawn.resize(static_cast<size_t>(ask.rows));
  write_png(ask.out, arithmetic_grid(vae.net, vae.likelihood, subset(images, drawn), before, after, ask.steps, ask.reach));
  fmt::print("{} of {} towards {} in {}\n", counted(static_cast<uint64_t>(ask.rows), "image"), train.classes[from], train.classes[to],
             ask.out);
  return 0;
}

int manifold(const VaeAsk& ask) {
  check_at_least(1, "--side", ask.side);
  check_is_png(ask.out);
  const Opened vae = open(ask);
  want_prior(vae, "manifold");
  if (vae.net.config.latent != 2)
    fail(Failure::usage,
         fmt::format("manifold: z has {} numbers, and a picture two directions; train with --latent 2", vae.net.config.latent));
  check_tiles(ask.side, ask.side, vae.net.config.h, vae.net.config.w);
  write_png(ask.out, manifold_grid(vae.net, vae.likelihood, ask.side, std::max(0, label_of(vae, ask))));
  fmt::print("{} by {} points of the plane of z in {}\n", ask.side, ask.side, ask.out);
  return 0;
}

void write_codes(const std::string& path, const Codes& codes, const Dataset& images, int latent) {
  if (path.ends_with(".safetensors")) {
    SafeTensors file;
    auto put = [&](const char* name, DType dtype, std::vector<int64_t> shape, const void* data, size_t bytes) {
      HostTensor t{dtype, std::move(shape), std::vector<std::byte>(bytes)};
      std::memcpy(t.bytes.data(), data, bytes);
      file.tensors.emplace_back(name, std::move(t));
    };
    put("mean", DType::f32, {images.n, latent}, codes.mean.data(), codes.mean.size() * sizeof(float));
    if (!codes.log_variance.empty())
      put("log_variance", DType::f32, {images.n, latent}, codes.log_variance.data(), codes.log_variance.size() * sizeof(float));
    put("label", DType::i32, {images.n}, images.labels.data(), images.labels.size() * sizeof(int32_t));
    return write_safetensors(path, file);
  }
  std::string text = "index,label";
  for (int k = 0; k < latent; ++k) text += fmt::format(",mean{}", k);
  for (int k = 0; k < latent && !codes.log_variance.empty(); ++k) text += fmt::format(",log_variance{}", k);
  for (int i = 0; i < images.n; ++i) {
    text += fmt::format("\n{},{}", i, images.labels[static_cast<size_t>(i)]);
    for (const std::vector<float>* values : {&codes.mean, &codes.log_variance})
      for (size_t k = 0; k < static_cast<size_t>(latent) && !values->empty(); ++k)
        text += fmt::format(",{}", (*values)[static_cast<size_t>(i) * static_cast<size_t>(latent) + k]);
  }
  write_file_atomic(path, text + "\n");
}

int encode_images(const VaeAsk& ask) {
  if (!ask.out.ends_with(".csv") && !ask.out.ends_with(".safetensors"))
    fail(Failure::usage, fmt::format("--out {}: ends in .csv or .safetensors, which says what to write", ask.out));
  Opened vae = open(ask);
  const Dataset images = images_of(vae, ask);
  write_codes(ask.out, encode(vae.net, images), images, vae.net.config.latent);
  fmt::print("the codes of {} images in {}\n", images.n, ask.out);
  return 0;
}

}  // namespace

int say_elbo(const VaeAsk& ask) {
  Opened vae = open(ask);
  const Dataset images = images_of(vae, ask);
  const Elbo elbo = evaluate(vae.net, vae.settings.objective(), images, vae.settings.seed);
  fmt::print("step {} on the {} images of {}\n{}", vae.step, ask.split, ask.data.empty() ? vae.settings.data : ask.data,
             elbo_text(elbo, vae.settings.objective(), vae.net.config.variational));
  return 0;
}

namespace {

enum class Part { encoder, decoder };
constexpr const char* part_names[] = {"encoder", "decoder"};

int export_part(const VaeAsk& ask) {
  onnx::check_is_onnx(ask.out);
  const Part part = choice<Part>("--part", ask.part, part_names);
  const TrainedVae vae(ask.checkpoint(), use_device("cpu"));
  onnx::write(
      ask.out,
      part == Part::encoder ? onnx::graph_of(vae.net.encoder) : onnx::graph_of(vae.net.decoder, vae.settings.objective().likelihood),
      {.name = fmt::format("{} {}", vae.settings.net, ask.part),
       .weights = vae.settings.ema > 0 ? "average" : "last",
       .step = vae.step,
       .settings = vae.settings.json(),
       .classes = vae.net.config.classes ? vae.classes : std::vector<std::string>()});
  fmt::print("the {} of step {} in {}\n", ask.part, vae.step, ask.out);
  return 0;
}

}  // namespace

std::vector<std::pair<CLI::App*, int (*)(const VaeAsk&)>> add_vae_questions(CLI::App& app, VaeAsk& ask) {
  auto command = [&](const char* name, const char* help) {
    CLI::App* added = add_ask(app, name, help, ask);
    add_which(*added, ask);
    return added;
  };
  auto picture = [&](const char* name, const char* help) {
    CLI::App* added = command(name, help);
    add_picture(*added, ask);
    return added;
  };
  auto with_label = [&](CLI::App* c) { c->add_option("--label", ask.label, "class of a conditional net, by name or number"); };
  auto with_data = [&](CLI::App* c) {
    c->add_option("--data", ask.data, "another data set than the run's");
    c->add_option("--split", ask.split, "test or train")->capture_default_str();
  };
  CLI::App* samples = picture("sample", "a grid of images drawn from the prior");
  add_grid(*samples, ask), add_seed(*samples, ask, "of the noise"), with_label(samples);
  CLI::App* folder =
      command("generate", "a folder of images drawn from the prior; of a conditional net as many of each class, with labels.csv");
  folder->add_option("--out", ask.out, "folder to make")->required();
  folder->add_option("-n,--n", ask.n, "images")->capture_default_str();
  add_seed(*folder, ask, "of the noise"), with_label(folder);
  CLI::App* reconstructions = picture("reconstruct", "a grid of images, each over its reconstruction");
  add_grid(*reconstructions, ask), with_data(reconstructions);
  CLI::App* walks = picture("interpolate", "walks between encoded images");
  add_walks(*walks, ask);
  walks->add_option("--images", ask.images, "the ends by number, two a walk, instead of drawn ones");
  add_seed(*walks, ask, "of the drawn ends"), with_data(walks);
  CLI::App* labels = picture("classes", "walks from class to class of a conditional net, from one z a row");
  add_walks(*labels, ask), add_seed(*labels, ask, "of the noise");
  labels->add_option("--classes", ask.classes, "the classes on the way, by name or number; without it all of them");
  CLI::App* sums = picture("arithmetic", "codes of one class moved by the difference of two classes' mean codes");
  sums->add_option("--from", ask.from_class, "class of the images, by name or number")->required();
  sums->add_option("--to", ask.to_class, "class to move them towards")->required();
  sums->add_option("--rows", ask.rows, "images")->capture_default_str();
  sums->add_option("--steps", ask.steps, "points on the way, the first the reconstruction")->capture_default_str();
  sums->add_option("--reach", ask.reach, "where the way ends; 1 is the whole difference")->capture_default_str();
  add_seed(*sums, ask, "of the drawn images"), with_data(sums);
  CLI::App* plane = picture("manifold", "the plane of a two-dimensional z");
  plane->add_option("--side", ask.side, "points each way")->capture_default_str();
  with_label(plane);
  CLI::App* codes = command("encode", "mean and log variance of z for each image");
  codes->add_option("--out", ask.out, "file to write: .csv or .safetensors")->required();
  with_data(codes);
  CLI::App* measured = command("eval", "the ELBO and its parts, in nats an image");
  with_data(measured);
  CLI::App* exported = onnx::add_export(app, ask, "the encoder or the decoder as an ONNX file");
  exported->add_option("--part", ask.part, "encoder or decoder")->required();
  return {{samples, sample},  {folder, generate_folder}, {reconstructions, reconstruct}, {walks, interpolate}, {labels, walk_classes},
          {sums, arithmetic}, {plane, manifold},         {codes, encode_images},         {measured, say_elbo}, {exported, export_part}};
}

}  // namespace duel
