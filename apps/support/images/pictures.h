// Pictures one after another, with what they are called and what they show: a data set, a folder of files that are read as they are asked
// for and may differ in size, or one file.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace duel {

struct PictureItem {
  std::string file;    // where it comes from: a path, or "fashion-mnist@train 12"
  std::string folder;  // its class's sub-folder; empty in a flat folder and in a data set, whose classes need not be names of folders
  std::string stem;    // what files made of it are called: unique within `folder`
  std::string label;   // of its class; empty where there is none
  std::string below;   // its path below the source folder; empty in a data set
  int32_t id = 0;      // its number in the whole source, whatever is taken of it: of it its draws are made
};

struct Pictures {
  std::string name;  // as it was asked for, with its split where it has one
  std::vector<PictureItem> items;
  std::vector<std::string> classes;   // of the labels, in order; empty where there are none
  std::function<Image(size_t)> read;  // of an item; throws Error(data) naming the file
  std::string path_of(size_t i) const { return items[i].folder.empty() ? items[i].stem : items[i].folder + "/" + items[i].stem; }
};

// `spec` is a data set, a folder of pictures or a picture; NAME@train and NAME@test choose the split, train where nothing is said. Throws
// Error(data) where there is nothing of the kind.
Pictures open_pictures(const std::string& spec, int64_t data_seed);

}  // namespace duel
