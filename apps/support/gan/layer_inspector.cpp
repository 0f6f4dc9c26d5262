#include "apps/support/gan/layer_inspector.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/support/gan/clones.h"
#include "apps/support/report/run_page.h"
#include "apps/support/run/events.h"
#include "engine/grad.h"
#include "models/spectral_norm.h"

namespace duel {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t most_values = 65536;  // in a histogram
constexpr int bins = 32, rounds = 10;   // of power iteration

Tensor wide(const Tensor& x) { return cast(x, accumulator_of(x.dtype())); }
double sum_of_squares(const Tensor& x) { return sum(square(wide(x))).item(); }
double rms(const Tensor& x) { return std::sqrt(sum_of_squares(x) / static_cast<double>(x.count())); }
double norm_of(const Tensors& list) {
  double sum = 0;
  for (const Tensor& t : list) sum += sum_of_squares(t);
  return std::sqrt(sum);
}

Json values_of(const Tensor& x) {
  const std::vector<double> some = x.alias({std::min(x.count(), most_values)}).values();
  return json_of(histogram(some, bins));
}

double largest_singular(const Tensor& w, LeavesBy axis) {
  const int64_t out = axis == LeavesBy::first_axis ? w.shape()[0] : w.shape()[-1], rest = w.count() / out;
  const Tensor m = wide(w);
  const Tensor u = Tensor::full({out}, 1 / std::sqrt(static_cast<double>(out)), m.dtype(), m.device());
  const Tensor v = Tensor::zeros({rest}, m.dtype(), m.device());
  for (int i = 0; i < rounds; ++i) power_iteration(m, u, v, axis);
  const double stretched = rms(spectral_norm(m, u, v, axis));
  return stretched > 0 ? rms(m) / stretched : 0;
}

double silent(const Tensor& out) {
  const std::vector<double> above = sum_per_channel(step(wide(out))).values();
  return static_cast<double>(std::count(above.begin(), above.end(), 0.0)) / static_cast<double>(above.size());
}

double drift(const Layer& layer, const Tensor& in) {
  const std::vector<double> batch = mean_per_channel(wide(in)).values(), mean = layer.running_mean.values(),
                            var = layer.running_var.values();
  double sum = 0;
  for (size_t c = 0; c < mean.size(); ++c) sum += (mean[c] - batch[c]) * (mean[c] - batch[c]) / (var[c] + layer.eps);
  return std::sqrt(sum / static_cast<double>(mean.size()));
}

template <class Visit>
void each_tensor(GanState& state, const Visit& f) {
  state.each([&](const std::string&, Tensor& t) { f(t); });
  f(state.step_on_device);
}

// The layer whose weight `w` is.
const LayerSeen* find(const std::vector<LayerSeen>& seen, const Weight& w) {
  for (const LayerSeen& s : seen)
    if (s.layer->w.master.data() == w.master.data()) return &s;
  return nullptr;
}

Json layer_of(const Weight& w, const Tensor& before, const Tensor& gradient, bool transposed,
              std::initializer_list<const LayerSeen*> seen) {
  const bool image = w.master.shape().rank() == 4;
  const Tensor update = w.master - before;
  Json json{{"weight", rms(w.master)},
            {"gradient", rms(gradient)},
            {"update", rms(update)},
            {"singular", largest_singular(w.master, transposed && image ? LeavesBy::last_axis : LeavesBy::first_axis)}};
  double squares = 0, back = 0, quiet = 0, passes = 0;
  const LayerSeen* last = nullptr;
  for (const LayerSeen* s : seen) {
    if (!s) continue;
    squares += sum_of_squares(s->out) / static_cast<double>(s->out.count());
    back += sum_of_squares(s->gradient) / static_cast<double>(s->gradient.count());
    quiet += silent(s->out), ++passes, last = s;
  }
  if (last) {
    json["activation"] = std::sqrt(squares / passes), json["back"] = std::sqrt(back / passes), json["silent"] = quiet / passes;
    if (last->layer->running_mean) json["drift"] = drift(*last->layer, last->in);
  }
  json["weight_values"] = values_of(w.master), json["gradient_values"] = values_of(gradient), json["update_values"] = values_of(update);
  if (last) json["activation_values"] = values_of(last->out), json["back_values"] = values_of(last->gradient);
  return json;
}

template <class Net>
Json layers_of(Net& net, const Tensors& before, const Tensors& gradients, bool transposed,
               std::initializer_list<const std::vector<LayerSeen>*> passes) {
  Json layers = Json::object();
  size_t i = 0;
  net.each({[&](const std::string& name, Weight& w) {
              const size_t at = i++;
              if (!name.ends_with(".w")) return;
              const auto seen = [&](size_t pass) { return pass < passes.size() ? find(*passes.begin()[pass], w) : nullptr; };
              layers[name.substr(0, name.size() - 2)] = layer_of(w, before[at], gradients[at], transposed, {seen(0), seen(1)});
            },
            {}});
  return layers;
}

bool is_net(const Json& layers, const char* net) { return layers.is_object() && layers.contains(net) && layers[net].is_object(); }

// The records that have "layers".
std::vector<Json> inspected(const std::vector<Json>& records) {
  std::vector<Json> some;
  for (const Json& r : records)
    if (r.contains("step") && r["step"].is_number() && r.contains("layers") && is_net(r["layers"], "G") && is_net(r["layers"], "D"))
      some.push_back(r);
  return some;
}

double number(const Json& layer, const char* key) {
  return layer.contains(key) && layer[key].is_number() ? layer[key].get<double>() : std::numeric_limits<double>::quiet_NaN();
}

// A curve for each layer of a net, of what f makes of its numbers.
Series series_of(const std::vector<Json>& records, const char* net, std::string title, std::string note, bool share,
                 const std::function<double(const Json& layer)>& f) {
  Series series{std::move(title), std::move(note), {}, share};
  for (const auto& [name, first] : records.back()["layers"][net].items()) {
    Curve curve{fmt::format("{} {}", net, name), {}, {}};
    for (const Json& r : records) {
      const Json& layers = r["layers"];
      const bool there = layers.contains(net) && layers[net].contains(name);
      curve.step.push_back(r["step"].get<double>());
      curve.value.push_back(there ? f(layers[net][name]) : std::numeric_limits<double>::quiet_NaN());
    }
    if (std::any_of(curve.value.begin(), curve.value.end(), [](double v) { return std::isfinite(v); }))
      series.curves.push_back(std::move(curve));
  }
  return series;
}

}  // namespace

void LayerInspector::begin() {
  g_before_ = clones(masters(state_.g)), d_before_ = clones(masters(state_.d));
  all_before_.clear();
  each_tensor(state_, [&](Tensor& t) { all_before_.push_back(t.clone()); });
}

Json LayerInspector::end() {
  NoGrad only_looking;
  const double d = norm_of(seen_.gradient_d), g = norm_of(seen_.gradient_g);
  Json json{{"d_to_g_gradient", g > 0 ? d / g : 0},
            {"G", layers_of(state_.g, g_before_, seen_.gradient_g, true, {&seen_.g})},
            {"D", layers_of(state_.d, d_before_, seen_.gradient_d, false, {&seen_.d_real, &seen_.d_fake})}};
  size_t i = 0;
  each_tensor(state_, [&](Tensor& t) { t.assign(all_before_[i++]); });
  refresh_copies(state_.g), refresh_copies(state_.d);
  seen_ = {}, g_before_.clear(), d_before_.clear(), all_before_.clear();  // they are as large as the run and a pass through its nets
  return json;
}

std::vector<Series> layer_series(const std::vector<Json>& all) {
  const std::vector<Json> records = inspected(all);
  if (records.empty()) return {};
  const auto power = [](double above, double below) { return above > 0 && below > 0 ? std::log10(above / below) : std::nan(""); };
  std::vector<Series> list;
  Series ratio{"D's gradient against G's",
               "The length of D's whole gradient over that of G's. Neither net should leave the other far behind.",
               {},
               false};
  ratio.curves.push_back({"D : G", {}, {}});
  for (const Json& r : records)
    ratio.curves[0].step.push_back(r["step"].get<double>()), ratio.curves[0].value.push_back(number(r["layers"], "d_to_g_gradient"));
  list.push_back(std::move(ratio));
  for (const char* net : {"G", "D"}) {
    list.push_back(series_of(records, net, fmt::format("How fast {}'s layers move", net),
                             "What a step changes of a weight against the weight itself, as a power of ten: -3 is usual; -1 is no more a "
                             "small step, and -6 stands still.",
                             false, [&](const Json& l) { return power(number(l, "update"), number(l, "weight")); }));
    list.push_back(
        series_of(records, net, fmt::format("Gradients that come back to {}'s layers", net),
                  "Of the loss by what leaves the layer, as a power of ten. A fan that opens: they vanish or explode on their way.", false,
                  [&](const Json& l) { return power(number(l, "back"), 1); }));
  }
  list.push_back(series_of(records, "G", "Silent channels of G",
                           "The share of channels that were not above 0 anywhere in the batch. Behind a ReLU they learn nothing.", true,
                           [](const Json& l) { return number(l, "silent"); }));
  return list;
}

Table layer_numbers(const std::vector<Json>& all) {
  const std::vector<Json> records = inspected(all);
  if (records.empty()) return {};
  const Json& last = records.back();
  Table table{
      fmt::format("Inside the layers at step {}", last["step"].dump()),
      "Root mean squares of all elements of each; silent: channels never above 0; drift: batch norm's running mean from the batch's, in "
      "standard deviations; σ: the weight's largest singular value.",
      {"Layer", "weight", "σ", "gradient", "update", "activation", "its gradient", "silent", "drift"},
      {}};
  for (const char* net : {"G", "D"})
    for (const auto& [name, layer] : last["layers"][net].items()) {
      const auto text = [of = layer](const char* key) {
        const double v = number(of, key);
        return std::isfinite(v) ? fmt::format("{:.3g}", v) : std::string();
      };
      const double share = number(layer, "silent");
      table.rows.push_back({fmt::format("{} {}", net, name), text("weight"), text("singular"), text("gradient"), text("update"),
                            text("activation"), text("back"), std::isfinite(share) ? fmt::format("{:.0f} %", 100 * share) : "",
                            text("drift")});
    }
  return table;
}

std::optional<double> largest_update(const std::vector<Json>& all, const char* net) {
  const std::vector<Json> records = inspected(all);
  if (records.empty()) return {};
  std::optional<double> most;
  for (const auto& [name, layer] : records.back()["layers"][net].items())
    if (const double v = number(layer, "update"); std::isfinite(v) && !(most && *most >= v)) most = v;
  return most;
}

std::optional<SilentLayer> most_silent(const std::vector<Json>& all) {
  const std::vector<Json> records = inspected(all);
  if (records.empty()) return {};
  std::optional<SilentLayer> most;
  for (const auto& [name, layer] : records.back()["layers"]["G"].items()) {
    const double share = number(layer, "silent");
    if (std::isfinite(share) && (!most || share > most->share)) most = SilentLayer{"G " + name, share};
  }
  return most;
}

}  // namespace duel
