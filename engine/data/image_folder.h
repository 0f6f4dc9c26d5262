// A folder of PNG and JPEG files as a data set.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/dataset.h"

namespace duel {

// Each sub-folder is a class, in the order of their names; what lies deeper belongs to that class. A folder with images and no sub-folders
// is one class. Where there are train/ and test/, they are the two splits and must have the same classes. Other files and hidden ones are
// passed over; links to folders are not followed. With options.size every image is cut to its middle square and resized; without it all
// must be of one size. Throws Error(data) naming the file that cannot be read or does not match.
DataSplits load_image_folder(const std::string& folder, const LoadOptions& options);
bool has_images(const std::string& folder);

// The files it reads, in its order, without looking into them: those of train/ or of test/ where there are both, else all of them, which
// are training images. Class names are as on the disk. Throws Error(data) where there are none.
struct ImageFiles {
  std::vector<std::string> classes;
  std::vector<std::pair<std::string, int32_t>> files;  // path, class
  bool in_sub_folders = false;                         // else a flat folder, which is one class
};
ImageFiles list_image_folder(const std::string& folder, const std::string& split = "train");

}  // namespace duel
