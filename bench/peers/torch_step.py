#!/usr/bin/env python3
"""A training step of each model in PyTorch, as users who want it fast write it, driven by bench_step --peer torch.

The nets are those of torch_nets.py, as large as --weights says: the shapes of our weights, {"g": {"0.w": [100, 4, 4, 512], …}, …}.
Says "ready PyTorch VERSION", then reads "run N" on standard input and answers with the seconds a step took, over N steps; so that
bench_step can take turns with it. What cannot be done is answered with "failed" and the first line of the reason.

Forms: eager; compiled, the nets by torch.compile; reduce-overhead, the same in that mode, which needs CUDA graphs; graph, the whole step
captured as one CUDA graph.
"""
import argparse, json, os, resource, sys, time
import torch
import torch.nn.functional as F
from torch_nets import Made, NormedByClass, Projecting, nets

out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
p = argparse.ArgumentParser()
p.add_argument("--model"), p.add_argument("--size", type=int), p.add_argument("--channels", type=int), p.add_argument("--batch", type=int)
p.add_argument("--nz", type=int, default=100), p.add_argument("--weights", type=json.loads, required=True)
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


def optimiser(kind, parameters, **settings):
    counts = kind is not torch.optim.SGD  # its steps, on the device where they are captured
    return kind(parameters, **settings, **({"capturable": True} if a.form == "graph" and counts else {}))


def formed(net):
    if a.form in ("eager", "graph"):
        return net
    return torch.compile(net, mode="default" if a.form == "compiled" else a.form)


image = lambda low, high: torch.empty(a.batch, a.channels, a.size, a.size, device=a.device).uniform_(low, high).contiguous(memory_format=layout)
labels = torch.randint(0, classes, (a.batch, ), device=a.device)
made_of = lambda net, norm="batch": Made(a.weights, a.size, layout, net, norm)
bce = lambda t, target: F.binary_cross_entropy_with_logits(t.float(), torch.full_like(t, target, dtype=torch.float32))
mean_of = lambda t: t.float().mean()
LOSSES = {  # of D on real images, of D on generated ones, of G
    "non-saturating": (lambda t: bce(t, 1.0), lambda t: bce(t, 0.0), lambda t: bce(t, 1.0)),
    "hinge": (lambda t: mean_of(F.relu(1 - t)), lambda t: mean_of(F.relu(1 + t)), lambda t: -mean_of(t)),
    "wasserstein": (lambda t: -mean_of(t), mean_of, lambda t: -mean_of(t)),
}
GANS = {  # what differs from a DCGAN
    "dcgan": {},
    "cgan": {},
    "cgan-projection": dict(norm="spectral", loss="hinge"),
    "wgan-gp": dict(norm="layer", loss="wasserstein", critic_steps=5, penalty=10.0, betas=(0.0, 0.9)),
    "wgan-clip": dict(net="mlp", dropout=0.3, loss="wasserstein", critic_steps=5, clip=0.01),
    "sn-gan": dict(norm="spectral", loss="hinge"),
    "mlp": dict(net="mlp", dropout=0.3),
    "small-mlp": dict(net="small-mlp"),
    "keras": dict(net="keras", dropout=0.3),
}
VAES = {"vae": "vae", "cvae": "vae", "conv-vae": "conv", "ae": "ae"}  # and their nets


def gan_step(net="dcgan", norm="batch", dropout=0, loss="non-saturating", critic_steps=1, penalty=0.0, clip=0.0, betas=(0.5, 0.999)):
    made = made_of(net, norm)
    g, d, one_hot = place(made.generator()), place(made.discriminator(dropout)), a.model == "cgan"
    told_g, told_d = isinstance(g, NormedByClass), isinstance(d, Projecting)
    if clip:
        opt_d, opt_g = (optimiser(torch.optim.RMSprop, n.parameters(), lr=5e-5) for n in (d, g))
    else:
        opt_d, opt_g = (optimiser(torch.optim.Adam, n.parameters(), lr=2e-4, betas=betas) for n in (d, g))
    weights_of_d = list(d.parameters())
    g, d = formed(g), formed(d)
    real = image(-1, 1)
    of_real, of_fake, of_g = LOSSES[loss]
    beside = lambda x: nets.with_label(x, labels, classes) if one_hot else x
    judge = lambda x: d(x, labels) if told_d else d(beside(x))
    iterates = norm == "spectral"  # each pass of a D in training would iterate once more; one a step is what the paper has

    def make():
        z = torch.randn(a.batch, a.nz, 1, 1, device=a.device)
        return g(z, labels) if told_g else g(beside(z))

    def step():
        for i in range(critic_steps):
            d.zero_grad(set_to_none=True)
            for w in weights_of_d:
                w.requires_grad_(True)
            with mixed(), torch.set_grad_enabled(i == critic_steps - 1):  # G learns from the last
                fake = make()
            if iterates:
                d.train()
            with mixed():
                on_real = judge(real)
            if iterates:
                d.eval()
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
            if clip:
                with torch.no_grad():
                    for w in weights_of_d:
                        w.clamp_(-clip, clip)
        g.zero_grad(set_to_none=True)
        for w in weights_of_d:  # whose gradients nobody wants in G's turn
            w.requires_grad_(False)
        with mixed():
            on_fake = judge(fake)
        of_g(on_fake).backward()
        opt_g.step()

    return step


def vae_step(net):
    made = made_of(net)
    enc, dec = place(made.encoder()), place(made.decoder())
    opt = optimiser(torch.optim.Adam, [*enc.parameters(), *dec.parameters()], lr=1e-3)
    enc, dec = formed(enc), formed(dec)
    x = image(0, 1)
    beside = lambda x: nets.with_label(x, labels, classes) if a.model == "cvae" else x

    def step():
        opt.zero_grad(set_to_none=True)
        with mixed():
            mu, *logvar = enc(beside(x))
            z = mu + torch.exp(logvar[0] / 2) * torch.randn_like(mu) if logvar else mu
            out = dec(beside(z))
        loss = F.binary_cross_entropy_with_logits(out.float(), x, reduction="sum") / a.batch
        if logvar:
            mean, log = mu.float(), logvar[0].float()
            loss = loss - 0.5 * (1 + log - mean**2 - log.exp()).sum(1).mean()
        loss.backward()
        opt.step()

    return step


def classify_step(net, lr, smoothing=0.0):
    net = place(made_of(net).classifier(dropout=0.5))
    opt = optimiser(torch.optim.SGD, net.parameters(), lr=lr, momentum=0.9, weight_decay=5e-4)
    net = formed(net)
    x = image(-1, 1)

    def step():
        opt.zero_grad(set_to_none=True)
        with mixed():
            out = net(x)
        F.cross_entropy(out.float(), labels, label_smoothing=smoothing).backward()
        opt.step()

    return step


def step_of(model):
    if model in VAES:
        return vae_step(VAES[model])
    if model in ("lenet", "resnet"):
        return classify_step(model, 0.05) if model == "lenet" else classify_step(model, 0.1, smoothing=0.1)
    return gan_step(**GANS[model])


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
    step = step_of(a.model)
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
