// Differences as rows of a picture: a dot for each pair, a bar for the interval, a square for the mean.
#pragma once
#include <string>
#include <vector>

#include "apps/support/study/statistics.h"

namespace duel {

struct ForestRow {
  std::string name, text;      // text: at the right end
  std::vector<double> points;  // one a pair
  Estimate estimate;           // its bounds may be NaN: no bar
  int side = 0;                // 1: above 0 for sure, −1: below, 0: neither; decides the colour
};

// SVG that takes its colours from report_style. `unit` names the axis. Empty where there are no rows.
std::string forest_plot(const std::vector<ForestRow>& rows, const std::string& unit);

}  // namespace duel
