#!/usr/bin/env python3
"""Makes Markdown tables, as docs/performance.md has them, of the archives that tools/gpu-check.sh leaves.

  gpu-report.py gpu-a.tar.gz gpu-b.tar.gz ... [-o REPORT.md]

An archive that is missing, a step that failed or ran out of time, and a file that cannot be read are said where their figures would be.
Exit code 0 if every step of every archive held, 1 if one did not, 2 if an archive cannot be read.
"""
import argparse
import json
import os
import sys
import tarfile

CALLS = {"a": "does it compute rightly", "b": "times of all networks", "c": "PyTorch beside it", "d": "checkers and profilers", "e": "tuned"}
PRECISIONS = ("fp32", "tf32", "fp16")


class Call:
    """One archive: the files of its steps, and how each step ended."""

    def __init__(self, path):
        self.files = {}
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                if member.isfile():
                    self.files[os.path.basename(member.name)] = archive.extractfile(member).read().decode("utf-8", "replace")
                    self.name = member.name.split("/")[0]
        if "steps.tsv" not in self.files:
            raise ValueError("it has no steps.tsv")
        header, *rows = self.files["steps.tsv"].splitlines()
        self.steps = {row.split("\t")[0]: dict(zip(header.split("\t"), row.split("\t"))) for row in rows}

    def text(self, step):
        return self.files.get(f"{step}.out", "")

    def json(self, step):
        """A step's output as JSON; None if it left none, as where it ran out of time."""
        try:
            return json.loads(self.text(step))
        except ValueError:
            return None

    def outcome(self, step):
        row = self.steps.get(step)
        return "not run" if row is None else row["state"] + (f" (exit {row['exit']})" if row["state"] == "failed" else "")


def table(columns, rows):
    """A Markdown table; columns whose name ends in # are numbers."""
    yield "| " + " | ".join(name.rstrip("#") for name in columns) + " |"
    yield "|" + "|".join("---:" if name.endswith("#") else "---" for name in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(str(cell) for cell in row) + " |"
    yield ""


def number(value, digits=3):
    return "-" if value is None else f"{value:.{digits}f}"


def steps_section(calls):
    yield "## Steps\n"
    rows = [(f"{name}: {CALLS.get(name, '')}", step, row["state"], row["exit"], row["seconds"], row["limit"], row["bytes"])
            for name, call in calls.items() for step, row in call.steps.items()]
    yield from table(["call", "step", "outcome", "exit#", "seconds#", "limit#", "bytes#"], rows)
    for name, call in calls.items():
        if "cut.txt" in call.files:
            yield f"Call {name}: cut to fit the archive: {', '.join(call.files['cut.txt'].split())}.\n"


def machine_section(call):
    yield "## Machine\n"
    lines = call.text("machine").splitlines()
    yield from ["```", *lines[:40], "```", ""] if lines else [f"machine: {call.outcome('machine')}\n"]


def correctness_section(call):
    yield "## Does it compute rightly\n"
    rows, wrong = [], []
    for precision in PRECISIONS:
        step = f"selftest-{precision}"
        if step not in call.steps:
            continue
        results = call.json(step)
        if not results:
            rows.append((precision, call.outcome(step), "", "", "", ""))
            continue
        for result in results:
            operations, networks = result["operations"], result["networks"]
            shares = [operation.get("worst_share_of_bound") for operation in operations]
            finite = [share for share in shares if isinstance(share, (int, float))]
            bad = [f"{operation['name']}: {operation['fault']}" for operation in operations if operation.get("fault")]
            bad += [f"{network['network']}: {network.get('fault', 'out of bounds')}" for network in networks if not network["holds"]]
            wrong += [f"{precision}: {line}" for line in bad]
            rows.append((precision, call.outcome(step), f"{len(operations)}", f"{len(networks)}", f"{len(bad)}", number(max(finite, default=None), 3)))
    yield from table(["precision", "self-test", "operations and kernels#", "runs of networks#", "wrong#", "largest share of what rounding explains#"], rows)
    yield from (f"- {line}" for line in wrong[:40])
    if wrong:
        yield ""
    for step, what in (("verify", "golden files (`verify --taps all`)"), ("image", "one image on both devices"), ("kernels", "kernels in the driver's compiler")):
        last = (call.text(step).strip().splitlines() or [""])[-1]
        yield f"- {what}: {call.outcome(step)}{': ' + last if last else ''}"
    yield ""
    yield from ("- " + line for line in call.text("start").splitlines())
    yield ""


def first_times_section(call):
    report = call.json("first-times")
    if report:
        yield "First times:\n"
        yield from times_table([report])
    elif "first-times" in call.steps:
        yield f"First times: {call.outcome('first-times')}.\n"


def precision_of(report):
    return report["conditions"]["device"].rsplit(", ", 1)[-1]


def times_table(reports, peers=None):
    """Kernels' median milliseconds by network and batch, one column for each precision, and the best peer's share where there is one."""
    cells = {}
    for report in reports:
        for row in report["networks"]:
            cells.setdefault((row["key"], row["batch"]), {})[precision_of(report)] = row
    precisions = [precision for precision in PRECISIONS if any(precision in row for row in cells.values())]
    columns = ["network", "batch#"]
    for precision in precisions:
        columns += [f"{precision}, kernels ms#", f"{precision}, with copies ms#"] + (["PyTorch's best ms#", "PyTorch / ours#"] if peers else [])
    rows = []
    for (network, batch), row in sorted(cells.items(), key=lambda cell: (cell[0][1], cell[0][0])):
        line = [network, batch]
        for precision in precisions:
            own = row.get(precision, {})
            line += [number(own.get("kernels_median_ms")), number(own.get("device_total_median_ms"))]
            if peers:
                best = peers.get((network, precision, batch))
                ours = own.get("kernels_median_ms")
                line += [f"{best[0]:.3f} ({best[1]})" if best else "-", f"{best[0] / ours:.2f}" if best and ours else "-"]
        rows.append(line)
    yield from table(columns, rows)


def peers_of(call, directory_files=("peer-graph.json", "peer-compile.json")):
    best = {}
    for name in directory_files:
        try:
            report = json.loads(call.files.get(name, ""))
        except ValueError:
            continue
        for row in report["networks"]:
            if "kernels_median_ms" in row:
                place = (row["key"], row["precision"], row["batch"])
                best[place] = min(best.get(place, (float("inf"), "")), (row["kernels_median_ms"], row["mode"]))
    return best


def times_section(call, peers, suffix=""):
    yield f"## Times{' after tuning' if suffix else ''}\n"
    reports = []
    for precision in PRECISIONS:
        step = f"bench-{precision}{suffix}"
        if step not in call.steps:
            continue
        report = call.json(step)
        if report:
            reports.append(report)
        if call.outcome(step) != "ok":
            yield f"- {precision}: {call.outcome(step)}"
    yield ""
    if reports:
        yield "Medians; kernels alone, and with the copies from and to pinned memory.\n"
        yield from times_table(reports, peers)
    for step in call.steps:
        if step.startswith("layers-") and step.endswith(suffix):
            yield f"### Layers of {step[len('layers-'):].removesuffix(suffix)}\n"
            lines = call.text(step).splitlines()
            yield from ["```", *lines[:60], "```", ""] if lines else [f"{call.outcome(step)}\n"]


def tuning_section(call, before):
    yield "## Tuning\n"
    try:
        tuning = json.loads(call.files.get("tuning.json", ""))
        yield from ["```json", json.dumps(tuning, indent=1), "```", ""]
    except ValueError:
        yield f"tune: {call.outcome('tune')}\n"
    if not before:
        return
    rows = []
    for precision in PRECISIONS:
        first, second = before.json(f"bench-{precision}"), call.json(f"bench-{precision}-tuned")
        if not (first and second):
            continue
        old = {(row["key"], row["batch"]): row.get("kernels_median_ms") for row in first["networks"]}
        for row in second["networks"]:
            was, now = old.get((row["key"], row["batch"])), row.get("kernels_median_ms")
            if was and now:
                rows.append((row["key"], precision, row["batch"], number(was), number(now), f"{was / now:.2f}"))
    if rows:
        yield from table(["network", "precision", "batch#", "before ms#", "tuned ms#", "before / tuned#"], rows)


def checkers_section(call):
    yield "## Checkers and profilers\n"
    for step in ("memcheck", "racecheck"):
        lines = [line for line in call.text(step).splitlines() if "SUMMARY" in line or "left out" in line]
        yield f"- {step}: {call.outcome(step)}{': ' + lines[-1].strip('= ') if lines else ''}"
    yield ""
    for step in call.steps:
        if step.startswith("roofline"):
            lines = call.text(step).splitlines()
            yield f"### {step}: {call.outcome(step)}\n"
            yield from ["```", *lines[:80], "```", ""] if lines else [""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+", metavar="ARCHIVE.tar.gz")
    parser.add_argument("-o", metavar="REPORT.md", dest="out", help="a file to write; standard output without it")
    options = parser.parse_args()
    calls = {}
    for path in options.archives:
        try:
            call = Call(path)
        except (OSError, tarfile.TarError, ValueError) as e:
            print(f"gpu-report: cannot read {path}: {e}; expected an archive of tools/gpu-check.sh", file=sys.stderr)
            return 2
        calls[call.name] = call
    calls = dict(sorted(calls.items()))
    lines = ["# On a GPU", "", *steps_section(calls)]
    missing = [name for name in CALLS if name not in calls]
    if missing:
        lines.append(f"Not here: {', '.join(f'call {name} ({CALLS[name]})' for name in missing)}.\n")
    if "a" in calls:
        lines += [*machine_section(calls["a"]), *correctness_section(calls["a"]), *first_times_section(calls["a"]), "## Assembly\n", calls["a"].text("assemble")]
    peers = peers_of(calls["c"]) if "c" in calls else {}
    if "b" in calls:
        lines += times_section(calls["b"], peers)
    if "c" in calls and not peers:
        lines.append("PyTorch: no times (" + ", ".join(f"{step}: {calls['c'].outcome(step)}" for step in calls["c"].steps) + ").\n")
    if "d" in calls:
        lines += checkers_section(calls["d"])
    if "e" in calls:
        lines += [*tuning_section(calls["e"], calls.get("b")), *times_section(calls["e"], peers, "-tuned")]
    text = "\n".join(lines).rstrip() + "\n"
    if options.out:
        with open(options.out + ".tmp", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(options.out + ".tmp", options.out)
    else:
        sys.stdout.write(text)
    return 0 if all(row["state"] in ("ok", "absent") for call in calls.values() for row in call.steps.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
