#include "apps/support/gan2d/points.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <numbers>

#include "apps/support/command/csv.h"
#include "engine/io/file.h"
#include "engine/io/image.h"
#include "engine/rng.h"

namespace duel {
namespace {

constexpr double half_side = 2;          // of the square that a drawing fills
constexpr int most_pixels_a_side = 512;  // finer detail than a small net learns

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  fail(Failure::data, fmt::format("{}: {}", printable(file, 4096), why));
}

size_t pick(double u, size_t count) { return std::min(static_cast<size_t>(u * static_cast<double>(count)), count - 1); }

PointSource picture(const std::string& file) {
  Image image = read_image(file, 1);
  if (const int side = std::max(image.h, image.w); side > most_pixels_a_side)
    image = resize(image, std::max(1, image.h * most_pixels_a_side / side), std::max(1, image.w * most_pixels_a_side / side));
  auto up_to = std::make_shared<std::vector<double>>();  // darkness of a pixel and all before it
  double sum = 0;
  for (const uint8_t luma : image.pixels) up_to->push_back(sum += 255 - luma);
  if (sum == 0) refuse(file, "all of it is white; the points are drawn where it is dark");
  const double pixel = 2 * half_side / std::max(image.h, image.w);
  const int h = image.h, w = image.w;
  return {printable(file), {}, [=](const PointDraw& d) {
            const auto at = std::upper_bound(up_to->begin(), up_to->end(), d.u[0] * sum);
            const auto i = std::min<int64_t>(at - up_to->begin(), static_cast<int64_t>(up_to->size()) - 1);
            const double x = static_cast<double>(i % w) + d.u[1], y = static_cast<double>(i / w) + d.u[2];
            return std::array{(x - w / 2.0) * pixel, (h / 2.0 - y) * pixel};
          }};
}

std::optional<double> number(const std::string& text) {
  const size_t from = text.find_first_not_of(" \t"), to = text.find_last_not_of(" \t");
  if (from == std::string::npos) return {};
  double value = 0;
  const char* end = text.data() + to + 1;
  const auto parsed = std::from_chars(text.data() + from, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// What a heading does not do: a first row that was to be a point must not pass for one.
bool begins_a_number(const std::string& text) {
  const size_t at = text.find_first_not_of(" \t+-.");
  return at != std::string::npos && text[at] >= '0' && text[at] <= '9';
}

PointSource table(const std::string& file) {
  auto points = std::make_shared<std::vector<std::array<double, 2>>>(read_points(file));
  if (points->size() < 2) refuse(file, "at least two points are wanted, a row with x and y each");
  std::array<double, 2> middle{};
  double half = 0;
  for (size_t axis = 0; axis < 2; ++axis) {
    const auto [low, high] = std::minmax_element(points->begin(), points->end(), [&](auto& a, auto& b) { return a[axis] < b[axis]; });
    middle[axis] = (*low)[axis] / 2 + (*high)[axis] / 2;
    half = std::max(half, (*high)[axis] / 2 - (*low)[axis] / 2);
  }
  if (!(half > 0)) refuse(file, "all points are the same one");
  for (auto& p : *points)
    for (size_t axis = 0; axis < 2; ++axis) p[axis] = (p[axis] - middle[axis]) / half * half_side;
  return {printable(file), {}, [points](const PointDraw& d) { return (*points)[pick(d.u[0], points->size())]; }};
}

std::string ending_of(const std::string& file) {
  const size_t dot = file.rfind('.');
  std::string ending = dot == std::string::npos ? "" : file.substr(dot + 1);
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}
bool is_picture(const std::string& ending) { return ending == "png" || ending == "jpg" || ending == "jpeg"; }

}  // namespace

std::vector<std::array<double, 2>> read_points(const std::string& file) {
  auto rows = read_csv(file);
  if (!rows.empty() && rows[0][0].starts_with("\xEF\xBB\xBF")) rows[0][0].erase(0, 3);  // a byte order mark, as spreadsheets write it
  std::vector<std::array<double, 2>> points;
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::optional<double> x = number(rows[i][0]), y = rows[i].size() > 1 ? number(rows[i][1]) : std::nullopt;
    if (x && y) points.push_back({*x, *y});
    else if (i > 0 || begins_a_number(rows[0][0]) || (rows[0].size() > 1 && begins_a_number(rows[0][1])))
      refuse(file, fmt::format("row {}: two numbers, x and y, are wanted", i + 1));
  }
  return points;
}

Tensor PointSource::draw(int64_t n, int64_t seed, const Tensor& step, int64_t first) const {
  const std::vector<double> u = Rng{seed, RandomStream::points}.uniform({n, 3}, step, 0, 1, DType::f32, first).values(),
                            z = Rng{seed, RandomStream::point_noise}.normal({n, 2}, step, 0, 1, DType::f32, first).values();
  std::vector<double> points;
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const auto [x, y] = place({{u[3 * i], u[3 * i + 1], u[3 * i + 2]}, {z[2 * i], z[2 * i + 1]}});
    points.insert(points.end(), {x, y});
  }
  return Tensor::from({n, 1, 1, 2}, points, DType::f32, step.device());
}

PointSource points_of(const Mixture& mixture) {
  return {fmt::format("{}, σ = {:g}", mixture.name, mixture.sigma), mixture, [mixture](const PointDraw& d) {
            const auto& [x, y] = mixture.centres[pick(d.u[0], mixture.centres.size())];
            return std::array{x + mixture.sigma * d.z[0], y + mixture.sigma * d.z[1]};
          }};
}

PointSource two_moons(double sigma) {
  constexpr double radius = 2 * half_side / 3;  // in make_moons circles of radius 1 span [−1, 2]
  return {
      fmt::format("two moons, σ = {:g}", sigma), {}, [sigma](const PointDraw& d) {
        const double angle = std::numbers::pi * d.u[1], x = std::cos(angle), y = std::sin(angle);
        const bool upper = d.u[0] < 0.5;
        return std::array{radius * (upper ? x - 0.5 : 0.5 - x) + sigma * d.z[0], radius * (upper ? y - 0.25 : 0.25 - y) + sigma * d.z[1]};
      }};
}

PointSource drawing(const std::string& file) { return is_picture(ending_of(file)) ? picture(file) : table(file); }

PointSource open_points(const std::string& data, int modes, double sigma) {
  if (data == "ring") return points_of(ring_of_gaussians(sigma, modes));
  if (data == "grid") return points_of(grid_of_gaussians(sigma));
  if (data == "moons") return two_moons(sigma);
  if (const std::string ending = ending_of(data); is_picture(ending) || ending == "csv") return drawing(data);
  fail(Failure::usage,
       fmt::format("--data {}: there are ring, grid, moons, and files that end in .png, .jpg or .csv", printable(data, 4096)));
}

}  // namespace duel
