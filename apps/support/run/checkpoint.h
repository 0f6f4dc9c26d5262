// What the checkpoints of all runs have in common: tensors that must be finite, metadata, and what the bits of the run depend on.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/safetensors.h"
#include "engine/tensor.h"
#include "engine/tune.h"
#include "models/layers.h"

namespace duel {

// What a checkpoint's metadata calls its format.
constexpr const char *gan_format = "duel-gan-2", *vae_format = "duel-vae-1", *classifier_format = "duel-classify-1";
// What that of a safetensors file does; empty where it does not say.
std::string format_of(const std::string& file);
bool is_generator(const std::string& format);  // of gan, cgan or vae

// Which checkpoint a net was read from; both empty where it comes from a run under way.
struct Origin {
  std::string file, xxh3;  // its path as it was named, and the XXH3-64 of its bytes in 16 hexadecimal digits
};

// Calls f with each tensor of a state and its name.
using TensorVisit = std::function<void(const std::string& name, Tensor& t)>;

// All tensors of a model: masters and buffers, their names behind `prefix`.
template <class Model>
void each_state(const std::string& prefix, Model& model, const TensorVisit& f) {
  model.each({[&](const std::string& name, Weight& w) { f(prefix + name, w.master); },
              [&](const std::string& name, Tensor& t) { f(prefix + name, t); }});
}

// Adds `t` to a file that is to be written. Throws Error(numeric), naming the step and the path, when it is not finite.
void add_tensor(SafeTensors& file, const std::string& name, const Tensor& t, int64_t step, const std::string& path);

// A checkpoint of one kind of run, as it was read. Every function throws Error(data), naming the file, on what does not fit.
class Checkpoint {
 public:
  // `format` is what its metadata must name; `kind` is "a GAN run", for messages.
  Checkpoint(const std::string& path, const std::string& format, const std::string& kind);
  const std::string& path() const { return origin_.file; }
  const Origin& origin() const { return origin_; }  // of the very bytes that were read
  std::string entry(const std::string& key) const;
  nlohmann::ordered_json json(const std::string& key) const;   // an object
  int64_t integer(const std::string& key) const;               // a count
  std::optional<double> number(const std::string& key) const;  // none where there is no such key
  void load(const std::string& name, Tensor& t) const;
  // Height and width of the images under "network", and the names of their classes.
  std::pair<int, int> image_size(std::vector<std::string>& classes) const;
  // What training put around each of these images; 0 where the file does not say.
  int margin() const;
  // That it was written by a run with these binding settings, on these training images.
  template <class S>
  void check_same_run(const S& settings, uint64_t data_fingerprint) const {
    const S saved = S::from_json(json("settings"), origin_.file);
    if (const std::string list = S::differences(saved, settings); !list.empty())
      fail(Failure::data, fmt::format("{}: the checkpoint of another net or run: {}", origin_.file, list));
    if (entry("data") != fmt::format("{:016x}", data_fingerprint))
      fail(Failure::data, fmt::format("{}: the images of {} are not those that the run was trained on; put them back, or start a new run",
                                      origin_.file, settings.data));
  }
  // That the run was judged by the extractor of this hash, or by none where it is empty; `name` is what the settings call it. Throws
  // Error(usage) where it was another one, for distances by two do not compare.
  void check_judged_by(const std::string& hash, const std::string& name) const;

 private:
  Checkpoint(const std::string& path, const std::string& format, const std::string& kind, const std::vector<std::byte>& bytes);

  Origin origin_;
  std::string kind_;
  SafeTensors file_;
};

// The checkpoint that `path` means: itself, or checkpoints/<name>.safetensors of a run folder. Throws Error(data) when there is none, and
// Error(usage) when the name is neither last nor best.
std::string checkpoint_path(const std::string& path, const std::string& name = "last");

// What image_size() and margin() read.
nlohmann::ordered_json network_json(int h, int w, const std::vector<std::string>& classes, int margin = 0);

// What the bits of a run depend on besides its settings: device, CPU level, thread count, and the rows that a training step runs. In a run
// with --tune also which problem each of them was chosen for.
class ComputingWith {
 public:
  explicit ComputingWith(Device device) : device_(device) {}
  nlohmann::ordered_json json() const;
  // Takes the number of threads of then. Throws Error(usage) where another device would compute now.
  void resume(const Checkpoint& from);
  // After the first step: notes the rows it ran. Throws Error(usage) when they are not those that the resumed run was computed with.
  void note_rows();

  // Of a run with --tune: its tuner, from tune() or resume() on; else nullptr. It is opened for the first step, of which no rows are noted
  // yet, and for no other: what runs then is the run's for good.
  void tune(bool baselines);
  RowTuner* tuner() const { return tuner_.get(); }
  bool tuning_is_due() const { return tuner_ && rows_.empty(); }
  bool tunes_baselines() const { return baselines_; }

 private:
  Device device_;
  std::unique_ptr<RowTuner> tuner_;
  bool baselines_ = false;         // may win
  std::vector<std::string> rows_;  // "op:variant" of a training step, sorted; empty before the first one
};

}  // namespace duel
