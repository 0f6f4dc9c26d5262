"""What the nets of the scripts here are written with. Layouts are ours: NHWC images, KRSC weights (a transposed convolution's weight is
that of the convolution it is the adjoint of), and weights are named as in our checkpoints."""
import numpy as np
import torch
import torch.nn.functional as F

nchw, nhwc = lambda t: t.permute(0, 3, 1, 2), lambda t: t.permute(0, 2, 3, 1)


def conv(x, w, stride=1, pad=0):
    return nhwc(F.conv2d(nchw(x), nchw(w), stride=stride, padding=pad))


def around(w, stride):  # rows before and behind an image that the stride divides: k5 s2 has one and two, k3 s2 none and one
    before = (w.shape[1] - stride) // 2
    return before, w.shape[1] - stride - before


def conv_same(x, w, stride):
    before, behind = around(w, stride)
    return nhwc(F.conv2d(F.pad(nchw(x), (before, behind, before, behind)), nchw(w), stride=stride))


def convt(x, w, stride=1, pad=0):
    return nhwc(F.conv_transpose2d(nchw(x), nchw(w), stride=stride, padding=pad))


def convt_same(x, w, stride):  # the adjoint: what fell on the padding is cut off
    before, h, v = around(w, stride)[0], x.shape[1] * stride, x.shape[2] * stride
    return nhwc(F.conv_transpose2d(nchw(x), nchw(w), stride=stride)[:, :, before:before + h, before:before + v])


def philox(counter, key):
    """Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), on arrays of 64 bits that hold 32."""
    x, y, z, w = counter
    k0, k1 = key
    low = 0xFFFFFFFF
    for _ in range(10):
        p0, p1 = x * np.uint64(0xD2511F53), z * np.uint64(0xCD9E8D57)
        x, y, z, w = (p1 >> 32) ^ y ^ k0, p1 & low, (p0 >> 32) ^ w ^ k1, p0 & low
        k0, k1 = (k0 + 0x9E3779B9) & low, (k1 + 0xBB67AE85) & low
    return x, y, z, w


def dropped(x, p, step, layer=0, seed=1):
    """Dropout with the coins of our nets: a function of the seed, the use (stream 9), the layer, the step, the sample and the element."""
    n, count = x.shape[0], x[0].numel()
    sample, block = np.meshgrid(np.arange(n, dtype=np.uint64), np.arange((count + 3) // 4, dtype=np.uint64), indexing="ij")
    number = lambda value: np.full_like(block, value)
    words = philox((block, sample, number(step), number(9 | layer << 16)), (number(seed), number(0)))
    uniform = (np.stack(words, -1).reshape(n, -1)[:, :count] >> 8) / 2.0**24
    kept = torch.from_numpy((uniform < np.float32(1 - p)).astype(np.float64)).view(x.shape)
    return x * kept / (1 - p)


class Net:
    """Weights and buffers by name. Each is drawn when its layer is first met, so that a net is written once, as its forward pass."""

    def __init__(self, config):
        self.c, self.w, self.b = config, {}, {}

    def weight(self, name, *shape, mean=0.0, std=0.3):
        if name not in self.w:
            self.w[name] = (torch.randn(shape) * std + mean).requires_grad_()
        return self.w[name]

    def buffer(self, name, make):
        if name not in self.b:
            self.b[name] = make()
        return self.b[name]

    def norm(self, at, x, kind="batch", eps=1e-5, momentum=0.1, y=None):
        ch = x.shape[-1]
        if kind in ("none", "spectral"):
            return x
        rows = (self.c["classes"], ch) if kind == "conditional" else (ch,)
        gamma, beta = self.weight(at + "gamma", *rows, mean=1, std=0.1), self.weight(at + "beta", *rows, std=0.1)
        first = x if x.dim() == 2 else nchw(x)
        if kind in ("batch", "conditional"):
            mean, var = self.buffer(at + "running_mean", lambda: torch.zeros(ch)), self.buffer(at + "running_var", lambda: torch.ones(ch))
            affine = (gamma, beta) if kind == "batch" else (None, None)
            out = F.batch_norm(first, mean, var, *affine, training=True, momentum=momentum, eps=eps)
        elif kind == "layer":
            out = F.group_norm(first, 1, gamma, beta, eps)
        else:
            out = F.instance_norm(first, weight=gamma, bias=beta, eps=eps)
        out = out if x.dim() == 2 else nhwc(out)
        if kind == "conditional":
            middle = (1,) * (x.dim() - 2)
            out = out * gamma[y].view(len(y), *middle, ch) + beta[y].view(len(y), *middle, ch)
        return out

    def dense(self, at, x, to):
        return F.linear(x, self.weight(at + "w", to, x.shape[1]), self.weight(at + "bias", to))

    def fresh_statistics(self):
        """As before the first step: the pass that made the weights has moved them."""
        for name in self.b:
            if "running" in name:
                self.b[name] = torch.zeros_like(self.b[name]) if "mean" in name else torch.ones_like(self.b[name])

    def state(self, at):
        return {at + name: t.detach().clone() for name, t in [*self.w.items(), *self.b.items()]}


def about():
    return {"made_with": "PyTorch " + torch.__version__.split("+")[0] + ", float64"}
