#include "apps/support/augment/follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>
#include <tuple>

#include "apps/support/command/csv.h"
#include "augment/augment.h"
#include "engine/io/bounded_reader.h"

namespace duel {
namespace {

namespace fs = std::filesystem;
using Point = std::array<double, 2>;

double area_of(const std::vector<Point>& polygon) {
  double twice = 0;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    twice += a[0] * b[1] - b[0] * a[1];
  }
  return std::abs(twice) / 2;
}

// What of a convex polygon lies where sign·(coordinate − at) ≥ 0 (Sutherland & Hodgman 1974).
std::vector<Point> cut(const std::vector<Point>& polygon, size_t axis, double at, double sign) {
  std::vector<Point> out;
  for (size_t i = 0; i < polygon.size(); ++i) {
    const Point &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    const double da = sign * (a[axis] - at), db = sign * (b[axis] - at);
    if (da >= 0) out.push_back(a);
    if ((da > 0 && db < 0) || (da < 0 && db > 0)) {
      const double t = da / (da - db);
      out.push_back({a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])});
    }
  }
  return out;
}

// A mask of 16 bits would lose its lower bytes on the way, and with them classes.
Image read_mask(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path, ImageLimits().file_bytes);
  constexpr size_t depth = 24;  // where a PNG's header has it
  if (bytes.size() <= depth || bytes[0] != std::byte{0x89}) refuse_file(path, "a mask is a PNG, whose values are exact");
  if (bytes[depth] == std::byte{16}) refuse_file(path, "a mask of 16 bits a channel; write its classes with 8");
  return decode_image(bytes, 0, path);
}

// A line of a table: a file, N numbers and a label.
template <size_t N>
struct TableRow {
  std::string file, label;
  std::array<double, N> numbers{};
  std::function<void(const std::string& why)> refuse;  // throws, naming the table and the row
};

template <size_t N, class Take>
void read_table(const std::string& table, const std::string& fields, Take&& take) {
  size_t line = 0;
  for (const std::vector<std::string>& row : read_csv(table)) {
    if (++line == 1 && !row.empty() && row[0] == "file") continue;
    TableRow<N> read;
    read.refuse = [&](const std::string& why) { refuse_file(table, fmt::format("row {}: {}", line, why)); };
    if (row.size() != N + 2) read.refuse(fmt::format("{} where {} are wanted", counted(row.size(), "field"), fields));
    for (size_t i = 0; i < N; ++i) {
      const std::string& text = row[i + 1];
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read.numbers[i]);
      if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(read.numbers[i]))
        read.refuse(fmt::format("'{}' is no number", printable(text)));
    }
    read.file = row[0], read.label = row[N + 1];
    take(read);
  }
}

std::string no_picture(const std::string& file, const Pictures& pictures) {
  return fmt::format("there is no picture '{}' in {}", printable(file), printable(pictures.name));
}

}  // namespace

double visible_share(const Homography& map, const std::array<double, 4>& box, int h, int w) {
  std::vector<Point> polygon;
  for (const auto& [x, y] : {Point{box[0], box[1]}, Point{box[2], box[1]}, Point{box[2], box[3]}, Point{box[0], box[3]}})
    polygon.push_back(follow(map, x, y));
  const double whole = area_of(polygon);
  for (const auto& [axis, at, sign] :
       {std::tuple<size_t, double, double>{0, 0, 1}, {0, static_cast<double>(w), -1}, {1, 0, 1}, {1, static_cast<double>(h), -1}})
    polygon = cut(polygon, axis, at, sign);
  return whole > 0 ? area_of(polygon) / whole : 0;
}

Followers::Followers(const Pictures& pictures, const Recipe& recipe, const Files& files) : recipe_(recipe), files_(files) {
  if (!files.any()) return;
  if (recipe.has(AugOp::elastic)) fail(Failure::usage, "elastic cannot be followed by masks, boxes or points; leave it out of --aug");
  if (!(files.visible >= 0 && files.visible <= 1)) fail(Failure::usage, fmt::format("--visible {}: a share, 0 to 1", files.visible));
  if (masks() && !fs::is_directory(files.masks)) fail(Failure::data, fmt::format("--masks {}: no folder", printable(files.masks, 4096)));
  std::set<std::string> known;
  for (const PictureItem& item : pictures.items) known.insert(item.below);
  if (known.count("")) fail(Failure::usage, "--masks, --boxes and --points go by file names; name a folder of pictures, or a picture");
  if (boxes())
    read_table<4>(files.boxes, "file, left, top, right, bottom and label", [&](const TableRow<4>& row) {
      const auto& [left, top, right, bottom] = row.numbers;
      if (!(left < right && top < bottom)) row.refuse("a box without area; left < right and top < bottom");
      if (!known.count(row.file)) row.refuse(no_picture(row.file, pictures));
      boxes_[row.file].push_back({row.numbers, row.label});
    });
  if (points())
    read_table<2>(files.points, "file, x, y and label", [&](const TableRow<2>& row) {
      if (!known.count(row.file)) row.refuse(no_picture(row.file, pictures));
      points_[row.file].push_back({row.numbers, row.label});
    });
}

std::vector<Image> Followers::masks_of(const PictureItem& item, const Image& original, const std::vector<AugmentedCopy>& copies) const {
  const std::string path = fs::path(files_.masks) / fs::path(item.below).replace_extension(".png");
  const Image mask = read_mask(path);
  if (mask.h != original.h || mask.w != original.w)
    refuse_file(path,
                fmt::format("a mask of {}×{} pixels for a picture of {}×{}; make them alike", mask.h, mask.w, original.h, original.w));
  const std::vector<double> values(mask.pixels.begin(), mask.pixels.end());
  const Tensor x = Tensor::from({1, mask.h, mask.w, mask.c}, values, DType::f32, Device::cpu);
  std::vector<Image> out;
  for (const AugmentedCopy& copy : copies) {
    const Tensor map = Tensor::from({1, 9}, {copy.map.begin(), copy.map.end()}, DType::f32, Device::cpu);
    const Tensor y = warp(x, map,
                          {.h = copy.image.h,
                           .w = copy.image.w,
                           .interpolation = Interpolation::nearest,
                           .border = recipe_.border == Border::constant ? Border::zeros : recipe_.border,
                           .fill = 0,
                           .antialias = false});
    Image& made = out.emplace_back(Image{copy.image.h, copy.image.w, mask.c, {}});
    for (const double v : y.values()) made.pixels.push_back(static_cast<uint8_t>(std::lround(v)));
  }
  return out;
}

std::vector<Followers::Followed> Followers::boxes_of(const PictureItem& item, const Image& original, const AugmentedCopy& copy) const {
  std::vector<Followed> out;
  const auto own = boxes_.find(item.below);
  if (own == boxes_.end()) return out;
  for (const LabelledBox& box : own->second) {
    const auto& e = box.edges;
    if (e[0] < 0 || e[1] < 0 || e[2] > original.w || e[3] > original.h)
      refuse_file(files_.boxes, fmt::format("'{}': the box {:g},{:g},{:g},{:g} does not lie in its {}×{} pixels", printable(item.below),
                                            e[0], e[1], e[2], e[3], original.h, original.w));
    const double share = visible_share(copy.map, e, copy.image.h, copy.image.w);
    const std::array<double, 4> moved = follow_box(copy.map, e, copy.image.h, copy.image.w);
    const bool kept = share > 0 && share >= files_.visible && moved[0] < moved[2] && moved[1] < moved[3];
    out.push_back({{moved, box.label}, share, kept});
  }
  return out;
}

std::vector<Followers::FollowedPoint> Followers::points_of(const PictureItem& item, const Image& original,
                                                           const AugmentedCopy& copy) const {
  std::vector<FollowedPoint> out;
  const auto own = points_.find(item.below);
  if (own == points_.end()) return out;
  for (const LabelledPoint& point : own->second) {
    const auto [x, y] = point.at;
    if (x < 0 || y < 0 || x > original.w || y > original.h)
      refuse_file(files_.points, fmt::format("'{}': the point {:g},{:g} does not lie in its {}×{} pixels", printable(item.below), x, y,
                                             original.h, original.w));
    const std::array<double, 2> at = follow(copy.map, x, y);
    const bool inside = at[0] >= 0 && at[1] >= 0 && at[0] <= copy.image.w && at[1] <= copy.image.h;
    out.push_back({{at, point.label}, inside});
  }
  return out;
}

}  // namespace duel
