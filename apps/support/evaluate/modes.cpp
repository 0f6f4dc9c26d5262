#include "apps/support/evaluate/modes.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/support/command/flags.h"
#include "apps/support/gan2d/points.h"
#include "apps/support/run/settings.h"

namespace duel {

void add_modes(CLI::App& program, ModesAsk& ask) {
  ask.app = program.add_subcommand("modes", "which modes of a ring or grid of Gaussians the points of a CSV cover");
  ask.app->add_option("points", ask.points, "CSV with x and y in its first two columns")->required();
  ask.app->add_option("--mixture", ask.mixture, "ring (of radius 2) or grid (5 by 5, at spacing 2)")->capture_default_str();
  ask.app->add_option("--modes", ask.modes, "Gaussians on the ring")->capture_default_str();
  ask.app->add_option("--sigma", ask.sigma, "standard deviation of a Gaussian")->required();
  ask.app->add_flag("--json", ask.json, "as JSON, and the points of each mode");
}

int say_modes(const ModesAsk& ask) {
  want(ask.mixture == "ring" || ask.mixture == "grid", fmt::format("--mixture {}: ring or grid", ask.mixture));
  want(ask.mixture == "ring" || !was_given(*ask.app, "modes"), "--modes counts the Gaussians of a ring; a grid has 25");
  want(ask.modes >= 1 && ask.modes <= 1000, fmt::format("--modes {}: 1 to 1000", ask.modes));
  want(ask.sigma > 0 && std::isfinite(ask.sigma), fmt::format("--sigma {}: above 0", ask.sigma));
  std::vector<float> points;
  for (const auto& [x, y] : read_points(ask.points)) points.push_back(static_cast<float>(x)), points.push_back(static_cast<float>(y));
  if (points.empty()) fail(Failure::data, fmt::format("{}: no points; a row with x and y each is wanted", ask.points));
  const Mixture mixture = ask.mixture == "ring" ? ring_of_gaussians(ask.sigma, ask.modes) : grid_of_gaussians(ask.sigma);
  const ModeCount count = count_modes(points, mixture);
  if (ask.json) {
    const nlohmann::ordered_json json{{"points", ask.points},
                                      {"mixture", mixture.name},
                                      {"sigma", count.sigma},
                                      {"n", count.n},
                                      {"modes", count.modes},
                                      {"covered", count.covered},
                                      {"high_quality", count.high_quality},
                                      {"of_modes", count.of_modes}};
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  fmt::print("{}: {}\n", mixture.name, count.text());
  if (count.n != mode_samples)
    fmt::print("modes are usually counted in {} points: a mode counts as covered by 20, and these are {}\n", mode_samples, count.n);
  return 0;
}

}  // namespace duel
