"""The nets of torch_step.py: those of docs/pytorch/nets.py, as large as our weights say, and made as somebody does who wants them fast."""
import os
import sys

import torch
from torch import nn
from torch.nn.utils import spectral_norm

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "pytorch"))
import nets  # noqa: E402


class ClassNorm(nn.Module):
    """Batch norm with a scale and an offset for each class."""

    def __init__(self, classes, channels):
        super().__init__()
        self.normed = nn.BatchNorm2d(channels, affine=False)
        self.gamma, self.beta = nn.Embedding(classes, channels), nn.Embedding(classes, channels)
        nn.init.ones_(self.gamma.weight), nn.init.zeros_(self.beta.weight)

    def forward(self, x, labels):
        return torch.addcmul(self.beta(labels)[:, :, None, None], self.normed(x), self.gamma(labels)[:, :, None, None])


class NormedByClass(nn.Module):
    """A G whose batch norm is told the label."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, z, labels):
        for layer in self.layers:
            z = layer(z, labels) if isinstance(layer, ClassNorm) else layer(z)
        return z


class Projecting(nn.Module):
    """A D that takes its last features times what it learned of the label to its answer."""

    def __init__(self, layers, label):
        super().__init__()
        self.features, self.head, self.label = layers[:-1], layers[-1], nn.Embedding(*label.shape)

    def forward(self, x, labels):
        h = self.features(x)
        return self.head(h) + (self.label(labels) * h.sum((2, 3))).sum(1)[:, None, None, None]


class Layers(nets.Layers):
    def norm_of(self, gamma, flat):
        return ClassNorm(*gamma.shape) if gamma.dim() == 2 else super().norm_of(gamma, flat)


class Planes(nn.Module):
    """A row becomes an image, channels first."""

    def __init__(self, h, w):
        super().__init__()
        self.h, self.w = h, w

    def forward(self, x):
        return x.reshape(len(x), -1, self.h, self.w)


def quick(module, layout):
    """The same net for less. PyTorch's own padding is that of Keras seen in a mirror, so that nothing needs to be padded or cut off: with
    images and kernels mirrored it computes the same. Rows are in the order in which pixels lie, and activations need no memory."""
    if isinstance(module, (nets.Same, nets.SameTransposed)):
        kernel, stride, bias = module.kernel_size[0], module.stride[0], module.bias is not None
        if isinstance(module, nets.Same):
            return nn.Conv2d(module.in_channels, module.out_channels, kernel, stride, kernel // 2, bias=bias)
        return nn.ConvTranspose2d(module.in_channels, module.out_channels, kernel, stride, kernel // 2, stride - 1, bias=bias)
    if layout == torch.contiguous_format and isinstance(module, nets.Rows):
        return nn.Flatten()
    if layout == torch.contiguous_format and isinstance(module, nets.Image):
        return Planes(module.h, module.w)
    if isinstance(module, (nn.ReLU, nn.LeakyReLU)):
        module.inplace = True
    for name, inner in module.named_children():
        setattr(module, name, quick(inner, layout))
    return module


def parameters(net):
    return sum(p.numel() for p in net.parameters())


class Made:
    """Nets for the shapes of our weights, {"g": {"0.w": [100, 4, 4, 512], …}, …}."""

    def __init__(self, weights, size, layout, net, norm="batch"):
        self.weights = {part: {name: torch.empty(shape, device="meta") for name, shape in shapes.items()} for part, shapes in weights.items()}
        self.size, self.layout, self.net, self.norm = size, layout, net, norm

    def layers(self, part):
        keras = dict(eps=1e-3, momentum=0.2) if self.net == "keras" else {}
        return Layers(self.weights[part], self.norm if part == "d" else "batch", **keras)

    def whole(self, part, net):
        ours = sum(w.numel() for w in self.weights[part].values())
        net = quick(net, self.layout)
        if parameters(net) != ours:
            raise ValueError(f"{part} has {parameters(net)} parameters here, and {ours} with us")
        return net

    def generator(self):
        layers = self.layers("g")
        made = nets.generator(layers, self.net, self.size, self.size)
        return self.whole("g", NormedByClass(made) if any(isinstance(m, ClassNorm) for m in made) else made)

    def discriminator(self, dropout=0):
        layers = self.layers("d")
        made, label = nets.discriminator(layers, self.net, dropout), layers.tensors.get("label")
        made = self.whole("d", made if label is None else Projecting(made, label))
        if self.norm == "spectral":
            for module in made.modules():
                if isinstance(module, (nn.Conv2d, nn.Linear)):
                    spectral_norm(module)
        return made

    def encoder(self):
        return self.whole("encoder", nets.encoder(self.layers("encoder"), self.net))

    def decoder(self):
        return self.whole("decoder", nets.decoder(self.layers("decoder"), self.net, self.size, self.size))

    def classifier(self, dropout):
        return self.whole("net", nets.classifier(self.layers("net"), self.net, dropout))
