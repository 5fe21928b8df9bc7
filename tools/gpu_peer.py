#!/usr/bin/env python3
"""Times the networks in PyTorch as `lungseg bench` times them here, and shows both side by side.

  gpu_peer.py --lungseg PROGRAM [--networks unet,pan] [--batch 1,8,32] [--precision fp32,tf32,fp16] [--modes graph,compile]
              [--goldens DIR] [--ours BENCH.json ...] [--out PEER.json]

A run is a float32 NCHW array in pinned memory in, and one out: copy there, cast, network, cast, copy back, each part timed by CUDA
events, as ours. Batch norms are folded. fp16 and tf32 are channels-last, fp32 is not. Modes: `graph` is eager mode, `compile` is
torch.compile, `autotune` is torch.compile with max-autotune (minutes for each network); each is captured in a CUDA graph and replayed.
Before it is timed each network must give the golden file's output within the bounds of its precision. BENCH.json are files of
`lungseg bench --device cuda --precision … --batch … --json`. Without a GPU, --device cpu times eager mode by the wall clock.
Exit code 1 if a network's output was wrong.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

import torch_twin

LAYOUTS = {"fp32": torch.contiguous_format, "tf32": torch.channels_last, "fp16": torch.channels_last}
PARTS = ("host_to_device", "kernels", "device_to_host", "device_total")


def bounds(network, precision):
    """tests/data/golden/README.md: the largest and the mean absolute error."""
    if precision == "fp32":
        return 1e-4, 1e-4
    return (1e-1, 1e-2) if network in ("unet", "linknet") else (2e-2, 2e-3)


def load(options, network):
    """The network's graph and weights, batch norms folded, and its golden file."""
    text = subprocess.run([options.lungseg, "info", network, "--graph", "--json"], check=True, stdout=subprocess.PIPE).stdout
    graph = json.loads(text)
    golden, metadata = torch_twin.read_safetensors(os.path.join(options.goldens, f"{network}.safetensors"))
    values = {
        weight["key"]: torch_twin.synthetic_weight(weight["key"], weight["shape"], metadata["salt"], golden)
        for node in graph["nodes"] for weight in node["weights"].values()
    }
    torch_twin.fold_batch_norms(graph, values)
    return graph, values, golden


def prepared(graph, values, precision, device):
    """The network in a precision, from float32 to float32."""
    dtype, layout = torch_twin.DTYPES[precision], LAYOUTS[precision]
    twin = torch_twin.Twin(graph, values).eval().to(device, dtype)
    for tensor in twin.parameters():
        if tensor.dim() == 4:
            tensor.data = tensor.data.contiguous(memory_format=layout)
    return lambda x: twin(x.to(dtype=dtype).contiguous(memory_format=layout))[0].float()


def captured(network, shape, options):
    """Input, output and a function that computes one from the other, replayed from a CUDA graph on a GPU."""
    x = torch.zeros(shape, device=options.device)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            network(x)
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y = network(x)
    return x, y, graph.replay


def times_on_gpu(network, host, options):
    x, y, run = captured(network, host.shape, options)
    host, back = host.pin_memory(), torch.empty(y.shape).pin_memory()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(4)]

    def once():
        marks[0].record()
        x.copy_(host, non_blocking=True)
        marks[1].record()
        run()
        marks[2].record()
        back.copy_(y, non_blocking=True)
        marks[3].record()
        torch.cuda.synchronize()
        parts = [marks[i].elapsed_time(marks[i + 1]) for i in range(3)]
        return (*parts, sum(parts))

    return sampled(once, options)


def times_on_cpu(network, host, options):
    def once():
        start = time.perf_counter()
        network(host)
        passed = 1e3 * (time.perf_counter() - start)
        return 0.0, passed, 0.0, passed

    return sampled(once, options)


def sampled(once, options):
    begin = time.perf_counter()
    runs = 0
    while runs < 5 or time.perf_counter() - begin < options.warmup:
        once()
        runs += 1
    samples = [once() for _ in range(options.runs)]
    result = {}
    for part, values in zip(PARTS, zip(*samples)):
        values = sorted(values)
        result[f"{part}_median_ms"] = statistics.median(values)
        for name, q in (("p5", 0.05), ("p95", 0.95)):
            result[f"{part}_{name}_ms"] = values[min(len(values) - 1, int(q * len(values)))]
    return result


def error_of(network, golden, options):
    with torch.no_grad():
        output = network(golden["small/input"].to(options.device)).cpu()
    difference = (output - golden["small/output"]).abs()
    return difference.max().item(), difference.mean().item()


def compiled(network, mode):
    if mode in ("graph", "eager"):
        return network
    torch._dynamo.reset()
    return torch.compile(network, dynamic=False, **({"mode": "max-autotune-no-cudagraphs"} if mode == "autotune" else {}))


def measure(options, network, precision, results):
    """All batches and modes of a network in a precision; whether its output was right."""
    cuda = options.device.startswith("cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    graph, values, golden = load(options, network)
    eager = prepared(graph, values, precision, options.device)
    error, allowed = error_of(eager, golden, options), bounds(network, precision)
    right = error[0] <= allowed[0] and error[1] <= allowed[1]
    print(f"{network} {precision}: off by {error[0]:.1e}, {error[1]:.1e} in the mean{'' if right else ': WRONG'}", file=sys.stderr)
    _, c, h, w = graph["input"]
    for batch in options.batch:
        host = torch_twin.synthetic_input("", "bench", (batch, c, h, w))
        for mode in options.modes:
            row = {"key": network, "precision": precision, "batch": batch, "mode": mode, "max_error": error[0]}
            try:
                with torch.no_grad():
                    row.update((times_on_gpu if cuda else times_on_cpu)(compiled(eager, mode), host, options))
            except Exception as e:  # What PyTorch cannot compile or hold is a row without times, not the end.
                row["failed"] = f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"
                print(f"{network} {precision} batch {batch} {mode}: {row['failed']}", file=sys.stderr)
            results.append(row)
            save(options, results)
            if cuda:
                torch.cuda.empty_cache()
    return right


def conditions(options):
    cuda = options.device.startswith("cuda")
    return {"torch": torch.__version__, "device": torch.cuda.get_device_name() if cuda else f"cpu, {torch.get_num_threads()} threads",
            "cudnn": torch.backends.cudnn.version(), "runs": options.runs}


def save(options, results):
    """Writes all rows so far, so that a run that is ended by a limit leaves them."""
    if not options.out:
        return
    directory = os.path.dirname(os.path.abspath(options.out))
    with tempfile.NamedTemporaryFile("w", dir=directory, delete=False, encoding="utf-8") as file:
        json.dump({"conditions": conditions(options), "networks": results}, file, indent=1)
    os.replace(file.name, options.out)


def read_ours(paths):
    """Our rows by network, precision and batch."""
    ours = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        precision = report["conditions"]["device"].rsplit(", ", 1)[-1]
        for row in report["networks"]:
            ours[row["key"], precision, row["batch"]] = row
    return ours


def table(results, ours, modes):
    def cell(row, part="kernels"):
        return f"{row[f'{part}_median_ms']:.3f}" if row and f"{part}_median_ms" in row else "-"

    print("| network | precision | batch | ours, kernels ms | ours, total ms | "
          + " | ".join(f"{mode}, kernels ms | {mode}, total ms" for mode in modes) + " | best peer / ours, kernels |")
    print("|---|---|---:|" + "---:|" * (2 * len(modes) + 3))
    by_place = {}
    for row in results:
        by_place.setdefault((row["key"], row["precision"], row["batch"]), {})[row["mode"]] = row
    for place, peers in by_place.items():
        own = ours.get(place)
        best = min((row["kernels_median_ms"] for row in peers.values() if "kernels_median_ms" in row), default=None)
        ratio = f"{best / own['kernels_median_ms']:.2f}" if best and own and own.get("kernels_median_ms") else "-"
        cells = [cell(own), cell(own, "device_total")]
        for mode in modes:
            cells += [cell(peers.get(mode)), cell(peers.get(mode), "device_total")]
        print(f"| {place[0]} | {place[1]} | {place[2]} | {' | '.join(cells)} | {ratio} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    keys = "unet,unetplusplus,deeplabv3,deeplabv3plus,fpn,linknet,pspnet,pan,manet"

    def several(kind=str, known=None):
        def read(text):
            values = [kind(part) for part in text.split(",")]
            if known and not set(values) <= set(known):
                raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}")
            return values
        return read

    parser.add_argument("--lungseg", required=True, metavar="PROGRAM", help="the published program")
    parser.add_argument("--networks", type=several(known=keys.split(",")), default=keys.split(","))
    parser.add_argument("--batch", type=several(int), default=[1, 8, 32])
    parser.add_argument("--precision", type=several(known=LAYOUTS), default=["fp32", "tf32", "fp16"])
    parser.add_argument("--modes", type=several(known=["graph", "compile", "autotune"]), default=["graph", "compile"])
    parser.add_argument("--goldens", default=os.path.join(here, "..", "tests", "data", "golden"), metavar="DIR")
    parser.add_argument("--ours", nargs="*", default=[], metavar="BENCH.json")
    parser.add_argument("--out", metavar="PEER.json")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--warmup", type=float, default=1.0, metavar="SECONDS")
    options = parser.parse_args()
    cuda = options.device.startswith("cuda")
    if cuda and not torch.cuda.is_available():
        parser.error("PyTorch sees no GPU here")
    if not cuda:
        options.modes = ["eager"]
        if options.precision != ["fp32"]:
            parser.error("--device cpu computes in fp32 alone")
    if {"compile", "autotune"} & set(options.modes) and not hasattr(torch, "compile"):
        parser.error(f"torch.compile needs PyTorch 2, this is {torch.__version__}: --modes graph")
    torch.backends.cudnn.benchmark = True

    ours = read_ours(options.ours) if cuda else {}
    results, right = [], True
    for network in options.networks:
        for precision in options.precision:
            right &= measure(options, network, precision, results)
    print(", ".join(f"{name} {value}" for name, value in conditions(options).items()))
    table(results, ours, options.modes)
    save(options, results)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
