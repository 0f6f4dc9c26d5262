// The layer inspector: it changes nothing, and its numbers are what they are said to be, by hand.
#include <cmath>
#include <numeric>

#include "apps/support/gan/layer_inspector.h"
#include "apps/support/run/events.h"
#include "engine/data/shapes.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

using Json = nlohmann::ordered_json;

GanSettings small_settings() {
  GanSettings s;
  s.data = "shapes", s.size = 16, s.channels = 1, s.batch = 8, s.nz = 8, s.ngf = 4, s.ndf = 4, s.device = "cpu";
  return s;
}

double rms(const std::vector<double>& v) {
  return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0) / static_cast<double>(v.size()));
}

// A GAN that trains by itself, on one fixed batch.
struct Small {
  GanSettings settings;
  Dataset data = make_shapes({.n = 64, .size = 16, .channels = 1, .seed = 5});
  GanState state;
  Tensor real;
  GanStep step;
  explicit Small(const GanSettings& s)
      : settings(s),
        state(settings, data, use_device(s.device)),
        real({int64_t{s.batch} * s.batches_a_step(), 16, 16, 1}, DType::f32, use_device(s.device)),
        step{state.g,
             state.d,
             state.opt_g,
             state.opt_d,
             s.seed,
             state.step_on_device,
             real,
             {},
             Tensor::zeros({GanReport::size}, DType::f32, use_device(s.device)),
             settings.objective()} {
    std::vector<float> v;
    for (int64_t i = 0; i < real.count(); ++i) v.push_back(static_cast<float>(data.images[static_cast<size_t>(i)]) / 127.5F - 1);
    real.assign(v.data());
  }
};

std::vector<double> weight(Generator& g, const std::string& wanted) {
  std::vector<double> found;
  g.each({[&](const std::string& name, Weight& w) {
            if (name == wanted) found = w.master.values();
          },
          {}});
  return found;
}

double largest_singular(const std::vector<double>& w, size_t out) {  // of a weight whose last axis leaves, as [rest, out]
  const size_t rest = w.size() / out;
  std::vector<double> u(out, 1);
  double sigma = 0;
  for (int round = 0; round < 500; ++round) {
    std::vector<double> v(rest), next(out);
    for (size_t i = 0; i < rest; ++i)
      for (size_t k = 0; k < out; ++k) v[i] += w[i * out + k] * u[k];
    for (size_t i = 0; i < rest; ++i)
      for (size_t k = 0; k < out; ++k) next[k] += w[i * out + k] * v[i];
    const double length = std::sqrt(std::inner_product(next.begin(), next.end(), next.begin(), 0.0));
    for (size_t k = 0; k < out; ++k) u[k] = next[k] / length;
    sigma = std::sqrt(length);
  }
  return sigma;
}

}  // namespace

TEST_CASE("a look changes nothing, to the bit, with any net, loss and precision, and where layers are joined") {
  std::vector<GanSettings> all(8, small_settings());
  all[1].net = "keras", all[2].net = "mlp", all[3].precision = "bf16";
  all[4].loss = "wasserstein", all[4].penalty = "wgan-gp", all[4].d_norm = "layer", all[4].critic_steps = 2, all[5].accumulate = 3;
  all[6].net = "keras", all[6].precision = "bf16";
  all[7].ngf = all[7].ndf = 8, all[7].ema = 0.9, all[7].device = "sim";
  if (!DUEL_TEST_SIM) all.pop_back();
  for (const GanSettings& settings : all) {
    CAPTURE(settings.json().dump());
    settings.check();
    Small plain(settings), looked(settings);
    LayerInspector inspector(looked.state);
    for (int i = 0; i < 3; ++i) {
      plain.step();
      inspector.begin();
      looked.step.look = inspector.seen();
      looked.step();
      looked.step.look = nullptr;
      const Json seen = inspector.end();
      looked.step();
      CHECK(seen["d_to_g_gradient"].get<double>() > 0);
      for (const char* net : {"G", "D"})
        for (const auto& [name, layer] : seen[net].items())
          for (const auto& [key, value] : layer.items()) {
            const bool finite = histogram_of(value) ? true : std::isfinite(value.get<double>());
            CHECK(finite);
          }
    }
    const TempFolder folder;
    plain.state.save(folder.path() / "plain"), looked.state.save(folder.path() / "looked");
    CHECK(contents_of(folder.path() / "plain") == contents_of(folder.path() / "looked"));
  }
}

TEST_CASE("numbers of a layer are what they are said to be") {
  Small gan(small_settings());
  for (int i = 0; i < 5; ++i) gan.step();
  const std::vector<double> before = weight(gan.state.g, "1.w");
  LayerInspector inspector(gan.state);
  inspector.begin();
  gan.step.look = inspector.seen();
  gan.step();
  const StepSeen seen = *inspector.seen();
  const std::vector<double> now = weight(gan.state.g, "1.w");
  const std::vector<double> mean = seen.g[1].layer->running_mean.values(), var = seen.g[1].layer->running_var.values();
  const Json all = inspector.end(), layer = all["G"]["1"];
  CHECK(weight(gan.state.g, "1.w") == before);
  CHECK(all["G"].size() == 3);  // 4×4, 8×8, 16×16
  CHECK(all["D"].size() == 3);

  std::vector<double> update;
  for (size_t i = 0; i < now.size(); ++i) update.push_back(now[i] - before[i]);
  const auto near = [](double v) { return doctest::Approx(v).epsilon(1e-5); };
  CHECK(layer["weight"].get<double>() == near(rms(now)));
  CHECK(layer["update"].get<double>() == near(rms(update)));
  CHECK(histogram_of(layer["weight_values"])->total() == static_cast<int64_t>(now.size()));

  REQUIRE(seen.g.size() == 2);  // what leaves its hidden layers
  const auto& of_d = std::get<DcganDiscriminator>(gan.state.d.net).layers;
  for (const auto* layers : {&seen.d_real, &seen.d_fake})
    for (size_t i = 0; i < layers->size(); ++i) CHECK((*layers)[i].layer == &of_d[i]);  // the net's own, not copies
  const std::vector<double> out = seen.g[1].out.values(), in = seen.g[1].in.values();
  const size_t channels = static_cast<size_t>(seen.g[1].out.shape()[-1]);
  CHECK(layer["activation"].get<double>() == near(rms(out)));
  CHECK(layer["back"].get<double>() == near(rms(seen.g[1].gradient.values())));
  double silent = 0, drift = 0;
  for (size_t c = 0; c < channels; ++c) {
    bool above = false;
    double sum = 0;
    for (size_t i = c; i < out.size(); i += channels) above = above || out[i] > 0, sum += in[i];
    const double batch = sum / (static_cast<double>(in.size()) / static_cast<double>(channels));
    silent += !above / static_cast<double>(channels);
    drift += (mean[c] - batch) * (mean[c] - batch) / (var[c] + 1e-5) / static_cast<double>(channels);
  }
  CHECK(layer["silent"].get<double>() == near(silent));
  CHECK(layer["drift"].get<double>() == near(std::sqrt(drift)));
  const double sigma = largest_singular(now, channels);
  CHECK(layer["singular"].get<double>() <= sigma * (1 + 1e-5));
  CHECK(layer["singular"].get<double>() >= 0.9 * sigma);

  std::vector<double> whole_g, whole_d;
  for (const auto& [list, to] : {std::pair{&seen.gradient_g, &whole_g}, {&seen.gradient_d, &whole_d}})
    for (const Tensor& t : *list)
      for (const double v : t.values()) to->push_back(v);
  const double ratio =
      rms(whole_d) * std::sqrt(static_cast<double>(whole_d.size())) / (rms(whole_g) * std::sqrt(static_cast<double>(whole_g.size())));
  CHECK(all["d_to_g_gradient"].get<double>() == near(ratio));
}

TEST_CASE("a channel that is never above 0 is silent, and the doctor says so of G") {
  Small gan(small_settings());
  gan.state.g.each({[](const std::string& name, Weight& w) {
                      if (name == "1.beta") w.master.assign(Tensor::full(w.master.shape(), -1e3, DType::f32, Device::cpu));
                    },
                    {}});
  LayerInspector inspector(gan.state);
  inspector.begin();
  gan.step.look = inspector.seen();
  gan.step();
  const Json layers = inspector.end();
  CHECK(layers["G"]["1"]["silent"] == 1);
  CHECK(layers["G"]["0"]["silent"] < 1);
  const std::vector<Json> records{{{"step", 1}, {"layers", layers}}};
  const auto worst = most_silent(records);
  REQUIRE(worst);
  CHECK(worst->name == "G 1");
  CHECK(worst->share == 1);
  CHECK(*largest_update(records, "D") > 0);
  CHECK_FALSE(most_silent({}));
  CHECK_FALSE(largest_update({}, "G"));
}

TEST_CASE(
    "what the inspector saw is in the records at its steps, on the page and for TensorBoard, and the weights are those of a run without") {
  const Desk desk{"gan", {"--size", "16", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "2", "--sample-every", "5"}};
  REQUIRE(desk.train("with", {"--steps", "7", "--inspect-every", "3"}).code == 0);
  REQUIRE(desk.train("without", {"--steps", "7", "--inspect-every", "0"}).code == 0);
  std::vector<int> steps, looked;
  for (const auto& r : records_of(desk.run("with"))) {
    steps.push_back(r["step"].get<int>());
    if (r.contains("layers")) looked.push_back(r["step"].get<int>());
  }
  CHECK(steps == std::vector<int>{2, 3, 4, 6, 7});
  CHECK(looked == std::vector<int>{3, 6});
  for (const auto& r : records_of(desk.run("without"))) CHECK_FALSE(r.contains("layers"));
  CHECK(read_safetensors(desk.checkpoint("with")).tensors.size() == read_safetensors(desk.checkpoint("without")).tensors.size());
  const auto bytes = [&](const char* run) {
    std::vector<std::vector<std::byte>> all;
    for (const auto& t : read_safetensors(desk.checkpoint(run)).tensors) all.push_back(t.second.bytes);
    return all;
  };
  CHECK(bytes("with") == bytes("without"));
  const std::string page = contents_of(desk.run("with") / "index.html");
  for (const char* said : {"Inside the layers at step 6", "Silent channels of G", "How fast D&#39;s layers move"}) {
    const bool there = page.find(said) != std::string::npos;
    CHECK_MESSAGE(there, said);
  }
  const Outcome refused = desk.train("bad", {"--inspect-every", "-1"});
  CHECK(refused.code == 2);
  CHECK(refused.errors.find("--inspect-every -1: at least 1, or 0 for never") != std::string::npos);
}

TEST_CASE("a run goes on from right before a look, and with another interval, as if nothing were looked into") {
  std::vector<std::string> devices{"cpu"};
  if (DUEL_TEST_SIM) devices.push_back("sim");  // where layers are joined, and a look runs other rows than the step
  for (const std::string& device : devices) {
    const Desk desk{"gan", {"--size", "16", "--ngf", "8", "--ndf", "8", "--nz", "8", "--log-every", "1", "--sample-every", "5"}};
    REQUIRE(desk.train("whole", {"--device", device, "--steps", "5", "--inspect-every", "3"}).code == 0);
    for (const char* every : {"3", "1", "0"}) {  // then, and 3 once it goes on
      CAPTURE(device);
      CAPTURE(every);
      REQUIRE(desk.train("parts", {"--device", device, "--steps", "2", "--inspect-every", every}).code == 0);
      const Outcome o = desk.resume("parts", {"--steps", "5", "--inspect-every", "3"});
      REQUIRE_MESSAGE(o.code == 0, o.errors);
      CHECK(weights_of(desk.checkpoint("parts")) == weights_of(desk.checkpoint("whole")));
      CHECK(records_of(desk.run("parts")).back() == records_of(desk.run("whole")).back());
    }
  }
}

TEST_CASE("a record whose layers are not what they should be is passed over") {
  for (const char* layers : {"{}", "[]", "3", R"({"G": {}})", R"({"G": 1, "D": {}})"}) {
    const std::vector<Json> records{{{"step", 1}, {"layers", Json::parse(layers)}}};
    CAPTURE(layers);
    CHECK_FALSE(most_silent(records));
    CHECK(layer_series(records).empty());
    CHECK(layer_numbers(records).rows.empty());
  }
}
