#include "apps/support/evaluate/ask.h"

#include <algorithm>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "apps/support/generators/any.h"

namespace duel {

Device EvaluateAsk::open_device() const {
  const Device chosen = choose_device(device);
  set_default_device(chosen);
  return chosen;
}

Extractor EvaluateAsk::open_extractor() const { return Extractor(extractor, which, open_device()); }

SourceOptions EvaluateAsk::options(const std::string& split, int channels) const {
  return {.split = split, .size = size, .channels = channels, .seed = data_seed};
}

Source EvaluateAsk::open_generated(int channels, int64_t real, const std::string& split) const {
  SourceOptions o = options(split, channels);
  o.margin = margin;
  o.generation = {
      .n = n ? n : std::min<int64_t>(Generation().n, real), .seed = seed, .which = which, .device = open_device(), .by = generated_by};
  return open_source(generated, o);
}

Source EvaluateAsk::open_test(const std::string& from, int channels) const {
  SourceOptions o = options("test", channels);
  o.or_all = true;
  return open_source(from, o);
}

EvaluateFlags& EvaluateFlags::generated(const char* help) {
  command.add_option("generated", ask.generated, help)->required();
  command.add_option("--margin", ask.margin, "background around each of them, to be taken away: 2 where a net pads 28x28 to 32x32")
      ->capture_default_str();
  command.add_option("-n,--n", ask.n, "so many images, drawn by --seed; 0: as many as there are, or 10000 of a run")->capture_default_str();
  command.add_option("--seed", ask.seed, "of what is generated, drawn and trained here")->capture_default_str()->check(fits_64_bits());
  command.add_option("--which", ask.which, "checkpoint of the run folders: last, or best on its test images")->capture_default_str();
  return *this;
}

EvaluateFlags& EvaluateFlags::images() {
  command.add_option("--size", ask.size, "bring all images to this size, as training does; 0 keeps theirs")->capture_default_str();
  command.add_option("--data-seed", ask.data_seed, "of synthetic data and of what is held out")
      ->capture_default_str()
      ->check(fits_64_bits());
  command.add_option("--device", ask.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  return *this;
}

EvaluateFlags& EvaluateFlags::real(const char* name, const char* help) {
  command.add_option(name, ask.real, help)->required();
  return *this;
}

EvaluateFlags& EvaluateFlags::split(const std::string& of) {
  command.add_option("--split", ask.split, of + ": train or test; NAME@test says it too")->capture_default_str();
  return *this;
}

EvaluateFlags& EvaluateFlags::extractor(const char* help, bool required) {
  command.add_option("--extractor", ask.extractor, help)->required(required);
  return *this;
}

EvaluateFlags& EvaluateFlags::json() {
  command.add_flag("--json", ask.json, "print JSON");
  return *this;
}

EvaluateFlags& EvaluateFlags::training() {
  ask.training.each([&](const std::string& name, auto& field, const char* help, bool) {
    for (const char* one : {"epochs", "steps", "batch", "lr", "width", "dropout"})
      if (name == one) command.add_option("--" + name, field, help)->capture_default_str();
  });
  return *this;
}

}  // namespace duel
