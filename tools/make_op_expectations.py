#!/usr/bin/python3
"""Writes tests/data/ops/ops.safetensors: inputs, weights and PyTorch's results for one small case after another.

Run with a Python that has PyTorch 1.13: tools/make_op_expectations.py tests/data/ops/ops.safetensors
A case's tensors are named case/x0, case/x1 ..., case/weight ..., case/y; its parameters are JSON in the metadata under the
case's name. Sums are taken in float64 and rounded once. Bilinear resizing alone runs in float32, because PyTorch computes
the source positions in the tensor's type and ours must be the same ones.
"""
import json
import os
import struct
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(20240501)
torch.set_num_threads(1)
tensors, metadata = {}, {}


def rand(*shape):
    return torch.randn(*shape)


def case(name, op, inputs, result, weights=None, **parameters):
    assert name not in metadata, name
    metadata[name] = json.dumps({"op": op, **parameters})
    for i, x in enumerate(inputs):
        tensors[f"{name}/x{i}"] = x
    for key, value in (weights or {}).items():
        tensors[f"{name}/{key}"] = value
    tensors[f"{name}/y"] = result.float()


def activate(y, activation):
    """PyTorch stores a float32 before the next operation reads it."""
    y = y.float().double()
    return {"None": lambda t: t, "ReLU": torch.relu, "SiLU": F.silu, "Sigmoid": torch.sigmoid}[activation](y)


def conv2d(name, x, k, r, s=None, stride=1, padding=(0, 0, 0, 0), dilation=1, groups=1, bias=True, residual=False,
           activation="None"):
    """padding: left, top, right, bottom."""
    s = s or r
    x = rand(*x)
    weights = {"weight": rand(k, x.shape[1] // groups, r, s)}
    if bias:
        weights["bias"] = rand(k)
    left, top, right, bottom = padding
    padded = F.pad(x.double(), (left, right, top, bottom))
    y = F.conv2d(padded, weights["weight"].double(), weights["bias"].double() if bias else None, stride, 0, dilation, groups)
    inputs = [x]
    if residual:
        inputs.append(rand(*y.shape))
        y = y.float().double() + inputs[1].double()
    case(name, "conv2d", inputs, activate(y, activation), weights, stride=stride, padding=list(padding), dilation=dilation,
         groups=groups, residual=residual, activation=activation)


def same(dilation):
    return (dilation,) * 4


conv2d("conv_1x1", (2, 5, 4, 6), 7, 1)
conv2d("conv_1x1_of_one_pixel", (1, 9, 1, 1), 4, 1)
conv2d("conv_3x3", (1, 3, 7, 5), 4, 3)
conv2d("conv_3x3_same", (2, 3, 6, 7), 5, 3, padding=same(1), bias=False)
conv2d("conv_3x3_stride_2", (1, 4, 9, 8), 3, 3, stride=2, padding=same(1))
conv2d("conv_3x3_stride_3", (1, 2, 10, 11), 3, 3, stride=3)
conv2d("conv_7x7_stride_2", (1, 3, 15, 13), 2, 7, stride=2, padding=same(3))
conv2d("conv_5x5", (1, 2, 8, 9), 3, 5, padding=same(2))
conv2d("conv_2x2", (1, 2, 5, 4), 3, 2)
conv2d("conv_3x5", (1, 2, 7, 8), 3, 3, 5, padding=(2, 1, 2, 1))
conv2d("conv_padding_left", (1, 1, 4, 5), 2, 3, padding=(2, 0, 0, 0))
conv2d("conv_padding_top", (1, 1, 4, 5), 2, 3, padding=(0, 2, 0, 0))
conv2d("conv_padding_right", (1, 1, 4, 5), 2, 3, padding=(0, 0, 2, 0))
conv2d("conv_padding_bottom", (1, 1, 4, 5), 2, 3, padding=(0, 0, 0, 2))
conv2d("conv_padding_like_tensorflow", (1, 3, 8, 8), 4, 3, stride=2, padding=(0, 0, 1, 1))
conv2d("conv_padding_like_tensorflow_5x5", (1, 3, 8, 8), 4, 5, stride=2, padding=(1, 1, 2, 2))
conv2d("conv_padding_wider_than_the_kernel", (1, 2, 3, 2), 2, 3, padding=(4, 3, 5, 6))
conv2d("conv_dilation_2", (1, 2, 7, 9), 3, 3, padding=same(2), dilation=2)
conv2d("conv_dilation_12_reaches_past_the_map", (1, 3, 8, 7), 2, 3, padding=same(12), dilation=12)
conv2d("conv_dilation_3_stride_2", (1, 2, 11, 10), 2, 3, stride=2, padding=same(3), dilation=3)
conv2d("conv_two_groups", (2, 6, 5, 4), 8, 3, padding=same(1), groups=2)
conv2d("conv_three_groups_stride_2", (1, 9, 7, 6), 6, 3, stride=2, padding=same(1), groups=3)
conv2d("conv_depthwise", (2, 7, 6, 5), 7, 3, padding=same(1), groups=7)
conv2d("conv_depthwise_5x5_stride_2", (1, 5, 9, 8), 5, 5, stride=2, padding=(1, 1, 2, 2), groups=5, bias=False)
conv2d("conv_depthwise_twofold", (1, 3, 5, 5), 6, 3, padding=same(1), groups=3)
conv2d("conv_depthwise_dilation_4", (1, 4, 9, 10), 4, 3, padding=same(4), dilation=4, groups=4)
conv2d("conv_residual", (2, 3, 5, 4), 4, 3, padding=same(1), residual=True)
conv2d("conv_residual_relu", (1, 3, 5, 4), 4, 3, padding=same(1), residual=True, activation="ReLU")
conv2d("conv_relu", (1, 3, 5, 4), 4, 3, padding=same(1), activation="ReLU")
conv2d("conv_silu", (1, 3, 5, 4), 4, 1, activation="SiLU")
conv2d("conv_sigmoid", (1, 3, 5, 4), 1, 3, padding=same(1), activation="Sigmoid")


def conv_transpose2d(name, x, k, r, stride, padding, bias=True, activation="None"):
    x = rand(*x)
    weights = {"weight": rand(x.shape[1], k, r, r)}
    if bias:
        weights["bias"] = rand(k)
    y = F.conv_transpose2d(x.double(), weights["weight"].double(), weights["bias"].double() if bias else None, stride, padding)
    case(name, "conv_transpose2d", [x], activate(y, activation), weights, stride=stride, padding=padding, activation=activation)


conv_transpose2d("transposed_4x4_stride_2_padding_1", (2, 5, 4, 3), 3, 4, 2, 1)
conv_transpose2d("transposed_4x4_of_one_pixel", (1, 3, 1, 1), 2, 4, 2, 1)
conv_transpose2d("transposed_3x3_stride_1", (1, 2, 4, 5), 3, 3, 1, 0)
conv_transpose2d("transposed_2x2_stride_2_without_bias", (1, 3, 3, 4), 2, 2, 2, 0, bias=False)
conv_transpose2d("transposed_3x3_stride_3_padding_2", (1, 2, 4, 4), 2, 3, 3, 2)
conv_transpose2d("transposed_2x2_stride_3_leaves_gaps", (1, 2, 3, 3), 2, 2, 3, 0)
conv_transpose2d("transposed_relu", (1, 3, 3, 4), 2, 4, 2, 1, activation="ReLU")


def batch_norm(name, x, eps, activation="None"):
    x = rand(*x)
    c = x.shape[1]
    w = {"weight": rand(c), "bias": rand(c), "running_mean": rand(c), "running_var": torch.rand(c) + 0.01}
    d = {key: value.double() for key, value in w.items()}
    eps = torch.tensor(eps, dtype=torch.float32).item()
    y = F.batch_norm(x.double(), d["running_mean"], d["running_var"], d["weight"], d["bias"], False, 0.0, eps)
    case(name, "batch_norm", [x], activate(y, activation), w, eps=eps, activation=activation)


batch_norm("batch_norm", (2, 5, 3, 4), 1e-5)
batch_norm("batch_norm_eps_1e-3_silu", (1, 9, 4, 3), 1e-3, "SiLU")


def group_norm(name, x, groups, offset=0.0, activation="None"):
    x = rand(*x) + offset
    c = x.shape[1]
    w = {"weight": rand(c), "bias": rand(c)}
    eps = torch.tensor(1e-5, dtype=torch.float32).item()
    y = F.group_norm(x.double(), groups, w["weight"].double(), w["bias"].double(), eps)
    case(name, "group_norm", [x], activate(y, activation), w, groups=groups, eps=eps, activation=activation)


group_norm("group_norm_32_groups", (2, 64, 3, 3), 32)
group_norm("group_norm_one_group", (2, 5, 4, 3), 1)
group_norm("group_norm_a_group_per_channel", (1, 6, 4, 5), 6)
group_norm("group_norm_far_from_zero", (1, 6, 4, 5), 3, offset=100.0)
group_norm("group_norm_relu", (1, 6, 4, 5), 2, activation="ReLU")

wide = torch.cat([torch.linspace(-30, 30, 55), torch.tensor([-1000.0, 1000.0, 0.0, -0.0, 1e-30])]).reshape(1, 2, 5, 6)
for activation in ("ReLU", "SiLU", "Sigmoid"):
    case(f"activation_{activation}", "activation", [wide], activate(wide.double(), activation), function=activation)


def max_pool2d(name, x, kernel, stride, padding=0, ceil_mode=False, offset=0.0):
    x = rand(*x) + offset
    y = F.max_pool2d(x.double(), kernel, stride, padding, 1, ceil_mode)
    case(name, "max_pool2d", [x], y, kernel=kernel, stride=stride, padding=padding, ceil_mode=ceil_mode)


max_pool2d("max_pool_2x2", (2, 3, 6, 8), 2, 2)
max_pool2d("max_pool_2x2_odd", (1, 3, 7, 5), 2, 2)
max_pool2d("max_pool_3x3_stride_2_padding_1_of_negatives", (1, 3, 8, 9), 3, 2, 1, offset=-10.0)
max_pool2d("max_pool_3x3_stride_1", (1, 2, 5, 6), 3, 1, 1)
for h, w in ((8, 9), (7, 6), (5, 4), (3, 2)):
    max_pool2d(f"max_pool_ceil_3x3_stride_2_of_{h}x{w}", (1, 2, h, w), 3, 2, 0, True)
    max_pool2d(f"max_pool_ceil_3x3_stride_2_padding_1_of_{h}x{w}", (1, 2, h, w), 3, 2, 1, True, offset=-10.0)
    max_pool2d(f"max_pool_ceil_2x2_stride_2_padding_1_of_{h}x{w}", (1, 2, h, w), 2, 2, 1, True)
max_pool2d("max_pool_ceil_2x2_stride_3_padding_1", (1, 2, 7, 8), 2, 3, 1, True)


def adaptive(name, x, size):
    x = rand(*x)
    case(name, "adaptive_avg_pool2d", [x], F.adaptive_avg_pool2d(x.double(), size), output_size=size)


adaptive("adaptive_to_one", (2, 3, 5, 7), 1)
adaptive("adaptive_even", (1, 2, 6, 9), 3)
adaptive("adaptive_bins_overlap", (1, 2, 7, 8), 3)
adaptive("adaptive_bins_overlap_6", (1, 2, 16, 11), 6)
adaptive("adaptive_to_more_than_there_is", (1, 2, 4, 3), 6)

for scale in (2, 3):
    x = rand(2, 3, 3, 4)
    case(f"nearest_{scale}", "upsample_nearest", [x], F.interpolate(x, scale_factor=scale, mode="nearest"), scale=scale)


def bilinear(name, x, align_corners, scale=0, size=None, activation="None"):
    x = rand(*x)
    if scale:
        inputs, y = [x], F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=align_corners)
    else:
        inputs = [x, torch.zeros(x.shape[0], 1, *size)]
        y = F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)
    case(name, "upsample_bilinear", inputs, activate(y, activation), scale=scale, align_corners=align_corners, activation=activation)


for align_corners in (False, True):
    tag = "aligned" if align_corners else "unaligned"
    for scale in (2, 3, 4, 8):
        bilinear(f"bilinear_{tag}_by_{scale}", (1, 2, 5, 3), align_corners, scale)
    bilinear(f"bilinear_{tag}_of_one_pixel", (2, 3, 1, 1), align_corners, size=(4, 5))
    bilinear(f"bilinear_{tag}_to_one_pixel", (1, 2, 5, 4), align_corners, size=(1, 1))
    bilinear(f"bilinear_{tag}_to_odd_size", (1, 2, 7, 6), align_corners, size=(23, 17))
    bilinear(f"bilinear_{tag}_shrinks", (1, 2, 13, 11), align_corners, size=(5, 7))
    bilinear(f"bilinear_{tag}_to_its_own_size", (1, 2, 5, 4), align_corners, size=(5, 4))
    bilinear(f"bilinear_{tag}_long_axis", (1, 1, 2, 90), align_corners, size=(3, 701))
bilinear("bilinear_relu", (1, 2, 3, 4), True, 2, activation="ReLU")

a, b, c = rand(2, 3, 2, 3), rand(2, 1, 2, 3), rand(2, 5, 2, 3)
case("concat", "cat", [a, b, c], torch.cat([a, b, c], 1))
case("concat_of_one", "cat", [a], a)


def elementwise(name, op, a, b, activation="None"):
    a, b = rand(*a), rand(*b)
    y = a.double() + b.double() if op == "add" else a.double() * b.double()
    case(name, op, [a, b], activate(y, activation), activation=activation)


for op in ("add", "mul"):
    elementwise(op, op, (2, 3, 4, 5), (2, 3, 4, 5))
    elementwise(f"{op}_spreads_the_second_over_the_map", op, (2, 3, 4, 5), (2, 3, 1, 1))
    elementwise(f"{op}_spreads_the_first_over_the_map", op, (2, 3, 1, 1), (2, 3, 4, 5))
    elementwise(f"{op}_spreads_one_channel", op, (2, 3, 4, 5), (2, 1, 4, 5))
    elementwise(f"{op}_spreads_each_over_the_other", op, (2, 1, 4, 5), (2, 3, 1, 1))
    elementwise(f"{op}_relu", op, (1, 3, 4, 5), (1, 3, 4, 5), "ReLU")


def position_attention(name, top, channels, scale=1.0):
    """The product inside segmentation_models_pytorch 0.1.3's PAB: one softmax over the whole map, a reshape at the end."""
    n, _, h, w = top
    top, center, bottom = rand(*top) * scale, rand(*top) * scale, rand(n, channels, h, w)
    x_top = top.double().flatten(2)
    x_center = center.double().flatten(2).transpose(1, 2)
    x_bottom = bottom.double().flatten(2).transpose(1, 2)
    attention = torch.softmax(torch.matmul(x_center, x_top).view(n, -1), dim=1).view(n, h * w, h * w)
    y = torch.matmul(attention, x_bottom).reshape(n, channels, h, w)
    case(name, "position_attention", [top, center, bottom], y)


position_attention("position_attention", (2, 3, 3, 4), 5)
position_attention("position_attention_of_one_pixel", (1, 2, 1, 1), 3)
position_attention("position_attention_with_large_scores", (1, 4, 3, 5), 2, 20.0)

path = sys.argv[1]
header, offset = {"__metadata__": metadata}, 0
for key, tensor in tensors.items():
    size = tensor.numel() * 4
    header[key] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
    offset += size
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(path + ".new", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in tensors.values():
        file.write(struct.pack(f"<{tensor.numel()}f", *tensor.flatten().tolist()))
os.replace(path + ".new", path)
print(f"{len(metadata)} cases, {os.path.getsize(path)} bytes")
