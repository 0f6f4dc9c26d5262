// bench_step as a person runs it, and the models that it times.
#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/step_models.h"
#include "tests/app_runs.h"

using namespace duel::test;

namespace {

Outcome bench(std::vector<std::string> args) {
  const std::vector<std::string> small{"--device", "cpu",   "--size", "8",     "--channels", "1",        "--batch", "4",         "--nz",
                                       "4",        "--ngf", "4",      "--ndf", "4",          "--rounds", "2",       "--seconds", "0.01"};
  args.insert(args.end(), small.begin(), small.end());
  return run_process(build_dir() / "bench" / "bench_step", args);
}

}  // namespace

TEST_CASE("each model makes steps that change its loss, which is finite") {
  for (const char* name : duel::bench::step_models) {
    CAPTURE(name);
    for (const duel::DType precision : {duel::DType::f32, duel::DType::bf16}) {
      const auto model = duel::bench::make_step_model(
          name, {.size = 8, .channels = 1, .batch = 4, .nz = 4, .ngf = 4, .ndf = 4, .precision = precision}, duel::Device::cpu);
      std::vector<double> losses;
      for (int i = 0; i < 3; ++i) model.step(), losses.push_back(model.loss());
      for (const double loss : losses) CHECK(std::isfinite(loss));
      CHECK(losses[2] != losses[0]);
    }
  }
}

TEST_CASE("the models are the nets that they are called") {
  const auto made = [](const char* name) { return duel::bench::make_step_model(name, {.size = 28, .channels = 1}, duel::Device::cpu); };
  const auto weights = [&](const char* name) { return nlohmann::json::parse(made(name).weights); };
  const auto has = [&](const char* name, const char* net, const char* weight, std::vector<int> shape) {
    const auto of = weights(name)[net];
    const bool same = of.contains(weight) && of[weight] == nlohmann::json(shape);
    CHECK_MESSAGE(same, fmt::format("{}: {}.{} of {}", name, net, weight, of.dump()));
  };
  has("dcgan", "g", "0.w", {100, 7, 7, 128});
  has("cgan", "g", "0.w", {110, 7, 7, 128});
  has("cgan-projection", "g", "0.w", {100, 7, 7, 128}), has("cgan-projection", "g", "0.gamma", {10, 128});
  has("cgan-projection", "d", "label", {10, 128}), has("cgan-projection", "d", "0.w", {64, 4, 4, 1});
  has("mlp", "g", "0.w", {256, 100}), has("wgan-clip", "d", "0.w", {1024, 784});
  has("small-mlp", "g", "0.w", {128, 100}), has("small-mlp", "d", "1.w", {1, 128});
  has("keras", "g", "dense2.w", {7 * 7 * 128, 256}), has("keras", "d", "conv1.w", {128, 5, 5, 64});
  has("vae", "encoder", "conv0.w", {32, 3, 3, 1}), has("cvae", "encoder", "conv0.w", {32, 3, 3, 11});
  has("cvae", "decoder", "dense.w", {7 * 7 * 64, 12}), has("conv-vae", "encoder", "mean.w", {64, 7 * 7 * 128});
  has("ae", "encoder", "mean.w", {2, 16}), has("resnet", "net", "block2.second.w", {128, 3, 3, 128});
  CHECK_FALSE(weights("ae")["encoder"].contains("log_variance.w"));
  CHECK(weights("vae")["encoder"].contains("log_variance.w"));
  for (const char* name : duel::bench::step_models) CHECK(made(name).images == (std::string(name).starts_with("wgan-") ? 5 : 1) * 128);
}

TEST_CASE("a model that there is not is refused with those that there are") {
  const Outcome o = bench({"--model", "gan"});
  CHECK(o.code == 2);
  for (const char* name : duel::bench::step_models) CHECK_MESSAGE(o.errors.find(name) != std::string::npos, o.errors);
  const Outcome noise = run_process(build_dir() / "bench" / "bench_step", {"--model", "vae", "--nz", "7"});
  CHECK(noise.code == 2);
  CHECK(noise.errors.find("--nz is of GANs; --model vae has none") != std::string::npos);
}

TEST_CASE("--swap trains with each row of an op in turn, holds the losses together and says which rows cannot") {
  const TempFolder folder;
  const fs::path file = folder.path() / "swap.json";
  const Outcome o = bench({"--model", "dcgan", "--swap", "conv2d_dgrad", "--json", file.string()});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  const auto written = nlohmann::json::parse(contents_of(file));
  auto results = written["benchmarks"];
  for (const auto& line : results)
    for (const char* field : {"name", "run_type", "iterations", "real_time", "cpu_time", "time_unit"}) CHECK(line.contains(field));
  if (written.contains("not_timed")) results.insert(results.end(), written["not_timed"].begin(), written["not_timed"].end());
  std::vector<std::string> expected{""}, found;
  for (const duel::Row& row : duel::rows_of("conv2d_dgrad"))
    if (row.device == duel::Device::cpu && row.rank != duel::reference_rank) expected.emplace_back(row.name);
  size_t trained = 0;
  for (const auto& line : results) {
    found.push_back(line["row"]);
    if (line.contains("why_not")) {
      CHECK(line["why_not"].get<std::string>().find("does not support") != std::string::npos);
      continue;
    }
    ++trained;
    CHECK(line["losses"].size() == 10);
    CHECK(line["losses"] != nlohmann::json(std::vector<double>(10, line["losses"][0].get<double>())));  // it trains
    CHECK(line["losses_apart"].get<double>() < 1e-3);
    CHECK(line["all_seconds"].size() == 2);
  }
  std::sort(expected.begin(), expected.end()), std::sort(found.begin(), found.end());
  CHECK(found == expected);
  CHECK(trained >= 2);
  CHECK(results[0]["losses_apart"] == 0);
  CHECK(results[0]["picked"] != "");
}

TEST_CASE("--swap fails where curves lie further apart than the tolerance") {
  if (!duel::find_row("conv2d_fwd", "onednn", duel::Device::cpu))
    return skip("this build has no two rows that round a convolution differently");
  const TempFolder folder;
  const fs::path file = folder.path() / "swap.json";
  const auto swapped = [&](const char* tolerance) {  // of rows that differ in the last bits
    return run_process(build_dir() / "bench" / "bench_step",
                       {"--model",  "dcgan",   "--swap",    "conv2d_fwd", "--device",    "cpu",     "--size", "16",         "--channels",
                        "3",        "--batch", "16",        "--nz",       "16",          "--ngf",   "16",     "--ndf",      "16",
                        "--rounds", "2",       "--seconds", "0.01",       "--tolerance", tolerance, "--json", file.string()});
  };
  CHECK(swapped("1e-3").code == 0);
  const Outcome strict = swapped("1e-300");
  CHECK(strict.code == 1);
  const bool said = strict.output.find("WRONG: more than 1e-300") != std::string::npos &&
                    strict.output.find("rows train otherwise than the one that is picked") != std::string::npos;
  CHECK_MESSAGE(said, strict.output);
  int apart = 0;
  const auto written = nlohmann::json::parse(contents_of(file));
  for (const auto& line : written["benchmarks"]) apart += line["too_far_apart"].get<bool>();
  CHECK(apart > 0);
  CHECK(bench({"--model", "mlp", "--tolerance", "0.1"}).code == 2);
}

TEST_CASE("--swap refuses an op that there is not, one that the step does not use, a simulated GPU and a peer") {
  for (const auto& [args, part] :
       {std::pair<std::vector<std::string>, const char*>{{"--model", "mlp", "--swap", "conv"}, "no op is called conv"},
        {{"--model", "mlp", "--swap", "conv2d_fwd"}, "a step of mlp does not use it"},
        {{"--swap", "gemm", "--peer", "torch"}, "--peer"}}) {
    const Outcome o = bench(args);
    CHECK(o.code == 2);
    const bool said = o.errors.find(part) != std::string::npos;
    CHECK_MESSAGE(said, o.errors);
  }
}

TEST_CASE("--rows lists what a step runs; a DCGAN's takes 45 launches, and no more than that; six more in bf16") {
  if (!duel::find_backend(duel::Device::sim)) return skip("this build has no simulated GPU");
  struct Step {
    const char* precision;
    long launches, casts, with_statistics, norms_alone;
  };
  // In f32 the convolution before finds the statistics of G's four norms and three of D's, and those again in G's turn. In bf16 the norm
  // behind noise of 100 channels, which do not come in eights, is an op of its own; images are cast, and what D says and its gradient,
  // twice.
  const Step steps[] = {{"f32", 45, 0, 10, 0}, {"tf32", 45, 0, 10, 0}, {"bf16", 51, 5, 9, 1}};
  for (const auto& step : steps) {
    const TempFolder folder;
    const fs::path file = folder.path() / "rows.json";
    const std::string precision = step.precision;
    CAPTURE(precision);
    const Outcome o = run_process(build_dir() / "bench" / "bench_step", {"--rows", "--device", "sim", "--ngf", "8", "--ndf", "8", "--batch",
                                                                         "8", "--precision", precision, "--json", file.string()});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    long launches = 0, adam = 0, batch_norm = 0, norms_alone = 0, passes_of_d = 0, both_gradients = 0, with_statistics = 0, casts = 0;
    long in_one_product = 0, in_three = 0;
    const auto rows = nlohmann::json::parse(contents_of(file))["not_timed"];
    for (const auto& line : rows) {
      const long taken = line["launches"].get<long>();
      launches += taken;
      const std::string row = line["name"];
      if (row.find("three_tf32") != std::string::npos) ++in_three;
      else in_one_product += row.find("tf32") != std::string::npos;
      if (row.starts_with("adam_step:")) adam += taken;
      if (row.starts_with("cast:")) casts += taken;
      if (row.starts_with("batch_norm_bwd:")) batch_norm += taken;
      if (row.starts_with("batch_norm_fwd:")) norms_alone += taken;
      if (row.starts_with("normed_conv2d_grads:") || row.starts_with("normed_conv2d_dgrad_grads:")) both_gradients += taken;
      if (row.find("/statistics=1") != std::string::npos) with_statistics += taken;
      if (row.starts_with("conv2d_fwd:") && row.find("h64w64c3") != std::string::npos) passes_of_d += line["calls"].get<long>();
    }
    CHECK(launches == step.launches);
    CHECK(casts == step.casts);
    CHECK((in_three > 0) == (precision == "f32"));
    CHECK((in_one_product > 0) == (precision == "tf32"));
    CHECK(adam == 2);  // one a net
    CHECK(with_statistics == step.with_statistics);
    CHECK(norms_alone == step.norms_alone);
    CHECK(batch_norm == 10);  // backward: seven of G and D, and D's three again
    // A layer of D but the first, one of G but the first; and in G's turn one with an activation's derivative.
    CHECK(both_gradients == 9 - step.norms_alone);
    CHECK(passes_of_d == 2);  // real and generated images together, and G's turn
    const std::string total = fmt::format("{} launches\n", launches);
    CHECK(o.output.ends_with(total));
  }
  CHECK(bench({"--rows", "--tune"}).code == 2);
}

TEST_CASE("a bias and an activation behind a convolution take no launch: an SN-GAN's step and a VAE's have fewer by as many") {
  if (!duel::find_backend(duel::Device::sim)) return skip("this build has no simulated GPU");
  struct Step {
    std::vector<std::string> model;
    long convolutions, dense;  // with a bias; in SN-GAN, D's five for real and generated images together, and again in G's turn
  };
  const Step steps[] = {{{"--model", "sn-gan", "--ngf", "8", "--ndf", "8"}, 10, 0},
                        {{"--model", "vae", "--size", "28", "--channels", "1"}, 5, 2}};
  for (const char* precision : {"f32", "bf16"})
    for (const Step& step : steps) {
      const TempFolder folder;
      const fs::path file = folder.path() / "rows.json";
      std::vector<std::string> args{"--rows", "--device", "sim", "--batch", "8", "--precision", precision, "--json", file.string()};
      args.insert(args.end(), step.model.begin(), step.model.end());
      struct Ran {
        long launches = 0, with_bias = 0, apart = 0;
      };
      const auto ran = [&] {
        const Outcome o = run_process(build_dir() / "bench" / "bench_step", args);
        REQUIRE_MESSAGE(o.code == 0, o.errors);
        Ran all;
        const auto rows = nlohmann::json::parse(contents_of(file))["not_timed"];
        for (const auto& line : rows) {
          const long taken = line["launches"].get<long>();
          const std::string row = line["name"];
          all.launches += taken;
          if (row.starts_with("normed_conv2d_") && row.find("/bias=1") != std::string::npos) all.with_bias += taken;
          if (row.starts_with("bias_activation:")) all.apart += taken;
        }
        return all;
      };
      const Ran together = ran();
      setenv("DUEL_VARIANT", "bias_activation:tiles,binary:packs", 1);  // rows that one launch would pass over
      const Ran apart = ran();
      unsetenv("DUEL_VARIANT");
      const std::string name = step.model[1];
      CAPTURE(name);
      CHECK(together.with_bias == step.convolutions);
      CHECK(together.apart == step.dense);
      CHECK(apart.with_bias == 0);
      CHECK(apart.launches - together.launches == step.convolutions);
    }
}

TEST_CASE("--tune says which rows were chosen by time, remembers them, and the result names the rows that ran") {
  const TempFolder folder;
  const fs::path file = folder.path() / "step.json";
  setenv("XDG_CACHE_HOME", (folder.path() / "cache").c_str(), 1);
  for (const char* how : {" timed in ", " remembered"}) {
    const Outcome o = bench({"--model", "dcgan", "--tune", "--json", file.string()});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    const std::string says = o.output;
    CHECK_MESSAGE(says.find(how) != std::string::npos, says);
    const auto result = nlohmann::json::parse(contents_of(file))["benchmarks"][0];
    REQUIRE(result["tuned"].size() > 0);
    for (const auto& [problem, row] : result["tuned"].items()) {
      const std::string name = problem.substr(0, problem.find(' ')) + ":" + row.get<std::string>();
      CHECK_MESSAGE(std::count(result["rows"].begin(), result["rows"].end(), name) == 1, name);
    }
  }
  unsetenv("XDG_CACHE_HOME");
  CHECK(bench({"--swap", "gemm", "--tune"}).code == 2);
}

TEST_CASE("--csv has a line a result, with what --json has of numbers and words") {
  const TempFolder folder;
  const fs::path csv = folder.path() / "step.csv", json = folder.path() / "step.json";
  REQUIRE(bench({"--model", "mlp", "--csv", csv.string(), "--json", json.string()}).code == 0);
  std::istringstream lines(contents_of(csv));
  std::string head, line, more;
  REQUIRE(std::getline(lines, head));
  REQUIRE(std::getline(lines, line));
  CHECK_FALSE(std::getline(lines, more));
  const auto result = nlohmann::json::parse(contents_of(json))["benchmarks"][0];
  for (const char* column : {"name,", "real_time", "launches", "context.device_name"}) {
    const bool there = head.find(column) != std::string::npos;
    CHECK_MESSAGE(there, head);
  }
  const std::string name = result["name"], time = result["real_time"].dump();
  CHECK(line.starts_with(name + ","));
  CHECK(line.find("," + time + ",") != std::string::npos);
  const Outcome both = bench({"--model", "mlp", "--csv", "--json"});
  CHECK(both.code == 2);
  CHECK(both.errors.find("give one of them a file") != std::string::npos);
}
