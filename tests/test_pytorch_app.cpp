// The scripts of docs/pytorch: a generator's way to PyTorch and back, where a Python has torch.
#include <cstring>
#include <set>

#include "apps/support/gan_pictures.h"
#include "engine/io/image.h"
#include "tests/app_runs.h"
#include "tests/python.h"
#include "tests/shaken.h"

using namespace duel;
using namespace duel::test;

namespace {

constexpr int nz = 6, samples = 16, columns = 8;

Desk gan_desk() { return {"gan", {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", std::to_string(nz), "--steps", "2"}}; }

bool shown(const std::string& tensor, bool average) { return tensor.starts_with(average ? "average." : "g."); }

// The checkpoint with other weights of the net that is shown.
void shake_checkpoint(const fs::path& from, const fs::path& to, bool average) {
  SafeTensors file = read_safetensors(from);
  uint64_t seed = 1;
  for (auto& [name, t] : file.tensors) {
    if (!shown(name, average)) continue;
    const std::vector<double> drawn = shaken(name, static_cast<int64_t>(t.bytes.size() / sizeof(float)), t.shape[0], ++seed);
    const std::vector<float> values(drawn.begin(), drawn.end());
    std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
  }
  write_safetensors(to, file);
}

// What `gan sample --seed 1` starts from.
void write_noise(const fs::path& path) {
  const Tensor z = Rng{1, RandomStream::samples}.normal({samples, 1, 1, nz}, step_counter(0, Device::cpu), 0, 1, DType::f32);
  HostTensor host{DType::f32, {samples, nz}, std::vector<std::byte>(z.bytes())};
  z.copy_out(host.bytes.data());
  write_safetensors(path, {{{"z", host}}, {}});
}

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

TEST_CASE("a DCGAN's generator makes the same images in PyTorch, and comes back bit for bit") {
  const std::string python = python_with("torch");
  if (python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  const fs::path scripts = source_dir() / "docs" / "pytorch";
  const Desk desk = gan_desk();
  const fs::path at = desk.folder.path(), noise = at / "z.safetensors";
  write_noise(noise);
  auto script = [&](const char* name, const std::vector<std::string>& args) {
    std::vector<std::string> all{scripts / name};
    all.insert(all.end(), args.begin(), args.end());
    const Outcome o = run_python(python, all);
    REQUIRE_MESSAGE(o.code == 0, o.errors);
  };
  auto sample = [&](const fs::path& from, const fs::path& to) {
    const Outcome o = desk({"sample", from, "--n", std::to_string(samples), "--columns", std::to_string(columns), "--out", to});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
  };
  struct Case {
    int side;
    const char* ema;
  };
  for (const auto& [side, ema] : {Case{16, "0"}, {28, "0.5"}, {64, "0"}}) {
    const std::string run = fmt::format("run{}", side);
    const bool average = ema != std::string("0");
    REQUIRE(desk.train(run, {"--size", std::to_string(side), "--ema", ema}).code == 0);
    const fs::path other = desk.checkpoint(run), ours = at / "ours.safetensors", back = at / "back.safetensors";
    shake_checkpoint(other, ours, average);
    sample(ours, at / "ours.png");
    script("from_duel.py", {ours, at / "theirs.ppm", noise});
    check_same_tiles(read_ppm(at / "theirs.ppm"), read_image((at / "ours.png").string(), 1), side);

    script("from_duel.py", {ours, at / "g.pt"});
    script("to_duel.py", {other, at / "g.pt", back});
    const auto wanted = weights_of(ours), kept = weights_of(other), got = weights_of(back);
    CHECK(got.size() == wanted.size());
    for (const auto& tensor : got)
      CHECK_MESSAGE(tensor.second == (shown(tensor.first, average) ? wanted : kept).at(tensor.first), tensor.first);
    sample(back, at / "back.png");
    CHECK(contents_of(at / "back.png") == contents_of(at / "ours.png"));
  }
}
