// What the doctor (doctor.h) gets to know of a GAN's run: of its records, and of samples held against real images.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/gan/state.h"
#include "apps/support/images/data.h"
#include "apps/support/train/doctor.h"

namespace duel {

// Of the records of metrics.jsonl; what a loss gives no meaning to is left out.
Readings doctor_readings(const GanSettings& settings, const std::vector<nlohmann::ordered_json>& records);

// 256 samples beside as many test images and all training images. What cannot be measured (test images that are all alike) is left out.
// G's running statistics move: only for a net that is not trained on. Throws Error(numeric) where a sample is not finite.
void look_at_samples(Readings& readings, TrainedGan& gan, const ImageData& data, int64_t seed);

// What there was too little of to judge by, a sentence each.
std::vector<std::string> not_judged(const Readings& readings, size_t records, int test_images);

// The readings that there are, a line each.
std::string readings_text(const Readings& readings);

}  // namespace duel
