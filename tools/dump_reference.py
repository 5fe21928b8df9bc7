#!/usr/bin/env python3
"""Dumps what a PyTorch model computes, so that another implementation can be compared with it module by module.

    dump_reference.py model.py:make_model out.safetensors --state weights.pth --shape 1 3 512 512 --seed 7 --taps 'encoder*'
    dump_reference.py package.module:Factory out.safetensors --input input.safetensors --taps decoder head

The model is what the factory returns, in eval mode, on the CPU. The output file holds `input`, `output`, and `tap/<path>`
for each module whose path matches a pattern; where a model or module returns several tensors, `.0`, `.1` ... follow.
A module that runs several times is numbered `tap/<path>@2` from its second call on. Needs PyTorch alone.
"""
import argparse
import fnmatch
import importlib
import importlib.util
import json
import os
import struct
import sys

import torch

NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}


def write_safetensors(path, tensors, metadata):
    """Writes beside the file and renames."""
    header, blobs, end = {"__metadata__": dict(sorted(metadata.items()))}, [], 0
    for key, tensor in sorted(tensors.items(), key=lambda item: -item[1].element_size()):
        tensor = tensor.detach().cpu().contiguous()
        blob = bytes(tensor.reshape(-1).view(torch.uint8).numpy()) if tensor.numel() else b""
        header[key] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [end, end + len(blob)]}
        blobs.append(blob)
        end += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    os.replace(temporary, path)


def make_model(spec):
    """Calls the factory of `file.py:factory` or `package.module:factory`."""
    place, _, factory = spec.rpartition(":")
    if not place:
        sys.exit(f"dump_reference: '{spec}' should be file.py:factory or package.module:factory")
    if place.endswith(".py"):
        module_spec = importlib.util.spec_from_file_location(os.path.basename(place)[:-3], place)
        module = importlib.util.module_from_spec(module_spec)
        sys.path.insert(0, os.path.dirname(os.path.abspath(place)))
        module_spec.loader.exec_module(module)
    else:
        sys.path.insert(0, os.getcwd())
        module = importlib.import_module(place)
    return getattr(module, factory)()


def load_state(path):
    """A state dict from a PyTorch or safetensors file, out of a training checkpoint where it is in one."""
    if path.endswith(".safetensors"):
        return load_safetensors(path)
    state = torch.load(path, map_location="cpu")
    for name in ("state_dict", "model_state_dict", "model"):
        if isinstance(state, dict) and name in state and not torch.is_tensor(state[name]):
            state = state[name]
    return state


def load_safetensors(path):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import load_in_pytorch
    return load_in_pytorch.load(path)


def tensors_of(value, name):
    """The tensors in a tensor, list, tuple or dictionary, by name."""
    if torch.is_tensor(value):
        return {name: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return {key: tensor for index, item in items for key, tensor in tensors_of(item, f"{name}.{index}").items()}


def run(model, tensor, patterns):
    """Runs the model once; returns input, output and the taps."""
    taps, hooks = {}, []

    def hook(path):
        def record(module, inputs, output):
            calls = record.calls = record.calls + 1
            name = f"tap/{path}" if calls == 1 else f"tap/{path}@{calls}"
            # A later module may work in place.
            taps.update({key: value.clone() for key, value in tensors_of(output, name).items()})
        record.calls = 0
        return record

    paths = [path for path, _ in model.named_modules() if path and any(fnmatch.fnmatchcase(path, p) for p in patterns)]
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(path, pattern) for path in paths):
            sys.exit(f"dump_reference: no module matches '{pattern}'; there are " + ", ".join(p for p, _ in model.named_children()))
    for path, module in model.named_modules():
        if path in paths:
            hooks.append(module.register_forward_hook(hook(path)))
    with torch.no_grad():
        output = model(tensor)
    for handle in hooks:
        handle.remove()
    return {"input": tensor, **tensors_of(output, "output"), **taps}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="file.py:factory or package.module:factory")
    parser.add_argument("out", help="the safetensors file to write")
    parser.add_argument("--state", help="weights: a .pth or .safetensors file; without it those of the factory")
    parser.add_argument("--input", help="a safetensors file with a tensor `input`")
    parser.add_argument("--shape", type=int, nargs="+", help="the shape of a random normal input")
    parser.add_argument("--seed", type=int, default=0, help="of the factory's weights and the random input")
    parser.add_argument("--taps", nargs="*", default=[], help="patterns of module paths, such as 'encoder*'")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if (options.input is None) == (options.shape is None):
        parser.error("give either --input or --shape")

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = make_model(options.model).eval().cpu()
    if options.state:
        model.load_state_dict(load_state(options.state))
    if options.input:
        tensor = load_safetensors(options.input)["input"]
    else:
        tensor = torch.randn(options.shape, generator=torch.Generator().manual_seed(options.seed))
    tensors = run(model, tensor, options.taps)
    metadata = {"model": options.model, "torch": str(torch.__version__), "seed": str(options.seed), "threads": str(options.threads)}
    write_safetensors(options.out, tensors, metadata)
    for key, value in tensors.items():
        print(key, list(value.shape))


if __name__ == "__main__":
    main()
