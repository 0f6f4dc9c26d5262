// What a network saw in a set of images, and where the numbers come from: the input of every measure of a generator.
//
// A number made of features says something only beside numbers made the same way: Parmar, Zhang & Zhu, "On aliased resizing and surprising
// subtleties in GAN evaluation" (2022). So the extractor's hash and the resizer travel with the features, and what differs in them is never
// compared.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace duel {

struct Provenance {
  std::string extractor;       // hash of its weights: 16 hexadecimal digits of ours, any text of another program's
  std::string extractor_name;  // "lenet of runs/c, step 4690", for people
  std::string resizer;         // how images came to the extractor's size; "none": no pixel was resampled
  std::string source;          // which images
};

struct FeatureSet {
  int64_t n = 0, d = 0;
  std::vector<float> features;       // [n, d], finite
  int64_t k = 0;                     // classes that the extractor tells apart; 0 without probabilities
  std::vector<float> probabilities;  // [n, k], or empty
  std::vector<int32_t> labels;       // [n], or empty where the images have none
  std::vector<std::string> classes;  // names of the labels
  Provenance from;
  std::span<const float> row(int64_t i) const { return std::span(features).subspan(static_cast<size_t>(i * d), static_cast<size_t>(d)); }
};

// Samples `indices`, in this order.
FeatureSet subset(const FeatureSet& set, std::span<const int32_t> indices);

// A .safetensors file: F32 features [n,d], F32 probabilities [n,k] and I32 labels [n] where there are any; extractor, extractor_name,
// resizer, source and classes in its metadata (docs/formats.md). Reading throws Error(data), naming the file, on anything else, NaN and Inf
// included.
void write_features(const std::string& path, const FeatureSet& set);
FeatureSet read_features(const std::string& path);

// Throws Error(usage), naming both sides, where extractor or resizer differ.
void want_comparable(const FeatureSet& a, const FeatureSet& b);

}  // namespace duel
