// The labels of a flat folder of pictures: a file labels.csv in it, with a line `file,label` each; a label with commas or quotes in it
// stands in quotes, as in RFC 4180.
#pragma once
#include <string>

#include "engine/data/dataset.h"

namespace duel {

// Where `folder` holds a labels.csv, gives `data`, which was read from the pictures in it, the labels that stand there, and returns true. A
// first line "file,label" is passed over. Classes are in the order of their numbers where all labels are numbers, else of their names. A
// name in the file is only looked up among the pictures, never opened. Throws Error(data), naming the line, on a picture that is not there
// or is named twice, and on a picture without a label.
bool read_labels_csv(const std::string& folder, Dataset& data);

}  // namespace duel
