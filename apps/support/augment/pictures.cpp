#include "apps/support/augment/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/support/command/csv.h"
#include "apps/support/command/progress.h"
#include "engine/io/file.h"
#include "engine/io/png_text.h"
#include "kernels/error.h"

namespace duel {
namespace {

nlohmann::ordered_json about(const Pictures& pictures, const AugmentJob& job) {
  return {{"recipe", text_of(job.recipe)}, {"seed", job.seed}, {"source", printable(pictures.name, 4096)}};
}

std::string heading(const AugmentJob& job, int copy) { return fmt::format("epoch {}", job.epoch + copy); }

// One of each class in turn, and of each class evenly from its first to its last: any even step over the whole source would meet one class
// only where classes take turns.
std::vector<size_t> spread_over(const Pictures& pictures, size_t wanted) {
  std::map<std::string, std::vector<size_t>> of_class;
  for (size_t i = 0; i < pictures.items.size(); ++i) of_class[pictures.items[i].label].push_back(i);
  std::vector<std::vector<size_t>> classes;  // in the order of their first pictures
  for (auto& [label, items] : of_class) classes.push_back(std::move(items));
  std::sort(classes.begin(), classes.end());
  std::vector<size_t> share(classes.size());
  for (size_t k = 0, taken = 0; taken < wanted; ++k)
    if (share[k % classes.size()] < classes[k % classes.size()].size()) ++share[k % classes.size()], ++taken;
  std::vector<size_t> chosen;
  for (size_t round = 0; chosen.size() < wanted; ++round)
    for (size_t c = 0; c < classes.size(); ++c)
      if (round < share[c]) chosen.push_back(classes[c][round * classes[c].size() / share[c]]);
  return chosen;
}

}  // namespace

std::vector<uint8_t> png_of(const Pictures& pictures, const AugmentJob& job, const AugmentedCopy& copy) {
  const PictureItem& item = pictures.items[copy.item];
  nlohmann::ordered_json json = about(pictures, job);
  json["file"] = printable(item.file, 4096), json["sample"] = item.id, json["epoch"] = copy.epoch, json["drawn"] = text_of(copy.steps);
  const PngText text[] = {{augment_keyword, json.dump()}};
  return with_png_text(encode_png(copy.image), text);
}

Written write_augmented(const std::string& place, bool replace, const Pictures& pictures, const AugmentJob& job,
                        const Followers& followers) {
  NewFolder folder(place, replace);
  const std::string images = followers.masks() ? "images/" : "";
  std::string boxes = "file,left,top,right,bottom,label\n", dropped = "file,label,visible\n", points = "file,x,y,label,inside\n";
  const bool flat = std::all_of(pictures.items.begin(), pictures.items.end(), [](const PictureItem& i) { return i.folder.empty(); });
  std::string table = csv_line({"file", "source", "sample", "label", "epoch", "seed", "height", "width", "recipe", "drawn"});
  std::string labels = "file,label\n";
  const std::string recipe = text_of(job.recipe), seed = std::to_string(job.seed);
  std::vector<size_t> all(pictures.items.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  Written written;
  {
    Progress progress("augment", static_cast<int64_t>(all.size()));
    const auto put = [&](size_t i, const Image& original, std::vector<AugmentedCopy> copies) {
      const PictureItem& item = pictures.items[i];
      if (followers.masks()) {
        const std::vector<Image> masks = followers.masks_of(item, original, copies);
        for (size_t k = 0; k < masks.size(); ++k)
          folder.write(fmt::format("masks/{}-{}.png", pictures.path_of(i), copies[k].copy), encode_png(masks[k]));
      }
      for (const AugmentedCopy& copy : copies) {
        const std::string name = fmt::format("{}-{}.png", pictures.path_of(i), copy.copy);
        folder.write(images + name, png_of(pictures, job, copy));
        for (const Followers::Followed& f : followers.boxes_of(item, original, copy)) {
          const auto& e = f.box.edges;
          if (f.kept)
            boxes += csv_line({name, fmt::format("{:.3f}", e[0]), fmt::format("{:.3f}", e[1]), fmt::format("{:.3f}", e[2]),
                               fmt::format("{:.3f}", e[3]), f.box.label});
          else dropped += csv_line({name, f.box.label, fmt::format("{:.3f}", f.visible)});
          ++(f.kept ? written.boxes : written.dropped);
        }
        for (const Followers::FollowedPoint& f : followers.points_of(item, original, copy)) {
          const auto& [x, y] = f.point.at;
          points += csv_line({name, fmt::format("{:.3f}", x), fmt::format("{:.3f}", y), f.point.label, f.inside ? "1" : "0"});
          ++written.points, written.outside += !f.inside;
        }
        table += csv_line({images + name, item.file, std::to_string(item.id), item.label, std::to_string(copy.epoch), seed,
                           std::to_string(copy.image.h), std::to_string(copy.image.w), recipe, text_of(copy.steps)});
        labels += csv_line({name, item.label});
      }
      ++written.pictures, written.copies += static_cast<int64_t>(copies.size());
      const bool last = i + 1 == all.size();
      if (progress.tick(static_cast<int64_t>(i) + 1) || last) progress.show({});
    };
    written.stopped = !each_augmented(pictures, all, job, put, [&](const std::string& why) {
      written.bad.push_back(why);
      progress.note("augment: passed over: " + why);
    });
    if (written.stopped) return written;
  }
  folder.write("augmentations.csv", table);
  if (flat && !pictures.classes.empty()) folder.write(images + "labels.csv", labels);
  if (followers.boxes()) folder.write("boxes.csv", boxes);
  if (followers.points()) folder.write("points.csv", points);
  if (written.dropped) folder.write("dropped-boxes.csv", dropped);
  folder.finish();
  return written;
}

Shown show_augmented(const Pictures& pictures, const AugmentJob& job, int tiles) {
  const int64_t columns = int64_t{job.copies} + 1, have = static_cast<int64_t>(pictures.items.size());
  if (tiles < 2 || tiles < columns)
    fail(Failure::usage, fmt::format("--n {}: an original and --copies {} of it are {} tiles at least", tiles, job.copies, columns));
  const std::vector<size_t> chosen = spread_over(pictures, static_cast<size_t>(std::min(tiles / columns, have)));
  Shown shown;
  each_augmented(
      pictures, chosen, job,
      [&](size_t item, const Image& original, std::vector<AugmentedCopy> copies) {
        shown.rows.push_back({item, original, std::move(copies)});
      },
      [&](const std::string& why) {
        shown.bad.push_back(why);
        fmt::print(stderr, "augment: passed over: {}\n", why);
      });
  return shown;
}

Image sheet_of(const AugmentJob& job, const Shown& shown) {
  std::vector<std::string> headings{"original"};
  for (int k = 0; k < job.copies; ++k) headings.push_back(heading(job, k));
  std::vector<SheetRow> rows;
  for (const Shown::One& one : shown.rows) {
    SheetRow& row = rows.emplace_back();
    row.tiles.push_back({one.original, ""});
    for (const AugmentedCopy& copy : one.copies) row.tiles.push_back({copy.image, ""});
  }
  return labelled_sheet(rows, headings);
}

Page page_of(const Pictures& pictures, const AugmentJob& job, const Shown& shown) {
  Page page;
  page.title = augment_page_title + printable(pictures.name, 200);
  page.subtitle = text_of(job.recipe);
  page.settings = {{"recipe", text_of(job.recipe)},
                   {"seed", std::to_string(job.seed)},
                   {"epochs", fmt::format("{} to {}", job.epoch, job.epoch + job.copies - 1)}};
  page.settings.emplace_back("source", printable(pictures.name, 400));
  for (const Shown::One& one : shown.rows) {
    const PictureItem& item = pictures.items[one.item];
    SheetRow row;
    row.tiles.push_back({one.original, ""});
    std::vector<std::string> headings{"original"};
    std::string words;
    for (const AugmentedCopy& copy : one.copies) {
      headings.push_back(heading(job, copy.copy)), row.tiles.push_back({copy.image, ""});
      words += fmt::format("{}{}: {}", words.empty() ? "" : " · ", headings.back(), text_of(copy.steps));
    }
    const std::string title = printable(item.file, 400) + (item.label.empty() ? "" : ", " + printable(item.label));
    page.pictures.push_back({title, words, labelled_sheet({row}, headings)});
  }
  return page;
}

std::string about_sheet(const Pictures& pictures, const AugmentJob& job) { return about(pictures, job).dump(); }

}  // namespace duel
