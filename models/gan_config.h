// What the nets of a GAN are built from. One set of fields for all of them; each net's file says what it makes of them.
#pragma once
#include "models/cgan.h"
#include "models/layers.h"

namespace duel {

enum class GanNet { dcgan, mlp, small_mlp, keras, points };
constexpr const char* gan_net_names[] = {"dcgan", "mlp", "small-mlp", "keras", "points"};

struct GanConfig {
  GanNet net = GanNet::dcgan;
  int h = 64, w = 64, channels = 3;
  int nz = 100, ngf = 64, ndf = 64;
  int depth = 3;              // hidden layers of a net of points
  Norm d_norm = Norm::batch;  // of D: none, batch, layer, instance or spectral; the nets that have no BN in D take none for batch
  double dropout = 0;         // of D's hidden layers, in training
  bool minibatch_stddev = false;
  int classes = 0;  // 0: unconditional
  LabelInG label_in_g = LabelInG::one_hot;
  LabelInD label_in_d = LabelInD::one_hot;
  DType precision = DType::f32;  // bf16: activations and copies of the weights in bf16; the weights proper stay f32
};
// Throws Error(usage), naming the setting, on images that the net cannot make and on numbers out of range.
void check_config(const GanConfig& config);

// The shape of G's input after the label was joined to it, and of D's.
int g_input_channels(const GanConfig& config);
int d_input_channels(const GanConfig& config);
constexpr int embedded_label = 50;  // values of a learned label beside z

// How often h×w can be halved while both sides are even and above 4: the stages of a DCGAN but one.
int halvings(int h, int w);

}  // namespace duel
