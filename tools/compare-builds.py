#!/usr/bin/env python3
"""Compares builds of the program: compare-builds.py [--runs N] IMAGE NAME=COMMAND...

Runs all of them in turns on one image and on the network alone, so that a busy machine slows each alike, and prints medians: wall and
processor time from process start to mask and overlay, the largest resident set, and the network's time (bench pan). A ratio is the median
of the ratios to the first build, each of the same turn. A variable may go before a command: NAME='LUNGSEG_INSTRUCTIONS=avx2 ./lungseg'.
"""
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

arguments = sys.argv[1:]
runs = int(arguments.pop(0)) if arguments[:1] == ["--runs"] and arguments.pop(0) else 21
image, builds = arguments[0], {}
for build in arguments[1:]:
    name, _, command = build.partition("=")
    words = shlex.split(command)
    variables = [word for word in words if "=" in word and not word.startswith(("/", "."))]
    builds[name] = (words[len(variables):], {**os.environ, **dict(word.split("=", 1) for word in variables)})


def run(build, *rest):
    """Wall and processor seconds, resident MB and the output of one process."""
    command, environment = build
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen([*command, *rest], stdout=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if status:
            sys.exit(f"{' '.join(command)} failed")
        output.seek(0)
        return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read()


def segment(build):
    folder = tempfile.mkdtemp()
    try:
        return run(build, "segment", image, "-o", folder)
    finally:
        shutil.rmtree(folder)


def network(build):
    return json.loads(run(build, "bench", "pan", "--runs", "5", "--json")[3])["networks"][0]["median_ms"]


found = {name: [] for name in builds}
for turn in range(runs + 1):
    for name, build in builds.items():
        measured = (*segment(build)[:3], network(build))
        # The first turn fills the system's caches.
        if turn:
            found[name].append(measured)

first = next(iter(builds))
print(f"| build | start to mask, s | ratio | processor time, s | ratio | resident, MB | network, ms | ratio |\n|---|---|---|---|---|---|---|---|")
for name, turns in found.items():
    wall, cpu, resident, net = (statistics.median(column) for column in zip(*turns))
    ratios = [statistics.median(mine[i] / other[i] for mine, other in zip(turns, found[first])) for i in (0, 1, 3)]
    print(f"| {name} | {wall:.3f} | {ratios[0]:.2f} | {cpu:.3f} | {ratios[1]:.2f} | {resident:.0f} | {net:.1f} | {ratios[2]:.3f} |")
