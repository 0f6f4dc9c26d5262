// Our layers as ONNX nodes, in evaluation mode and f32. Images are NCHW there. A weight [k,r,s,c] becomes [k,c,r,s], which is what ONNX
// wants of a convolution and of a transposed one alike, for ours is that of the convolution it is the adjoint of.
#pragma once
#include "apps/support/onnx/graph.h"
#include "models/layers.h"

namespace duel::onnx {

constexpr const char* label_name = "label";  // the input that says the class, i64 [n]

// Pixels around an image.
struct Padding {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
};
Padding padding_of(Window window);
// "Same" padding of the convolution of an h × w image; of a transposed one, that is the image which leaves it. The odd pixel stands behind.
Padding same_padding(int64_t h, int64_t w, const ConvLayer& layer);

// `at` precedes the names of the layer's tensors, as in a checkpoint.
Value dense(Graph& graph, const Value& x, const std::string& at, const DenseLayer& layer);
Value convolution(Graph& graph, const Value& x, const std::string& at, const ConvLayer& layer, const Padding& padding);
Value transposed_convolution(Graph& graph, const Value& x, const std::string& at, const ConvLayer& layer, const Padding& padding);

// The norm behind the layer (none, batch or conditional), then `then`. `axes` is how many the value has: [n,c] or [n,c,h,w].
Value norm_behind(Graph& graph, const Value& x, const std::string& at, const Layer& layer, int axes, ActivationSpec then = {});
Value activated(Graph& graph, const Value& x, ActivationSpec act);

// [n, h·w·c] as our dense layers order it ↔ [n,c,h,w]
Value image_of_row(Graph& graph, const Value& row, int64_t h, int64_t w, int64_t c);
Value row_of_image(Graph& graph, const Value& image, int64_t h, int64_t w, int64_t c);

Value concat(Graph& graph, const Value& a, const Value& b);                    // along the channels
Value one_hot_label(Graph& graph, int64_t classes);                            // [n,classes]
Value row_of_label(Graph& graph, const std::string& at, const Tensor& table);  // [n,d] of [classes,d]

}  // namespace duel::onnx
