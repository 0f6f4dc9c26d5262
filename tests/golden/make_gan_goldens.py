#!/usr/bin/env python3
"""Writes gan.safetensors: three training steps of each GAN, as PyTorch computes them, for tests/test_gan_golden.cpp.

Run with a python3 that imports torch and numpy:   python3 tests/golden/make_gan_goldens.py
Everything is float64. The nets are written as functions of their weights, in our layout and by our names (golden_nets.py).
"""
import os
import torch
import torch.nn.functional as F
from golden_file import write
from golden_nets import Net, about, conv, conv_same, convt, convt_same, dropped

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
batch, nz = 3, 3


class G(Net):
    def __call__(self, z, y=None):
        c = self.c
        by_class = c["classes"] and c["label_in_g"] == "norm"
        if c["classes"] and c["label_in_g"] == "one-hot":
            z = torch.cat([z, F.one_hot(y, c["classes"]).to(z.dtype).view(len(y), 1, 1, -1)], 3)
        if c["classes"] and c["label_in_g"] == "embedding":
            z = torch.cat([z, self.weight("label", c["classes"], 50)[y].view(len(y), 1, 1, -1)], 3)
        return getattr(self, c["net"].replace("-", "_"))(z, y, "conditional" if by_class else "batch")

    def dcgan(self, z, y, kind):
        c, ch, h = self.c, 2 * self.c["ngf"], z
        for i, to in enumerate([ch, c["ngf"]]):
            w = self.weight(f"{i}.w", h.shape[3], 4, 4, to)
            h = F.relu(self.norm(f"{i}.", convt(h, w) if i == 0 else convt(h, w, 2, 1), kind, y=y))
        return torch.tanh(convt(h, self.weight("2.w", c["ngf"], 4, 4, c["channels"]), 2, 1))

    def dense(self, hidden, z, act, kind, last):
        h, c = z.flatten(1), self.c
        for i, to in enumerate(hidden):
            h = act(self.norm(f"{i}.", F.linear(h, self.weight(f"{i}.w", to, h.shape[1]), self.weight(f"{i}.bias", to)), kind))
        i, to = len(hidden), c["h"] * c["w"] * c["channels"]
        h = F.linear(h, self.weight(f"{i}.w", to, h.shape[1]), self.weight(f"{i}.bias", to))
        return last(h).view(-1, c["h"], c["w"], c["channels"])

    def mlp(self, z, y, kind):
        return self.dense([k * self.c["ngf"] for k in (4, 8, 16)], z, F.relu, kind, torch.tanh)

    def small_mlp(self, z, y, kind):
        return self.dense([2 * self.c["ngf"]], z, lambda t: F.leaky_relu(t, 0.01), "none", torch.tanh)

    def points(self, z, y, kind):
        return self.dense([self.c["ngf"]] * 3, z, F.relu, "none", lambda t: t)

    def keras(self, z, y, kind):
        c, h = self.c, z.flatten(1)
        leaky = lambda t: F.leaky_relu(t, 0.3)
        for i, to in enumerate([4 * c["ngf"], 4 * c["ngf"], c["h"] // 4 * (c["w"] // 4) * 2 * c["ngf"]]):
            at = f"dense{i}."
            h = leaky(self.norm(at, F.linear(h, self.weight(at + "w", to, h.shape[1]), self.weight(at + "bias", to)), kind, 1e-3, 0.2))
        h = h.view(-1, c["h"] // 4, c["w"] // 4, 2 * c["ngf"])
        for i, (to, stride) in enumerate([(2 * c["ngf"], 1), (c["ngf"], 2), (c["channels"], 2)]):
            h = convt_same(h, self.weight(f"conv{i}.w", h.shape[3], 5, 5, to), stride)
            h = leaky(self.norm(f"conv{i}.", h, kind, 1e-3, 0.2)) if i < 2 else torch.tanh(h)
        return h


class D(Net):
    step = number = 0  # of the training step, and of the pass in it: dropout's coins depend on them

    def spectral(self, at, w, kind):
        if kind != "spectral":
            return w
        m = w.reshape(w.shape[0], -1)
        u = self.buffer(at + "u", lambda: F.normalize(torch.randn(m.shape[0]), dim=0))
        v = self.buffer(at + "v", lambda: F.normalize(torch.randn(m.shape[1]), dim=0))
        return w / (u @ m @ v)

    def power_iteration(self):
        with torch.no_grad():
            for name in [n[:-1] for n in self.b if n.endswith(".u")]:
                m = self.w[name + "w"].reshape(self.w[name + "w"].shape[0], -1)
                self.b[name + "v"] = F.normalize(m.T @ self.b[name + "u"], dim=0)
                self.b[name + "u"] = F.normalize(m @ self.b[name + "v"], dim=0)

    def __call__(self, x, y=None):
        return self.head(self.features(x, y), y)

    def features(self, x, y=None):
        c = self.c
        if c["classes"] and c["label_in_d"] == "one-hot":
            x = torch.cat([x, F.one_hot(y, c["classes"]).to(x.dtype)[:, None, None].expand(-1, c["h"], c["w"], -1)], 3)
        if c["classes"] and c["label_in_d"] == "embedding":
            x = torch.cat([x, self.weight("label", c["classes"], c["h"] * c["w"])[y].view(len(y), c["h"], c["w"], 1)], 3)
        kind = c["d_norm"]
        if c["net"] == "dcgan":
            w0, w1 = self.weight("0.w", c["ndf"], 4, 4, x.shape[3]), self.weight("1.w", 2 * c["ndf"], 4, 4, c["ndf"])
            bias = lambda at, n: self.weight(at + "bias", n) if kind in ("none", "spectral") else 0
            h = F.leaky_relu(conv(x, self.spectral("0.", w0, kind), 2, 1) + bias("0.", c["ndf"]), 0.2)
            return F.leaky_relu(self.norm("1.", conv(h, self.spectral("1.", w1, kind), 2, 1) + bias("1.", 2 * c["ndf"]), kind), 0.2)
        if c["net"] == "keras":
            h = x
            for i, to in enumerate([c["ndf"], 2 * c["ndf"]]):
                w = self.spectral(f"conv{i}.", self.weight(f"conv{i}.w", to, 5, 5, h.shape[3]), kind)
                h = F.leaky_relu(conv_same(h, w, 2) + self.weight(f"conv{i}.bias", to), 0.3)
                h = dropped(h, c["dropout"], self.step, self.number * 256 + i) if c["dropout"] else h
            return h
        hidden = {"mlp": [k * c["ndf"] for k in (16, 8, 4)], "small-mlp": [2 * c["ndf"]], "points": [c["ndf"]] * 3}[c["net"]]
        h, slope = x.flatten(1), 0.01 if c["net"] == "small-mlp" else 0.2
        for i, to in enumerate(hidden):
            w = self.spectral(f"{i}.", self.weight(f"{i}.w", to, h.shape[1]), kind)
            h = F.leaky_relu(self.norm(f"{i}.", F.linear(h, w, self.weight(f"{i}.bias", to)), "none" if kind == "batch" else kind), slope)
        return h[:, None, None, :]

    def head(self, f, y=None):
        c, h, kind = self.c, f, self.c["d_norm"]
        if c["stddev"]:
            number = torch.sqrt(h.flatten(1).var(0, unbiased=False) + 1e-8).mean()
            h = torch.cat([h, number.expand(*h.shape[:3], 1)], 3)
        if c["net"] == "dcgan":
            out = conv(h, self.spectral("2.", self.weight("2.w", 1, 4, 4, h.shape[3]), kind))
            out = out + (self.weight("2.bias", 1) if kind in ("none", "spectral") else 0)
        else:
            at = "out." if c["net"] == "keras" else {"mlp": "3.", "small-mlp": "1.", "points": "3."}[c["net"]]
            w = self.spectral(at, self.weight(at + "w", 1, h[0].numel()), kind)
            out = F.linear(h.flatten(1), w, self.weight(at + "bias", 1)).view(-1, 1, 1, 1)
        if c["classes"] and c["label_in_d"] == "projection":
            table = self.weight("label", c["classes"], f.shape[3])
            out = out + (f.sum((1, 2)) * table[y]).sum(1).view(-1, 1, 1, 1)
        return out


def halves(loss, real_is):
    bce = lambda t, target: F.binary_cross_entropy_with_logits(t, torch.full_like(t, target))
    return {
        "non-saturating": (lambda t: bce(t, real_is), lambda t: bce(t, 0.0), lambda t: bce(t, 1.0)),
        "minimax": (lambda t: bce(t, real_is), lambda t: bce(t, 0.0), lambda t: -bce(t, 0.0)),
        "least-squares": (lambda t: ((t - real_is)**2).mean() / 2, lambda t: (t**2).mean() / 2, lambda t: ((t - 1)**2).mean() / 2),
        "hinge": (lambda t: F.relu(1 - t).mean(), lambda t: F.relu(1 + t).mean(), lambda t: -t.mean()),
        "wasserstein": (lambda t: -t.mean(), lambda t: t.mean(), lambda t: -t.mean()),
    }[loss]


def train(net="dcgan", h=16, w=16, channels=1, ngf=2, ndf=2, classes=0, d_norm="batch", label_in_g="one-hot", label_in_d="one-hot",
          stddev=False, dropout=0.0, loss="non-saturating", real_is=1.0, penalty="none", weight=10.0, clip=0.0, matching=0.0, l1=0.0,
          turns=1, betas=(0.5, 0.999), optimizer="adam", steps=3):
    config = dict(net=net, h=h, w=w, channels=channels, ngf=ngf, ndf=ndf, classes=classes, d_norm=d_norm, label_in_g=label_in_g,
                  label_in_d=label_in_d, stddev=stddev, dropout=dropout)
    g, d, out = G(config), D(config), {}
    of_real, of_fake, of_g = halves(loss, real_is)
    rows = batch * turns
    mixed = (h, w, channels) if penalty == "dragan" else (1, 1, 1)
    draw = lambda: (torch.rand(rows, h, w, channels) * 2 - 1, torch.randn(rows, 1, 1, nz), torch.rand(rows, *mixed),
                    torch.randint(0, classes, (rows, )) if classes else None)
    with torch.no_grad():  # makes the weights
        x, z, _, y = draw()
        d(g(z, y), y)
    g.fresh_statistics(), d.fresh_statistics()
    d.power_iteration()
    out.update(g.state("before.g.") | d.state("before.d."))
    make = (lambda p: torch.optim.Adam(p, lr=2e-3, betas=betas)) if optimizer == "adam" else (lambda p: torch.optim.RMSprop(p, lr=2e-3))
    opt_g, opt_d = make(list(g.w.values())), make(list(d.w.values()))
    size = lambda part: sum(p.abs().sum() for p in part.w.values()) * l1
    for step in range(steps):
        x, z, mix, y = draw()
        d.step = step
        out[f"{step}.real"], out[f"{step}.z"], out[f"{step}.mix"] = x, z, mix
        if classes:
            out[f"{step}.labels"] = y.to(torch.int32)
        for i in range(turns):
            rows_of = lambda t: t if t is None else t[i * batch:(i + 1) * batch]
            xi, zi, ei, yi = map(rows_of, (x, z, mix, y))
            fake = g(zi, yi)
            d.power_iteration()
            d.number = 3 * i
            loss_d = of_real(d(xi, yi))
            d.number = 3 * i + 1
            loss_d = loss_d + of_fake(d(fake.detach(), yi))
            if penalty != "none":
                at = {"r1": xi, "dragan": xi + ei * xi.std(unbiased=False) / 2}.get(penalty, ei * xi + (1 - ei) * fake.detach())
                at = at.clone().requires_grad_()
                slope = torch.autograd.grad(d(at, yi).sum(), at, create_graph=True)[0].flatten(1).square().sum(1)
                value = slope.mean() / 2 if penalty == "r1" else ((torch.sqrt(slope + 1e-12) - 1)**2).mean()
                loss_d = loss_d + weight * value
            opt_d.zero_grad()
            (loss_d + size(d)).backward()
            opt_d.step()
            if clip:
                with torch.no_grad():
                    for p in d.w.values():
                        p.clamp_(-clip, clip)
        d.number = 3 * turns
        f = d.features(fake, yi)
        loss_g = of_g(d.head(f, yi))
        if matching:
            with torch.no_grad():
                f_real = d.features(xi, yi)
            loss_g = loss_g + matching * (f_real.mean(0) - f.mean(0)).square().sum()
        opt_g.zero_grad()
        (loss_g + size(g)).backward()
        opt_g.step()
        out[f"{step}.loss_d"], out[f"{step}.loss_g"] = loss_d.detach().reshape(()), loss_g.detach().reshape(())
    out.update(g.state("after.g.") | d.state("after.d."))
    return out


runs = {
    "mlp": dict(net="mlp", h=4, w=6, ngf=1, ndf=1, loss="least-squares", real_is=0.9),
    "small-mlp": dict(net="small-mlp", h=4, w=4, loss="minimax", real_is=0.9, l1=0.01),
    "points": dict(net="points", h=1, w=1, channels=2, ngf=4, ndf=4, loss="wasserstein", penalty="wgan-gp", weight=1.0, turns=2),
    "keras": dict(net="keras", h=8, w=8, channels=2, loss="hinge", d_norm="spectral"),
    "wgan-clip": dict(loss="wasserstein", clip=0.05, optimizer="rmsprop"),
    "wgan-gp": dict(loss="wasserstein", penalty="wgan-gp", d_norm="layer", turns=2, betas=(0.0, 0.9)),
    "r1": dict(penalty="r1", d_norm="instance", weight=2.0),
    "sn": dict(loss="hinge", d_norm="spectral"),
    "matching": dict(matching=0.5, stddev=True),
    "one-hot": dict(classes=3),
    "embedding": dict(classes=3, label_in_g="embedding", label_in_d="embedding"),
    "projection": dict(classes=3, label_in_g="norm", label_in_d="projection", loss="hinge", d_norm="spectral"),
    "mlp-one-hot": dict(net="small-mlp", h=4, w=4, classes=3),
    "keras-dropout": dict(net="keras", h=8, w=8, ngf=1, dropout=0.25),
    "dragan": dict(net="small-mlp", h=4, w=4, penalty="dragan", d_norm="layer", weight=2.0),
}
tensors = {f"{name}.{key}": t for name, settings in runs.items() for key, t in train(**settings).items()}
write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gan.safetensors"), tensors, about())
