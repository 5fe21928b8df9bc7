using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LungSeg.Imaging.Codecs.Jpeg2000;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Imaging.Tests.Codecs.Jpeg2000;

/// <summary>
/// Beside OpenJPEG: images that are drawn here, coded by opj_compress with each of its options in each size, decoded by both. Reversible
/// ones are to be equal, irreversible ones within 1. LUNGSEG_PEER=full takes large sizes too; the table goes to the test's output.
/// </summary>
public sealed partial class Jpeg2000PeerTests
{
    private static readonly (int Width, int Height)[] Small = [(1, 1), (3, 2), (1, 37), (40, 1), (17, 33), (64, 64), (131, 97)];
    private static readonly (int Width, int Height)[] Large = [(1000, 3), (5, 1000), (513, 1025), (3000, 3000), (4096, 4096)];

    /// <summary>Images by a short name: components, bits, sign and subsampling as opj_compress takes them.</summary>
    private static readonly Dictionary<string, (int Components, int Bits, bool Signed, string Steps)> Images = new()
    {
        ["8"] = (1, 8, false, ""),
        ["12"] = (1, 12, false, ""),
        ["16"] = (1, 16, false, ""),
        ["s12"] = (1, 12, true, ""),
        ["s16"] = (1, 16, true, ""),
        ["rgb8"] = (3, 8, false, ""),
        ["rgb12"] = (3, 12, false, ""),
        ["rgba8"] = (4, 8, false, ""),
        ["sub"] = (3, 8, false, "@1x1:1x1:2x2"),
    };

    /// <summary>Each option of opj_compress that changes the codestream, some together; an image is named before the bar.</summary>
    private static readonly string[] Options =
    [
        "8|", "12|", "16|", "s12|", "s16|", "rgb8|", "rgb12|", "rgba8|", "sub|-mct 0", "rgb8|-mct 0",
        .. Enumerable.Range(2, 15).Select(bits => $"bits{bits}|"),
        "12|-r 8", "12|-r 20,10,5,1", "rgb8|-r 30", "12|-q 30,45", "16|-q 35,50,0",
        "12|-n 1", "12|-n 2", "12|-n 3", "12|-n 8",
        "12|-b 4,4", "12|-b 1024,4", "12|-b 4,1024", "12|-b 32,128", "12|-b 8,64",
        "12|-c [128,128]", "12|-c [64,32],[32,32]", "12|-c [8,8] -b 4,4", "12|-c [256,256],[128,128] -t 100,90",
        "12|-t 33,29 -n 3", "12|-t 64,64", "rgb8|-t 50,20 -n 3",
        .. ((string[])["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])
            .SelectMany(p => (string[])[$"12|-p {p} -r 9,3,1 -c [64,64],[32,32]", $"rgb8|-p {p} -r 20,5,1 -c [16,16] -b 8,8 -t 70,60 -n 4",
                $"sub|-mct 0 -p {p} -c [32,32]"]),
        "12|-n 4 -r 10,5,1 -POC T1=0,0,3,2,1,RLCP/T1=2,0,3,4,1,CPRL", "rgb8|-n 3 -POC T1=0,0,1,1,3,RPCL/T1=1,0,1,3,3,PCRL",
        "12|-SOP", "12|-EPH", "12|-SOP -EPH -t 60,60 -n 3", "12|-PLT", "12|-TLM",
        .. Enumerable.Range(1, 63).Select(m => $"{(m % 2 == 1 ? "16" : "12")}|-M {m}"), "16|-M 1 -r 9,4,1", "16|-M 5 -r 9,4,1",
        "12|-M 63 -r 9,4,1 -b 16,16",
        "12|-TP R", "rgb8|-TP C -p CPRL", "12|-TP L -r 10,4,1",
        "8|-ROI c=0,U=8", "8|-ROI c=0,U=15", "rgb8|-mct 0 -ROI c=1,U=10",
        "12|-d 3,7", "12|-d 5,9 -T 2,3 -t 40,37 -n 3", "rgb8|-d 101,33 -T 100,30 -t 31,57 -n 3", "sub|-mct 0 -d 3,5",
        "12|-s 2,2", "12|-GuardBits 1", "12|-GuardBits 7", "12|-C note",
        "8|-I", "12|-I", "16|-I", "s12|-I", "s16|-I", "rgb8|-I", "rgb12|-I", "sub|-I -mct 0", "12|-I -r 12", "12|-I -r 20,10,5",
        "rgb8|-I -r 30,10", "16|-I -q 40,60",
        "12|-I -n 1", "12|-I -n 2", "12|-I -b 16,16 -c [64,64]", "12|-I -t 33,29 -n 3", "12|-I -d 5,9 -T 2,3 -t 40,37 -n 3", "12|-I -M 63",
        "16|-I -M 1 -r 6,3", "8|-I -ROI c=0,U=8",
        "12|-I -p PCRL -SOP -EPH -c [32,32] -r 10,3",
    ];

    [Fact]
    public void Every_option_of_opj_compress_in_every_size_is_decoded_as_by_OpenJPEG()
    {
        Assert.SkipUnless(Has("opj_compress", "-h") && Has("opj_decompress", "-h"),
            "opj_compress and opj_decompress (Debian's libopenjp2-tools) are not installed");
        bool full = Environment.GetEnvironmentVariable("LUNGSEG_PEER") == "full";
        using TemporaryDirectory directory = new();
        List<string> faults = [];
        int compared = 0, exact = 0, worst = 0;
        foreach (string option in full ? Options : [.. Options.Where((_, i) => i % 3 == 0)])
        {
            (string image, string arguments) = (option[..option.IndexOf('|')], option[(option.IndexOf('|') + 1)..]);
            (int optionExact, int optionWorst, int sizes, double ours, double theirs) = (0, 0, 0, 0, 0);
            foreach ((int width, int height) in full ? [.. Small, .. Large] : Small[4..])
            {
                // Five-fold halving and everything else is tried on all; the largest only where it is one tile or two layers.
                if ((long)width * height > 4_000_000
                    && (arguments.Contains("-t ", StringComparison.Ordinal) || arguments.Contains("-b 4,4", StringComparison.Ordinal)
                        || image.StartsWith("bits", StringComparison.Ordinal) || image.StartsWith("rgb", StringComparison.Ordinal)))
                    continue;
                if ((long)width * height > 40_000 && arguments.Contains("-t 1,1", StringComparison.Ordinal))
                    continue;
                (Plane[] Ours, double Seconds)? ourResult = null;
                if (!Encode(directory, image, arguments, width, height, out bool reversible) || Reference(directory) is not { } reference)
                    continue;
                string where = $"{option} {width} x {height}";
                try
                {
                    byte[] file = File.ReadAllBytes(directory.File("coded.j2k"));
                    long start = Stopwatch.GetTimestamp();
                    ourResult = (Jpeg2000Cases.Decode(file, threads: 1), Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
                catch (ImageException e)
                {
                    faults.Add($"{where}: {e.Message}");
                    continue;
                }
                int difference = Compare(ourResult.Value.Ours, reference.Components);
                sizes++;
                compared++;
                (ours, theirs) = (ours + ourResult.Value.Seconds, theirs + reference.Seconds);
                optionWorst = Math.Max(optionWorst, difference);
                optionExact += difference == 0 ? 1 : 0;
                if (difference > (reversible ? 0 : 1))
                    faults.Add($"{where}: largest difference {difference}");
            }
            (exact, worst) = (exact + optionExact, Math.Max(worst, optionWorst));
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"| `{image}` {arguments} | {sizes} | {optionExact} | {optionWorst} | {ours * 1000:F0} | {theirs * 1000:F0} |");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{compared} files, {exact} exact, largest difference {worst}");
        Assert.Empty(faults);
        Assert.True(compared > 100, $"{compared} files");
    }

    [Fact]
    public void Files_of_gdcmconv_are_decoded_as_by_gdcmconv()
    {
        Assert.SkipUnless(Has("gdcmconv", "--help"), "gdcmconv (Debian's libgdcm-tools) is not installed");
        using TemporaryDirectory directory = new();
        foreach ((string arguments, bool reversible) in (ReadOnlySpan<(string, bool)>)[("--j2k", true), ("--j2k --lossy --rate 8", false),
            ("--j2k -n 3", true), ("--j2k --irreversible --lossy -q 45", false)])
            foreach (int bits in (int[])[8, 12, 16])
            {
                byte[] pixels = new byte[90 * 70 * (bits > 8 ? 2 : 1)];
                int[] drawn = Draw(90, 70, bits, signed: false, seed: bits);
                for (int i = 0; i < drawn.Length; i++)
                    if (bits > 8)
                        BinaryPrimitives.WriteUInt16LittleEndian(pixels.AsSpan(2 * i), (ushort)drawn[i]);
                    else
                        pixels[i] = (byte)drawn[i];
                Dicom.DicomBuilder builder = new Dicom.DicomBuilder().Words(0x00280010, 70).Words(0x00280011, 90)
                    .Words(0x00280100, bits > 8 ? 16 : 8).Words(0x00280101, bits).Words(0x00280102, bits - 1)
                    .Text(0x00080018, "UI", "1.2.3").Bytes(0x7FE00010, bits > 8 ? "OW" : "OB", pixels);
                File.WriteAllBytes(directory.File("plain.dcm"), builder.Build());
                if (Run("gdcmconv", [.. arguments.Split(' '), directory.File("plain.dcm"), directory.File("coded.dcm")]) != 0)
                    continue;
                Assert.Equal(0, Run("gdcmconv", ["--raw", directory.File("coded.dcm"), directory.File("raw.dcm")]));
                DicomOptions options = new() { Voi = Voi.None };
                ReadOnlySpan<ushort> ours = ImageReader.Read(directory.File("coded.dcm"), options).Samples,
                    theirs = ImageReader.Read(directory.File("raw.dcm"), options).Samples;
                double step = bits == 8 ? 1 : 65535.0 / ((1 << bits) - 1);
                for (int i = 0; i < ours.Length; i++)
                    Assert.True(Math.Abs(ours[i] - theirs[i]) <= (reversible ? 0 : step + 1),
                        $"{arguments}, {bits} bits: {ours[i]} and {theirs[i]}");
            }
    }

    /// <summary>Draws, writes and codes an image; false where opj_compress refuses the option for the size.</summary>
    private static bool Encode(TemporaryDirectory directory, string image, string arguments, int width, int height, out bool reversible)
    {
        (int components, int bits, bool signed, string steps) = image.StartsWith("bits", StringComparison.Ordinal)
            ? (1, int.Parse(image.AsSpan(4), CultureInfo.InvariantCulture), false, "") : Images[image];
        reversible = !arguments.Split(' ').Contains("-I");
        using (FileStream raw = File.Create(directory.File("source.raw")))
            for (int c = 0; c < components; c++)
            {
                int step = steps.Length > 0 && c == 2 ? 2 : 1;
                int[] samples = Draw((width + step - 1) / step, (height + step - 1) / step, bits, signed, c);
                byte[] bytes = new byte[samples.Length * (bits > 8 ? 2 : 1)];
                for (int i = 0; i < samples.Length; i++)
                    if (bits > 8)
                        BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(2 * i), (short)samples[i]);
                    else
                        bytes[i] = (byte)samples[i];
                raw.Write(bytes);
            }
        // Small images have room for fewer resolutions than the default.
        int maximum = 1 + System.Numerics.BitOperations.Log2((uint)Math.Min(width, height));
        string[] resolutions = arguments.Contains("-n ", StringComparison.Ordinal) || maximum >= 6 ? [] : ["-n", $"{maximum}"];
        File.Delete(directory.File("coded.j2k"));
        string layout = $"{width},{height},{components},{bits},{(signed ? 's' : 'u')}{steps}";
        return Run("opj_compress", ["-i", directory.File("source.raw"), "-o", directory.File("coded.j2k"), "-F", layout, .. resolutions,
            .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]) == 0 && File.Exists(directory.File("coded.j2k"));
    }

    private static (List<(int Width, int Height, int[] Samples)> Components, double Seconds)? Reference(TemporaryDirectory directory)
    {
        foreach (string old in Directory.GetFiles(directory.Path, "*.pgx"))
            File.Delete(old);
        string output = Output("opj_decompress", ["-i", directory.File("coded.j2k"), "-o", directory.File("out.pgx"), "-threads", "1"]);
        string[] files = [.. Directory.GetFiles(directory.Path, "*.pgx")
            .OrderBy(f => int.Parse(Number().Match(f).Groups[1].ValueSpan, CultureInfo.InvariantCulture))];
        if (files.Length == 0)
            return null;
        double seconds = Milliseconds().Match(output) is { Success: true } time
            ? double.Parse(time.Groups[1].ValueSpan, CultureInfo.InvariantCulture) / 1000 : 0;
        return ([.. files.Select(ReadPgx)], seconds);
    }

    private static (int Width, int Height, int[] Samples) ReadPgx(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int end = Array.IndexOf(file, (byte)'\n');
        Match header = PgxHeader().Match(System.Text.Encoding.ASCII.GetString(file, 0, end));
        int Number(int group) => int.Parse(header.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        (bool signed, int bits, int width, int height) = (header.Groups[1].ValueSpan is "-", Number(2), Number(3), Number(4));
        int[] samples = new int[width * height];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = bits > 8
                ? signed ? BinaryPrimitives.ReadInt16BigEndian(file.AsSpan(end + 1 + 2 * i))
                    : BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(end + 1 + 2 * i))
                : signed ? (sbyte)file[end + 1 + i] : file[end + 1 + i];
        return (width, height, samples);
    }

    private static int Compare(Plane[] ours, List<(int Width, int Height, int[] Samples)> theirs)
    {
        Assert.Equal(theirs.Select(c => (c.Width, c.Height)), ours.Select(p => (p.Area.Width, p.Area.Height)));
        int worst = 0;
        for (int c = 0; c < ours.Length; c++)
            for (int i = 0; i < theirs[c].Samples.Length; i++)
                worst = Math.Max(worst, Math.Abs(ours[c][i] - theirs[c].Samples[i]));
        return worst;
    }

    /// <summary>Smooth shapes, an edge and some noise, over the whole range.</summary>
    private static int[] Draw(int width, int height, int bits, bool signed, int seed)
    {
        Random random = new(seed);
        int[] samples = new int[width * height];
        int highest = (1 << bits) - 1;
        for (int y = 0, i = 0; y < height; y++)
            for (int x = 0; x < width; x++, i++)
            {
                double shape = 0.5 + 0.3 * Math.Sin((x + 3 * seed) / 17.0) * Math.Cos(y / 23.0);
                double value = shape + (x * 7 > width * 3 && y * 5 < height * 4 ? 0.2 : -0.1) + 0.02 * random.NextDouble();
                samples[i] = (int)Math.Clamp(value * highest, 0, highest) - (signed ? 1 << bits - 1 : 0);
            }
        return samples;
    }

    private static bool Has(string program, string argument)
    {
        try
        {
            Run(program, [argument]);
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static int Run(string program, string[] arguments)
    {
        using Process process = Start(program, arguments);
        process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }

    private static string Output(string program, string[] arguments)
    {
        using Process process = Start(program, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output + errors.GetAwaiter().GetResult();
    }

    private static Process Start(string program, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    [GeneratedRegex(@"_(\d+)\.pgx$")]
    private static partial Regex Number();

    [GeneratedRegex(@"decode time: (\d+) ms")]
    private static partial Regex Milliseconds();

    [GeneratedRegex(@"PG ML ([+-]) ?(\d+) (\d+) (\d+)")]
    private static partial Regex PgxHeader();
}
