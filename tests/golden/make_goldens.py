#!/usr/bin/env python3
"""Writes ops.safetensors, dcgan.safetensors and vae.safetensors: what PyTorch computes, for tests/test_golden.cpp.

Run with a python3 that imports torch and numpy (Debian: apt-get install python3-torch):   python3 tests/golden/make_goldens.py
Everything is computed in float64 from inputs that are stored too, so nothing depends on anyone's random numbers. Layouts are ours: NHWC
activations, KRSC weights (a transposed convolution's weight is that of the convolution it is the adjoint of).
"""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from golden_file import write
from golden_nets import about

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def ours(t):  # NCHW → NHWC, OIHW → KRSC, IOHW (transposed) → KRSC
    return t.permute(0, 2, 3, 1) if t.dim() == 4 else t


def ops():
    out = {}

    def case(name, f, **inputs):
        leaves = {k: v.clone().requires_grad_(v.is_floating_point()) for k, v in inputs.items()}
        y = f(**leaves)
        g = torch.randn_like(y)
        floating = [k for k, v in leaves.items() if v.requires_grad]
        gradients = torch.autograd.grad(y, [leaves[k] for k in floating], g)
        for k, v in inputs.items():
            out[f"{name}.{k}"] = ours(v) if v.is_floating_point() else v.to(torch.int32)
        out[f"{name}.y"], out[f"{name}.g"] = ours(y), ours(g)
        for k, v in zip(floating, gradients):
            out[f"{name}.g{k}"] = ours(v)

    r = torch.randn
    case("conv_k4s2p1", lambda x, w: F.conv2d(x, w, stride=2, padding=1), x=r(2, 3, 8, 8), w=r(5, 3, 4, 4))
    case("conv_k3s1p1", lambda x, w: F.conv2d(x, w, padding=1), x=r(2, 4, 5, 7), w=r(3, 4, 3, 3))
    case("convt_k4s1p0", lambda x, w: F.conv_transpose2d(x, w), x=r(2, 6, 1, 1), w=r(6, 3, 4, 4))
    case("convt_k4s2p1", lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1), x=r(2, 4, 4, 4), w=r(4, 3, 4, 4))
    case("linear", lambda x, w, b: F.linear(x, w, b), x=r(3, 5), w=r(4, 5), b=r(4))
    case("batch_norm", lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, True), x=r(3, 4, 3, 3) * 2 + 1, gamma=r(4), beta=r(4))
    case("leaky_relu", lambda x: F.leaky_relu(x, 0.2), x=r(3, 7))
    case("relu", lambda x: F.relu(x), x=r(3, 7))
    case("tanh", lambda x: torch.tanh(x), x=r(3, 7))
    case("sigmoid", lambda x: torch.sigmoid(x), x=r(3, 7) * 4)
    case("softplus", lambda x: F.softplus(x), x=r(3, 7) * 4)
    case("bce_logits", lambda x: F.binary_cross_entropy_with_logits(x, torch.full_like(x, 0.9), reduction="none"), x=r(3, 7) * 4)
    case("softmax", lambda x: F.softmax(x, 1), x=r(3, 7) * 4)
    case("log_softmax", lambda x: F.log_softmax(x, 1), x=r(3, 7) * 4)
    labels = torch.tensor([2, 0, 6])
    out["cross_entropy.labels"] = labels.to(torch.int32)
    case("cross_entropy", lambda x: F.cross_entropy(x, labels, reduction="none"), x=r(3, 7) * 4)

    with torch.random.fork_rng():  # a stream of its own: cases that are added leave the others' numbers alone
        torch.manual_seed(2)
        case("max_pool_2", lambda x: F.max_pool2d(x, 2), x=r(2, 3, 6, 8))
        case("max_pool_k3s2p1", lambda x: F.max_pool2d(x, 3, 2, 1), x=r(2, 3, 7, 6))
        case("avg_pool_2", lambda x: F.avg_pool2d(x, 2), x=r(2, 3, 6, 8))
        case("avg_pool_k3s2p1", lambda x: F.avg_pool2d(x, 3, 2, 1), x=r(2, 3, 7, 6))
        case("avg_pool_inside", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), x=r(2, 3, 7, 6))
        case("global_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), x=r(2, 3, 5, 4))
        case("upsample_3x2", lambda x: F.interpolate(x, scale_factor=(3, 2), mode="nearest"), x=r(2, 3, 3, 4))

    with torch.random.fork_rng():
        torch.manual_seed(4)
        case("layer_norm", lambda x, gamma, beta: F.group_norm(x, 1, gamma, beta), x=r(3, 4, 3, 5) * 2 + 1, gamma=r(4), beta=r(4))
        case("layer_norm_flat", lambda x, gamma, beta: F.layer_norm(x, (7,), gamma, beta, 1e-3), x=r(3, 7) * 2 + 1, gamma=r(7), beta=r(7))
        case("instance_norm", lambda x, gamma, beta: F.instance_norm(x, weight=gamma, bias=beta), x=r(3, 4, 3, 5) * 2 + 1,
             gamma=r(4), beta=r(4))

    bn = nn.BatchNorm2d(4)
    bn(r(3, 4, 3, 3)), bn.train()
    x = r(3, 4, 3, 3) * 2 + 1
    out["running.mean0"], out["running.var0"] = bn.running_mean.clone(), bn.running_var.clone()
    bn(x)
    out["running.x"], out["running.mean1"], out["running.var1"] = ours(x), bn.running_mean.clone(), bn.running_var.clone()

    start, gradients = r(11), [r(11) for _ in range(3)]
    out["optim.p"] = start
    for i, g in enumerate(gradients):
        out[f"optim.g{i}"] = g
    for name, make in {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
        "adam": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.999)),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.5, 0.999), weight_decay=0.1),
    }.items():
        p = start.clone().requires_grad_()
        optimiser = make([p])
        for g in gradients:
            p.grad = g.clone()
            optimiser.step()
        out[f"optim.{name}"] = p
    return out


def dcgan(size=16, channels=1, nz=8, ngf=8, ndf=8, batch=4, steps=3):
    """Three steps of the recipe of PyTorch's DCGAN example, with separate passes for real and fake images."""
    g = nn.Sequential(
        nn.ConvTranspose2d(nz, 2 * ngf, 4, 1, 0, bias=False), nn.BatchNorm2d(2 * ngf), nn.ReLU(),
        nn.ConvTranspose2d(2 * ngf, ngf, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf), nn.ReLU(),
        nn.ConvTranspose2d(ngf, channels, 4, 2, 1, bias=False), nn.Tanh())
    d = nn.Sequential(
        nn.Conv2d(channels, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2),
        nn.Conv2d(ndf, 2 * ndf, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * ndf), nn.LeakyReLU(0.2),
        nn.Conv2d(2 * ndf, 1, 4, 1, 0, bias=False))
    for net in (g, d):
        for m in net:
            if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(m.weight, 0, 0.02)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.normal_(m.weight, 1, 0.02)
                nn.init.zeros_(m.bias)
    out = {}

    def state(when):
        for prefix, net in (("g", g), ("d", d)):
            index = -1
            for m in net:
                if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
                    index += 1
                    out[f"{when}.{prefix}.{index}.w"] = ours(m.weight).clone()
                elif isinstance(m, nn.BatchNorm2d):
                    for name, t in (("gamma", m.weight), ("beta", m.bias), ("running_mean", m.running_mean), ("running_var", m.running_var)):
                        out[f"{when}.{prefix}.{index}.{name}"] = t.clone()

    state("before")
    opt_d = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
    opt_g = torch.optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
    one, zero = torch.ones(batch, 1, 1, 1), torch.zeros(batch, 1, 1, 1)
    bce = F.binary_cross_entropy_with_logits
    for step in range(steps):
        real, z = torch.rand(batch, channels, size, size) * 2 - 1, torch.randn(batch, nz, 1, 1)
        out[f"{step}.real"], out[f"{step}.z"] = ours(real), ours(z)
        fake = g(z)
        opt_d.zero_grad()
        on_real, on_fake = d(real), d(fake.detach())
        loss_d = bce(on_real, one) + bce(on_fake, zero)
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = bce(d(fake), one)
        loss_g.backward()
        opt_g.step()
        out[f"{step}.loss_d"], out[f"{step}.loss_g"] = loss_d.reshape(()), loss_g.reshape(())
    state("after")
    return out


def likelihoods():
    """-log p(x), summed over a sample, and its derivative with respect to what the decoder says; the mean; the KL."""
    d, out = torch.distributions, {}
    x, t = torch.rand(3, 7), torch.randn(3, 7) * 4
    t[0, 0], t[0, 1], t[1, 0], t[1, 1] = 0, 1e-3, -20, 20
    out["likelihood.x"], out["likelihood.t"] = x, t.clone()
    for name, make in {
        "bernoulli": lambda t: d.Bernoulli(logits=t, validate_args=False),
        "gaussian": lambda t: d.Normal(t, 0.3),
        "continuous-bernoulli": lambda t: d.ContinuousBernoulli(logits=t),
    }.items():
        leaf = t.clone().requires_grad_()
        p = make(leaf)
        nll = -p.log_prob(x).sum(1)
        out[f"{name}.nll"], out[f"{name}.g"] = nll, torch.autograd.grad(nll.sum(), leaf)[0]
        out[f"{name}.mean"] = p.mean.clamp(0, 1)
    out["entropy"] = d.Bernoulli(probs=x).entropy().sum(1)
    mu, logvar = torch.randn(3, 5), torch.randn(3, 5)
    out["kl.mean"], out["kl.log_variance"] = mu, logvar
    out["kl"] = d.kl_divergence(d.Normal(mu, torch.exp(logvar / 2)), d.Normal(0.0, 1.0)).sum(1)
    return out


def vae(classes, size=8, channels=2, latent=3, width=4, hidden=5, batch=4, beta=0.7, steps=3):
    """Three steps of the VAE of Keras's example, on images of its own size."""
    inner = size // 4
    layers = {
        "encoder.conv0": nn.Conv2d(channels + classes, width, 3, 2, 0),
        "encoder.conv1": nn.Conv2d(width, 2 * width, 3, 2, 0),
        "encoder.hidden": nn.Linear(inner * inner * 2 * width, hidden),
        "encoder.mean": nn.Linear(hidden, latent),
        "encoder.log_variance": nn.Linear(hidden, latent),
        "decoder.dense": nn.Linear(latent + classes, inner * inner * 2 * width),
        "decoder.conv0": nn.ConvTranspose2d(2 * width, 2 * width, 3, 2, 0),
        "decoder.conv1": nn.ConvTranspose2d(2 * width, width, 3, 2, 0),
        "decoder.conv2": nn.ConvTranspose2d(width, channels, 3, 1, 1),
    }

    def encode(x, y):  # "same" padding of an even image by k3 s2: nothing before it, one row and column behind it
        h = torch.cat([x, y[:, :, None, None].expand(-1, -1, size, size)], 1)
        for i in range(2):
            h = F.relu(layers[f"encoder.conv{i}"](F.pad(h, (0, 1, 0, 1))))
        h = F.relu(layers["encoder.hidden"](h.permute(0, 2, 3, 1).flatten(1)))
        return layers["encoder.mean"](h), layers["encoder.log_variance"](h)

    def decode(z, y):  # the adjoint: what fell on the padding is cut off
        h = F.relu(layers["decoder.dense"](torch.cat([z, y], 1))).reshape(batch, inner, inner, 2 * width).permute(0, 3, 1, 2)
        for i in range(2):
            h = F.relu(layers[f"decoder.conv{i}"](h)[:, :, :-1, :-1])
        return layers["decoder.conv2"](h)

    out = {}

    def state(when):
        for name, m in layers.items():
            out[f"{when}.{name}.w"], out[f"{when}.{name}.bias"] = ours(m.weight).clone(), m.bias.clone()

    state("before")
    optimiser = torch.optim.Adam([p for m in layers.values() for p in m.parameters()], lr=1e-3)
    for step in range(steps):
        x, noise = torch.rand(batch, channels, size, size) * 2 - 1, torch.randn(batch, latent)
        labels = torch.arange(batch) * (step + 1) % max(classes, 1)
        y = F.one_hot(labels, classes).to(x.dtype) if classes else torch.zeros(batch, 0)
        out[f"{step}.x"], out[f"{step}.noise"], out[f"{step}.labels"] = ours(x), noise, labels.to(torch.int32)
        x = (x + 1) / 2
        mu, logvar = encode(x, y)
        logits = decode(mu + torch.exp(logvar / 2) * noise, y)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3)).mean()
        kl = (-0.5 * (1 + logvar - mu**2 - logvar.exp())).sum(1).mean()
        loss = reconstruction + beta * kl
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        out[f"{step}.loss"], out[f"{step}.reconstruction"], out[f"{step}.kl"] = loss, reconstruction, kl
    state("after")
    return out


write(os.path.join(here, "ops.safetensors"), ops(), about())
write(os.path.join(here, "dcgan.safetensors"), dcgan(), about())
torch.manual_seed(3)
plain, conditional = vae(classes=0), vae(classes=3)
nets = {f"plain.{k}": v for k, v in plain.items()} | {f"conditional.{k}": v for k, v in conditional.items()}
write(os.path.join(here, "vae.safetensors"), likelihoods() | nets, about())
