"""Our nets as PyTorch's: a list of layers for each, as large as the checkpoint's tensors say. What a layer called `at` has there:

    at.w [k,r,s,c]                         weight [k,c,r,s]: of a Conv2d k leaves and c enters, of a ConvTranspose2d k enters and c leaves
    at.w [out,in], at.bias                 weight, bias of a Linear; of an image that becomes a row, or back, channels are last
    at.gamma, at.beta                      weight, bias of the norm behind the layer
    at.running_mean, at.running_var        the same
"""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)
LAYER = {"w": "weight", "bias": "bias"}
NORM = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}


class Rows(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


class Image(nn.Module):
    def __init__(self, h, w):
        super().__init__()
        self.h, self.w = h, w

    def forward(self, x):
        return x.reshape(len(x), self.h, self.w, -1).permute(0, 3, 1, 2)


class Same(nn.Conv2d):
    """Padded as in Keras: of what the stride leaves of the kernel, the smaller half in front."""

    def forward(self, x):
        rest = self.kernel_size[0] - self.stride[0]
        return super().forward(F.pad(x, (rest // 2, rest - rest // 2) * 2))


class SameTransposed(nn.ConvTranspose2d):
    """Its adjoint: what fell on the padding is cut off."""

    def forward(self, x):
        stride, first = self.stride[0], (self.kernel_size[0] - self.stride[0]) // 2
        return super().forward(x)[:, :, first:first + stride * x.shape[2], first:first + stride * x.shape[3]]


class Block(nn.Module):
    """Of a ResNet."""

    def __init__(self, layers, at):
        super().__init__()
        shrinks = at + ".shortcut.w" in layers.tensors
        stride = 2 if shrinks else 1
        self.change = sequence(layers(at + ".first", nn.ReLU(), stride=stride, pad=1), layers(at + ".second", pad=1))
        self.shortcut = sequence(layers(at + ".shortcut", stride=stride)) if shrinks else nn.Identity()

    def forward(self, x):
        return torch.relu(self.change(x) + self.shortcut(x))


class Encoder(nn.Module):
    """Mean and log variance; of a plain autoencoder the mean alone."""

    def __init__(self, trunk, heads):
        super().__init__()
        self.trunk, self.heads = trunk, nn.ModuleList(heads)

    def forward(self, x):
        h = self.trunk(x)
        return tuple(head(h) for head in self.heads)


def sequence(*parts):
    return nn.Sequential(*[module for part in parts for module in (part if isinstance(part, list) else [part])])


class Layers:
    """layers("conv0", nn.ReLU(), …) is that layer, its norm where it has one, and what comes after."""

    def __init__(self, tensors, norm="batch", **batch_norm):
        self.tensors, self.norm, self.batch_norm = tensors, norm, batch_norm

    def names(self, start=""):
        return [name[:-2] for name in self.tensors if name.startswith(start) and name.endswith(".w")]

    def norm_of(self, gamma, flat):
        channels = len(gamma)
        if self.norm == "instance":
            return nn.InstanceNorm2d(channels, affine=True)
        return nn.GroupNorm(1, channels) if self.norm == "layer" else (nn.BatchNorm1d if flat else nn.BatchNorm2d)(channels, **self.batch_norm)

    def __call__(self, at, *then, kind=nn.Conv2d, stride=1, pad=0, pool=()):
        w, bias, gamma = self.tensors[at + ".w"], at + ".bias" in self.tensors, self.tensors.get(at + ".gamma")
        if w.dim() == 2:
            layer = nn.Linear(w.shape[1], w.shape[0], bias)
        else:
            k, r, s, c = w.shape
            enters, leaves = (k, c) if issubclass(kind, nn.ConvTranspose2d) else (c, k)
            layer = kind(enters, leaves, (r, s), stride, pad, bias=bias)
        norm = [] if gamma is None else [self.norm_of(gamma, w.dim() == 2)]
        for module in [layer, *norm]:
            module.at = at
        return [layer, *pool, *norm, *then]


def generator(layers, net, h, w):  # z [n,nz,1,1] → images in [-1, 1]
    convs, dense, up = layers.names("conv"), layers.names("dense"), nn.ConvTranspose2d
    if net == "dcgan":
        first, *middle, last = layers.names()
        return sequence(layers(first, nn.ReLU(), kind=up), *[layers(at, nn.ReLU(), kind=up, stride=2, pad=1) for at in middle],
                        layers(last, nn.Tanh(), kind=up, stride=2, pad=1))
    if net == "keras":
        return sequence(nn.Flatten(), *[layers(at, nn.LeakyReLU(0.3)) for at in dense], Image(h // 4, w // 4),
                        *[layers(at, then, kind=SameTransposed, stride=stride)
                          for at, then, stride in zip(convs, [nn.LeakyReLU(0.3), nn.LeakyReLU(0.3), nn.Tanh()], [1, 2, 2])])
    *hidden, last = layers.names()
    return sequence(nn.Flatten(), *[layers(at, nn.LeakyReLU(0.01) if net == "small-mlp" else nn.ReLU()) for at in hidden],
                    layers(last, nn.Tanh()), Image(h, w))


def discriminator(layers, net, dropout):  # images → one number each, without a sigmoid
    *hidden, last = layers.names()
    drop = [nn.Dropout(dropout)] if dropout else []
    if net == "dcgan":
        return sequence(*[layers(at, nn.LeakyReLU(0.2), *drop, stride=2, pad=1) for at in hidden], layers(last))
    if net == "keras":
        return sequence(*[layers(at, nn.LeakyReLU(0.3), *drop, kind=Same, stride=2) for at in hidden], Rows(), layers(last))
    return sequence(Rows(), *[layers(at, nn.LeakyReLU(0.01 if net == "small-mlp" else 0.2), *drop) for at in hidden], layers(last))


def classifier(layers, net, dropout):  # images in [-1, 1] → logits
    if net == "lenet":
        return sequence(*[layers(at, nn.ReLU(), pad=2, pool=[nn.MaxPool2d(2)]) for at in ("conv0", "conv1")], Rows(),
                        layers("hidden", nn.ReLU(), nn.Dropout(dropout)), layers("out"))
    blocks = dict.fromkeys(name.split(".")[0] for name in layers.names("block"))
    return sequence(layers("stem", nn.ReLU(), pad=1), *[Block(layers, at) for at in blocks], nn.AdaptiveAvgPool2d(1), Rows(), layers("out"))


def encoder(layers, net):  # images in [0, 1]
    convs = layers.names("conv")
    trunk = ([layers(at, nn.LeakyReLU(0.2), stride=2, pad=1) for at in convs] + [Rows()] if net == "conv" else
             [layers(at, nn.ReLU(), kind=Same, stride=2) for at in convs] + [Rows(), layers("hidden", nn.ReLU())])
    return Encoder(sequence(*trunk), [sequence(layers(at)) for at in ("mean", "log_variance") if at + ".w" in layers.tensors])


def decoder(layers, net, h, w):  # z [n,latent] → logits, or means of a Gaussian likelihood
    *hidden, last = layers.names("conv")
    halved = 2**len(hidden) if net != "conv" else 2**(len(hidden) + 1)
    kind, pad, last_stride = (nn.ConvTranspose2d, 1, 2) if net == "conv" else (SameTransposed, 0, 1)
    return sequence(layers("dense", nn.ReLU()), Image(h // halved, w // halved),
                    *[layers(at, nn.ReLU(), kind=kind, stride=2, pad=pad) for at in hidden],
                    layers(last, kind=kind, stride=last_stride, pad=pad))


PARTS = {"duel-gan-2": {"g": "g.", "d": "d."}, "duel-classify-1": {"net": "net."},
         "duel-vae-1": {"encoder": "net.encoder.", "decoder": "net.decoder."}}


def net_of(metadata, tensors, part):
    """That part of a checkpoint in evaluation mode, and for each of its tensors our name and PyTorch's."""
    parts = PARTS.get(metadata.get("format"), {})
    if part not in parts:
        sys.exit(f"no part {part}: a checkpoint of a GAN has g and d, of a classifier net, of a VAE encoder and decoder")
    settings, network = json.loads(metadata["settings"]), json.loads(metadata["network"])
    net, h, w, dropout = settings["net"], network["h"], network["w"], settings.get("dropout", 0)
    prefix = parts[part]
    if part not in ("d", "net") and settings.get("ema", 0) > 0:  # what is sampled from
        prefix = prefix.replace("g." if part == "g" else "net.", "average.")
    inside = {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}
    keras = dict(eps=1e-3, momentum=0.2) if net == "keras" else {}
    layers = Layers(inside, settings["d-norm"] if part == "d" else "batch", **keras)
    if part == "d" and (settings["d-norm"] == "spectral" or settings["minibatch-stddev"]):
        sys.exit("a D with spectral norm or the deviation of a minibatch is not known here")
    if settings.get("conditional") and part in ("g", "d") and settings["label-in-" + part] != "one-hot":
        sys.exit(f"labels are known here as one-hot vectors beside z and planes beside images, not as --label-in-{part} "
                 + settings["label-in-" + part])
    made = {"g": lambda: generator(layers, net, h, w), "encoder": lambda: encoder(layers, net),
            "d": lambda: discriminator(layers, net, dropout if dropout >= 0 else 0.3 if net in ("mlp", "keras") else 0),
            "net": lambda: classifier(layers, net, dropout), "decoder": lambda: decoder(layers, net, h, w)}[part]()
    names = {f"{prefix}{module.at}.{ours}": f"{at}.{theirs}"
             for at, module in made.named_modules() if hasattr(module, "at")
             for ours, theirs in (NORM if isinstance(module, NORMS) else LAYER).items() if getattr(module, theirs, None) is not None}
    state = {theirs: (t.permute(0, 3, 1, 2) if t.dim() == 4 else t) for ours, theirs in names.items() for t in [tensors[ours]]}
    left = made.load_state_dict(state, strict=False).missing_keys
    assert len(names) == len(inside) and all(name.endswith("num_batches_tracked") for name in left), "a tensor has no place in the net"
    return made.eval(), names


def with_label(x, labels, classes):
    """What a conditional net is given: one-hot vectors beside z [n,nz,1,1] or [n,latent], planes of them beside images."""
    hot = F.one_hot(labels.long(), classes).to(x.dtype)
    return torch.cat([x, hot if x.dim() == 2 else hot[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)
