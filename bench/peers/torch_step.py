#!/usr/bin/env python3
"""A training step of each model in PyTorch, as its users write it, driven by bench_step --peer torch.

Says "ready PyTorch VERSION", then reads "run N" on standard input and answers with the seconds a step took, over N steps; so that
bench_step can take turns with it. What cannot be done is answered with "failed" and the first line of the reason.

Forms: eager; compiled, the nets by torch.compile; reduce-overhead, the same in that mode, which needs CUDA graphs; graph, the whole step
captured as one CUDA graph.
"""
import argparse, os, resource, sys, time
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import spectral_norm

out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
p = argparse.ArgumentParser()
p.add_argument("--model"), p.add_argument("--size", type=int), p.add_argument("--channels", type=int), p.add_argument("--batch", type=int)
p.add_argument("--nz", type=int, default=100), p.add_argument("--ngf", type=int, default=64), p.add_argument("--ndf", type=int, default=64)
p.add_argument("--precision", choices=["f32", "tf32", "bf16"]), p.add_argument("--layout", choices=["nchw", "channels_last"])
p.add_argument("--device", choices=["cpu", "cuda"]), p.add_argument("--threads", type=int)
p.add_argument("--form", choices=["eager", "compiled", "reduce-overhead", "graph"], default="eager")
a = p.parse_args()
torch.manual_seed(1)
torch.set_num_threads(a.threads)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = a.precision == "tf32"  # f32 means f32
torch.backends.cudnn.benchmark = True
layout = torch.channels_last if a.layout == "channels_last" else torch.contiguous_format
classes = 10
mixed = lambda: torch.autocast(a.device, dtype=torch.bfloat16, enabled=a.precision == "bf16")
place = lambda net: net.to(a.device, memory_format=layout).train()
adam = lambda parameters, **more: torch.optim.Adam(parameters, **more, **({"capturable": True} if a.form == "graph" else {}))


def formed(net):
    if a.form in ("eager", "graph"):
        return net
    return torch.compile(net, mode="default" if a.form == "compiled" else a.form)


image = lambda low, high: torch.empty(a.batch, a.channels, a.size, a.size, device=a.device).uniform_(low, high).contiguous(memory_format=layout)
labels = torch.randint(0, classes, (a.batch, ), device=a.device)
planes = lambda y: F.one_hot(y, classes).float()[:, :, None, None]


class View(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(x.shape[0], *self.shape)


def dcgan_g(nz):
    stages, inner = 0, a.size
    while inner % 2 == 0 and inner > 4:
        stages, inner = stages + 1, inner // 2
    c = a.ngf << (stages - 1)
    g = [nn.ConvTranspose2d(nz, c, inner, 1, 0, bias=False), nn.BatchNorm2d(c), nn.ReLU(True)]
    while c > a.ngf:
        g += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
        c //= 2
    return nn.Sequential(*g, nn.ConvTranspose2d(c, a.channels, 4, 2, 1, bias=False), nn.Tanh())


def dcgan_d(channels, norm=nn.BatchNorm2d, wrap=lambda layer: layer):
    c, size, first, d = a.ndf, a.size, channels, []
    while size % 2 == 0 and size > 4:
        d += [wrap(nn.Conv2d(first, c, 4, 2, 1, bias=norm is None))]
        d += [norm(c)] if norm and first != channels else []
        d += [nn.LeakyReLU(0.2, inplace=True)]
        first, c, size = c, 2 * c, size // 2
    return nn.Sequential(*d, wrap(nn.Conv2d(first, 1, size, 1, 0, bias=norm is None)))


def mlp_g():
    g, c = [nn.Flatten()], a.nz
    for to in (4 * a.ngf, 8 * a.ngf, 16 * a.ngf):
        g, c = g + [nn.Linear(c, to), nn.BatchNorm1d(to), nn.ReLU(True)], to
    return nn.Sequential(*g, nn.Linear(c, a.channels * a.size**2), nn.Tanh(), View(a.channels, a.size, a.size))


def mlp_d():
    d, c = [nn.Flatten()], a.channels * a.size**2
    for to in (16 * a.ndf, 8 * a.ndf, 4 * a.ndf):
        d, c = d + [nn.Linear(c, to), nn.LeakyReLU(0.2, True), nn.Dropout(0.3)], to
    return nn.Sequential(*d, nn.Linear(c, 1), View(1, 1, 1))


def gan_step():
    conditional, critic_steps, betas, lr = a.model == "cgan", 1, (0.5, 0.999), 2e-4
    bce = lambda t, target: F.binary_cross_entropy_with_logits(t.float(), torch.full_like(t, target, dtype=torch.float32))
    of_real, of_fake, of_g, penalty = lambda t: bce(t, 1.0), lambda t: bce(t, 0.0), lambda t: bce(t, 1.0), 0.0
    if a.model == "mlp":
        g, d = mlp_g(), mlp_d()
    elif a.model == "wgan-gp":
        g, d = dcgan_g(a.nz), dcgan_d(a.channels, lambda c: nn.GroupNorm(1, c))
        of_real, of_fake, of_g, penalty, critic_steps, betas = lambda t: -t.mean(), lambda t: t.mean(), lambda t: -t.mean(), 10.0, 5, (0.0, 0.9)
    elif a.model == "sn-gan":
        g, d = dcgan_g(a.nz), dcgan_d(a.channels, None, spectral_norm)
        of_real, of_fake, of_g = lambda t: F.relu(1 - t).mean(), lambda t: F.relu(1 + t).mean(), lambda t: -t.mean()
    else:
        extra = classes if conditional else 0
        g, d = dcgan_g(a.nz + extra), dcgan_d(a.channels + extra)
    place(g), place(d)
    opt_d, opt_g = (adam(n.parameters(), lr=lr, betas=betas) for n in (d, g))
    g, d = formed(g), formed(d)
    real = image(-1, 1)

    def make():
        z = torch.randn(a.batch, a.nz, 1, 1, device=a.device)
        return g(torch.cat([z, planes(labels)], 1) if conditional else z)

    def judge(x):
        return d(torch.cat([x, planes(labels).expand(-1, -1, a.size, a.size)], 1) if conditional else x)

    def step():
        for _ in range(critic_steps):
            d.zero_grad(set_to_none=True)
            with mixed():
                fake = make()
                on_real = judge(real)
            of_real(on_real).backward()
            with mixed():
                on_fake = judge(fake.detach())
            of_fake(on_fake).backward()
            if penalty:
                e = torch.rand(a.batch, 1, 1, 1, device=a.device)
                at = (e * real + (1 - e) * fake.detach()).requires_grad_()
                with mixed():
                    said = judge(at)
                slope = torch.autograd.grad(said.sum(), at, create_graph=True)[0].flatten(1).norm(2, 1)
                (penalty * ((slope - 1)**2).mean()).backward()
            opt_d.step()
        g.zero_grad(set_to_none=True)
        with mixed():
            on_fake = judge(fake)
        of_g(on_fake).backward()
        opt_g.step()

    return step


def vae_step():
    inner, w, hidden, latent = a.size // 4, 32, 16, 2
    same = lambda c, k: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(c, k, 3, 2), nn.ReLU(True))
    enc = place(nn.Sequential(same(a.channels, w), same(w, 2 * w), nn.Flatten(), nn.Linear(inner**2 * 2 * w, hidden), nn.ReLU(True)))
    heads = place(nn.ModuleList([nn.Linear(hidden, latent), nn.Linear(hidden, latent)]))
    up = lambda c, k: [nn.ConvTranspose2d(c, k, 3, 2, 1, 1), nn.ReLU(True)]
    dec = place(nn.Sequential(nn.Linear(latent, inner**2 * 2 * w), nn.ReLU(True), View(2 * w, inner, inner), *up(2 * w, 2 * w),
                              *up(2 * w, w), nn.ConvTranspose2d(w, a.channels, 3, 1, 1)))
    opt = adam([*enc.parameters(), *heads.parameters(), *dec.parameters()], lr=1e-3)
    enc, dec = formed(enc), formed(dec)
    x = image(0, 1)

    def step():
        opt.zero_grad(set_to_none=True)
        with mixed():
            h = enc(x)
            mu, logvar = heads[0](h), heads[1](h)
            out = dec(mu + torch.exp(logvar / 2) * torch.randn_like(mu))
        mu, logvar = mu.float(), logvar.float()
        loss = F.binary_cross_entropy_with_logits(out.float(), x, reduction="sum") / a.batch
        (loss - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()).backward()
        opt.step()

    return step


def lenet_step():
    w, inner = 32, a.size // 4
    net = place(nn.Sequential(
        nn.Conv2d(a.channels, w, 5, 1, 2, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(w), nn.ReLU(True),
        nn.Conv2d(w, 2 * w, 5, 1, 2, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(2 * w), nn.ReLU(True),
        nn.Flatten(), nn.Linear(inner**2 * 2 * w, 4 * w), nn.ReLU(True), nn.Dropout(0.5), nn.Linear(4 * w, classes)))
    opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    net = formed(net)
    x = image(-1, 1)

    def step():
        opt.zero_grad(set_to_none=True)
        with mixed():
            out = net(x)
        F.cross_entropy(out.float(), labels).backward()
        opt.step()

    return step


def wait():
    if a.device == "cuda":
        torch.cuda.synchronize()


def captured(step):
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):  # what is made once is made before the capture
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def made():
    if a.form in ("compiled", "reduce-overhead") and not hasattr(torch, "compile"):
        raise RuntimeError(f"PyTorch {torch.__version__} has no torch.compile")
    if a.device != "cuda" and (a.form in ("reduce-overhead", "graph") or a.precision == "tf32"):
        raise RuntimeError(f"{a.precision if a.precision == 'tf32' else a.form} needs a CUDA device")
    step = {"vae": vae_step, "lenet": lenet_step}.get(a.model, gan_step)()
    if a.form == "reduce-overhead":
        inner = step

        def step():
            torch.compiler.cudagraph_mark_step_begin()
            inner()
    elif a.form == "graph":
        step = captured(step)
    for _ in range(3):
        step()
    wait()
    return step


def answer(of):
    """Of one call, on a line by itself; what compilers print goes to standard error."""
    try:
        said = of()
    except Exception as e:
        text = [line.strip() for line in str(e).splitlines() if line.strip()]
        said = f"failed {type(e).__name__}: {text[0] if text else 'no reason given'}"
    print(said[:400], file=out, flush=True)
    return said


def ready():
    global step
    step = made()
    return f"ready PyTorch {torch.__version__}"


def run(n):
    start = time.perf_counter()
    for _ in range(n):
        step()
    wait()
    return f"{(time.perf_counter() - start) / n} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}"


if answer(ready).startswith("failed"):
    sys.exit(1)
for line in sys.stdin:
    answer(lambda: run(int(line.split()[1])))
