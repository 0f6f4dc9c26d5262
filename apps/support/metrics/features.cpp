#include "apps/support/metrics/features.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/io/file.h"
#include "engine/io/safetensors.h"
#include "kernels/error.h"

namespace duel {
namespace {

constexpr const char* format_name = "duel-features-1";

template <class T>
std::vector<T> taken(const std::vector<T>& values, int64_t width, std::span<const int32_t> indices) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(indices.size() * static_cast<size_t>(width));
  for (const int32_t i : indices) {
    const auto from = values.begin() + static_cast<ptrdiff_t>(i * width);
    out.insert(out.end(), from, from + static_cast<ptrdiff_t>(width));
  }
  return out;
}

template <class T>
void put(SafeTensors& file, const char* name, DType dtype, std::vector<int64_t> shape, const std::vector<T>& values) {
  HostTensor t{dtype, std::move(shape), std::vector<std::byte>(values.size() * sizeof(T))};
  std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
  file.tensors.emplace_back(name, std::move(t));
}

template <class T>
std::vector<T> values_of(const HostTensor& t) {
  std::vector<T> values(t.bytes.size() / sizeof(T));
  std::memcpy(values.data(), t.bytes.data(), t.bytes.size());
  return values;
}

void want_finite(const std::vector<float>& values, const std::string& path, const char* name) {
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
    fail(Failure::data, fmt::format("{}: {} hold NaN or Inf; extract them again", path, name));
}

}  // namespace

FeatureSet subset(const FeatureSet& set, std::span<const int32_t> indices) {
  for (const int32_t i : indices)
    if (i < 0 || i >= set.n) fail(Failure::internal, fmt::format("[subset] sample {} of {}", i, set.n));
  return {.n = static_cast<int64_t>(indices.size()),
          .d = set.d,
          .features = taken(set.features, set.d, indices),
          .k = set.k,
          .probabilities = taken(set.probabilities, set.k, indices),
          .labels = taken(set.labels, 1, indices),
          .classes = set.classes,
          .from = set.from};
}

void write_features(const std::string& path, const FeatureSet& set) {
  SafeTensors file;
  put(file, "features", DType::f32, {set.n, set.d}, set.features);
  if (!set.probabilities.empty()) put(file, "probabilities", DType::f32, {set.n, set.k}, set.probabilities);
  if (!set.labels.empty()) put(file, "labels", DType::i32, {set.n}, set.labels);
  file.metadata = {{"format", format_name},       {"extractor", set.from.extractor}, {"extractor_name", set.from.extractor_name},
                   {"resizer", set.from.resizer}, {"source", set.from.source},       {"classes", nlohmann::json(set.classes).dump()}};
  write_safetensors(path, file);
}

FeatureSet read_features(const std::string& path) {
  const SafeTensors file = read_safetensors(path);
  auto entry = [&](const char* key, bool needed) -> std::string {
    const auto it = file.metadata.find(key);
    if (it != file.metadata.end() && !it->second.empty()) return printable(it->second);
    if (needed)
      fail(Failure::data, fmt::format("{}: no \"{}\" in its metadata, so its numbers cannot be told from another extractor's; write it "
                                      "with the features",
                                      path, key));
    return "";
  };
  auto tensor = [&](const char* name, DType dtype, size_t rank) {
    const HostTensor* t = file.find(name);
    if (t && (t->dtype != dtype || t->shape.size() != rank))
      fail(Failure::data, fmt::format("{}: {} must be {} with {}", path, name, name_of(dtype), counted(rank, "dimension")));
    return t;
  };
  FeatureSet set;
  const HostTensor* features = tensor("features", DType::f32, 2);
  if (!features) fail(Failure::data, fmt::format("{}: has no tensor \"features\"; write one of F32 [n, d]", path));
  set.n = features->shape[0], set.d = features->shape[1];
  if (set.n < 1 || set.d < 1 || set.n > INT32_MAX) fail(Failure::data, fmt::format("{}: features of [{}, {}]", path, set.n, set.d));
  set.features = values_of<float>(*features);
  want_finite(set.features, path, "its features");
  auto want_rows = [&](const HostTensor& t, const char* name) {
    if (t.shape[0] != set.n) fail(Failure::data, fmt::format("{}: {} {} for {} features; one each", path, t.shape[0], name, set.n));
  };
  if (const HostTensor* p = tensor("probabilities", DType::f32, 2)) {
    want_rows(*p, "probabilities");
    set.k = p->shape[1], set.probabilities = values_of<float>(*p);
    want_finite(set.probabilities, path, "its probabilities");
    if (std::any_of(set.probabilities.begin(), set.probabilities.end(), [](float v) { return v < 0 || v > 1.0001f; }))
      fail(Failure::data, fmt::format("{}: its probabilities are not in [0, 1]; write them after the softmax", path));
  }
  if (const HostTensor* labels = tensor("labels", DType::i32, 1)) {
    want_rows(*labels, "labels");
    set.labels = values_of<int32_t>(*labels);
    const auto [least, most] = std::minmax_element(set.labels.begin(), set.labels.end());
    if (*least < 0 || *most >= 65536) fail(Failure::data, fmt::format("{}: labels from {} to {}; 0 to 65535", path, *least, *most));
    if (const std::string text = file.metadata.contains("classes") ? file.metadata.at("classes") : ""; !text.empty()) {
      const nlohmann::json names = nlohmann::json::parse(text, nullptr, false);
      const bool right = names.is_array() && std::all_of(names.begin(), names.end(), [](const auto& name) { return name.is_string(); });
      if (!right) fail(Failure::data, fmt::format("{}: \"classes\" in its metadata is no list of names", path));
      for (const auto& name : names) set.classes.push_back(printable(name.template get<std::string>(), 60));
    }
    if (set.classes.empty())
      for (int32_t i = 0; i <= *most; ++i) set.classes.push_back(std::to_string(i));
    if (*most >= static_cast<int64_t>(set.classes.size()))
      fail(Failure::data, fmt::format("{}: a label {}, but names of {} classes", path, *most, set.classes.size()));
  }
  set.from = {entry("extractor", true), entry("extractor_name", false), entry("resizer", true), entry("source", false)};
  if (set.from.source.empty()) set.from.source = path;
  return set;
}

void want_comparable(const FeatureSet& a, const FeatureSet& b) {
  auto differ = [&](const char* what, const std::string& left, const std::string& right) {
    fail(Failure::usage, fmt::format("the {} of {} is {}, that of {} is {}: numbers across the two mean nothing; extract both the same way",
                                     what, a.from.source, left, b.from.source, right));
  };
  auto named = [](const Provenance& p) {
    return p.extractor_name.empty() ? p.extractor : fmt::format("{} ({})", p.extractor, p.extractor_name);
  };
  if (a.from.extractor != b.from.extractor) differ("extractor", named(a.from), named(b.from));
  if (a.from.resizer != b.from.resizer) differ("resizer", a.from.resizer, b.from.resizer);
  if (a.d != b.d) differ("number of features", std::to_string(a.d), std::to_string(b.d));
}

}  // namespace duel
