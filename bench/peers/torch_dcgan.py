#!/usr/bin/env python3
"""The DCGAN training step in PyTorch, as its DCGAN example writes it, driven by bench_step --peer torch.

Reads "run N" on standard input and answers with the seconds a step took, over N steps; so that bench_step can take turns with it.
"""
import argparse, resource, sys, time
import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--size", type=int), p.add_argument("--channels", type=int), p.add_argument("--batch", type=int)
p.add_argument("--nz", type=int, default=100), p.add_argument("--ngf", type=int, default=64), p.add_argument("--ndf", type=int, default=64)
p.add_argument("--precision", choices=["f32", "bf16"]), p.add_argument("--layout", choices=["nchw", "channels_last"])
p.add_argument("--device", choices=["cpu", "cuda"]), p.add_argument("--threads", type=int)
a = p.parse_args()
torch.manual_seed(1)
torch.set_num_threads(a.threads)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False   # f32 means f32
torch.backends.cudnn.benchmark = True
layout = torch.channels_last if a.layout == "channels_last" else torch.contiguous_format

c = a.ngf * a.size // 8
g = [nn.ConvTranspose2d(a.nz, c, 4, 1, 0, bias=False), nn.BatchNorm2d(c), nn.ReLU(True)]
size = 4
while size * 2 < a.size:
    g += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
    c, size = c // 2, size * 2
g = nn.Sequential(*g, nn.ConvTranspose2d(c, a.channels, 4, 2, 1, bias=False), nn.Tanh())
c, size = a.ndf, a.size // 2
d = [nn.Conv2d(a.channels, c, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
while size > 4:
    d += [nn.Conv2d(c, 2 * c, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2, inplace=True)]
    c, size = 2 * c, size // 2
d = nn.Sequential(*d, nn.Conv2d(c, 1, 4, 1, 0, bias=False))
for net in (g, d):
    for m in net:
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(m.weight, 0, 0.02)
    net.to(a.device, memory_format=layout).train()
opt_d = torch.optim.Adam(d.parameters(), lr=2e-4, betas=(0.5, 0.999))
opt_g = torch.optim.Adam(g.parameters(), lr=2e-4, betas=(0.5, 0.999))
real = torch.randn(a.batch, a.channels, a.size, a.size, device=a.device).clamp(-1, 1).contiguous(memory_format=layout)
one, zero = torch.ones(a.batch, 1, 1, 1, device=a.device), torch.zeros(a.batch, 1, 1, 1, device=a.device)
mixed = lambda: torch.autocast(a.device, dtype=torch.bfloat16, enabled=a.precision == "bf16")


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits.float(), target)


def step():
    d.zero_grad(set_to_none=True)
    with mixed():
        fake = g(torch.randn(a.batch, a.nz, 1, 1, device=a.device))
        on_real = d(real)
    bce(on_real, one).backward()
    with mixed():
        on_fake = d(fake.detach())
    bce(on_fake, zero).backward()
    opt_d.step()
    g.zero_grad(set_to_none=True)
    with mixed():
        on_fake = d(fake)
    bce(on_fake, one).backward()
    opt_g.step()


def wait():
    if a.device == "cuda":
        torch.cuda.synchronize()


for _ in range(2):
    step()
wait()
print("ready PyTorch", torch.__version__, flush=True)
for line in sys.stdin:
    n = int(line.split()[1])
    start = time.perf_counter()
    for _ in range(n):
        step()
    wait()
    print((time.perf_counter() - start) / n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
