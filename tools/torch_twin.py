#!/usr/bin/env python3
"""Runs a graph that `lungseg info KEY --graph --json` wrote with torch.nn.functional: the same network in PyTorch.

  torch_twin.py GRAPH.json --weights FILE.safetensors --dump OUT.safetensors [--input FILE.safetensors]
  torch_twin.py GRAPH.json --golden GOLDEN.safetensors --check 1e-5
  torch_twin.py GRAPH.json --synthetic SALT --bench --device cuda --dtype fp16 --channels-last --cuda-graph

--dump writes `input`, `output` and every module's result under its path. --check compares with a golden file's `small` case
and exits 1 beyond the bound; differences are smallest with --threads 1, as the golden files were made. --bench prints one JSON
object with milliseconds per run. Needs PyTorch 1.13 or later and nothing else. Weights are read from safetensors, or made from
a salt by the formula of tests/data/golden/README.md.
"""
import argparse
import collections
import ctypes
import json
import math
import os
import statistics
import struct
import sys
import time

import torch
import torch.nn.functional as F  # noqa: F401, the generated function reads it

DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
STORED = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}


# -- safetensors ----------------------------------------------------------------------------------------------------

def read_safetensors(path):
    """All tensors by name, and the metadata."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype, shape = STORED[entry["dtype"]], entry["shape"]
        if begin == end:
            tensors[name] = torch.empty(shape, dtype=dtype)
        else:
            tensors[name] = torch.frombuffer(data[begin:end], dtype=dtype).reshape(shape)
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    """Writes float32 tensors; the file appears complete or not at all."""
    header, offset = {"__metadata__": metadata}, 0
    tensors = {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + 4 * tensor.numel()]}
        offset += 4 * tensor.numel()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    partial = f"{path}.{os.getpid()}.tmp"
    with open(partial, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(ctypes.string_at(tensor.data_ptr(), 4 * tensor.numel()))
    os.replace(partial, path)


# -- synthetic weights ----------------------------------------------------------------------------------------------

def signed64(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def signed_noise(key, shape):
    """s(key, i) of the golden files' README, in row-major order. int64 wraps as the formula's unsigned numbers do."""
    seed = 0xCBF29CE484222325
    for byte in key.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF

    def shifted(z, bits):
        return (z >> bits) & ((1 << (64 - bits)) - 1)

    count = math.prod(shape)
    z = torch.arange(1, count + 1, dtype=torch.int64) * signed64(0x9E3779B97F4A7C15) + signed64(seed)
    z = (z ^ shifted(z, 30)) * signed64(0xBF58476D1CE4E5B9)
    z = (z ^ shifted(z, 27)) * signed64(0x94D049BB133111EB)
    z = z ^ shifted(z, 31)
    unit = shifted(z, 40).to(torch.float32) / (1 << 24)
    return (2 * unit - 1).reshape(shape)


def synthetic_weight(key, shape, salt, state):
    if key.endswith((".running_mean", ".running_var")):
        if state is None:
            return torch.full(shape, 1.0 if key.endswith("_var") else 0.0)
        return state[f"state/{key}"]
    noise = signed_noise(salt + key, shape)
    if len(shape) >= 2:
        return noise * torch.tensor(math.sqrt(6 / math.prod(shape[1:])), dtype=torch.float32)
    tenth = torch.tensor(0.1, dtype=torch.float32)
    return 1 + tenth * noise if key.endswith(".weight") else tenth * noise


def synthetic_input(salt, tag, shape):
    n, c, h, w = shape
    coarse = signed_noise(f"{salt}{tag}/coarse", (n, c, -(-h // 16), -(-w // 16)))
    coarse = coarse.repeat_interleave(16, 2).repeat_interleave(16, 3)[:, :, :h, :w]
    return signed_noise(f"{salt}{tag}/fine", (n, c, h, w)) + coarse


# -- the network ----------------------------------------------------------------------------------------------------

def position_attention(top, center, bottom):
    """MA-Net's PAB: one softmax over the whole map, and the product's memory read as C x H x W."""
    n, c, h, w = bottom.shape
    product = torch.matmul(center.flatten(2).transpose(1, 2), top.flatten(2))
    attention = torch.softmax(product.reshape(n, -1), dim=1).reshape(product.shape)
    return torch.matmul(attention, bottom.flatten(2).transpose(1, 2)).reshape(n, c, h, w)


def expression(node, x, w):
    """One node as a Python expression over its inputs x[i] and weights w(role)."""
    a, op = node["attributes"], node["op"]
    if op == "conv2d":
        p = a["padding"]
        source, padding = x[0], (p["top"], p["left"])
        if (p["bottom"], p["right"]) != padding:
            source = f"F.pad({x[0]}, ({p['left']}, {p['right']}, {p['top']}, {p['bottom']}))"
            padding = (0, 0)
        result = f"F.conv2d({source}, {w('weight')}, {w('bias')}, {a['stride']}, {padding}, {a['dilation']}, {a['groups']})"
        return f"{result} + {x[1]}" if a["residual"] else result
    if op == "conv_transpose2d":
        return f"F.conv_transpose2d({x[0]}, {w('weight')}, {w('bias')}, {a['stride']}, {a['padding']})"
    if op == "batch_norm":
        statistics_ = f"{w('running_mean')}, {w('running_var')}"
        return f"F.batch_norm({x[0]}, {statistics_}, {w('weight')}, {w('bias')}, False, 0.0, {a['eps']!r})"
    if op == "channel_norm":
        return f"F.layer_norm({x[0]}.permute(0, 2, 3, 1), [{x[0]}.shape[1]], {w('weight')}, {w('bias')}, {a['eps']!r}).permute(0, 3, 1, 2)"
    if op == "group_norm":
        return f"F.group_norm({x[0]}, {a['groups']}, {w('weight')}, {w('bias')}, {a['eps']!r})"
    if op == "max_pool2d":
        return f"F.max_pool2d({x[0]}, {a['kernel_size']}, {a['stride']}, {a['padding']}, 1, {a['ceil_mode']})"
    if op == "adaptive_avg_pool2d":
        return f"F.adaptive_avg_pool2d({x[0]}, {a['output_size']})"
    if op == "upsample_nearest":
        return f"F.interpolate({x[0]}, scale_factor={float(a['scale'])}, mode='nearest')"
    if op == "upsample_bilinear":
        size = f"scale_factor={float(a['scale'])}" if a["scale"] else f"size={x[1]}.shape[2:]"
        return f"F.interpolate({x[0]}, {size}, mode='bilinear', align_corners={a['align_corners']})"
    simple = {
        "relu": "torch.relu({0})", "silu": "F.silu({0})", "sigmoid": "torch.sigmoid({0})", "identity": "{0}",
        "add": "{0} + {1}", "mul": "{0} * {1}", "position_attention": "position_attention({0}, {1}, {2})",
    }
    if op == "cat":
        return f"torch.cat(({', '.join(x)},), 1)"
    if op not in simple:
        sys.exit(f"torch_twin: node {node['id']} ({node['path']}): unknown operation '{op}'")
    return simple[op].format(*x)


class Twin(torch.nn.Module):
    """The graph as one straight-line Python function, so that neither eager mode nor a compiler pays for an interpreter."""

    ACTIVATIONS = {"none": "{}", "relu": "torch.relu({})", "silu": "F.silu({})", "sigmoid": "torch.sigmoid({})"}

    def __init__(self, graph, values, taps=()):
        super().__init__()
        results = [graph["outputs"][0], *taps]
        last = {i: node["id"] for node in graph["nodes"] for i in node["inputs"]}
        slots, lines = {}, []
        for node in graph["nodes"][1:]:
            def weight(role, weights=node["weights"]):
                return f"w[{slots.setdefault(weights[role]['key'], len(slots))}]" if role in weights else "None"

            code = expression(node, [f"t{i}" for i in node["inputs"]], weight)
            code = self.ACTIVATIONS[node["attributes"].get("activation", "none")].format(code)
            lines.append(f"t{node['id']} = {code}")
            # Straight-line code would keep every map alive to the end.
            lines += [f"t{i} = None" for i in sorted(set(node["inputs"])) if last[i] == node["id"] and i not in results]
        lines.append(f"return ({', '.join(f't{i}' for i in results)},)")
        source = "def forward(t0, w):\n" + "".join(f"    {line}\n" for line in lines)
        # Made above, from numbers and known names alone; in this module's globals, where compilers look names up.
        made = {}
        exec(compile(source, "<twin>", "exec"), globals(), made)
        self.function = made["forward"]
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(values[key], requires_grad=False) for key in slots)

    def forward(self, x):
        return self.function(x, self.weights)


def fold_batch_norms(graph, values):
    """Scales each convolution that only a batch norm reads, as torch.fx's fuse_conv_bn does, and drops the norm."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    readers = collections.Counter(i for node in graph["nodes"] for i in node["inputs"])
    replaced = {}
    for norm in graph["nodes"]:
        norm["inputs"] = [replaced.get(i, i) for i in norm["inputs"]]
        conv = nodes[norm["inputs"][0]] if norm["op"] == "batch_norm" else None
        if not conv or conv["op"] != "conv2d" or readers[conv["id"]] != 1 or conv["id"] in graph["outputs"]:
            continue
        if conv["attributes"]["residual"] or conv["attributes"]["activation"] != "none":
            continue
        read = {role: values[weight["key"]].double() for role, weight in norm["weights"].items()}
        gain = read["weight"] / torch.sqrt(read["running_var"] + norm["attributes"]["eps"])
        key = conv["weights"]["weight"]["key"]
        bias = values[conv["weights"]["bias"]["key"]].double() if "bias" in conv["weights"] else 0.0
        # New keys: a convolution that is applied in two places may have a norm of its own in each.
        folded = {"weight": f"{key} @ {norm['id']}", "bias": f"{key} @ {norm['id']}, bias"}
        values[folded["weight"]] = (values[key].double() * gain.reshape(-1, 1, 1, 1)).float()
        values[folded["bias"]] = ((bias - read["running_mean"]) * gain + read["bias"]).float()
        conv["weights"] = {role: {"key": name} for role, name in folded.items()}
        conv["attributes"]["activation"] = norm["attributes"]["activation"]
        replaced[norm["id"]] = conv["id"]
    graph["nodes"] = [node for node in graph["nodes"] if node["id"] not in replaced]
    graph["outputs"] = [replaced.get(i, i) for i in graph["outputs"]]


# -- what it is asked for -------------------------------------------------------------------------------------------

def check(twin, golden, bound):
    with torch.no_grad():
        output = twin(golden["small/input"])[0]
    difference = (output - golden["small/output"]).abs().max().item()
    print(json.dumps({"case": "small", "shape": list(output.shape), "max_difference": difference, "bound": bound}))
    return 0 if difference <= bound else 1


def bench(twin, x, options):
    cuda = options.device.startswith("cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.dtype == "tf32"
    torch.backends.cudnn.benchmark = True
    dtype, layout = DTYPES[options.dtype], torch.channels_last if options.channels_last else torch.contiguous_format
    twin = twin.to(options.device, dtype)
    if options.channels_last:
        for tensor in twin.parameters():
            if tensor.dim() == 4:
                tensor.data = tensor.data.contiguous(memory_format=torch.channels_last)
    x = x.to(options.device, dtype).contiguous(memory_format=layout)
    step = torch.compile(twin) if options.compile else twin
    wait = torch.cuda.synchronize if cuda else (lambda: None)

    def run():
        step(x)

    with torch.no_grad():
        for _ in range(options.warmup):
            run()
        wait()
        if options.cuda_graph:
            graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()
            with torch.cuda.stream(side):
                for _ in range(3):
                    run()
            wait()
            with torch.cuda.graph(graph):
                run()
            run = graph.replay
            run()
            wait()
        times = []
        for _ in range(options.runs):
            start = time.perf_counter()
            run()
            wait()
            times.append(1e3 * (time.perf_counter() - start))
    times.sort()

    def quantile(q):
        return times[min(len(times) - 1, int(q * len(times)))]

    print(json.dumps({
        "graph": os.path.basename(options.graph), "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if cuda else f"cpu, {torch.get_num_threads()} threads",
        "dtype": options.dtype, "shape": list(x.shape), "channels_last": options.channels_last, "fold": options.fold,
        "compile": options.compile, "cuda_graph": options.cuda_graph, "runs": len(times),
        "median_ms": statistics.median(times), "p5_ms": quantile(0.05), "p95_ms": quantile(0.95),
    }))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph", help="the JSON of `lungseg info KEY --graph --json`")
    source = parser.add_argument_group("weights")
    source.add_argument("--weights", metavar="FILE", help="safetensors")
    source.add_argument("--synthetic", metavar="SALT", help="weights by formula")
    source.add_argument("--golden", metavar="FILE", help="running statistics, salt and input of a golden file")
    source.add_argument("--input", metavar="FILE", help="safetensors with a tensor `input`; otherwise by formula")
    source.add_argument("--fold", action="store_true", help="fold batch norms into convolutions")
    mode = parser.add_argument_group("what to do")
    mode.add_argument("--dump", metavar="FILE")
    mode.add_argument("--check", metavar="BOUND", type=float)
    mode.add_argument("--bench", action="store_true")
    timing = parser.add_argument_group("conditions")
    timing.add_argument("--device", default="cpu")
    timing.add_argument("--dtype", choices=DTYPES, default="fp32")
    timing.add_argument("--threads", type=int, default=2)
    timing.add_argument("--batch", type=int)
    timing.add_argument("--channels-last", action="store_true")
    timing.add_argument("--compile", action="store_true")
    timing.add_argument("--cuda-graph", action="store_true")
    timing.add_argument("--warmup", type=int, default=5)
    timing.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    if not (options.weights or options.golden or options.synthetic is not None):
        parser.error("say where the weights come from: --weights, --synthetic or --golden")
    if options.check is not None and not options.golden:
        parser.error("--check needs --golden")
    if options.compile and not hasattr(torch, "compile"):
        parser.error(f"--compile needs PyTorch 2, this is {torch.__version__}")
    if options.dump and options.fold:
        parser.error("--dump shows every module's result, and --fold takes some away")
    if options.cuda_graph and not options.device.startswith("cuda"):
        parser.error("--cuda-graph needs --device cuda")

    torch.set_num_threads(options.threads)
    with open(options.graph, encoding="utf-8") as file:
        graph = json.load(file)
    golden, metadata = read_safetensors(options.golden) if options.golden else (None, {})
    salt = options.synthetic if options.synthetic is not None else metadata.get("salt", "")
    if options.weights:
        stored, _ = read_safetensors(options.weights)

        def read(key, shape):
            if list(stored[key].shape) != shape:
                sys.exit(f"torch_twin: {key}: expected {shape}, found {list(stored[key].shape)}")
            return stored[key].float()
    else:
        def read(key, shape):
            return synthetic_weight(key, shape, salt, golden)

    values = {w["key"]: read(w["key"], w["shape"]) for node in graph["nodes"] for w in node["weights"].values()}
    if options.fold:
        fold_batch_norms(graph, values)
    twin = Twin(graph, values, graph["taps"].values() if options.dump else ()).eval()
    status = 0
    if options.check is not None:
        status = check(twin, golden, options.check)
    if not (options.dump or options.bench):
        return status
    n, c, h, w = graph["input"]
    if options.input:
        x = read_safetensors(options.input)[0]["input"].float()
    elif golden and list(golden["small/input"].shape) == graph["input"] and not options.batch:
        x = golden["small/input"]
    else:
        x = synthetic_input(salt, "native", (options.batch or n, c, h, w))
    if options.dump:
        with torch.no_grad():
            results = twin(x)
        tensors = {"input": x, "output": results[0], **dict(zip(graph["taps"], results[1:]))}
        write_safetensors(options.dump, tensors, {"torch": torch.__version__})
    if options.bench:
        status = bench(twin, x, options) or status
    return status


if __name__ == "__main__":
    sys.exit(main())
