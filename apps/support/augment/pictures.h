// What `augment` makes of augmented pictures: a folder, a sheet, a page; and a preview of the steps on one picture.
#pragma once
#include <string>
#include <vector>

#include "apps/support/augment/augmenter.h"
#include "apps/support/augment/follow.h"
#include "apps/support/augment/labelled_sheet.h"
#include "apps/support/report/report.h"
#include "apps/support/run/new_folder.h"

namespace duel {

constexpr const char* augment_keyword = "augment";  // of the text in a PNG: JSON, what an image was made of and how
constexpr const char* augment_page_title = "Augmentation of ";

// The picture with its provenance inside.
std::vector<uint8_t> png_of(const Pictures& pictures, const AugmentJob& job, const AugmentedCopy& copy);

struct Written {
  int64_t pictures = 0, copies = 0, boxes = 0, dropped = 0, points = 0, outside = 0;
  std::vector<std::string> bad;
  bool stopped = false;  // by a signal: nothing was written
};
// <path>-<copy>.png each, augmentations.csv with a line for each (in order of the pictures), and in a flat folder with labels labels.csv.
// Where masks follow, pictures (with labels.csv) lie in images/ and masks in masks/. Where boxes do, boxes.csv has those of the results,
// and dropped-boxes.csv those that are not there, with the share of them that would have been visible. Where points do, points.csv has all.
Written write_augmented(const std::string& folder, bool replace, const Pictures& pictures, const AugmentJob& job,
                        const Followers& followers = {});

// Originals with their copies: one of each class in turn, of each class evenly from its first to its last.
struct Shown {
  struct One {
    size_t item;
    Image original;
    std::vector<AugmentedCopy> copies;
  };
  std::vector<One> rows;
  std::vector<std::string> bad;
};
Shown show_augmented(const Pictures& pictures, const AugmentJob& job, int tiles);
Image sheet_of(const AugmentJob& job, const Shown& shown);
Page page_of(const Pictures& pictures, const AugmentJob& job, const Shown& shown);
std::string about_sheet(const Pictures& pictures, const AugmentJob& job);  // as JSON, for its PNG's text

}  // namespace duel
