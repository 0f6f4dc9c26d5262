// The export commands of gan, cgan and vae as a person uses them.
#include "tests/app_runs.h"
#include "tests/onnx_reader.h"

using namespace duel;
using namespace duel::test;

namespace {

Desk gan_desk(const std::string& program) { return {program, {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "6", "--steps", "3"}}; }
Desk vae_desk() { return {"vae", {"--width", "4", "--steps", "2"}}; }

OnnxFile exported(const Desk& desk, const std::string& run, const std::vector<std::string>& more = {}) {
  const fs::path out = desk.folder.path() / (run + ".onnx");
  const Outcome o = desk(with_flags({"export", desk.run(run), "--out", out}, more));
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK(o.output.find(out.string()) != std::string::npos);
  return read_onnx(contents_of(out));
}

std::string bytes_of(const fs::path& checkpoint, const std::string& tensor) {
  const std::vector<std::byte> bytes = weights_of(checkpoint).at(tensor);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("a generator's file says what it is, and has the average where the run kept one") {
  const Desk desk = gan_desk("gan");
  REQUIRE(desk.train("last").code == 0);
  REQUIRE(desk.train("average", {"--ema", "0.9", "--net", "mlp"}).code == 0);
  const OnnxFile last = exported(desk, "last"), average = exported(desk, "average");
  CHECK(last.metadata.at("name") == "dcgan generator");
  CHECK(last.metadata.at("step") == "3");
  CHECK(last.metadata.at("weights") == "last");
  CHECK(nlohmann::json::parse(last.metadata.at("settings"))["nz"] == 6);
  CHECK(!last.metadata.contains("classes"));
  CHECK(last.raw.at("0.gamma") == bytes_of(desk.checkpoint("last"), "g.0.gamma"));
  CHECK(last.raw.at("0.running_var") == bytes_of(desk.checkpoint("last"), "g.0.running_var"));
  CHECK(average.metadata.at("weights") == "average");
  CHECK(average.raw.at("1.w") == bytes_of(desk.checkpoint("average"), "average.1.w"));
  CHECK(average.raw.at("1.w") != bytes_of(desk.checkpoint("average"), "g.1.w"));
}

TEST_CASE("a conditional generator takes a label, and its file names the classes") {
  const Desk desk = gan_desk("cgan");
  REQUIRE(desk.train("a", {"--label-in-g", "embedding"}).code == 0);
  const OnnxFile file = exported(desk, "a");
  CHECK(file.inputs.at("label") == std::vector<std::string>{"n", "i64"});
  CHECK(nlohmann::json::parse(file.metadata.at("classes")) == nlohmann::json{"0", "1"});
  CHECK(file.raw.at("label_table") == bytes_of(desk.checkpoint("a"), "g.label"));
}

TEST_CASE("both parts of a VAE") {
  const Desk desk = vae_desk();
  REQUIRE(desk.train("a").code == 0);
  REQUIRE(desk.train("plain", {"--net", "ae"}).code == 0);
  using Axes = std::vector<std::string>;
  const OnnxFile encoder = exported(desk, "a", {"--part", "encoder"}), decoder = exported(desk, "a", {"--part", "decoder"});
  CHECK(encoder.inputs == std::map<std::string, Axes>{{"x", {"n", "1", "16", "16", "f32"}}});
  CHECK(encoder.outputs == std::map<std::string, Axes>{{"mean", {"n", "2", "f32"}}, {"log_variance", {"n", "2", "f32"}}});
  CHECK(encoder.metadata.at("name") == "vae encoder");
  CHECK(decoder.inputs == std::map<std::string, Axes>{{"z", {"n", "2", "f32"}}});
  CHECK(decoder.outputs == std::map<std::string, Axes>{{"out", {"n", "1", "16", "16", "f32"}}, {"image", {"n", "1", "16", "16", "f32"}}});
  CHECK(exported(desk, "plain", {"--part", "encoder"}).outputs.size() == 1);
  CHECK(decoder.metadata.at("weights") == "last");
  REQUIRE(desk.train("mean", {"--ema", "0.5"}).code == 0);
  CHECK(exported(desk, "mean", {"--part", "decoder"}).metadata.at("weights") == "average");
}

TEST_CASE("what export refuses") {
  const Desk gan = gan_desk("gan"), vae = vae_desk();
  REQUIRE(gan.train("a").code == 0);
  REQUIRE(vae.train("a").code == 0);
  const std::string g = gan.run("a"), v = vae.run("a");
  auto x = [](const Desk& desk, const char* ending) { return (desk.folder.path() / "x").string() + ending; };
  check_refused(gan, {{{"export", g, "--out", x(gan, ".pb")}, 2, "end the name in .onnx"},
                      {{"export", g}, 2, "--out is required"},
                      {{"export", g, "--out", x(gan, ".onnx"), "--which", "worst"}, 2, "--which worst"},
                      {{"export", v, "--out", x(gan, ".onnx")}, 3, "not a checkpoint of a GAN run"},
                      {{"export", x(gan, ""), "--out", x(gan, ".onnx")}, 3, "neither a checkpoint nor a run folder"}});
  check_refused(vae, {{{"export", v, "--part", "encoder", "--out", x(vae, ".png")}, 2, "end the name in .onnx"},
                      {{"export", v, "--part", "middle", "--out", x(vae, ".onnx")}, 2, "there are encoder, decoder"},
                      {{"export", v, "--out", x(vae, ".onnx")}, 2, "--part is required"},
                      {{"export", g, "--part", "encoder", "--out", x(vae, ".onnx")}, 3, "not a checkpoint of a VAE's run"}});
}
