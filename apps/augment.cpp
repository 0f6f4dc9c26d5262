// augment: see what a recipe does to images, and write what it makes of them.
//
//   augment photos --aug "crop; hflip; color b=.2 c=.2" --copies 5 --out more
//   augment fashion-mnist --aug "rotate -15..15; erase" --sheet sheet.png      augment shapes@test --aug randaugment --page page.html
//   augment photo.jpg --preview --sheet steps.png                              augment balance photos --by smote --out balanced
//
// Each picture is a pure function of (recipe, seed, epoch, its number in the source), so it can be made again from what is written beside
// it, and it is what training with that seed sees in that epoch.
#include <fmt/format.h>

#include <algorithm>

#include "apps/support/augment/ask.h"
#include "apps/support/augment/balance.h"
#include "apps/support/augment/pictures.h"
#include "apps/support/augment/preview.h"
#include "apps/support/command/cli.h"
#include "apps/support/command/csv.h"
#include "apps/support/command/flags.h"
#include "apps/support/command/signals.h"
#include "engine/io/atomic_file.h"
#include "engine/io/file.h"
#include "engine/io/png_text.h"

namespace duel {
namespace {

constexpr int sheet_copies = 7;

void write_sheet(const std::string& file, const Image& sheet, const std::string& about) {
  const PngText text[] = {{augment_keyword, about}};
  const std::vector<uint8_t> png = with_png_text(encode_png(sheet), text);
  write_file_atomic(file, std::as_bytes(std::span(png)));
}

int preview(const AugmentAsk& ask) {
  const AugmentJob job = ask.job(1);
  if (ask.sheet.empty() && ask.out.empty()) fail(Failure::usage, "--preview: name a PNG with --sheet, or a folder with --out");
  if (!ask.page.empty()) fail(Failure::usage, "--preview makes a --sheet or a folder, --out; no --page");
  const Pictures pictures = open_pictures(ask.source, ask.data_seed);
  if (ask.sample < 0 || ask.sample >= static_cast<int64_t>(pictures.items.size()))
    fail(Failure::usage, fmt::format("--sample {}: {} has {}, numbered from 0", ask.sample, printable(pictures.name),
                                     counted(pictures.items.size(), "picture")));
  const std::vector<SheetRow> rows = preview_rows(pictures.read(static_cast<size_t>(ask.sample)), job);
  if (!ask.out.empty()) {
    NewFolder folder(ask.out, ask.force);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string name = fmt::format("{:02} {}.png", i, rows[i].label);
      std::replace(name.begin(), name.end(), ' ', '-');
      folder.write(name, encode_png(labelled_sheet({rows[i]})));
    }
    folder.finish();
    fmt::print("{} in {}\n", counted(rows.size(), "step's row"), ask.out);
  }
  if (!ask.sheet.empty()) {
    write_sheet(ask.sheet, labelled_sheet(rows), about_sheet(pictures, job));
    fmt::print("{} in {}\n", counted(rows.size(), "row"), ask.sheet);
  }
  return 0;
}

int show(const AugmentAsk& ask, const Pictures& pictures) {
  const AugmentJob job = ask.job(sheet_copies);
  const Shown shown = show_augmented(pictures, job, ask.n);
  if (stop_requested()) return stop_exit_code();
  if (!ask.sheet.empty()) {
    write_sheet(ask.sheet, sheet_of(job, shown), about_sheet(pictures, job));
    fmt::print("{} with {} copies each in {}\n", counted(shown.rows.size(), "original"), job.copies, ask.sheet);
  }
  if (!ask.page.empty()) {
    write_report(ask.page, page_of(pictures, job, shown));
    fmt::print("{} with {} copies each in {}\n", counted(shown.rows.size(), "original"), job.copies, ask.page);
  }
  return 0;
}

int write(const AugmentAsk& ask, const Pictures& pictures) {
  const AugmentJob job = ask.job(1);
  const Followers followers(pictures, job.recipe, ask.follow);
  const Written written = write_augmented(ask.out, ask.force, pictures, job, followers);
  if (written.stopped) {
    fmt::print(stderr, "augment: stopped; {} was not written\n", ask.out);
    return stop_exit_code();
  }
  fmt::print("{} of {} in {}{}\n", counted(static_cast<uint64_t>(written.copies), "picture"), written.pictures, ask.out,
             written.bad.empty() ? "" : fmt::format("; {} could not be read", written.bad.size()));
  if (followers.boxes())
    fmt::print(
        "boxes: {} in {}/boxes.csv{}\n", written.boxes, ask.out,
        written.dropped ? fmt::format("; {} less than {:g} visible, in dropped-boxes.csv", written.dropped, ask.follow.visible) : "");
  if (followers.points())
    fmt::print("points: {} in {}/points.csv{}\n", written.points, ask.out,
               written.outside ? fmt::format("; {} outside the frame", written.outside) : "");
  return 0;
}

int run(const AugmentAsk& ask) {
  if (ask.source.empty())
    fail(Failure::usage, "name what to augment: a data set, a folder of pictures or a picture; augment --help has examples");
  if (!ask.recipe.empty()) parse_recipe(ask.recipe);  // refused before anything is asked or read
  use_device(ask.device);
  if (!ask.sheet.empty()) check_free("--sheet", ask.sheet, ".png", ask.force, is_own_sheet);
  if (!ask.page.empty()) check_free("--page", ask.page, ".html", ask.force, is_own_page);
  if (ask.preview) return preview(ask);
  if (ask.recipe.empty())
    fail(Failure::usage, "say what to do with --aug, such as --aug \"hflip; rotate 15\"; augment --help lists the steps");
  if (ask.out.empty() && ask.sheet.empty() && ask.page.empty())
    fail(Failure::usage, "say what to write: --out FOLDER, --sheet FILE.png or --page FILE.html");
  if (ask.out.empty() && ask.follow.any()) fail(Failure::usage, "--masks, --boxes and --points want --out");
  install_signals();
  const Pictures pictures = open_pictures(ask.source, ask.data_seed);
  if (!ask.sheet.empty() || !ask.page.empty())
    if (const int code = show(ask, pictures)) return code;
  return ask.out.empty() ? 0 : write(ask, pictures);
}

int main(int argc, char** argv) {
  CLI::App app("See what a recipe of augmentation does to images, and write what it makes of them.", "augment");
  AugmentAsk ask;
  add_flags(app, ask);
  app.footer(augment_footer());
  BalanceAsk balance_ask;
  CLI::App& filling =
      *app.add_subcommand("balance", "fill up the rare classes of a data set: by repeats, SMOTE, Borderline-SMOTE or ADASYN");
  add_flags(filling, balance_ask);
  return run_main(argc, argv, app, [&] { return filling ? balance(balance_ask) : run(ask); });
}

}  // namespace
}  // namespace duel

int main(int argc, char** argv) { return duel::main(argc, argv); }
