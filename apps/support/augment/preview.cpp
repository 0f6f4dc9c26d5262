#include "apps/support/augment/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "augment/recipe/draw.h"
#include "augment/recipe/steps.h"

namespace duel {
namespace {

constexpr int tiles = 7;

struct Preview {
  const Image& image;
  const AugmentJob& job;
  const Tensor x = tensor_of({&image});

  // The job's way of resampling, with this one step for sure.
  Recipe only(AugStep step) const {
    Recipe recipe = job.recipe;
    step.p = 1, recipe.steps = 1, recipe.step[0] = step;
    return recipe;
  }
  Image drawn(const AugStep& step, int64_t epoch = 0, std::string* name = nullptr) const {
    const Augmented a = augment(x, only(step), job.rng(), step_counter(static_cast<int>(job.epoch + epoch)),
                                Tensor::from({1}, {0}, DType::i32), job.options());
    if (name) *name = name_of(read_record(only(step), a.record)[0][0].op);
    return seen(step.op, images_of(a.images)[0]);
  }
  // What happens pixel by pixel would be gone from a tile that shows a large picture smaller: of that the middle is shown as it is.
  Image seen(AugOp op, Image made) const {
    if (!is_noise(op) && op != AugOp::sharpness) return made;
    const int h = std::min(made.h, sheet_tile), w = std::min(made.w, sheet_tile);
    return crop(made, (made.h - h) / 2, (made.w - w) / 2, h, w);
  }
  // With these values in its slot, not drawn ones.
  Image made(const AugStep& step, const std::vector<double>& values) const {
    std::vector<double> record(static_cast<size_t>(record_floats(1)));
    record[record_head] = static_cast<double>(step.op);
    std::copy(values.begin(), values.end(), record.begin() + record_head + 1);
    return images_of(replay(x, only(step), job.rng(), Tensor::from({1, record_floats(1)}, record), job.options()))[0];
  }
};

double at(const Range& r, double t) {  // t in [0, 1]; of a normal one two standard deviations each way
  switch (r.form) {
    case Form::constant:
      return r.a;
    case Form::uniform:
      return r.a + (r.b - r.a) * t;
    case Form::normal:
      return r.a + r.b * (4 * t - 2);
    case Form::log_uniform:
      return r.a * std::pow(r.b / r.a, t);
    default:
      return r.a * std::exp2(r.b * (4 * t - 2));
  }
}

// A lone number that says how much is shown from nothing up to it; one that says how it is done stays as it is.
bool is_amount(const Parameter& p) {
  const std::string name = p.name;
  return name == "by" || name == "size";
}

Range constant(double v) { return {static_cast<float>(v), 0, Form::constant}; }

SheetRow row_of(const Preview& preview, const AugStep& step, const StepInfo& info, int parameter) {
  const Parameter& p = info.parameter[parameter];
  SheetRow row{fmt::format("{} {}", info.name, p.name), {}};
  const Range& range = step.range[parameter];
  const bool whole = info.op == AugOp::posterize && range.form == Form::uniform;
  const int count = whole ? static_cast<int>(std::round(range.b) - std::round(range.a)) + 1 : tiles;
  for (int i = 0; i < count; ++i) {
    const double t = count > 1 ? static_cast<double>(i) / (count - 1) : 0;
    const double value = range.form != Form::constant ? at(range, t) : range.a * t;
    AugStep one = step;
    for (Range& other : one.range) other = constant(at(other, .5));
    one.range[parameter] = constant(std::max<double>(value, p.least));
    const std::string caption = fmt::format("{:.3g}", one.range[parameter].a);
    if (row.tiles.empty() || row.tiles.back().caption != caption) row.tiles.push_back({preview.drawn(one), caption});
  }
  return row;
}

void add_rows(const Preview& preview, const AugStep& step, std::vector<SheetRow>& rows) {
  const StepInfo* info = step_table;
  while (info->op != step.op) ++info;
  const size_t before = rows.size();
  for (int k = 0; k < step_ranges; ++k) {
    const Parameter& p = info->parameter[k];
    if (!p.name) break;
    if (step.range[k].form != Form::constant || (is_amount(p) && step.range[k].a != 0)) rows.push_back(row_of(preview, step, *info, k));
  }
  if (step.op == AugOp::solarize && step.range[0].form == Form::constant) {  // the lower its bound, the more of it
    AugStep falling = step;
    SheetRow row{"solarize from", {}};
    for (int i = 0; i < tiles; ++i) {
      falling.range[0] = constant(1 - (1 - static_cast<double>(step.range[0].a)) * i / (tiles - 1));
      row.tiles.push_back({preview.drawn(falling), fmt::format("{:.3g}", falling.range[0].a)});
    }
    rows.push_back(row);
  }
  if (rows.size() > before) return;
  SheetRow row{info->name, {}};
  if (step.op == AugOp::rot90)
    for (int k = 0; k < 4; ++k) row.tiles.push_back({preview.made(step, {static_cast<double>(k)}), fmt::format("{} x 90", k)});
  else if (step.op == AugOp::trivial_augment || step.op == AugOp::rand_augment)  // what it does is drawn too, so these are some draws
    for (int k = 0; k < tiles; ++k) {
      std::string name;
      const Image image = preview.drawn(step, k, &name);
      row.tiles.push_back({image, name});
    }
  else row.tiles = {{preview.image, "without"}, {preview.drawn(step), "with"}};
  rows.push_back(row);
}

}  // namespace

std::vector<SheetRow> preview_rows(const Image& image, const AugmentJob& job) {
  const Preview preview{image, job};
  std::vector<SheetRow> rows;
  for (int i = 0; i < job.recipe.steps; ++i)
    if (std::find(job.recipe.step, job.recipe.step + i, job.recipe.step[i]) == job.recipe.step + i)  // randaugment stands there n times
      add_rows(preview, job.recipe.step[i], rows);
  if (job.recipe.steps == 0)
    for (const StepInfo& info : step_table)
      add_rows(preview, parse_recipe(std::string(info.name) + (info.op == AugOp::rand_augment ? " n=1" : "")).step[0], rows);
  return rows;
}

}  // namespace duel
