#include "apps/support/augment/ask.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/support/augment/pictures.h"
#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "engine/io/file.h"
#include "engine/io/png_text.h"
#include "kernels/error.h"

namespace duel {

AugmentJob AugmentAsk::job(int standard_copies) const {
  if (bad != "stop" && bad != "skip") fail(Failure::usage, fmt::format("--bad {}: stop or skip", printable(bad)));
  AugmentJob job{.recipe = parse_recipe(recipe),
                 .seed = seed,
                 .epoch = epoch,
                 .copies = copies ? copies : standard_copies,
                 .size = size,
                 .batch = batch,
                 .skip_bad = bad == "skip"};
  const Recipe plain;
  if (!std::equal(plain.mean, plain.mean + 4, job.recipe.mean) || !std::equal(plain.std, plain.std + 4, job.recipe.std)) {
    fmt::print(stderr, "augment: normalize is for networks; the pictures are made without it\n");
    std::copy(plain.mean, plain.mean + 4, job.recipe.mean), std::copy(plain.std, plain.std + 4, job.recipe.std);
  }
  return job;
}

void add_flags(CLI::App& app, AugmentAsk& ask) {
  app.add_option("source", ask.source,
                 "data set (fashion-mnist, shapes, NAME@test …), folder of pictures (sub-folders are classes) or picture");
  app.add_option("--aug", ask.recipe, "the recipe: steps with semicolons between them, see below");
  app.add_option("--out", ask.out, "folder to write: the pictures, labels.csv where a flat folder has labels, augmentations.csv");
  app.add_option("--sheet", ask.sheet, "PNG to write: a row for each original, its copies behind it");
  app.add_option("--page", ask.page, "HTML to write: the same with what was drawn, in words");
  app.add_flag("--preview", ask.preview, "each step of --aug, or every one there is, from least to greatest on one picture");
  app.add_option("--copies", ask.copies, "of each picture: epochs from --epoch on; 0: 1 in a folder, 7 on a sheet")->capture_default_str();
  app.add_option("-n,--n", ask.n, "tiles of a sheet or a page, originals and copies together")->capture_default_str();
  app.add_option("--size", ask.size, "height and width of the results, in the one resample that geometry takes; 0: as the originals")
      ->capture_default_str();
  app.add_option("--seed", ask.seed, "of the draws")->capture_default_str()->check(fits_64_bits());
  app.add_option("--epoch", ask.epoch, "of the first copy: what training with this seed sees then")
      ->capture_default_str()
      ->check(fits_64_bits());
  app.add_option("--sample", ask.sample, "which picture of the source --preview takes, from 0")->capture_default_str();
  app.add_option("--data-seed", ask.data_seed, "of synthetic data")->capture_default_str()->check(fits_64_bits());
  app.add_option("--batch", ask.batch, "pictures at a time; makes no difference to them")->capture_default_str();
  app.add_option("--bad", ask.bad, "a picture that cannot be read: stop, or skip it and say so")->capture_default_str();
  app.add_option("--masks", ask.follow.masks,
                 "folder with a PNG for each picture, by the same path: it follows geometry, values kept exact");
  app.add_option("--boxes", ask.follow.boxes, "CSV of file,left,top,right,bottom,label: the boxes follow geometry, into boxes.csv");
  app.add_option("--points", ask.follow.points,
                 "CSV of file,x,y,label: the points follow geometry, into points.csv, which says whether each is inside the frame");
  app.add_option("--visible", ask.follow.visible, "a box of which less than this share is left is dropped, and named in dropped-boxes.csv")
      ->capture_default_str();
  app.add_option("--device", ask.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  app.add_flag("--force", ask.force, "replace what this program wrote there before, and nothing else");
}

std::string augment_footer() {
  return "Examples:\n"
         "  augment photos --aug \"crop; hflip; color b=.2 c=.2\" --copies 5 --out more\n"
         "  augment fashion-mnist --aug \"rotate -15..15; erase\" --sheet sheet.png\n"
         "  augment shapes@test --aug \"randaugment\" --page page.html --n 32\n"
         "  augment photo.jpg --preview --sheet steps.png\n\n"
         "Steps, with what they are when nothing is said; every one takes p=PROBABILITY. a..b is uniform, m~s normal, a lone number x "
         "means\n"
         "from -x to x for an angle or a shift, from 1-x to 1+x for a factor. Steps go by kind: geometry, colour, erasing, noise.\n" +
         describe_steps();
}

void check_free(const char* flag, const std::string& file, const std::string& ending, bool force, bool (*own)(const std::string&)) {
  namespace fs = std::filesystem;
  if (!file.ends_with(ending)) fail(Failure::usage, fmt::format("{} {}: give a name that ends in {}", flag, printable(file), ending));
  if (!fs::exists(fs::symlink_status(file))) return;
  if (!force)
    fail(Failure::usage, fmt::format("{} {}: it is there already; name a new file, or replace it with --force", flag, printable(file)));
  if (!fs::is_regular_file(file) || !own(file))
    fail(Failure::usage,
         fmt::format("{} {}: this program did not write what is there, so it is not replaced; name a new file", flag, printable(file)));
}

bool is_own_sheet(const std::string& file) {
  try {
    const std::vector<PngText> texts = read_png_text(file);
    return std::any_of(texts.begin(), texts.end(), [](const PngText& t) { return t.keyword == augment_keyword; });
  } catch (const Error&) {
    return false;  // no PNG at all
  }
}

bool is_own_page(const std::string& file) {
  const std::vector<std::byte> bytes = read_file(file, uint64_t{4} << 30);
  const std::string text(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 2000));
  return text.find(std::string("<title>") + augment_page_title) != std::string::npos;
}

}  // namespace duel
