// The page of gan2d: real and generated points over time, D's field behind them, what G is told as arrows, and curves. It plays in a
// browser without a network.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/gan2d/film.h"
#include "apps/support/report/report.h"

namespace duel {

struct FilmPanel {
  std::string name;  // what stands above it; may be empty
  const Film* film;
};
// Panels that one slider moves; each has the same number of frames at the same steps.
Stage film_stage(const std::vector<FilmPanel>& panels);

// Of a training: the film, and curves from its records (loss_d, loss_g, d_real, d_fake; as of GanReport) and from the film's scores.
Page plane_page(const Gan2dSettings& settings, const std::string& source, const std::string& device, const Film& film,
                const std::vector<nlohmann::ordered_json>& records);

// Modes covered (or coverage) and high quality (or precision) over the film's steps.
Series scores_over_time(const std::vector<FilmPanel>& panels, bool quality);

// The stage's parts that never change.
extern const char* const film_html;
extern const char* const film_style;
extern const char* const film_script;

}  // namespace duel
