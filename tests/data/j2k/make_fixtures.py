#!/usr/bin/env python3
"""Makes the JPEG 2000 fixtures: images that are drawn here, coded by opj_compress (OpenJPEG 2.5) and gdcmconv, and what opj_decompress
makes of them. Needs Debian's libopenjp2-tools. Writes the files, cases.tsv and expected.bin beside itself:

  name, largest difference that is allowed, then for each component width x height x bits and s or u, and the SHA-256 of all samples
  (16 bits, little endian, component after component) where they are to be equal, or their place in expected.bin (bytes) where not.
"""
import hashlib, math, re, struct, subprocess, tempfile
from pathlib import Path

HERE = Path(__file__).parent


def draw(width, height, bits, components=1, signed=False, steps=None):
    """Lungs in miniature: two dark ellipses on a bright body, ribs, and some noise from a fixed congruence."""
    planes, state = [], 12345
    for c in range(components):
        dx, dy = steps[c] if steps else (1, 1)
        w, h, samples = -(-width // dx), -(-height // dy), []
        for y in range(h):
            for x in range(w):
                u, v = x * dx / width, y * dy / height
                value = 0.75 + 0.15 * math.sin(6 * u + c) * math.cos(4 * v)
                for center in (0.3, 0.7):
                    if ((u - center) / 0.16) ** 2 + ((v - 0.5) / 0.35) ** 2 < 1:
                        value -= 0.45 - 0.1 * math.sin(30 * v + 5 * u)
                state = (state * 1103515245 + 12345) & 0x7FFFFFFF
                value += ((state >> 16) % 1000 / 1000 - 0.5) * 0.05
                level = max(0, min((1 << bits) - 1, round(value * ((1 << bits) - 1))))
                samples.append(level - (1 << bits - 1) if signed else level)
        planes.append(samples)
    return planes


def raw(planes, bits, signed):
    kind = ("b" if signed else "B") if bits <= 8 else (">h" if signed else ">H")
    return b"".join(struct.pack(kind, s) for plane in planes for s in plane)


def compress(target, width, height, bits, options, components=1, signed=False, steps=None):
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "source.raw")
        source.write_bytes(raw(draw(width, height, bits, components, signed, steps), bits, signed))
        layout = f"{width},{height},{components},{bits},{'s' if signed else 'u'}"
        if steps:
            layout += "@" + ":".join(f"{dx}x{dy}" for dx, dy in steps)
        subprocess.run(["opj_compress", "-i", source, "-o", target, "-F", layout, *options.split()], check=True, capture_output=True)


def decompress(path):
    """What opj_decompress makes of a file: for each component its width, height, depth, sign and samples."""
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["opj_decompress", "-i", path, "-o", Path(work, "out.pgx")], check=True, capture_output=True)
        components = []
        for pgx in sorted(Path(work).glob("*.pgx"), key=lambda p: int(re.findall(r"_(\d+)\.pgx", p.name)[0])):
            data = pgx.read_bytes()
            end = data.index(b"\n")
            sign, bits, width, height = re.match(rb"PG ML ([+-]) ?(\d+) (\d+) (\d+)", data).groups()
            bits, width, height, signed = int(bits), int(width), int(height), sign == b"-"
            kind = ("b" if signed else "B") if bits <= 8 else (">h" if signed else ">H")
            size = struct.calcsize(kind)
            samples = [struct.unpack_from(kind, data, end + 1 + i * size)[0] for i in range(width * height)]
            components.append((width, height, bits, signed, samples))
        return components


# Name, width, height, bits, options, and what else the image is.
CASES = [
    ("grey8", 61, 47, 8, "", {}),
    ("grey12", 61, 47, 12, "", {}),
    ("grey16", 61, 47, 16, "", {}),
    ("grey2", 61, 47, 2, "", {}),
    ("signed12", 61, 47, 12, "", dict(signed=True)),
    ("signed16_97", 61, 47, 16, "-I -r 4", dict(signed=True)),
    ("rgb8", 61, 47, 8, "", dict(components=3)),
    ("rgb8_97", 61, 47, 8, "-I -r 6", dict(components=3)),
    ("rgb12_plain", 45, 40, 12, "-mct 0", dict(components=3)),
    ("alpha", 45, 40, 8, "", dict(components=4)),
    ("subsampled", 61, 47, 8, "-mct 0", dict(components=3, steps=[(1, 1), (1, 1), (2, 2)])),
    ("pixel", 1, 1, 12, "-n 1", {}),
    ("row", 70, 1, 12, "-n 1", {}),
    ("column_97", 1, 70, 12, "-I -r 3 -n 1", {}),
    ("layers", 61, 47, 12, "-r 20,10,4,1", {}),
    ("lossy53", 61, 47, 12, "-r 8", {}),
    ("tiles_offset", 61, 47, 12, "-n 4 -d 7,5 -T 3,2 -t 23,19", {}),
    ("tiles_97_layers", 61, 47, 12, "-I -r 9,5 -d 1,1 -t 32,33", {}),
    ("blocks_4x4", 61, 47, 12, "-b 4,4", {}),
    ("blocks_wide", 90, 20, 12, "-b 256,16 -n 4", {}),
    ("precincts", 61, 47, 12, "-c [32,16],[16,16],[8,8] -b 16,16", {}),
    *[(f"{order.lower()}", 61, 47, 12, f"-p {order} -r 12,4,1 -c [32,32],[16,16] -b 8,8 -t 40,40 -SOP -EPH", dict(components=3)) for order in ("RLCP", "RPCL", "PCRL", "CPRL")],
    ("poc", 61, 47, 12, "-n 4 -r 10,5,1 -POC T1=0,0,3,2,1,RLCP/T1=2,0,3,4,1,CPRL", {}),
    ("tile_parts_r", 61, 47, 12, "-n 4 -t 40,40 -TP R", {}),
    ("tile_parts_l_tlm_plt", 61, 47, 12, "-r 9,3,1 -TP L -TLM -PLT", {}),
    ("bypass", 61, 47, 16, "-M 1", {}),
    ("reset", 61, 47, 12, "-M 2", {}),
    ("terminate", 61, 47, 12, "-M 4", {}),
    ("causal", 61, 47, 12, "-M 8", {}),
    ("predictable", 61, 47, 12, "-M 20", {}),
    ("segmentation", 61, 47, 12, "-M 32", {}),
    ("all_styles", 61, 47, 16, "-M 63 -r 9,3,1", {}),
    ("region", 61, 47, 8, "-ROI c=0,U=12", {}),
    ("resolutions_1", 61, 47, 12, "-n 1", {}),
    ("resolutions_2_97", 61, 47, 12, "-n 2 -I -r 3", {}),
    ("guard_4", 61, 47, 12, "-GuardBits 4", {}),
]


def main():
    lines, expected = [], b""
    for name, width, height, bits, options, image in CASES:
        for extension in ("j2k", "jp2") if name in ("grey12", "rgb8", "alpha") else ("j2k",):
            path = HERE / f"{name}.{extension}"
            compress(path, width, height, bits, options, **image)
            components = decompress(path)
            samples = b"".join(struct.pack("<H", s & 0xFFFF) for c in components for s in c[4])
            sizes = " ".join(f"{w}x{h}x{b}{'s' if s else 'u'}" for w, h, b, s, _ in components)
            if "-I" in options.split():
                lines.append(f"{path.name}\t1\t{sizes}\t{len(expected)}")
                expected += samples
            else:
                lines.append(f"{path.name}\t0\t{sizes}\t{hashlib.sha256(samples).hexdigest()}")
    (HERE / "cases.tsv").write_text("\n".join(lines) + "\n")
    (HERE / "expected.bin").write_bytes(expected)


main()
