#include "engine/data/idx.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/io/bounded_reader.h"
#include "engine/io/gzip.h"

namespace duel {
namespace {

// Reader: BoundedReader or GzipReader.
template <class Reader>
Idx parse(Reader reader, int rank) {
  uint8_t head[4];
  reader.read(head, 4, "the IDX header");
  if (head[0] != 0 || head[1] != 0) reader.refuse("not an IDX file: it does not begin with two zero bytes");
  if (head[2] != 8) reader.refuse(fmt::format("an IDX file of element type 0x{:02x}; unsigned bytes (0x08) are read", head[2]));
  if (head[3] != rank) reader.refuse(fmt::format("an IDX file of {} where {} are needed", counted(head[3], "dimension"), rank));
  Idx idx;
  uint64_t total = 1;
  for (int i = 0; i < rank; ++i) {
    uint8_t big[4];
    reader.read(big, 4, "an IDX dimension");
    const uint32_t dim = uint32_t{big[0]} << 24 | uint32_t{big[1]} << 16 | uint32_t{big[2]} << 8 | big[3];
    idx.shape.push_back(dim);
    if (!checked_product({total, dim}, &total)) total = UINT64_MAX;  // stays there: refused below
    if (dim == 0) reader.refuse("an IDX file with a dimension of 0");
  }
  if (total > idx_most_bytes)
    reader.refuse(fmt::format("an IDX file that declares {} elements, more than {}", fmt::join(idx.shape, " × "), idx_most_bytes));
  if (!reader.could_yield(total))
    reader.refuse(fmt::format("truncated: {} elements are declared, and the file is too short for them", fmt::join(idx.shape, " × ")));
  idx.values.resize(total);
  reader.read(idx.values.data(), total, "the elements");
  reader.finish();
  return idx;
}

// The files that distributions of MNIST and its successors use: train-images-idx3-ubyte, train-images.idx3-ubyte, something-train-images-…,
// each with or without .gz. Empty: there is none.
std::string find_file(const std::string& folder, const std::string& ending) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    std::replace(name.begin(), name.end(), '.', '-');
    if (name.ends_with(ending) && !name.starts_with('-')) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());  // a plain file sorts before its .gz twin, and is quicker to read
  if (found.size() > 1 && !(found.size() == 2 && found[1] == found[0] + ".gz"))
    fail(Failure::data, fmt::format("'{}' has several files named like {}; keep one data set to a folder", printable(folder), ending));
  return found.empty() ? "" : found[0];
}

struct Split {
  Dataset data;
  std::string labels;  // the file they came from
};

Split load_split(const std::string& folder, const std::string& name, const std::string& split) {
  std::string files[2];
  for (int i = 0; i < 2; ++i) {
    const std::string kind = i == 0 ? "-images-idx3-ubyte" : "-labels-idx1-ubyte";
    files[i] = find_file(folder, split + kind);
    if (files[i].empty() && split == "t10k") files[i] = find_file(folder, "test" + kind);  // EMNIST's name for it
    if (files[i].empty())
      fail(Failure::data, fmt::format("'{}' has no {}{} or {}{}.gz: copy it there", printable(folder), split, kind, split, kind));
  }
  Idx labels = read_idx(files[1], 1);
  Idx images = read_idx(files[0], 3);
  if (images.shape[0] != labels.shape[0])
    refuse_file(files[0], fmt::format("{}, but {} in '{}'", counted(images.shape[0], "image"), counted(labels.shape[0], "label"),
                                      printable(files[1])));
  const int side = ImageLimits{}.side;
  if (images.shape[1] > static_cast<uint32_t>(side) || images.shape[2] > static_cast<uint32_t>(side))
    refuse_file(files[0], fmt::format("images of {} × {}; up to {} each way are read", images.shape[1], images.shape[2], side));
  Dataset data{name, static_cast<int>(images.shape[0]), static_cast<int>(images.shape[1]), static_cast<int>(images.shape[2]), 1, {}, {},
               {}};
  data.images = std::move(images.values);
  data.labels.assign(labels.values.begin(), labels.values.end());
  return {std::move(data), files[1]};
}

// How many classes a data set has whatever its files hold; 0 where only its labels tell.
int published_classes(std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name == "mnist" || name == "fashion-mnist" || name == "kmnist" ? 10 : 0;
}

void check_labels(const Split& split, int classes, const std::string& allowed) {
  const auto& labels = split.data.labels;
  const auto wrong = std::find_if(labels.begin(), labels.end(), [&](int32_t label) { return label >= classes; });
  if (wrong != labels.end())
    refuse_file(split.labels, fmt::format("sample {} has label {}; {} 0 to {}", wrong - labels.begin(), *wrong, allowed, classes - 1));
}

}  // namespace

Idx parse_idx(std::span<const std::byte> file, int rank, const std::string& source) {
  if (is_gzip(file)) return parse(GzipReader(file, source), rank);
  return parse(BoundedReader(file, source), rank);
}
Idx read_idx(const std::string& path, int rank) { return parse_idx(read_file(path, idx_most_bytes), rank, path); }

bool has_idx_files(const std::string& folder) { return !find_file(folder, "train-images-idx3-ubyte").empty(); }

DataSplits load_idx_folder(const std::string& folder, const std::string& name) {
  Split train = load_split(folder, name, "train"), test = load_split(folder, name, "t10k");
  const int published = published_classes(name);
  const int classes = published ? published : 1 + *std::max_element(train.data.labels.begin(), train.data.labels.end());
  for (const Split* split : {&train, &test}) check_labels(*split, classes, published ? name + " has" : "the training labels are");
  DataSplits splits{std::move(train.data), std::move(test.data)};
  if (splits.train.h != splits.test.h || splits.train.w != splits.test.w)
    fail(Failure::data, fmt::format("'{}': training images are {} × {}, test images {} × {}", printable(folder), splits.train.h,
                                    splits.train.w, splits.test.h, splits.test.w));
  for (int i = 0; i < classes; ++i) splits.train.classes.push_back(std::to_string(i));
  splits.test.classes = splits.train.classes;
  return splits;
}

}  // namespace duel
