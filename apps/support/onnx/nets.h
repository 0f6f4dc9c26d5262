// Trained nets as ONNX graphs: each one's layers in order, in evaluation mode and f32. Inputs and outputs (docs/formats.md has the table):
//
//   generator   z [n,nz], label i64 [n]                  → image [n,c,h,w] in [−1, 1]
//   encoder     x [n,c,h,w] in [0, 1], label i64 [n]     → mean [n,latent], log_variance [n,latent]
//   decoder     z [n,latent], label i64 [n]              → out [n,c,h,w], as the likelihood wants it, and image, its mean, in [0, 1]
//
// with label where the net is conditional and log_variance where the VAE is one.
#pragma once
#include "apps/support/onnx/graph.h"
#include "models/gan.h"
#include "models/vae.h"
#include "models/variational.h"

namespace duel::onnx {

Graph graph_of(const Generator& g);
Graph graph_of(const VaeEncoder& encoder);
Graph graph_of(const VaeDecoder& decoder, Likelihood likelihood);

// The layers of a generator: z as [n, g_input_channels()], the label joined to it → image.
Value layers_of(Graph& graph, const DcganGenerator& g, const Value& z);
Value layers_of(Graph& graph, const MlpGenerator& g, const Value& z);
Value layers_of(Graph& graph, const KerasGenerator& g, const Value& z);

// The mean of a pixel from what the decoder says: mean_image() of models/variational.h.
Value mean_image(Graph& graph, const Value& out, Likelihood likelihood);

}  // namespace duel::onnx
