// What a step by hand starts from: drawn and rounded, or read from a file.
#include <fmt/format.h>

#include <cmath>

#include "apps/support/gan2d/hand_step.h"
#include "apps/support/gan2d/points.h"
#include "apps/support/run/settings.h"
#include "engine/io/file.h"
#include "engine/rng.h"

namespace duel {
namespace {

using Json = nlohmann::ordered_json;
constexpr int most = 8;
constexpr double ring_sigma = 0.1, weight_std = 0.7;

HandInput nets(int width, int nz) {
  const GanConfig config{.net = GanNet::points,
                         .h = 1,
                         .w = 1,
                         .channels = 2,
                         .nz = nz,
                         .ngf = width,
                         .ndf = width,
                         .depth = 1,
                         .d_norm = Norm::none,
                         .precision = DType::f64};
  return {Generator(config, Device::cpu), Discriminator(config, Device::cpu), {}, {}};
}

Tensor rounded(const Tensor& t) {
  std::vector<double> v = t.values();
  for (double& x : v) x = std::round(10 * x) / 10;
  return Tensor::from(t.shape(), v, DType::f64, Device::cpu);
}

template <class Net>
void draw_weights(Net& net, const Rng& rng) {
  int index = 0;
  net.each({[&](const std::string&, Weight& w) {
              w.master.assign(rounded(rng.normal(w.master.shape(), step_counter(index++, Device::cpu), 0, weight_std)));
            },
            {}});
}

Json rows_json(const Tensor& t) {
  const std::vector<double> v = t.values();
  if (t.shape().rank() == 1) return v;
  Json rows = Json::array();
  const int64_t columns = t.count() / t.shape()[0];
  for (int64_t i = 0; i < t.shape()[0]; ++i) rows.push_back(std::vector<double>(v.begin() + i * columns, v.begin() + (i + 1) * columns));
  return rows;
}

// The matrix or vector under a name, row by row; -1 rows: as many as there are.
struct Reader {
  std::string file;
  [[noreturn]] void refuse(const std::string& why) const { fail(Failure::data, fmt::format("{}: {}", printable(file, 4096), why)); }

  std::vector<double> numbers(const Json& at, const std::string& name, int64_t rows, int64_t columns) const {
    const auto wrong = [&] {
      refuse(columns ? fmt::format("\"{}\" is to be {} rows of {}", name, rows < 0 ? fmt::format("1 to {}", most) : std::to_string(rows),
                                   counted(static_cast<uint64_t>(columns), "finite number"))
                     : fmt::format("\"{}\" is to be a list of {}", name, counted(static_cast<uint64_t>(rows), "finite number")));
    };
    if (!at.is_array() || at.empty() || (rows < 0 ? at.size() > most : at.size() != static_cast<size_t>(rows))) wrong();
    std::vector<double> out;
    const auto take = [&](const Json& value) {
      if (!value.is_number() || !std::isfinite(value.get<double>())) wrong();
      out.push_back(value.get<double>());
    };
    for (const Json& row : at) {
      if (columns == 0) {
        take(row);
        continue;
      }
      if (!row.is_array() || row.size() != static_cast<size_t>(columns)) wrong();
      for (const Json& value : row) take(value);
    }
    return out;
  }
};

}  // namespace

HandInput seeded_input(int width, int nz, int batch, int64_t seed) {
  for (const auto& [flag, value] : {std::pair{"--width", width}, {"--nz", nz}, {"--batch", batch}})
    want(value >= 1 && value <= most, fmt::format("{} {}: 1 to {}, or nobody follows it by hand", flag, value, most));
  HandInput in = nets(width, nz);
  draw_weights(in.g, {seed, RandomStream::init_g}), draw_weights(in.d, {seed, RandomStream::init_d});
  const Tensor step = step_counter(0, Device::cpu);
  in.real = rounded(points_of(ring_of_gaussians(ring_sigma)).draw(batch, seed, step));
  in.z = rounded(Rng{seed, RandomStream::noise}.normal({batch, 1, 1, nz}, step));
  return in;
}

HandInput read_hand_input(const std::string& file) {
  const Reader reader{file};
  const std::vector<std::byte> bytes = read_file(file, 1 << 20);
  const char* text = reinterpret_cast<const char*>(bytes.data());
  const Json json = Json::parse(text, text + bytes.size(), nullptr, false);
  if (!json.is_object()) reader.refuse("it is no JSON object; `gan2d step --save FILE` writes one to start from");
  for (const char* name : {"g", "d", "real", "z"})
    if (!json.contains(name)) reader.refuse(fmt::format("there is no \"{}\" in it", name));
  const auto side_of = [&](const char* name, const Json& rows) {
    if (!rows.is_array() || rows.empty() || rows.size() > most || !rows[0].is_array() || rows[0].empty() || rows[0].size() > most)
      reader.refuse(fmt::format("\"{}\" is to be 1 to {} rows of 1 to {} numbers", name, most, most));
    return rows;
  };
  const Json z = side_of("z", json["z"]);
  if (!json["g"].is_object() || !json["g"].contains("0.w")) reader.refuse("there is no \"0.w\" in \"g\"");
  HandInput in = nets(static_cast<int>(side_of("0.w", json["g"]["0.w"]).size()), static_cast<int>(z[0].size()));
  const auto fill = [&](auto& net, const char* which) {
    net.each({[&](const std::string& name, Weight& w) {
                if (!json[which].is_object() || !json[which].contains(name))
                  reader.refuse(fmt::format("there is no \"{}\" in \"{}\"", name, which));
                const Shape& s = w.master.shape();
                w.master.assign(
                    Tensor::from(s, reader.numbers(json[which][name], fmt::format("{}.{}", which, name), s[0], s.rank() == 2 ? s[1] : 0),
                                 DType::f64, Device::cpu));
              },
              {}});
  };
  fill(in.g, "g"), fill(in.d, "d");
  const auto points = [&](const char* name, int64_t rows, int64_t columns) {
    const std::vector<double> v = reader.numbers(json[name], name, rows, columns);
    return Tensor::from({static_cast<int64_t>(v.size()) / columns, 1, 1, columns}, v, DType::f64, Device::cpu);
  };
  in.z = points("z", -1, in.g.config.nz);
  in.real = points("real", in.z.shape()[0], 2);
  return in;
}

Json json_of(HandInput& in) {
  Json out;
  in.g.each({[&](const std::string& name, Weight& w) { out["g"][name] = rows_json(w.master); }, {}});
  in.d.each({[&](const std::string& name, Weight& w) { out["d"][name] = rows_json(w.master); }, {}});
  out["real"] = rows_json(in.real), out["z"] = rows_json(in.z);
  return out;
}

}  // namespace duel
