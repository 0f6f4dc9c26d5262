// The vae program as a person uses it: whole processes, their exit codes, and what they leave on the disk.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/io/image.h"
#include "tests/idx_images.h"
#include "tests/process.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;
namespace fs = std::filesystem;

namespace {

const fs::path vae = build_dir() / "apps" / "vae";

struct Desk {
  TempFolder folder;
  fs::path data = folder.path() / "data";
  Desk() { write_blobs(data); }
  fs::path run(const std::string& name) const { return folder.path() / name; }
  std::vector<std::string> train(const std::string& name, const std::vector<std::string>& more = {}) const {
    return with_flags({"train", "--data", data.string(), "--out", run(name).string(), "--device", "cpu", "--width", "4", "--batch", "8",
                       "--eval-every", "4", "--checkpoint-every", "3", "--seed", "3"},
                      more);
  }
};

void check_equal(const fs::path& a, const fs::path& b) {
  CHECK(!contents_of(a / "metrics.jsonl").empty());
  CHECK(contents_of(a / "metrics.jsonl") == contents_of(b / "metrics.jsonl"));
  CHECK(contents_of(a / "samples" / "step_00000004.png") == contents_of(b / "samples" / "step_00000004.png"));
  for (const char* name : {"last.safetensors", "best.safetensors"})
    CHECK(weights_of(a / "checkpoints" / name) == weights_of(b / "checkpoints" / name));
}

std::vector<nlohmann::json> records_of(const fs::path& run) {
  std::istringstream lines(contents_of(run / "metrics.jsonl"));
  std::vector<nlohmann::json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

}  // namespace

TEST_CASE("a run that ended and was resumed equals one that never stopped, of every net") {
  const Desk desk;
  for (const std::vector<std::string>& kind : {std::vector<std::string>{"--net", "vae", "--conditional"},
                                               {"--net", "conv", "--latent", "5", "--likelihood", "continuous-bernoulli"},
                                               {"--net", "ae", "--likelihood", "gaussian", "--precision", "bf16"}}) {
    auto with = [&](const char* steps) {
      std::vector<std::string> more = kind;
      more.insert(more.begin(), {"--steps", steps});
      return more;
    };
    auto start = [&](const std::string& name, const char* steps) {
      std::vector<std::string> args = desk.train(name);  // the flag without a value goes last
      const std::vector<std::string> more = with(steps);
      args.insert(args.end(), more.begin(), more.end());
      return run_process(vae, args);
    };
    const std::string name = kind[1];
    const Outcome whole = start(name + "-whole", "14");
    REQUIRE_MESSAGE(whole.code == 0, whole.errors);
    REQUIRE(start(name + "-parts", "6").code == 0);
    const Outcome resumed = run_process(vae, {"train", "--out", desk.run(name + "-parts").string(), "--resume", "--steps", "14"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    CHECK(weights_of(desk.run(name + "-whole") / "checkpoints" / "last.safetensors") ==
          weights_of(desk.run(name + "-parts") / "checkpoints" / "last.safetensors"));
  }
}

TEST_CASE("a run that was killed or interrupted, and resumed, equals one that never stopped") {
  const Desk desk;
  REQUIRE(run_process(vae, desk.train("whole", {"--steps", "80"})).code == 0);
  for (const auto& [signal, code] : {std::pair{SIGKILL, 137}, {SIGINT, 130}}) {
    const std::string name = fmt::format("stopped{}", signal);
    const Outcome stopped = start_and_kill(vae, desk.train(name, {"--steps", "80"}), signal, desk.run(name) / "metrics.jsonl", 4);
    if (stopped.code == 0) continue;  // it was done before the signal came
    CHECK(stopped.code == code);
    const Outcome resumed = run_process(vae, {"train", "--out", desk.run(name).string(), "--resume"});
    REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    check_equal(desk.run("whole"), desk.run(name));
  }
}

TEST_CASE("the blobs are learnt, and eval, the records and the page say the same") {
  const Desk desk;
  REQUIRE(run_process(vae, desk.train("a", {"--steps", "120", "--eval-every", "8", "--lr", "0.003"})).code == 0);
  const auto records = records_of(desk.run("a"));
  REQUIRE(records.size() == 15);
  CHECK(records.back()["step"] == 120);
  CHECK(records.back()["loss"].get<double>() < records.front()["loss"].get<double>() - 20);
  CHECK(records.back()["loss"].get<double>() ==
        doctest::Approx(records.back()["reconstruction"].get<double>() + records.back()["kl"].get<double>()).epsilon(1e-5));
  const Outcome said = run_process(vae, {"eval", desk.run("a").string()});
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  const std::string elbo = fmt::format("{:.2f}", -records.back()["test_loss"].get<double>());
  for (const std::string& text : {said.output, contents_of(desk.run("a") / "index.html")}) CHECK(text.find(elbo) != std::string::npos);
  CHECK(said.output.find("entropy of grey pixels") != std::string::npos);
  double best = 1e9;
  for (const auto& r : records) best = std::min(best, r["test_loss"].get<double>());
  const Outcome kept = run_process(vae, {"eval", desk.run("a").string(), "--which", "best"});
  CHECK(kept.output.find(fmt::format("{:.2f}", -best)) != std::string::npos);
}

TEST_CASE("every question gets its picture or its table") {
  const Desk desk;
  const fs::path at = desk.folder.path();
  std::vector<std::string> args = desk.train("a", {"--steps", "4"});
  args.push_back("--conditional");
  REQUIRE(run_process(vae, args).code == 0);
  const std::string run = desk.run("a").string();
  auto picture = [&](std::vector<std::string> question, int tiles_across, int tiles_down) {
    const fs::path file = at / (question[0] + ".png");
    question.insert(question.begin() + 1, run), question.insert(question.end(), {"--out", file.string()});
    const Outcome o = run_process(vae, question);
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

  const fs::path csv = at / "codes.csv", tensors = at / "codes.safetensors";
  REQUIRE(run_process(vae, {"encode", run, "--out", csv.string()}).code == 0);
  const std::string text = contents_of(csv);
  CHECK(text.starts_with("index,label,mean0,mean1,log_variance0,log_variance1\n0,"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 17);
  REQUIRE(run_process(vae, {"encode", run, "--split", "train", "--out", tensors.string()}).code == 0);
  const SafeTensors file = read_safetensors(tensors);
  CHECK(file.find("mean")->shape == std::vector<int64_t>{64, 2});
  CHECK(file.find("label")->dtype == DType::i32);
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk;
  const fs::path at = desk.folder.path();
  REQUIRE(run_process(vae, desk.train("good", {"--steps", "2", "--latent", "3"})).code == 0);
  REQUIRE(run_process(vae, desk.train("plain", {"--steps", "2", "--net", "ae"})).code == 0);
  std::ofstream(at / "not-a-checkpoint.safetensors") << "hello";
  struct Refusal {
    std::vector<std::string> args;
    int code;
    const char* says;
  };
  const std::string good = desk.run("good").string(), plain = desk.run("plain").string(), out = (at / "x").string(), png = out + ".png";
  const std::vector<Refusal> refusals{
      {{"train", "--data", (at / "missing").string(), "--out", out}, 3, "missing"},
      {desk.train("x", {"--batch", "1000"}), 3, "--batch"},
      {desk.train("x", {"--btea", "3"}), 2, "--beta"},
      {desk.train("x", {"--beta", "-1"}), 2, "--beta -1"},
      {desk.train("x", {"--sigma", "0"}), 2, "--sigma 0"},
      {desk.train("x", {"--net", "gan"}), 2, "--net gan"},
      {desk.train("x", {"--likelihood", "poisson"}), 2, "--likelihood poisson"},
      {desk.train("x", {"--size", "30"}), 2, "--size"},
      {desk.train("x", {"--net", "conv", "--batch", "1"}), 2, "--batch 1"},
      {{"train", "--out", (at / "nothing-here").string(), "--resume"}, 3, "nothing-here"},
      {{"train", "--out", good, "--resume", "--beta", "2"}, 2, "--beta was 1.0 and is now 2.0"},
      {{"eval", (at / "not-a-checkpoint.safetensors").string()}, 3, "not-a-checkpoint"},
      {{"eval", good, "--which", "worst"}, 2, "--which worst"},
      {{"eval", good, "--split", "both"}, 2, "--split both"},
      {{"sample", good, "--out", png, "--label", "1"}, 2, "--label 1"},
      {{"sample", good, "--out", png, "--columns", "100000"}, 2, "too large"},
      {{"sample", plain, "--out", png}, 2, "plain autoencoder"},
      {{"manifold", good, "--out", png}, 2, "--latent 2"},
      {{"interpolate", good, "--out", png, "--images", "0", "1", "2"}, 2, "--images"},
      {{"interpolate", good, "--out", png, "--images", "0", "16"}, 2, "--images 16"},
      {{"encode", good, "--out", out}, 2, ".csv"},
      {{"sample", good, "--out", out + ".jpg"}, 2, ".png"},
      {{}, 2, "subcommand"},
  };
  for (const Refusal& r : refusals) {
    const Outcome o = run_process(vae, r.args);
    const std::string what = fmt::format("vae {}: exit {}, said: {}", fmt::join(r.args, " "), o.code, o.errors);
    CHECK_MESSAGE(o.code == r.code, what);
    CHECK_MESSAGE(o.errors.find(r.says) != std::string::npos, what);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, what);
    for (const char* left : {"x", "x.png", "x.jpg"}) CHECK_MESSAGE(!fs::exists(at / left), what);
  }
}

TEST_CASE("a loss that is not finite ends the run with 6, and the last checkpoint is from before") {
  const Desk desk;
  const Outcome o = run_process(vae, desk.train("a", {"--steps", "40", "--lr", "1e30"}));
  CHECK(o.code == 6);
  CHECK(run_process(vae, {"eval", desk.run("a").string()}).code == 0);
}
