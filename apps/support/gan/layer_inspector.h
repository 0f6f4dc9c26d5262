// Looks into the layers of a GAN at chosen steps: how large activations, weights, gradients and updates are, which channels are silent, how
// far batch norm's running statistics are from the batch's, how much a layer can stretch its input.
//
//   inspector.begin();
//   gan_step();          // a rehearsal: with look = inspector.seen(), not played from a graph
//   record["layers"] = inspector.end();
//   gan_step();          // as ever
//
// end() puts everything back that the rehearsal changed, so a run is that of one without looks, to the bit. The rehearsal's own last bits
// may be others: on a GPU a step takes layers joined in one launch, and what stands between them can only be seen where they are not.
// Numbers of a layer, root mean squares over all elements where nothing else is said:
//
//   weight, gradient, update   the layer's weight after the step, the gradient that the optimiser got, what the step changed
//   singular                   the weight's largest singular value, by ten rounds of power iteration: a little below the true one
//   activation, back           what leaves the layer, and the gradient that comes back to it; of D over real and generated images
//   silent                     the share of channels that were never above 0 in the whole batch: behind a ReLU, such a unit learns nothing
//   drift                      of batch norm: running mean less the mean of the step's last batch, in running standard deviations
//   *_values                   histograms of the first 65,536 elements (run/events.h)
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/support/gan/state.h"
#include "apps/support/report/report.h"

namespace duel {

class LayerInspector {
 public:
  explicit LayerInspector(GanState& state) : state_(state) {}
  StepSeen* seen() { return &seen_; }
  void begin();
  // {"d_to_g_gradient": …, "G": {"0": {"weight": …, …}, …}, "D": …}; layers by their names in checkpoints. The ratio is of the two nets'
  // whole gradients.
  nlohmann::ordered_json end();

 private:
  GanState& state_;
  StepSeen seen_;
  Tensors g_before_, d_before_;  // weights
  Tensors all_before_;           // every tensor of the run, the step at last
};

// What the records that have "layers" show: curves, and a table of the last one. Empty where there is none.
std::vector<Series> layer_series(const std::vector<nlohmann::ordered_json>& records);
Table layer_numbers(const std::vector<nlohmann::ordered_json>& records);

// The largest share of silent channels among G's layers in the last such record, and which layer that is; none where there is no record.
struct SilentLayer {
  std::string name;
  double share;
};
std::optional<SilentLayer> most_silent(const std::vector<nlohmann::ordered_json>& records);
// The largest update of a layer of `net`, "G" or "D", in it.
std::optional<double> largest_update(const std::vector<nlohmann::ordered_json>& records, const char* net);

}  // namespace duel
