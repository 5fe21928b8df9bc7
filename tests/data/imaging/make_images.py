"""Makes tests/data/imaging/read: small images in many formats and what a reader should see in them.

Run with Debian's python3-pil, python3-numpy, python3-opencv, python3-pydicom, dcmtk, libtiff-tools and libjpeg-turbo-progs.
expected.tsv names each file's width, height, channels, bits and the largest difference allowed; expected.bin holds, in the same
order, the rows of interleaved samples, 1 byte (8 bits) or 2 bytes little endian (16 bits). Expected JPEG samples are libjpeg's.
"""
import os, struct, subprocess, zlib
import cv2, numpy as np
from PIL import Image

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "read")
os.makedirs(here, exist_ok=True)
rows, expected = [], {}
rng = np.random.default_rng(7)
W, H = 45, 37
yy, xx = np.mgrid[0:H, 0:W]
smooth = 120 + 80 * np.sin(xx / 7.0) * np.cos(yy / 5.0) + 40 * (xx > 20)
grey8 = np.clip(smooth + rng.normal(0, 6, (H, W)), 0, 255).astype(np.uint8)
grey16 = np.clip(smooth * 257 + rng.normal(0, 900, (H, W)), 0, 65535).astype(np.uint16)
rgb8 = np.stack([grey8, np.roll(grey8, 5, 0), 255 - grey8], 2)
rgb16 = np.stack([grey16, np.roll(grey16, 5, 0), 65535 - grey16], 2)


def expect(name, samples, tolerance=0):
    samples = np.ascontiguousarray(samples)
    bits = 8 if samples.dtype == np.uint8 else 16
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    expected[name] = samples
    rows.append((name, samples.shape[1], samples.shape[0], channels, bits, tolerance))


def path(name):
    return os.path.join(here, name)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def filtered(rows_, bpp):
    """Uses all five filters in turn."""
    out, above = bytearray(), None
    for y, row in enumerate(rows_):
        above = above if above is not None else bytes(len(row))
        kind = y % 5
        out.append(kind)
        for i, v in enumerate(row):
            a, b, c = (row[i - bpp] if i >= bpp else 0), above[i], (above[i - bpp] if i >= bpp else 0)
            out.append((v - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) & 255)
        above = row
    return bytes(out)


def pack(values, depth):
    """Rows of samples as PNG bytes."""
    result = []
    for row in values.reshape(values.shape[0], -1):
        if depth == 16:
            result.append(row.astype(">u2").tobytes())
        elif depth == 8:
            result.append(row.astype(np.uint8).tobytes())
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row)
            bits += "0" * (-len(bits) % 8)
            result.append(bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)))
    return result


def png(name, values, depth, color, interlaced=False, extra=b"", idat=700):
    h, w = values.shape[:2]
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    bpp = max(1, channels * depth // 8)
    if interlaced:
        data = b""
        for x, y, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
            part = values[y::dy, x::dx]
            if part.size:
                data += filtered(pack(part, depth), bpp)
    else:
        data = filtered(pack(values, depth), bpp)
    data = zlib.compress(data)
    with open(path(name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, int(interlaced))) + extra)
        for i in range(0, len(data), idat):
            f.write(chunk(b"IDAT", data[i:i + idat]))
        f.write(chunk(b"IEND", b""))


alpha8 = rng.integers(0, 256, (H, W)).astype(np.uint8)
alpha16 = rng.integers(0, 65536, (H, W)).astype(np.uint16)
for interlaced in (False, True):
    s = "_interlaced" if interlaced else ""
    for depth in (1, 2, 4):
        values = grey8 >> (8 - depth)
        png(f"grey{depth}{s}.png", values, depth, 0, interlaced)
        expect(f"grey{depth}{s}.png", (values * (255 // ((1 << depth) - 1))).astype(np.uint8))
        palette = rng.integers(0, 256, ((1 << depth), 3)).astype(np.uint8)
        png(f"palette{depth}{s}.png", values, depth, 3, interlaced, chunk(b"PLTE", palette.tobytes()))
        expect(f"palette{depth}{s}.png", palette[values])
    png(f"grey8{s}.png", grey8, 8, 0, interlaced); expect(f"grey8{s}.png", grey8)
    png(f"grey16{s}.png", grey16, 16, 0, interlaced); expect(f"grey16{s}.png", grey16)
    png(f"rgb8{s}.png", rgb8, 8, 2, interlaced); expect(f"rgb8{s}.png", rgb8)
    png(f"rgb16{s}.png", rgb16, 16, 2, interlaced); expect(f"rgb16{s}.png", rgb16)
palette = rng.integers(0, 256, (256, 3)).astype(np.uint8)
png("palette8_transparent.png", grey8, 8, 3, False, chunk(b"PLTE", palette.tobytes()) + chunk(b"tRNS", bytes(range(100))))
expect("palette8_transparent.png", palette[grey8])
png("grey_alpha8.png", np.stack([grey8, alpha8], 2), 8, 4); expect("grey_alpha8.png", grey8)
png("grey_alpha16.png", np.stack([grey16, alpha16], 2), 16, 4); expect("grey_alpha16.png", grey16)
png("rgba8.png", np.dstack([rgb8, alpha8]), 8, 6); expect("rgba8.png", rgb8)
png("rgba16.png", np.dstack([rgb16, alpha16]), 16, 6); expect("rgba16.png", rgb16)
# What OpenCV, the reference's reader, makes of every PNG: its bytes are the high bytes of ours.
for name, w, h, c, bits, _ in list(rows):
    got = cv2.imread(path(name))[:, :, ::-1]
    want = expected[name].reshape(h, w, c)
    want = want if bits == 8 else (want >> 8).astype(np.uint8)
    assert (got == (want if c == 3 else want.repeat(3, 2))).all(), name


def exif(orientation, order=">"):
    mark = b"MM\0*" if order == ">" else b"II*\0"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def libjpeg(name):
    image = cv2.imread(path(name))[:, :, ::-1]
    return image[:, :, 0] if Image.open(path(name)).mode == "L" else image


def turned(image, o):
    t = {1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1], 5: lambda p: p.swapaxes(0, 1),
         6: lambda p: p.swapaxes(0, 1)[:, ::-1], 7: lambda p: p[::-1, ::-1].swapaxes(0, 1), 8: lambda p: p.swapaxes(0, 1)[::-1]}[o]
    return t(image)


for o in range(1, 9):
    png(f"exif{o}.png", grey8, 8, 0, False, chunk(b"eXIf", exif(o)))
    expect(f"exif{o}.png", turned(grey8, o))
    assert (cv2.imread(path(f"exif{o}.png"))[:, :, 0] == turned(grey8, o)).all(), o
    name = f"exif{o}.jpg"
    Image.fromarray(grey8).save(path(name), quality=90, exif=b"Exif\0\0" + exif(o, "<" if o % 2 else ">"))
    expect(name, libjpeg(name))

pgm, ppm = path("t.pgm"), path("t.ppm")
Image.fromarray(grey8).save(pgm); Image.fromarray(rgb8).save(ppm)


def cjpeg(name, source, *options):
    subprocess.run(["cjpeg", *options, "-outfile", path(name), source], check=True)
    expect(name, libjpeg(name))


cjpeg("grey.jpg", pgm, "-quality", "90")
cjpeg("grey_progressive.jpg", pgm, "-quality", "90", "-progressive")
cjpeg("grey_restart.jpg", pgm, "-quality", "90", "-restart", "2B")
cjpeg("grey_sampling2x2.jpg", pgm, "-quality", "90", "-sample", "2x2")
for sample in ("1x1", "2x1", "1x2", "2x2"):
    cjpeg(f"colour_{sample}.jpg", ppm, "-quality", "85", "-sample", sample)
cjpeg("colour_2x2_progressive.jpg", ppm, "-quality", "85", "-progressive")
cjpeg("colour_rgb.jpg", ppm, "-quality", "85", "-rgb")
os.remove(pgm); os.remove(ppm)
Image.fromarray(np.dstack([rgb8, alpha8]), "CMYK").save(path("refused_cmyk.jpg"))

# 12-bit JPEG: dcmtk's libjpeg, lifted out of DICOM.
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
grey12 = grey16 >> 4
meta = FileMetaDataset()
meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
d = FileDataset("t.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
d.is_little_endian, d.is_implicit_VR = True, False
d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = H, W, 1, "MONOCHROME2"
d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 12, 11, 0
d.PatientName = "None"; d.PatientID = "0"
d.PixelData = grey12.astype("<u2").tobytes()
d.save_as(path("t.dcm"), write_like_original=False)
subprocess.run(["dcmcjpeg", "+ee", "+q", "95", path("t.dcm"), path("c.dcm")], check=True)
with open(path("grey12.jpg"), "wb") as f:
    f.write(pydicom.encaps.generate_pixel_data_frame(pydicom.dcmread(path("c.dcm")).PixelData, 1).__next__().rstrip(b"\0"))
subprocess.run(["dcmdjpeg", path("c.dcm"), path("d.dcm")], check=True)
back = np.frombuffer(pydicom.dcmread(path("d.dcm")).PixelData, "<u2").reshape(H, W)
expect("grey12.jpg", (back.astype(np.uint16) << 4) | (back >> 8))
os.remove(path("t.dcm")); os.remove(path("c.dcm")); os.remove(path("d.dcm"))

# BMP
Image.fromarray(grey8).save(path("grey8.bmp")); expect("grey8.bmp", grey8)
Image.fromarray(rgb8).save(path("rgb24.bmp")); expect("rgb24.bmp", rgb8)
Image.fromarray(grey8 > 127).save(path("grey1.bmp")); expect("grey1.bmp", ((grey8 > 127) * 255).astype(np.uint8))
indexed = Image.fromarray(grey8, "P"); indexed.putpalette(palette.tobytes()); indexed.save(path("palette8.bmp"))
expect("palette8.bmp", palette[grey8])
body = b"".join(np.dstack([rgb8[:, :, ::-1], alpha8])[y].tobytes() for y in range(H))
with open(path("rgb32_top_down.bmp"), "wb") as f:
    f.write(b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, W, -H, 1, 32, 0, len(body), 2835, 2835, 0, 0) + body)
expect("rgb32_top_down.bmp", rgb8)
stride = (W * 4 + 31) // 32 * 4
body = b"".join((pack((grey8 >> 4)[y:y + 1], 4)[0]).ljust(stride, b"\0") for y in reversed(range(H)))
with open(path("palette4.bmp"), "wb") as f:
    colors = np.dstack([palette[:16, ::-1].reshape(1, 16, 3), np.zeros((1, 16, 1), np.uint8)]).tobytes()
    f.write(b"BM" + struct.pack("<IHHI", 118 + len(body), 0, 0, 118) + struct.pack("<IiiHHIIiiII", 40, W, H, 1, 4, 0, len(body), 0, 0, 16, 16) + colors + body)
expect("palette4.bmp", palette[grey8 >> 4])
for name in ("grey8.bmp", "rgb24.bmp", "grey1.bmp", "palette8.bmp", "rgb32_top_down.bmp", "palette4.bmp"):
    _, w, h, c, bits, _ = next(r for r in rows if r[0] == name)
    assert (cv2.imread(path(name))[:, :, ::-1] == expected[name].reshape(h, w, c)).all(), name

# TIFF
def tiff(name, array, expected=None, **options):
    Image.fromarray(array).save(path(name), **options)
    expect(name, array if expected is None else expected)

for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
    tiff(f"grey8_{compression}.tif", grey8, compression=compression)
tiff("grey16.tif", grey16)
tiff("grey16_deflate.tif", grey16, compression="tiff_adobe_deflate")
tiff("rgb8_lzw.tif", rgb8, compression="tiff_lzw")
tiff("rgba8.tif", np.dstack([rgb8, alpha8]), rgb8)
indexed.save(path("palette8.tif")); expect("palette8.tif", palette[grey8])
Image.fromarray(grey8).save(path("orientation6.tif"), tiffinfo={274: 6}); expect("orientation6.tif", turned(grey8, 6))
Image.fromarray(grey8).save(path("white_is_zero.tif"), tiffinfo={262: 0}); expect("white_is_zero.tif", grey8)
assert (cv2.imread(path("white_is_zero.tif"))[:, :, 0] == grey8).all()
assert (255 - grey8).tobytes()[:40] in open(path("white_is_zero.tif"), "rb").read()
for name, source, want, options in [
        ("grey16_tiled.tif", "grey16.tif", grey16, ["-t", "-w", "16", "-l", "16", "-c", "zip:2"]),
        ("rgb8_tiled.tif", "rgb8_lzw.tif", rgb8, ["-t", "-w", "32", "-l", "16", "-c", "lzw"]),
        ("rgb8_planar.tif", "rgb8_lzw.tif", rgb8, ["-p", "separate", "-r", "7"]),
        ("rgb8_planar_tiled.tif", "rgb8_lzw.tif", rgb8, ["-p", "separate", "-t", "-w", "16", "-l", "16"]),
        ("grey16_big_endian.tif", "grey16.tif", grey16, ["-B", "-r", "5"]),
        ("grey16_predictor.tif", "grey16.tif", grey16, ["-c", "lzw:2", "-r", "8"]),
        ("bigtiff.tif", "grey8_raw.tif", grey8, ["-8"])]:
    subprocess.run(["tiffcp", *options, path(source), path(name)], check=True)
    expect(name, want)
with open(path("expected.tsv"), "w") as f:
    for r in rows:
        f.write("\t".join(map(str, r)) + "\n")
with open(path("expected.bin"), "wb") as f:
    for r in rows:
        f.write(expected[r[0]].astype(expected[r[0]].dtype.newbyteorder("<")).tobytes())
print(len(rows), "images")
