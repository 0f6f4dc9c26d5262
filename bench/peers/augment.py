#!/usr/bin/env python3
"""The recipe of bench_augment in torchvision, kornia or OpenCV, as their users write it, image by image (kornia: by batch).

Reads plan.json and images in --folder. torchvision and OpenCV apply the parameters of the plan and leave their result in the folder, for
comparison; kornia draws its own. Then "run N" on standard input is answered with the seconds a batch took, over N batches.
"""
import argparse, json, os, resource, sys, time
import numpy as np
import torch

p = argparse.ArgumentParser()
p.add_argument("--peer", choices=["torchvision", "kornia", "opencv"]), p.add_argument("--folder")
for name in ["size", "result", "channels", "batch", "threads"]:
    p.add_argument("--" + name, type=int)
a = p.parse_args()
torch.set_num_threads(a.threads)
plan = json.load(open(os.path.join(a.folder, "plan.json")))
nhwc = np.fromfile(os.path.join(a.folder, "images"), dtype=np.uint8).reshape(a.batch, a.size, a.size, a.channels)
mean, std = plan["mean"][: a.channels], plan["std"][: a.channels]
size = a.result


def refuse(op):
    sys.exit(f"{a.peer} has no {op} here; leave it out of --aug")


if a.peer == "torchvision":
    import torchvision
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional as F
    version = "torchvision " + torchvision.__version__
    images = [torch.from_numpy(x).permute(2, 0, 1).contiguous() for x in nhwc]
    bilinear = InterpolationMode.BILINEAR

    def one(x, steps):
        sized = False
        boxes = []
        for s in steps:
            op, v = s["op"], s["values"]
            if op == "crop":
                x, sized = F.resized_crop(x, int(v["top"]), int(v["left"]), int(v["height"]), int(v["width"]), [size, size], bilinear, antialias=True), True
            elif op == "hflip":
                x = F.horizontal_flip(x)
            elif op == "rotate":
                x = F.rotate(x, v["angle"], bilinear)
            elif op == "brightness":
                x = F.adjust_brightness(x, v["by"])
            elif op == "contrast":
                x = F.adjust_contrast(x, v["by"])
            elif op == "saturation":
                x = F.adjust_saturation(x, v["by"])
            elif op == "hue":
                x = F.adjust_hue(x, v["by"])
            elif op == "erase":
                boxes.append(v)
            else:
                refuse(op)
        if not sized and x.shape[-1] != size:
            x = F.resize(x, [size, size], bilinear, antialias=True)
        x = F.to_dtype(x, torch.float32, scale=True)
        for v in boxes:
            x = F.erase(x, int(v["top"]), int(v["left"]), int(v["height"]), int(v["width"]), torch.full((a.channels, 1, 1), v["value"]))
        return F.normalize(x, mean, std)

    batch = lambda: torch.stack([one(x, s) for x, s in zip(images, plan["samples"])])
    numpy = lambda y: y.permute(0, 2, 3, 1).contiguous().numpy()
elif a.peer == "opencv":
    import cv2
    cv2.setNumThreads(a.threads)
    version = "OpenCV " + cv2.__version__

    def one(x, steps):
        sized, boxes, h, w = False, [], x.shape[0], x.shape[1]
        x = x.copy()
        for s in steps:
            op, v = s["op"], s["values"]
            if op == "crop":
                top, left = int(v["top"]), int(v["left"])
                x = cv2.resize(x[top : top + int(v["height"]), left : left + int(v["width"])], (size, size), interpolation=cv2.INTER_LINEAR)
                sized = True
            elif op == "hflip":
                x = cv2.flip(x, 1)
            elif op == "rotate":
                m = cv2.getRotationMatrix2D(((x.shape[1] - 1) / 2, (x.shape[0] - 1) / 2), v["angle"], 1)
                x = cv2.warpAffine(x, m, (x.shape[1], x.shape[0]), flags=cv2.INTER_LINEAR)
            elif op == "brightness":
                x = cv2.convertScaleAbs(x, alpha=v["by"])
            elif op == "saturation" and a.channels == 3:
                x = cv2.addWeighted(x, v["by"], cv2.cvtColor(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), 1 - v["by"], 0)
            elif op == "contrast":
                middle = cv2.mean(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) if a.channels == 3 else x)[0]
                x = cv2.addWeighted(x, v["by"], x, 0, middle * (1 - v["by"]))
            elif op == "erase":
                boxes.append(v)
            else:
                refuse(op)
        if not sized and x.shape[1] != size:
            x = cv2.resize(x, (size, size), interpolation=cv2.INTER_LINEAR)
        y = x.reshape(size, size, a.channels).astype(np.float32) * np.float32(1 / 255)
        for v in boxes:
            y[int(v["top"]) : int(v["top"] + v["height"]), int(v["left"]) : int(v["left"] + v["width"])] = v["value"]
        return (y - np.float32(mean)) / np.float32(std)

    batch = lambda: np.stack([one(x, s) for x, s in zip(nhwc, plan["samples"])])
    numpy = lambda y: np.ascontiguousarray(y)
else:
    import kornia
    import kornia.augmentation as K
    version = "kornia " + kornia.__version__
    layers = []
    for s in plan["recipe"]:
        around = (s["a"], s["b"])
        if s["op"] == "crop":
            layers.append(K.RandomResizedCrop((size, size), scale=around, ratio=(s["a1"], s["b1"])))
        elif s["op"] == "hflip":
            layers.append(K.RandomHorizontalFlip(p=s["p"]))
        elif s["op"] == "rotate":
            layers.append(K.RandomRotation(around, p=s["p"]))
        elif s["op"] == "brightness":
            layers.append(K.RandomBrightness(around, p=s["p"]))
        elif s["op"] == "contrast":
            layers.append(K.RandomContrast(around, p=s["p"]))
        elif s["op"] == "saturation":
            layers.append(K.RandomSaturation(around, p=s["p"]))
        elif s["op"] == "erase":
            layers.append(K.RandomErasing(scale=around, ratio=(s["a1"], s["b1"]), p=s["p"]))
        else:
            refuse(s["op"])
    if size != a.size and not any(s["op"] == "crop" for s in plan["recipe"]):
        sys.exit("kornia: --result wants a crop in --aug here")
    layers.append(K.Normalize(torch.tensor(mean), torch.tensor(std)))
    net = K.AugmentationSequential(*layers)
    images = torch.from_numpy(nhwc).permute(0, 3, 1, 2).contiguous()
    batch = lambda: net(images.float() / 255)
    numpy = None

with torch.no_grad():
    y = batch()
    if numpy is not None:
        numpy(y).astype(np.float32).tofile(os.path.join(a.folder, a.peer))
    print("ready " + version, flush=True)
    for line in sys.stdin:
        n = int(line.split()[1])
        start = time.perf_counter()
        for _ in range(n):
            batch()
        print((time.perf_counter() - start) / n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
