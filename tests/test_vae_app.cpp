// The vae program as a person uses it, beside what all programs that train do (test_train_app.cpp).
#include <fstream>

#include "engine/io/image.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

Desk vae_desk() { return {"vae", {"--width", "4", "--eval-every", "4", "--checkpoint-every", "3"}}; }

}  // namespace

TEST_CASE("a run that ended and was resumed equals one that never stopped, of every net") {
  const Desk desk = vae_desk();
  for (const std::vector<std::string>& kind : {std::vector<std::string>{"--net", "vae", "--conditional"},
                                               {"--net", "conv", "--latent", "5", "--likelihood", "continuous-bernoulli"},
                                               {"--net", "ae", "--likelihood", "gaussian", "--precision", "bf16"}}) {
    auto start = [&](const std::string& name, const char* steps) {
      std::vector<std::string> args = desk.fresh(name, {"--steps", steps});  // the flag without a value goes last
      args.insert(args.end(), kind.begin(), kind.end());
      return desk(args);
    };
    const std::string name = kind[1];
    const Outcome whole = start(name + "-whole", "14");
    REQUIRE_MESSAGE(whole.code == 0, whole.errors);
    REQUIRE(start(name + "-parts", "6").code == 0);
    const Outcome resumed = desk.resume(name + "-parts", {"--steps", "14"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    CHECK(weights_of(desk.checkpoint(name + "-whole")) == weights_of(desk.checkpoint(name + "-parts")));
  }
}

TEST_CASE("averaged weights, batches put together, a schedule and a classifier that judges and is looked through: whole or in parts") {
  const Desk classify{"classify", {"--width", "4", "--lr", "0.02"}}, desk = vae_desk();
  REQUIRE(classify.train("judge", {"--steps", "24"}).code == 0);
  const std::string judge = classify.run("judge").string();
  const std::vector<std::string> tricks{
      "--extractor", judge,   "--accumulate", "2",     "--ema",   "0.9",  "--schedule",        "cosine", "--l1",    "1e-4", "--init", "he",
      "--optimizer", "adamw", "--content",    "0.001", "--style", "0.01", "--total-variation", "0.001",  "--steps", "12"};
  const Outcome o = desk.train("whole", tricks);
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK_MESSAGE(o.output.find("FCD ") != std::string::npos, o.output);
  const nlohmann::json config = nlohmann::json::parse(contents_of(desk.run("whole") / "config.json"));
  CHECK(config["weight-decay"] == 0.01);  // adamw's, where none is named
  const auto records = records_of(desk.run("whole"));
  REQUIRE(records.size() == 3);
  for (const auto& r : records) {
    CHECK(r["fcd"].get<double>() > 0);
    CHECK(r["extractor"].get<std::string>().size() == 16);
    CHECK(r["resizer"] == "none");
    CHECK(r["loss"].get<double>() > r["reconstruction"].get<double>() + r["kl"].get<double>() + 1e-6);  // what the classifier sees besides
  }
  CHECK(records.back()["epoch"] == doctest::Approx(12 * 2 * 8 / 64.0));  // two batches of 8 of 64 images a step
  const std::string page = contents_of(desk.run("whole") / "index.html");
  CHECK(page.find("Fréchet distance") != std::string::npos);
  CHECK(page.find("What is minimised has besides: content, style, total variation.") != std::string::npos);
  CHECK(page.find("all that is minimised") != std::string::npos);

  // What is looked at is the average, not the weights: its tensors, put where those of a run without one lie, give the same ELBO.
  const std::string elbo = fmt::format("{:.2f}", -records.back()["test_loss"].get<double>());
  const auto says = [&](const fs::path& of) {
    const Outcome said = desk({"eval", of.string()});
    REQUIRE_MESSAGE(said.code == 0, said.errors);
    return said.output.find(elbo) != std::string::npos;
  };
  CHECK(says(desk.run("whole")));
  REQUIRE(desk.train("bare", {"--steps", "1"}).code == 0);
  const SafeTensors whole = read_safetensors(desk.checkpoint("whole"));
  const fs::path moved = desk.folder.path() / "moved.safetensors";
  for (const std::string from : {"average.", "net."}) {
    SafeTensors bare = read_safetensors(desk.checkpoint("bare"));
    for (auto& [name, tensor] : bare.tensors)
      if (name.starts_with("net.")) tensor = *whole.find(from + name.substr(4));
    write_safetensors(moved, bare);
    CHECK(says(moved) == (from == "average."));
  }

  // A schedule ends when the run does, so what goes on from a half of it is one that was stopped; without a schedule one can go further.
  const std::vector<std::string> constant = with_flags(tricks, {"--schedule", "constant"});
  REQUIRE(desk.train("constant", constant).code == 0);
  REQUIRE(desk.train("part", with_flags(constant, {"--steps", "5"})).code == 0);
  const Outcome resumed = desk.resume("part", {"--steps", "12"});
  REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
  CHECK(weights_of(desk.checkpoint("part")) == weights_of(desk.checkpoint("constant")));
  CHECK(weights_of(desk.checkpoint("whole")) != weights_of(desk.checkpoint("constant")));
  REQUIRE(classify.train("other", {"--steps", "4"}).code == 0);
  fs::remove_all(classify.run("judge")), fs::rename(classify.run("other"), classify.run("judge"));
  const Outcome other = desk.resume("whole");
  CHECK(other.code == 2);
  CHECK_MESSAGE(other.errors.find("not the classifier any more") != std::string::npos, other.errors);
}

TEST_CASE("the blobs are learnt, and eval, the records and the page say the same") {
  const Desk desk = vae_desk();
  REQUIRE(desk.train("a", {"--steps", "120", "--eval-every", "8", "--lr", "0.003"}).code == 0);
  const auto records = records_of(desk.run("a"));
  REQUIRE(records.size() == 15);
  CHECK(records.back()["step"] == 120);
  CHECK(records.back()["loss"].get<double>() < records.front()["loss"].get<double>() - 20);
  CHECK(records.back()["loss"].get<double>() ==
        doctest::Approx(records.back()["reconstruction"].get<double>() + records.back()["kl"].get<double>()).epsilon(1e-5));
  const Outcome said = desk({"eval", desk.run("a").string()});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  const std::string elbo = fmt::format("{:.2f}", -records.back()["test_loss"].get<double>());
  for (const std::string& text : {said.output, contents_of(desk.run("a") / "index.html")}) CHECK(text.find(elbo) != std::string::npos);
  CHECK(said.output.find("entropy of grey pixels") != std::string::npos);
  double best = 1e9;
  for (const auto& r : records) best = std::min(best, r["test_loss"].get<double>());
  const Outcome kept = desk({"eval", desk.run("a").string(), "--which", "best"});
  CHECK(kept.output.find(fmt::format("{:.2f}", -best)) != std::string::npos);
}

TEST_CASE("every question gets its picture or its table") {
  const Desk desk = vae_desk();
  const fs::path at = desk.folder.path();
  std::vector<std::string> args = desk.fresh("a", {"--steps", "4"});
  args.push_back("--conditional");
  REQUIRE(desk(args).code == 0);
  const std::string run = desk.run("a").string();
  auto picture = [&](std::vector<std::string> question, int tiles_across, int tiles_down) {
    const fs::path file = at / (question[0] + ".png");
    question.insert(question.begin() + 1, run), question.insert(question.end(), {"--out", file.string()});
    const Outcome o = desk(question);
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    const Image image = read_image(file, 1);
    CHECK(image.w == tiles_across * 18 + 2);
    CHECK(image.h == tiles_down * 18 + 2);
  };
  picture({"sample", "--n", "6", "--columns", "3"}, 3, 2);
  picture({"sample", "--n", "4", "--columns", "4", "--label", "1"}, 4, 1);
  picture({"reconstruct", "--n", "7", "--columns", "4"}, 4, 4);
  picture({"interpolate", "--rows", "3", "--steps", "5"}, 7, 3);
  picture({"interpolate", "--images", "0", "3", "--steps", "4"}, 6, 1);
  picture({"manifold", "--side", "6"}, 6, 6);
  picture({"classes", "--rows", "2", "--steps", "3"}, 4, 2);  // from one class to the other
  picture({"classes", "--rows", "1", "--steps", "2", "--classes", "1", "0", "1"}, 5, 1);
  const Image there_and_back = read_image(at / "classes.png", 1);
  const auto tile = [&](int number) {
    std::vector<uint8_t> pixels;
    for (int y = 2; y < 18; ++y)
      for (int x = 2; x < 18; ++x) pixels.push_back(there_and_back.pixels[static_cast<size_t>(y * there_and_back.w + number * 18 + x)]);
    return pixels;
  };
  CHECK(tile(0) == tile(4));  // the same z, the same class
  CHECK(tile(1) == tile(3));
  CHECK(tile(0) != tile(2));

  const fs::path csv = at / "codes.csv", tensors = at / "codes.safetensors";
  REQUIRE(desk({"encode", run, "--out", csv.string()}).code == 0);
  const std::string text = contents_of(csv);
  CHECK(text.starts_with("index,label,mean0,mean1,log_variance0,log_variance1\n0,"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 17);
  REQUIRE(desk({"encode", run, "--split", "train", "--out", tensors.string()}).code == 0);
  const SafeTensors file = read_safetensors(tensors);
  CHECK(file.find("mean")->shape == std::vector<int64_t>{64, 2});
  CHECK(file.find("label")->dtype == DType::i32);
}

TEST_CASE("a long walk from class to class passes through the pictures of a short one") {
  const Desk desk = vae_desk();
  std::vector<std::string> args = desk.fresh("a", {"--steps", "30", "--lr", "0.003"});
  args.push_back("--conditional");
  REQUIRE(desk(args).code == 0);
  const auto walk = [&](int steps) {  // decoded in one batch, or in more
    const fs::path file = desk.folder.path() / fmt::format("{}.png", steps);
    const Outcome o = desk({"classes", desk.run("a"), "--rows", "2", "--steps", std::to_string(steps), "--out", file});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    return read_image(file, 1);
  };
  const Image once = walk(150), parts = walk(300);
  REQUIRE(once.w == 151 * 18 + 2);
  REQUIRE(parts.w == 301 * 18 + 2);
  const auto tile = [](const Image& image, int row, int column) { return crop(image, 2 + 18 * row, 2 + 18 * column, 16, 16).pixels; };
  for (int row = 0; row < 2; ++row) {
    CHECK(tile(once, row, 0) != tile(once, row, 150));
    int alike = 0;
    for (int i = 0; i <= 150; ++i) alike += tile(once, row, i) == tile(parts, row, 2 * i);
    CHECK(alike == 151);
  }
}

TEST_CASE("a generated folder: the same pictures for the same seed, labelled where the net is conditional") {
  const Desk desk = vae_desk();
  const fs::path at = desk.folder.path();
  std::vector<std::string> args = desk.fresh("labelled", {"--steps", "2"});
  args.push_back("--conditional");
  REQUIRE(desk(args).code == 0);
  REQUIRE(desk.train("plain", {"--steps", "2"}).code == 0);
  auto generate = [&](const std::string& run, const std::string& into, const std::vector<std::string>& more = {}) {
    const Outcome o = desk(with_flags({"generate", desk.run(run), "--n", "5", "--out", at / into}, more));
    REQUIRE_MESSAGE(o.code == 0, o.errors);
  };
  generate("labelled", "a"), generate("labelled", "b"), generate("labelled", "c", {"--label", "1"});
  generate("plain", "d"), generate("plain", "e", {"--seed", "2"});
  CHECK(contents_of(at / "a/labels.csv") == "file,label\n000000.png,0\n000001.png,0\n000002.png,0\n000003.png,1\n000004.png,1\n");
  CHECK(contents_of(at / "c/labels.csv").find(",0\n") == std::string::npos);
  CHECK(!fs::exists(at / "d/labels.csv"));
  CHECK(contents_of(at / "a/000004.png") == contents_of(at / "b/000004.png"));
  CHECK(contents_of(at / "a/000000.png") != contents_of(at / "c/000000.png"));
  CHECK(contents_of(at / "d/000000.png") != contents_of(at / "e/000000.png"));
  CHECK(read_image(at / "d/000000.png", 0).w == 16);
}

TEST_CASE("arithmetic: each row is an image, its reconstruction, and that moved towards the other class") {
  const Desk desk = vae_desk();
  REQUIRE(desk.train("a", {"--steps", "30", "--lr", "0.003"}).code == 0);
  const fs::path sums = desk.folder.path() / "sums.png", still = desk.folder.path() / "still.png";
  const std::vector<std::string> args{"arithmetic", desk.run("a"), "--from", "0", "--to", "1", "--rows", "3", "--steps", "4"};
  REQUIRE(desk(with_flags(args, {"--out", sums})).code == 0);
  REQUIRE(desk(with_flags(args, {"--out", still, "--reach", "0"})).code == 0);
  const Image moved = read_image(sums, 1), same = read_image(still, 1);
  CHECK(moved.w == 5 * 18 + 2);
  CHECK(moved.h == 3 * 18 + 2);
  auto tile = [](const Image& image, int row, int column) { return crop(image, 2 + 18 * row, 2 + 18 * column, 16, 16).pixels; };
  for (int row = 0; row < 3; ++row) {
    CHECK(tile(moved, row, 0) == tile(same, row, 0));
    CHECK(tile(moved, row, 1) == tile(same, row, 1));
    CHECK(tile(same, row, 1) == tile(same, row, 4));
    CHECK(tile(moved, row, 4) != tile(same, row, 4));
  }
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk = vae_desk();
  const fs::path at = desk.folder.path();
  REQUIRE(desk.train("good", {"--steps", "2", "--latent", "3"}).code == 0);
  REQUIRE(desk.train("plain", {"--steps", "2", "--net", "ae"}).code == 0);
  std::vector<std::string> labelled = desk.fresh("labelled", {"--steps", "2"});
  labelled.push_back("--conditional");
  REQUIRE(desk(labelled).code == 0);
  std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
  const std::string good = desk.run("good"), plain = desk.run("plain"), out = at / "x", png = out + ".png";
  check_refused(desk, {{desk.fresh("x", {"--btea", "3"}), 2, "--beta"},
                       {desk.fresh("x", {"--beta", "-1"}), 2, "--beta -1"},
                       {desk.fresh("x", {"--sigma", "0"}), 2, "--sigma 0"},
                       {desk.fresh("x", {"--sigma", "0.2"}), 2, "--likelihood gaussian"},
                       {desk.fresh("x", {"--net", "ae", "--beta", "2"}), 2, "no KL"},
                       {desk.fresh("x", {"--likelihood", "poisson"}), 2, "--likelihood poisson"},
                       {desk.fresh("x", {"--size", "30"}), 2, "--size"},
                       {desk.fresh("x", {"--net", "conv", "--batch", "1"}), 2, "--batch 1"},
                       {desk.fresh("x", {"--content", "1"}), 2, "--extractor"},
                       {desk.fresh("x", {"--net", "ae", "--extractor", good}), 2, "plain autoencoder"},
                       {desk.fresh("x", {"--accumulate", "0"}), 2, "--accumulate 0"},
                       {desk.fresh("x", {"--ema", "1"}), 2, "--ema 1"},
                       {desk.fresh("x", {"--eps", "0"}), 2, "--eps 0"},
                       {desk.fresh("x", {"--style", "-1"}), 2, "--style -1"},
                       {desk.fresh("x", {"--extractor", good}), 3, "classifier"},
                       {{"classes", good, "--out", png}, 2, "knows no labels"},
                       {{"classes", desk.run("labelled"), "--out", png, "--classes", "1"}, 2, "at least two"},
                       {{"classes", desk.run("labelled"), "--out", png, "--classes", "1", "5"}, 2, "--classes 5"},
                       {desk.further("good", {"--beta", "2"}), 2, "--beta was 1.0 and is now 2.0"},
                       {{"eval", (at / "not-a-checkpoint.safetensors").string()}, 3, "not-a-checkpoint"},
                       {{"eval", good, "--which", "worst"}, 2, "--which worst"},
                       {{"eval", good, "--split", "both"}, 2, "--split both"},
                       {{"sample", good, "--out", png, "--label", "1"}, 2, "--label 1"},
                       {{"sample", good, "--out", png, "--columns", "100000"}, 2, "too large"},
                       {{"sample", plain, "--out", png}, 2, "plain autoencoder"},
                       {{"sample", desk.run("labelled"), "--out", png, "--label", "2"}, 2, "the classes are [0, 1]"},
                       {{"generate", plain, "--out", out}, 2, "plain autoencoder"},
                       {{"generate", good, "--n", "0", "--out", out}, 2, "--n 0"},
                       {{"arithmetic", good, "--from", "0", "--to", "2", "--out", png}, 2, "--to 2"},
                       {{"arithmetic", good, "--from", "1", "--to", "1", "--out", png}, 2, "name another"},
                       {{"arithmetic", good, "--from", "0", "--to", "1", "--rows", "9", "--out", png}, 2, "there are 8 test images"},
                       {{"arithmetic", good, "--from", "0", "--to", "1", "--reach", "nan", "--out", png}, 2, "--reach nan"},
                       {{"arithmetic", desk.run("labelled"), "--from", "0", "--to", "1", "--out", png}, 2, "without --conditional"},
                       {{"manifold", good, "--out", png}, 2, "--latent 2"},
                       {{"interpolate", good, "--out", png, "--images", "0", "1", "2"}, 2, "--images"},
                       {{"interpolate", good, "--out", png, "--images", "0", "16"}, 2, "--images 16"},
                       {{"encode", good, "--out", out}, 2, ".csv"},
                       {{"sample", good, "--out", out + ".jpg"}, 2, ".png"}});
}

TEST_CASE("a loss that is not finite ends the run with 6, and the last checkpoint is from before") {
  const Desk desk = vae_desk();
  const Outcome o = desk.train("a", {"--steps", "40", "--lr", "1e30"});
  CHECK(o.code == 6);
  CHECK(desk({"eval", desk.run("a").string()}).code == 0);
}
