// The gan program as a person uses it, beside what all programs that train do (test_train_app.cpp).
#include <cmath>
#include <fstream>

#include "engine/io/image.h"
#include "engine/ops.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

Desk gan_desk() {
  return {"gan",
          {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "1", "--sample-every", "5", "--checkpoint-every", "2"}};
}

}  // namespace

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk = gan_desk();
  const fs::path at = desk.folder.path();
  REQUIRE(desk.train("good", {"--steps", "1"}).code == 0);
  std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
  const std::string good = desk.run("good").string(), none = at / "nothing-here", png = at / "x.png";
  check_refused(desk,
                {{desk.fresh("x", {"--beta1", "1"}), 2, "--beta1 1"},
                 {{"sample", good, "--out", png, "--which", "best"}, 3, "kept no best checkpoint"},
                 {desk.fresh("x", {"--log-every", "0"}), 2, "--log-every 0"},
                 {desk.fresh("x", {"--ngf", "134217728"}), 2, "--ngf"},
                 {desk.fresh("x", {"--size", "7"}), 2, "even --size"},
                 {desk.fresh("x", {"--images", "100000"}), 2, "--images 100000, but "},
                 {desk.fresh("x", {"--images", "-1"}), 2, "--images -1"},
                 {desk.fresh("x", {"--images", "7"}), 3, "7 training images, but --batch is 8"},
                 {desk.fresh("x", {"--net", "gan"}), 2, "there are dcgan, mlp, small-mlp, keras"},
                 {desk.fresh("x", {"--loss", "wasserstein"}), 2, "--clip 0.01"},
                 {desk.fresh("x", {"--init", "square"}), 2, "--init square: there are normal, glorot, he, orthogonal"},
                 {desk.fresh("x", {"--accumulate", "0"}), 2, "--accumulate 0: 1 to 1000"},
                 {desk.fresh("x", {"--accumulate", "2.5"}), 2, "--accumulate"},
                 {desk.fresh("x", {"--penalty", "wgan-gp"}), 2, "batch norm in D"},
                 {desk.fresh("x", {"--loss", "hinge", "--smooth", "0.1"}), 2, "no targets"},
                 {desk.fresh("x", {"--smooth", "-0.05"}), 2, "--smooth -0.05"},
                 {desk.fresh("x", {"--diff-augment", "mirror"}), 2, "--diff-augment mirror: 'mirror' is none of color, translation"},
                 {desk.fresh("x", {"--diff-augment", "cutout,color"}), 2, "in the order color,translation,cutout"},
                 {desk.fresh("x", {"--diff-augment", "color", "--ada", "0.6"}), 2, "take one of them"},
                 {desk.fresh("x", {"--ada", "1"}), 2, "--ada 1"},
                 {desk.fresh("x", {"--ada", "0.6", "--loss", "wasserstein", "--clip", "0.01"}), 2, "Wasserstein critic means nothing"},
                 {desk.fresh("x", {"--label-in-d", "projection"}), 2, "--label-in-d"},
                 {{"sample", none, "--out", png}, 3, "nothing-here"},
                 {{"sample", at / "not-a-checkpoint.safetensors", "--out", png}, 3, "not-a-checkpoint"},
                 {{"sample", good, "--out", at / "no-such-folder" / "x.png"}, 3, "no-such-folder"},
                 {{"interpolate", good, "--rows", "1200000000", "--out", png}, 2, "too large"},
                 {{"sample", good, "--out", at / "x.jpg"}, 2, "x.jpg"},
                 {{"sample", none, "--out", at / "x"}, 2, "such as "},
                 {{"interpolate", none, "--out", at / "x.png.gz"}, 2, ".png"},
                 {{"info", good, "--size", "32", "--nz", "8"}, 2, "--size and --nz"},
                 {{"info", good, "--size", "16"}, 2, "leave out --size"},
                 {{"info", "--data", at / "missing"}, 3, "missing"}});
  for (const char* flag : {"--beta1", "--log-every", "--sample-every"}) {  // one flag is blamed, not two
    const std::string errors = desk.train("x", {flag, "-1"}).errors;
    CHECK_MESSAGE(errors.find("--") == errors.find(std::string(flag) + " -1: "), errors);
    CHECK_MESSAGE(errors.find("--") == errors.rfind("--"), errors);
  }
}

TEST_CASE("info tells a net's layers with the data's channels, and a run's with its own") {
  const Desk desk = gan_desk();
  const auto says = [&](std::vector<std::string> args, const char* part) {
    args.insert(args.begin(), "info");
    const Outcome o = desk(args, {{"DUEL_DATA", desk.folder.path().string()}});
    const std::string what = fmt::format("gan {}: exit {}, said: {}{}", fmt::join(args, " "), o.code, o.output, o.errors);
    CHECK_MESSAGE(o.code == 0, what);
    CHECK_MESSAGE(o.output.find(part) != std::string::npos, what);
  };
  says({}, "32×32×1");  // Fashion-MNIST, installed or not
  says({"--data", "shapes"}, "32×32×3");
  says({"--data", "shapes:correlated", "--size", "64"}, "64×64×3");
  says({"--data", "shapes", "--channels", "1"}, "32×32×1");
  says({"--data", desk.data.string()}, "32×32×1");
  fs::create_directories(desk.folder.path() / "photos" / "cats");
  write_png(desk.folder.path() / "photos" / "cats" / "a.png", {3, 2, 3, std::vector<uint8_t>(18, 7)});
  write_png(desk.folder.path() / "photos" / "cats" / "b.png", {2, 2, 1, std::vector<uint8_t>(4, 7)});
  says({"--data", "photos"}, "32×32×3");
  REQUIRE(desk.train("a", {"--steps", "1"}).code == 0);
  says({desk.run("a").string()}, "16×16×1");
}

TEST_CASE("one is not plural") {
  const Desk desk = gan_desk();
  const std::string run = desk.run("a").string(), picture = desk.folder.path() / "x.png";
  CHECK(desk.train("a", {"--steps", "2"}).output.find("\n2 steps; open ") != std::string::npos);
  CHECK(desk({"sample", run, "--n", "1", "--out", picture}).output.starts_with("1 image of step 2 "));
  CHECK(desk({"interpolate", run, "--rows", "1", "--steps", "2", "--out", picture}).output.starts_with("1 walk of 2 images "));
  CHECK(desk({"interpolate", run, "--rows", "2", "--steps", "3", "--out", picture}).output.starts_with("2 walks of 3 images "));
}

TEST_CASE("an epoch of a part of the images is shorter, and the part is the seed's") {
  const Desk desk = gan_desk();
  const auto weights = [&](const char* run, std::vector<std::string> flags) {
    const Outcome o = desk.train(run, flags);
    CHECK_MESSAGE(o.output.find("\n2 steps; open ") != std::string::npos, o.output, o.errors);
    return read_text(desk.checkpoint(run));
  };
  CHECK(weights("part", {"--images", "16", "--epochs", "1"}) == weights("again", {"--images", "16", "--epochs", "1"}));
  CHECK(weights("same_steps", {"--steps", "2"}) != read_text(desk.checkpoint("part")));
}

TEST_CASE("sample and interpolate write the pictures asked for") {
  const Desk desk = gan_desk();
  REQUIRE(desk.train("a", {"--steps", "2"}).code == 0);
  const std::string run = desk.run("a"), samples = desk.folder.path() / "samples.png", walk = desk.folder.path() / "walk.png";
  REQUIRE(desk({"sample", run, "--n", "12", "--columns", "4", "--out", samples}).code == 0);
  REQUIRE(desk({"interpolate", run, "--rows", "2", "--steps", "5", "--out", walk}).code == 0);
  const Image grid = read_image(samples, 1), strip = read_image(walk, 1);
  CHECK(grid.w == 4 * 18 + 2);
  CHECK(grid.h == 3 * 18 + 2);
  CHECK(strip.w == 5 * 18 + 2);
  CHECK(strip.h == 2 * 18 + 2);
}

TEST_CASE("every net, loss and penalty trains with either augmentation of what D sees, and p is in the metrics and in the checkpoint") {
  const Desk desk{"gan", {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "1", "--sample-every", "100"}};
  const std::vector<std::vector<std::string>> kinds = {
      {},
      {"--penalty", "r1", "--d-norm", "none", "--loss", "least-squares"},
      {"--penalty", "dragan", "--d-norm", "instance"},
      {"--penalty", "wgan-gp", "--d-norm", "layer", "--critic-steps", "2"},
      {"--net", "mlp", "--feature-matching", "0.1"},
      {"--net", "keras", "--size", "16", "--instance-noise", "0.1", "--precision", "bf16"}};
  double most = 0;  // p of any
  for (size_t i = 0; i < kinds.size(); ++i)
    for (const std::vector<std::string>& by : {std::vector<std::string>{"--diff-augment", "color,translation,cutout"}, {"--ada", "0.6"}}) {
      const std::string name = fmt::format("{}{}", by[0].substr(2), i);
      const Outcome o = desk.train(name, with_flags(with_flags({"--steps", "12", "--lr-d", "0.01"}, kinds[i]), by));
      REQUIRE_MESSAGE(o.code == 0, o.errors);
      const bool adapts = by[0] == "--ada";
      const double images = i == 3 ? 16 : 8;
      double before = 0;
      for (const nlohmann::json& record : records_of(desk.run(name))) {
        REQUIRE(record.contains("ada_p") == adapts);
        if (!adapts) continue;
        const double p = record["ada_p"], moved = p - before;
        if (record["step"].get<int>() % 4) CHECK(moved == 0);  // between two moves
        else CHECK((std::abs(moved) < 1e-9 || std::abs(std::abs(moved) - 4 * images / 500000) < 1e-9));
        before = p, most = std::max(most, p);
      }
      const SafeTensors file = read_safetensors(desk.checkpoint(name));
      CHECK(std::any_of(file.tensors.begin(), file.tensors.end(), [](const auto& t) { return t.first == "ada"; }) == adapts);
    }
  CHECK(most > 0);
}

TEST_CASE("--init orthogonal gives orthogonal weights to a run") {
  const Desk desk = gan_desk();
  for (const char* net : {"dcgan", "mlp"}) {
    const Outcome o = desk.train(net, {"--init", "orthogonal", "--net", net, "--steps", "1", "--lr", "1e-12"});  // no step to speak of
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    const SafeTensors file = read_safetensors(desk.checkpoint(net));
    int looked_at = 0;
    for (const auto& entry : file.tensors) {
      const std::string& name = entry.first;
      const HostTensor& tensor = entry.second;
      if (!(name.starts_with("g.") || name.starts_with("d.")) || !name.ends_with(".w")) continue;
      const Tensor w = Tensor::from_bytes(Shape(tensor.shape), tensor.dtype, tensor.bytes.data(), Device::cpu);
      const bool transposed = name.starts_with("g.") && w.shape().rank() == 4;
      const int64_t columns = transposed ? w.shape()[-1] : w.count() / w.shape()[0], rows = w.count() / columns;
      const Tensor m = reshape(w, {rows, columns}), gram = matmul(m, m, rows > columns, rows <= columns);
      const int64_t side = gram.shape()[0];
      const std::vector<double> values = gram.values();
      double off = 0;
      for (int64_t i = 0; i < side; ++i)
        for (int64_t j = 0; j < side; ++j) off = std::max(off, std::fabs(values[static_cast<size_t>(i * side + j)] - (i == j)));
      CHECK_MESSAGE(off < 1e-6, net, ": ", name, " is off by ", off);
      ++looked_at;
    }
    CHECK(looked_at >= 6);
  }
}

TEST_CASE("--accumulate N takes N batches a step") {
  const Desk desk = gan_desk();  // 64 images, batches of 8
  REQUIRE(desk.train("a", {"--epochs", "1"}).code == 0);
  REQUIRE(desk.train("b", {"--epochs", "1", "--accumulate", "4"}).code == 0);
  CHECK(desk.steps_done("a") == 8);
  CHECK(desk.steps_done("b") == 2);
  const auto of_histogram = [&](const char* run) { return records_of(desk.run(run)).back().at("said_real").at("counts"); };
  int told_a = 0, told_b = 0;
  for (int n : of_histogram("a")) told_a += n;
  for (int n : of_histogram("b")) told_b += n;
  CHECK(told_a == 8);
  CHECK(told_b == 32);
}

namespace {

// A net's weights, without what batch norm counts, from a run of plain gradient descent.
std::vector<double> descended(const Desk& desk, const std::string& net, const std::vector<std::string>& flags) {
  const std::string run = fmt::format("{}", fmt::join(flags, ""));
  if (!fs::exists(desk.run(run)))
    REQUIRE(desk.train(run, with_flags({"--optimizer", "sgd", "--beta1", "0", "--steps", "1"}, flags)).code == 0);
  std::vector<double> weights;
  for (const auto& [name, t] : read_safetensors(desk.checkpoint(run)).tensors) {
    if (!name.starts_with(net) || name.find("running") != std::string::npos) continue;
    for (double v : Tensor::from_bytes(Shape(t.shape), t.dtype, t.bytes.data(), Device::cpu).values()) weights.push_back(v);
  }
  REQUIRE(weights.size() > 500);
  return weights;
}

// That to − from is `times` what the other way's is, as far as f32 can tell.
void check_way(const std::vector<double>& from, const std::vector<double>& to, double times, const std::vector<double>& from2,
               const std::vector<double>& to2) {
  double longest = 0, off = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    longest = std::max(longest, std::fabs(to2[i] - from2[i]));
    off = std::max(off, std::fabs(to[i] - from[i] - times * (to2[i] - from2[i])));
  }
  CHECK(longest > 1e-4);
  CHECK(off < 1e-3 * longest);
}

}  // namespace

TEST_CASE("--lr-d is the step size of D alone, 0 that of G, and --schedule is a factor of both") {
  const Desk desk{"gan", {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8"}};
  using Flags = std::vector<std::string>;
  const Flags small{"--lr", "0.1"}, large{"--lr", "0.2"}, both{"--lr", "0.1", "--lr-d", "0.2"}, apart{"--lr", "0.4", "--lr-d", "0.2"};
  const auto d = [&](const Flags& flags) { return descended(desk, "d.", flags); };
  const auto g = [&](const Flags& flags) { return descended(desk, "g.", flags); };
  CHECK(d(both) == d(large));
  CHECK(d(apart) == d(large));
  check_way(d(small), d(large), 1, d(large), d({"--lr", "0.1", "--lr-d", "0.3"}));
  check_way(g(large), g(apart), 2, g(both), g(large));  // all three after the same D
  // The second of two steps: half as long with either schedule that falls.
  const auto longer = [&](const char* schedule) { return Flags{"--lr", "0.1", "--lr-d", "0.2", "--steps", "2", "--schedule", schedule}; };
  for (const char* schedule : {"linear", "cosine"}) {
    check_way(d(both), d(longer(schedule)), 0.5, d(both), d(longer("constant")));
    CHECK(g(longer(schedule)) != g(longer("constant")));
  }
}
