// Nets as ONNX graphs: what stands in the file, and that ONNX Runtime computes with it what the nets do, where a Python has it.
#include "apps/support/onnx/nets.h"
#include "engine/io/atomic_file.h"
#include "tests/exchange.h"
#include "tests/onnx_reader.h"
#include "tests/python.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

constexpr int samples = 5, classes = 3;

Tensor labels() { return Tensor::from({samples}, {0, 1, 2, 2, 0}, DType::i32, Device::cpu); }

// A folder of models and what the nets made of some inputs.
struct Exported {
  TempFolder folder;
  std::vector<std::string> files;
  void add(const std::string& name, const onnx::Graph& graph, const std::vector<std::pair<std::string, Tensor>>& values) {
    SafeTensors content;
    for (const auto& [what, t] : values)
      if (t) content.tensors.emplace_back(what, host_nchw(t));
    files.push_back(folder / (name + ".onnx")), write_file_atomic(files.back(), graph.bytes());
    files.push_back(folder / (name + ".safetensors")), write_safetensors(files.back(), content);
  }
  // The models are such as the format wants, and ONNX Runtime's arithmetic is ours; what no Python here can look at is skipped.
  void compare() const {
    struct Part {
      const char *name, *modules;
    };
    std::vector<std::string> missing;
    for (const Part& part : {Part{"checker", "onnx"}, {"runtime", "numpy, onnxruntime"}}) {
      const std::string python = python_with(part.modules);
      if (python.empty()) {
        missing.push_back(fmt::format("the {}: no python3 with {} (DUEL_PYTHON names one)", part.name, part.modules));
        continue;
      }
      std::vector<std::string> args{source_dir() / "tests" / "check_onnx.py", part.name};
      args.insert(args.end(), files.begin(), files.end());
      const Outcome o = run_python(python, args);
      CHECK_MESSAGE(o.code == 0, o.output << o.errors);
      const long lines = std::count(o.output.begin(), o.output.end(), '\n');
      CHECK(lines >= static_cast<long>(files.size() / 2));
      if (o.code == 0) tally(lines, 0);
      if (std::getenv("DUEL_TEST_VERBOSE")) std::puts(o.output.c_str());
    }
    if (missing.size() == 2) return skip(fmt::format("{}", fmt::join(missing, "; ")));
    for (const std::string& reason : missing) {
      tally(0, 0, 1);
      fmt::print("skipped: {}\n", reason);
    }
  }
};

GanConfig small_gan(GanNet net) {
  const bool points = net == GanNet::points;
  return {.net = net, .h = points ? 1 : 16, .w = points ? 1 : 24, .channels = points ? 2 : 3, .nz = 7, .ngf = 4, .ndf = 4};
}

void add_generator(Exported& exported, const GanConfig& config, const std::string& name) {
  Generator g(config, Device::cpu);
  shake(g);
  const Tensor z = drawn({samples, 1, 1, config.nz}, 0, 1.5, 99), y = config.classes ? labels() : Tensor();
  const Tensor image = g(z, {Mode::infer, y});
  exported.add(name, onnx::graph_of(g), {{"z", reshape(z, {samples, config.nz}).detach()}, {"label", y}, {"image", image.detach()}});
}

VaeConfig small_vae(VaeNet net, bool conditional, bool variational = true) {
  return {.net = net,
          .h = 16,
          .w = 24,
          .channels = 3,
          .latent = 6,
          .width = 4,
          .hidden = 9,
          .classes = conditional ? classes : 0,
          .variational = variational};
}

}  // namespace

TEST_CASE("ONNX Runtime makes the images that generators make") {
  Exported exported;
  for (const GanNet net : {GanNet::dcgan, GanNet::mlp, GanNet::small_mlp, GanNet::keras, GanNet::points}) {
    GanConfig config = small_gan(net);
    const std::string name = gan_net_names[static_cast<int>(net)];
    add_generator(exported, config, name);
    config.classes = classes;
    for (const LabelInG label : {LabelInG::one_hot, LabelInG::embedding, LabelInG::norm}) {
      if (net == GanNet::points && label == LabelInG::norm) continue;
      config.label_in_g = label;
      add_generator(exported, config, name + "-" + label_in_g_names[static_cast<int>(label)]);
    }
  }
  GanConfig deep = small_gan(GanNet::dcgan), flat = deep;
  deep.h = deep.w = 64, add_generator(exported, deep, "dcgan-64");
  flat.h = 28, flat.w = 28, flat.channels = 1, add_generator(exported, flat, "dcgan-28");
  exported.compare();
}

TEST_CASE("ONNX Runtime encodes and decodes as VAEs do") {
  Exported exported;
  auto add = [&](const VaeConfig& config, const std::string& name) {
    Vae net(config, Device::cpu);
    shake(net);
    const Tensor y = config.classes ? labels() : Tensor(), x = drawn({samples, config.h, config.w, config.channels}, 0.5, 0.5, 5);
    const Posterior q = net.encoder(x, y, Mode::infer);
    exported.add(
        name + "-encoder", onnx::graph_of(net.encoder),
        {{"x", x}, {"label", y}, {"mean", q.mean.detach()}, {"log_variance", q.log_variance ? q.log_variance.detach() : Tensor()}});
    const Tensor z = drawn({samples, config.latent}, 0, 3, 6);
    const Tensor out = net.decoder(z, y, Mode::infer).detach();
    for (const Likelihood likelihood : {Likelihood::bernoulli, Likelihood::gaussian, Likelihood::continuous_bernoulli})
      exported.add(fmt::format("{}-{}", name, likelihood_names[static_cast<int>(likelihood)]), onnx::graph_of(net.decoder, likelihood),
                   {{"z", z}, {"label", y}, {"out", out}, {"image", mean_image(likelihood, out).detach()}});
  };
  for (const bool conditional : {false, true}) {
    const std::string suffix = conditional ? "-conditional" : "";
    add(small_vae(VaeNet::keras, conditional), "vae" + suffix), add(small_vae(VaeNet::conv, conditional), "conv" + suffix);
    add(small_vae(VaeNet::keras, conditional, false), "ae" + suffix);
  }
  exported.compare();
}

TEST_CASE("the mean of a continuous Bernoulli pixel, near its hole and far out") {
  Exported exported;
  onnx::Graph graph("mean");
  const std::vector<double> logits{-1e4, -200, -40, -3, -0.31, -0.29, -1e-3, -1e-20, 0, 1e-20, 1e-3, 0.29, 0.31, 3, 40, 200, 1e4};
  const int64_t count = static_cast<int64_t>(logits.size());
  const Tensor out = Tensor::from({1, count}, logits, DType::f32, Device::cpu);
  graph.output("image",
               onnx::mean_image(graph, graph.input("out", onnx::Element::f32, {count}, "logits"), Likelihood::continuous_bernoulli),
               {count}, "means");
  exported.add("mean", graph, {{"out", out}, {"image", mean_image(Likelihood::continuous_bernoulli, out).detach()}});
  exported.compare();
}

TEST_CASE("a graph's file holds what was put into it, every value made once and used") {
  GanConfig config = small_gan(GanNet::dcgan);
  config.classes = classes, config.label_in_g = LabelInG::norm;
  Generator g(config, Device::cpu);
  shake(g);
  onnx::Graph graph = onnx::graph_of(g);
  graph.metadata = {{"name", "dcgan generator"}, {"step", "12"}};
  const OnnxFile file = read_onnx(graph.bytes());
  CHECK(file.ir_version == 8);
  CHECK(file.opset == 17);
  CHECK(file.metadata == graph.metadata);
  using Axes = std::vector<std::string>;
  CHECK(file.inputs == std::map<std::string, Axes>{{"z", {"n", "7", "f32"}}, {"label", {"n", "i64"}}});
  CHECK(file.outputs == std::map<std::string, Axes>{{"image", {"n", "3", "16", "24", "f32"}}});
  CHECK(file.constants.at("0.w") == std::vector<uint64_t>{7, 8, 4, 6});
  CHECK(file.constants.at("1.w") == std::vector<uint64_t>{8, 4, 4, 4});
  CHECK(file.constants.at("0.gamma") == std::vector<uint64_t>{3, 8});
  CHECK(std::count(file.ops.begin(), file.ops.end(), "ConvTranspose") == 3);
  CHECK(file.ops.back() == "Tanh");
  // [k,r,s,c] → [k,c,r,s]: one weight on its way.
  const Tensor& w = std::get<DcganGenerator>(g.net).layers[1].w.master;
  float there = 0;
  std::memcpy(&there, file.raw.at("1.w").data() + (((5 * 4 + 2) * 4 + 1) * 4 + 3) * sizeof there, sizeof there);
  CHECK(there == static_cast<float>(w.values()[((5 * 4 + 1) * 4 + 3) * 4 + 2]));
}

TEST_CASE("a bf16 net is exported with its f32 weights") {
  GanConfig config = small_gan(GanNet::mlp), wide = config;
  config.precision = DType::bf16;
  Generator g(config, Device::cpu), same(wide, Device::cpu);
  shake(g), shake(same);
  CHECK(onnx::graph_of(g).bytes() == onnx::graph_of(same).bytes());
}
