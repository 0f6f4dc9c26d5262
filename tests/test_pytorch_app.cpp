// The scripts of docs/pytorch: every net's way to PyTorch and back, where a Python has torch.
#include <set>

#include "apps/support/classify/settings.h"
#include "apps/support/gan/state.h"
#include "apps/support/run/checkpoint.h"
#include "apps/support/vae/settings.h"
#include "apps/support/vae/state.h"
#include "engine/io/image.h"
#include "tests/app_runs.h"
#include "tests/exchange.h"
#include "tests/python.h"

using namespace duel;
using namespace duel::test;

namespace {

constexpr int nz = 6, samples = 16, columns = 8;

// The scripts, and what is to be looked at when they have run: a Python takes seconds to load torch, so one runs all of a test case.
struct Scripts {
  std::string python = python_with("torch");
  TempFolder folder;
  std::string commands;
  std::vector<std::function<void()>> checks;

  static std::vector<std::string> command(const char* name, std::vector<std::string> args) {
    args.insert(args.begin(), source_dir() / "docs" / "pytorch" / name);
    return args;
  }
  void later(const char* name, const std::vector<std::string>& args) { commands += nlohmann::json(command(name, args)).dump() + "\n"; }
  void run() {
    constexpr const char* all = R"(
import json, os, runpy, sys
for line in open(sys.argv[1]).read().splitlines():
    sys.argv = json.loads(line)
    sys.path.insert(0, os.path.dirname(sys.argv[0]))
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise
)";
    const Outcome o = run_python(python, {"-c", all, folder.write("commands", commands)});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    for (const auto& check : checks) check();
    commands.clear(), checks.clear();
  }
};

// The checkpoint with other weights of one net.
template <class Net>
void write_with(Net& net, const std::string& prefix, const fs::path& from, const fs::path& to) {
  SafeTensors file = read_safetensors(from);
  size_t inside = 0, met = 0;
  for (const auto& entry : file.tensors) inside += entry.first.starts_with(prefix);
  const auto put = [&](const std::string& name, const Tensor& t) {
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(), [&](const auto& e) { return e.first == prefix + name; });
    REQUIRE_MESSAGE(found != file.tensors.end(), prefix << name);
    REQUIRE(found->second.shape == t.shape().dims());
    found->second = host(t), ++met;
  };
  net.each({[&](const std::string& name, Weight& w) { put(name, w.master); }, put});
  REQUIRE(met == inside);
  write_safetensors(to, file);
}

std::vector<float> floats(const HostTensor& t) {
  std::vector<float> values(t.bytes.size() / sizeof(float));
  std::memcpy(values.data(), t.bytes.data(), t.bytes.size());
  return values;
}

void check_outputs(const fs::path& file, const std::vector<HostTensor>& want) {
  const SafeTensors got = read_safetensors(file);
  REQUIRE(got.tensors.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    const HostTensor* theirs = got.find(fmt::format("y{}", i));
    REQUIRE(theirs);
    const std::vector<float> a = floats(want[i]), b = floats(*theirs);
    REQUIRE(a.size() == b.size());
    float off = 0;
    for (size_t k = 0; k < a.size(); ++k) off = std::isfinite(b[k]) ? std::max(off, std::fabs(a[k] - b[k])) : INFINITY;
    CHECK(off < 1e-4);
    CHECK(*std::max_element(a.begin(), a.end()) - *std::min_element(a.begin(), a.end()) > 0.1);
  }
}

// PyTorch makes of x what the net makes, with weights that no training would find, and gives them back bit for bit.
template <class Net>
void add_way(Scripts& scripts, const fs::path& checkpoint, const std::string& part, const std::string& prefix, Net& net, const Tensor& x,
             const Tensor& labels, const std::function<Tensors()>& make) {
  const auto file = [&, at = scripts.checks.size()](const char* name) { return scripts.folder / fmt::format("{}-{}", at, name); };
  const fs::path ours = file("ours.safetensors"), input = file("x.safetensors"), output = file("y.safetensors"), state = file("net.pt"),
                 back = file("back.safetensors");
  shake(net);
  write_with(net, prefix, checkpoint, ours);
  SafeTensors given{{{"x", host_nchw(x)}}, {}};
  if (labels) given.tensors.emplace_back("labels", host(labels));
  write_safetensors(input, given);
  scripts.later("from_duel.py", {ours, part, output, input});
  scripts.later("from_duel.py", {ours, part, state});
  scripts.later("to_duel.py", {checkpoint, part, state, back});
  NoGrad only_looking;
  std::vector<HostTensor> want;
  for (const Tensor& made : make()) want.push_back(host_nchw(made));
  scripts.checks.push_back([=] {
    CAPTURE(checkpoint.string());
    CAPTURE(part);
    check_outputs(output, want);
    const auto wanted = weights_of(ours), kept = weights_of(checkpoint), returned = weights_of(back);
    CHECK(returned.size() == wanted.size());
    for (const auto& tensor : returned)
      CHECK_MESSAGE(tensor.second == (tensor.first.starts_with(prefix) ? wanted : kept).at(tensor.first), tensor.first);
  });
}

Tensor labels_for(int classes) { return classes ? Tensor::from({4}, {0, 1, 1, 0}, DType::i32, Device::cpu) : Tensor(); }

Image read_ppm(const fs::path& path) {
  std::istringstream text(contents_of(path));
  std::string kind;
  Image image{0, 0, 3, {}};
  int most = 0;
  text >> kind >> image.w >> image.h >> most;
  text.get();
  image.pixels.assign(std::istreambuf_iterator<char>(text), {});
  REQUIRE(kind == "P6");
  REQUIRE(image.pixels.size() == static_cast<size_t>(image.w) * static_cast<size_t>(image.h) * 3);
  return image;
}

// Tiles of `side` pixels: beside each other in a, and with two pixels between them in b. Also counts the grey levels there are.
void check_same_tiles(const Image& a, const Image& b, int side) {
  REQUIRE(a.w == columns * side);
  REQUIRE(b.w == columns * (side + 2) + 2);
  int furthest = 0;
  std::set<int> levels;
  for (int y = 0; y < a.h; ++y)
    for (int x = 0; x < a.w; ++x) {
      const int ours = b.pixels[static_cast<size_t>((y + 2 * (y / side) + 2) * b.w + x + 2 * (x / side) + 2)];
      for (int c = 0; c < 3; ++c) furthest = std::max(furthest, std::abs(a.pixels[static_cast<size_t>((y * a.w + x) * 3 + c)] - ours));
      levels.insert(ours);
    }
  CHECK(furthest <= 1);
  CHECK(levels.size() > 100);
}

}  // namespace

TEST_CASE("both nets of a GAN compute the same in PyTorch, and come back bit for bit") {
  Scripts scripts;
  if (scripts.python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  using Flags = std::vector<std::string>;
  const Flags small{"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "6", "--steps", "1"};
  const Desk gan{"gan", small}, cgan{"cgan", small};
  for (const auto& [desk, flags] : {std::pair{&gan, Flags{"--size", "32", "--channels", "3"}},
                                    {&gan, {"--size", "28", "--d-norm", "none", "--ema", "0.5", "--dropout", "0.2"}},
                                    {&gan, {"--d-norm", "instance"}},
                                    {&gan, {"--net", "mlp"}},
                                    {&gan, {"--net", "small-mlp", "--d-norm", "layer"}},
                                    {&gan, {"--net", "keras"}},
                                    {&cgan, {}}}) {
    const std::string run = fmt::format("run{}", fmt::join(flags, ""));
    REQUIRE(desk->train(run, flags).code == 0);
    const fs::path checkpoint = desk->checkpoint(run);
    const Checkpoint file(checkpoint, gan_format, GanSettings::kind);
    const GanSettings settings = GanSettings::from_json(file.json("settings"), checkpoint);
    std::vector<std::string> classes;
    const auto [h, w] = file.image_size(classes);
    const GanConfig config = settings.network(h, w, static_cast<int>(classes.size()));
    Generator g(config, Device::cpu);
    Discriminator d(config, Device::cpu);
    const Pass pass{Mode::infer, labels_for(config.classes)};
    const Tensor z = drawn({4, 1, 1, nz}, 0, 1.5, 9), x = drawn({4, h, w, config.channels}, 0, 1, 8);
    add_way(scripts, checkpoint, "g", settings.ema > 0 ? "average." : "g.", g, z, pass.labels, [&] { return Tensors{g(z, pass)}; });
    add_way(scripts, checkpoint, "d", "d.", d, x, pass.labels, [&] { return Tensors{d(x, pass)}; });
  }
  scripts.run();
}

TEST_CASE("classifiers compute the same in PyTorch, and come back bit for bit") {
  Scripts scripts;
  if (scripts.python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  const Desk desk{"classify", {"--width", "4", "--steps", "1"}};
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--net", "lenet", "--size", "18", "--channels", "3"}, {"--net", "resnet", "--blocks", "2"}}) {
    REQUIRE(desk.train(flags[1], flags).code == 0);
    const fs::path checkpoint = desk.checkpoint(flags[1]);
    const Checkpoint file(checkpoint, classifier_format, ClassifySettings::kind);
    std::vector<std::string> classes;
    const auto [h, w] = file.image_size(classes);
    Classifier net(ClassifySettings::from_json(file.json("settings"), checkpoint).network(h, w, static_cast<int>(classes.size())),
                   Device::cpu);
    const Tensor x = drawn({4, h, w, net.config.channels}, 0, 1, 8);
    add_way(scripts, checkpoint, "net", "net.", net, x, {}, [&] { return Tensors{net(x)}; });
  }
  scripts.run();
}

TEST_CASE("both halves of a VAE compute the same in PyTorch, and come back bit for bit") {
  Scripts scripts;
  if (scripts.python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  const Desk desk{"vae", {"--width", "4", "--latent", "5", "--steps", "1"}};
  using Flags = std::vector<std::string>;
  for (const auto& [flags, conditional] : {std::pair{Flags{"--net", "vae", "--size", "20"}, false},
                                           {{"--net", "ae"}, false},
                                           {{"--net", "conv", "--size", "32", "--channels", "3"}, false},
                                           {{"--net", "conv", "--ema", "0.5"}, true}}) {
    const std::string run = fmt::format("run{}{}", fmt::join(flags, ""), conditional);
    std::vector<std::string> args = desk.fresh(run, flags);
    if (conditional) args.push_back("--conditional");
    REQUIRE(desk(args).code == 0);
    const fs::path checkpoint = desk.checkpoint(run);
    const Checkpoint file(checkpoint, vae_format, VaeSettings::kind);
    std::vector<std::string> classes;
    const auto [h, w] = file.image_size(classes);
    const VaeSettings settings = VaeSettings::from_json(file.json("settings"), checkpoint);
    Vae net(settings.network(h, w, static_cast<int>(classes.size())), Device::cpu);
    const std::string shown = settings.ema > 0 ? "average." : "net.";
    const Tensor x = drawn({4, h, w, net.config.channels}, 0.5, 0.5, 8), z = drawn({4, 5}, 0, 1.5, 9), y = labels_for(net.config.classes);
    add_way(scripts, checkpoint, "encoder", shown + "encoder.", net.encoder, x, y, [&] {
      const Posterior q = net.encoder(x, y, Mode::infer);
      return q.log_variance ? Tensors{q.mean, q.log_variance} : Tensors{q.mean};
    });
    add_way(scripts, checkpoint, "decoder", shown + "decoder.", net.decoder, z, y, [&] { return Tensors{net.decoder(z, y, Mode::infer)}; });
  }
  scripts.run();
}

TEST_CASE("gan sample shows what PyTorch shows, of weights that come from the nets of PyTorch's DCGAN example") {
  Scripts scripts;
  if (scripts.python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  const Desk desk{"gan", {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", std::to_string(nz), "--steps", "1"}};
  REQUIRE(desk.train("run").code == 0);
  const fs::path at = desk.folder.path(), other = desk.checkpoint("run"), half = at / "half.safetensors", ours = at / "ours.safetensors",
                 back = at / "back.safetensors";
  const GanConfig config{.h = 16, .w = 16, .channels = 1, .nz = nz, .ngf = 4, .ndf = 4};
  Generator g(config, Device::cpu);
  Discriminator d(config, Device::cpu);
  shake(g), shake(d);
  write_with(g, "g.", other, half), write_with(d, "d.", half, ours);
  const Tensor z = Rng{1, RandomStream::samples}.normal({samples, 1, 1, nz}, step_counter(0, Device::cpu));  // that of --seed 1
  write_safetensors(at / "z.safetensors", {{{"x", host_nchw(z)}}, {}});
  scripts.later("from_duel.py", {ours, "g", at / "theirs.ppm", at / "z.safetensors"});
  for (const char* part : {"g", "d"}) scripts.later("from_duel.py", {ours, part, at / (std::string(part) + ".pt")});
  scripts.run();
  constexpr const char* example = R"(
import sys, torch
from torch import nn
up, down, norm = nn.ConvTranspose2d, nn.Conv2d, nn.BatchNorm2d
nets = {"g": nn.Sequential(up(6, 8, 4, 1, 0, bias=False), norm(8), nn.ReLU(), up(8, 4, 4, 2, 1, bias=False), norm(4), nn.ReLU(),
                           up(4, 1, 4, 2, 1, bias=False), nn.Tanh()),
        "d": nn.Sequential(down(1, 4, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), down(4, 8, 4, 2, 1, bias=False), norm(8), nn.LeakyReLU(0.2),
                           down(8, 1, 4, 1, 0, bias=False), nn.Sigmoid())}
for name, net in nets.items():
    net.load_state_dict(torch.load(sys.argv[1] + "/" + name + ".pt"))
    torch.save({"main." + key: t for key, t in net.state_dict().items()}, sys.argv[1] + "/" + name + ".pt")
)";
  const Outcome through = run_python(scripts.python, {"-c", example, at});
  REQUIRE_MESSAGE(through.code == 0, through.errors);
  scripts.later("to_duel.py", {other, "g", at / "g.pt", half});
  scripts.later("to_duel.py", {half, "d", at / "d.pt", back});
  scripts.run();
  CHECK(weights_of(back) == weights_of(ours));
  const auto sample = [&](const fs::path& from, const fs::path& to) {
    const Outcome o = desk({"sample", from, "--n", std::to_string(samples), "--columns", std::to_string(columns), "--out", to});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
  };
  sample(ours, at / "ours.png"), sample(back, at / "back.png");
  check_same_tiles(read_ppm(at / "theirs.ppm"), read_image((at / "ours.png").string(), 1), 16);
  CHECK(contents_of(at / "back.png") == contents_of(at / "ours.png"));
}

TEST_CASE("what the scripts do not know is refused with one sentence") {
  Scripts scripts;
  if (scripts.python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  const std::vector<std::string> small{"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "6", "--steps", "1"};
  const Desk gan{"gan", small}, cgan{"cgan", small};
  REQUIRE(gan.train("spectral", {"--d-norm", "spectral"}).code == 0);
  REQUIRE(gan.train("wide", {"--ngf", "8"}).code == 0);
  REQUIRE(gan.train("deep", {"--size", "32"}).code == 0);
  REQUIRE(cgan.train("embedding", {"--label-in-g", "embedding"}).code == 0);
  const fs::path state = gan.folder / "g.pt", other = gan.folder / "x.safetensors";
  scripts.later("from_duel.py", {gan.checkpoint("spectral"), "g", state});  // G has nothing of it
  scripts.run();
  struct Refused {
    const char* script;
    std::vector<std::string> args;
    const char* says;
  };
  for (const auto& [script, args, says] : {Refused{"from_duel.py", {gan.checkpoint("spectral"), "d", other}, "spectral norm"},
                                           {"from_duel.py", {gan.checkpoint("spectral"), "encoder", other}, "no part encoder"},
                                           {"from_duel.py", {cgan.checkpoint("embedding"), "g", other}, "--label-in-g embedding"},
                                           {"to_duel.py", {gan.checkpoint("wide"), "g", state, other}, "it is of another size"},
                                           {"to_duel.py", {gan.checkpoint("deep"), "g", state, other}, "it is of another net"}}) {
    const Outcome o = run_python(scripts.python, Scripts::command(script, args));
    CHECK(o.code == 1);
    CHECK_MESSAGE(o.errors.find(says) != std::string::npos, o.errors);
    CHECK_MESSAGE(std::count(o.errors.begin(), o.errors.end(), '\n') == 1, o.errors);
    CHECK(!fs::exists(other));
  }
}
