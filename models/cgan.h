// How a label enters the two nets of a conditional GAN: Mirza & Osindero, "Conditional generative adversarial nets" (2014), and what came
// after. Each is a small function that any net can use. A net whose D never sees the label is no conditional GAN: G could ignore it.
//
//   G   one-hot      z ‖ onehot(y)                                                Mirza & Osindero, section 3.2
//       embedding    z ‖ E[y], E learned
//       norm         batch norm whose γ and β depend on y                         de Vries et al., "Modulating early visual processing by
//                                                                                 language" (2017); Dumoulin et al. (2017)
//   D   one-hot      a plane for each class beside the image's channels
//       embedding    one learned plane for each class, E[y] of h·w values
//       projection   logit + ⟨V[y], Σ φ(x)⟩, with φ D's last features             Miyato & Koyama, "cGANs with projection discriminator"
//                                                                                 (2018), equation 3
#pragma once
#include "models/layers.h"

namespace duel {

enum class LabelInG { one_hot, embedding, norm };
enum class LabelInD { one_hot, embedding, projection };
constexpr const char* label_in_g_names[] = {"one-hot", "embedding", "norm"};
constexpr const char* label_in_d_names[] = {"one-hot", "embedding", "projection"};

// Labels are i32 [n], or soft: [n,classes] floating values, which lie between classes (a walk from one to another).

// The label's row of a table [classes,d] → [n,d]: a mixture of rows for a soft one.
Tensor row_of_label(const Tensor& table, const Tensor& labels);

// x [n,h,w,c], labels → [n,h,w,c + classes]: every pixel has the one-hot label beside it. z [n,1,1,nz] is an image of one pixel.
Tensor with_one_hot(const Tensor& x, const Tensor& labels, int64_t classes);

// conv2d(with_one_hot(x, labels, classes), weight), for less where the batch is larger than the number of classes: the planes are the same
// for all samples of a class, so what they add is convolved once a class and looked up. `planes` are planes_of_classes(),
// [classes,h,w,classes]; weight [k,r,s,c + classes].
Tensor conv2d_with_one_hot(const Tensor& x, const Tensor& labels, const Tensor& planes, const Tensor& weight, Window window);
Tensor planes_of_classes(int64_t classes, int64_t h, int64_t w, DType dtype, Device device);  // of class i ones in channel i, else zeros

// z [n,1,1,nz], table [classes,e] → [n,1,1,nz + e]
Tensor with_embedding(const Tensor& z, const Tensor& labels, const Tensor& table);

// x [n,h,w,c], table [classes,h·w] → [n,h,w,c + 1]
Tensor with_embedded_plane(const Tensor& x, const Tensor& labels, const Tensor& table);

// features [n,h,w,c], table [classes,c] → [n,1,1,1], to be added to the logit, in the accumulator's dtype
Tensor projection(const Tensor& features, const Tensor& labels, const Tensor& table);

// Batch norm without parameters, then γ[y]·x̂ + β[y], then `then`. The layer's gamma and beta are tables [classes,c]; pass has the labels.
Tensor conditional_batch_norm(const Tensor& x, const Layer& layer, const Pass& pass, ActivationSpec then = {});

}  // namespace duel
