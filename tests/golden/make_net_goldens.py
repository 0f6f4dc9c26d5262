#!/usr/bin/env python3
"""Writes nets.safetensors: three training steps of the classifiers, the convolutional VAE and the autoencoder, as PyTorch computes them,
for tests/test_net_golden.cpp.

Run with a python3 that imports torch and numpy:   python3 tests/golden/make_net_goldens.py
Everything is float64. The nets are written as functions of their weights, in our layout and by our names (golden_nets.py).
"""
import os
import torch
import torch.nn.functional as F
from golden_file import write
from golden_nets import Net, about, conv, conv_same, convt, convt_same, dropped, nchw, nhwc

torch.manual_seed(6)
torch.set_default_dtype(torch.float64)
batch = 3


class LeNet(Net):
    def __call__(self, x, step):
        c, h = self.c, x
        for i, to in enumerate([c["width"], 2 * c["width"]]):
            h = nhwc(F.max_pool2d(nchw(conv(h, self.weight(f"conv{i}.w", to, 5, 5, h.shape[3]), 1, 2)), 2))
            h = F.relu(self.norm(f"conv{i}.", h))
        h = dropped(F.relu(self.dense("hidden.", h.flatten(1), 4 * c["width"])), c["dropout"], step)
        return self.dense("out.", h, c["classes"])


class ResNet(Net):
    def layer(self, at, x, to, kernel, stride):
        return self.norm(at, conv(x, self.weight(at + "w", to, kernel, kernel, x.shape[3]), stride, kernel // 2))

    def __call__(self, x, step):
        c = self.c
        h = F.relu(self.layer("stem.", x, c["width"], 3, 1))
        for i, (to, stride) in enumerate([(c["width"], 1), (2 * c["width"], 2), (4 * c["width"], 2)]):
            inner = F.relu(self.layer(f"block{i}.first.", h, to, 3, stride))
            change = self.layer(f"block{i}.second.", inner, to, 3, 1)
            h = F.relu(change + (h if to == h.shape[3] else self.layer(f"block{i}.shortcut.", h, to, 1, stride)))
        return self.dense("out.", h.mean((1, 2)), c["classes"])


class Vae(Net):
    """Of both shapes. Without a log variance it is the autoencoder."""

    def encode(self, x, y):
        c, h, keras = self.c, torch.cat([x, y[:, None, None].expand(-1, *x.shape[1:3], -1)], 3), self.c["net"] == "vae"
        for i, to in enumerate([c["width"], 2 * c["width"]]):
            at = f"encoder.conv{i}."
            if keras:
                h = F.relu(conv_same(h, self.weight(at + "w", to, 3, 3, h.shape[3]), 2) + self.weight(at + "bias", to))
            else:
                h = conv(h, self.weight(at + "w", to, 4, 4, h.shape[3]), 2, 1)
                h = F.leaky_relu(self.norm(at, h) if i else h, 0.2)
        self.inner = h.shape[1:]
        h = F.relu(self.dense("encoder.hidden.", h.flatten(1), c["hidden"])) if keras else h.flatten(1)
        return [self.dense("encoder." + name, h, c["latent"]) for name in ("mean.", "log_variance.")[:2 if c["variational"] else 1]]

    def decode(self, z, y):
        c, keras = self.c, self.c["net"] == "vae"
        h = F.relu(self.dense("decoder.dense.", torch.cat([z, y], 1), self.inner.numel())).view(-1, *self.inner)
        shapes = [(2 * c["width"], 2), (c["width"], 2), (c["channels"], 1)] if keras else [(c["width"], 2), (c["channels"], 2)]
        for i, (to, stride) in enumerate(shapes):
            at, last, kernel = f"decoder.conv{i}.", i + 1 == len(shapes), 3 if keras else 4
            w = self.weight(at + "w", h.shape[3], kernel, kernel, to)
            h = convt_same(h, w, stride) if keras else convt(h, w, stride, 1)
            h = h + self.weight(at + "bias", to) if keras or last else self.norm(at, h)
            h = h if last else F.relu(h)
        return h

    def __call__(self, x, y, noise):
        q = self.encode(x, y)
        z = q[0] + torch.exp(q[1] / 2) * noise if self.c["variational"] else q[0]
        kl = -0.5 * (1 + q[1] - q[0]**2 - q[1].exp()).sum(1).mean() if self.c["variational"] else None
        return self.decode(z, y), kl


def three_steps(net, loss_of, make_optimizer, inputs):
    """inputs(step) → what loss_of(step, ...) takes, by name. loss_of gives what is minimised, and other numbers to hold against ours."""
    with torch.no_grad():  # makes the weights
        loss_of(0, **inputs(0))
    net.fresh_statistics()
    out = net.state("before.")
    optimizer = make_optimizer(list(net.w.values()))
    for step in range(3):
        given = inputs(step)
        losses = loss_of(step, **given)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        for name, t in [*given.items(), *losses.items()]:
            out[f"{step}.{name}"] = t if t.is_floating_point() else t.to(torch.int32)
    return out | net.state("after.")


def classifier(make, h, w, channels=2, width=2, classes=5, dropout=0.5, smoothing=0.1):
    net = make(dict(width=width, classes=classes, dropout=dropout))
    return three_steps(
        net, lambda step, x, labels: {"loss": F.cross_entropy(net(x, step), labels, label_smoothing=smoothing)},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        lambda step: dict(x=torch.randn(batch, h, w, channels), labels=torch.randint(0, classes, (batch, ))))


def vae(net, h, w, channels, latent=3, width=2, hidden=5, classes=0, variational=True, beta=0.7, sigma=0.3):
    model = Vae(dict(net=net, channels=channels, latent=latent, width=width, hidden=hidden, variational=variational))

    def loss_of(step, x, noise, labels):
        x = (x + 1) / 2
        out, kl = model(x, F.one_hot(labels, classes).to(x.dtype) if classes else torch.zeros(batch, 0), noise)
        if net == "vae":
            nll = F.binary_cross_entropy_with_logits(out, x, reduction="none")
        else:
            nll = -torch.distributions.Normal(out, sigma).log_prob(x)
        reconstruction = nll.sum((1, 2, 3)).mean()
        return {"loss": reconstruction if kl is None else reconstruction + beta * kl, "reconstruction": reconstruction,
                "kl": torch.zeros(()) if kl is None else kl}

    return three_steps(
        model, loss_of, lambda p: torch.optim.Adam(p, lr=1e-3),
        lambda step: dict(x=torch.rand(batch, h, w, channels) * 2 - 1, noise=torch.randn(batch, latent),
                          labels=torch.randint(0, max(classes, 1), (batch, ))))


runs = {
    "lenet": classifier(LeNet, 9, 8),
    "resnet": classifier(ResNet, 6, 5),
    "conv": vae("conv", 12, 16, channels=1, classes=3),
    "autoencoder": vae("vae", 8, 8, channels=2, variational=False),
}
tensors = {f"{name}.{key}": t for name, run in runs.items() for key, t in run.items()}
write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "nets.safetensors"), tensors, about())
