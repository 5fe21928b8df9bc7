#:package Microsoft.ML.OnnxRuntime
#:package SixLabors.ImageSharp
#:property EnforceCodeStyleInBuild=false
#:property PublishAot=false
#:property PublishTrimmed=true
#:property PublishReadyToRun=true
#:property PublishSingleFile=true
#:property NoWarn=IL2104
#:property AssemblyName=onnx-program
// What a developer would write with ONNX Runtime in place of lungseg: the lungs of one X-ray, as a mask and an overlay.
// tools/compare-builds.py runs it beside ours, with the same words on its command line; docs/native.md has the figures. The model is beside
// the program:
//   dotnet run -c Release --project benchmarks -- export pan OUT/pan.onnx --weights weights/pan.safetensors
//   dotnet publish tools/onnx-program.cs -r linux-x64 --self-contained -o OUT
//   OUT/onnx-program segment IMAGE -o FOLDER
//   OUT/onnx-program bench pan --runs N --threads N --json
using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

const int Size = 512;
const float Threshold = 0.5f;
float[] means = [0.485f, 0.456f, 0.406f], deviations = [0.229f, 0.224f, 0.225f];

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : null;

using var options = new SessionOptions { IntraOpNumThreads = int.Parse(Option("--threads") ?? $"{Environment.ProcessorCount}") };
using var session = new InferenceSession(Path.Combine(AppContext.BaseDirectory, "pan.onnx"), options);
using var run = new RunOptions();
if (args[0] == "bench")
{
    double[] times = [.. Enumerable.Range(-2, int.Parse(Option("--runs")!) + 2).Select(_ =>
    {
        long start = Stopwatch.GetTimestamp();
        Run(new float[3 * Size * Size]);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }).Skip(2).Order()];
    Console.WriteLine(FormattableString.Invariant($$"""{"networks":[{"median_ms":{{times[times.Length / 2]}}}]}"""));
    return;
}

using Image<L8> image = Image.Load<L8>(args[1]);
string folder = Option("-o")!, name = Path.GetFileNameWithoutExtension(args[1]);
Directory.CreateDirectory(folder);
float[] input = new float[3 * Size * Size];
using (Image<L8> small = image.Clone(context => context.Resize(Size, Size, KnownResamplers.Triangle)))
{
    small.ProcessPixelRows(rows =>
    {
        for (int y = 0; y < Size; y++)
            for (int x = 0; x < Size; x++)
                for (int c = 0; c < 3; c++)
                    input[(c * Size + y) * Size + x] = (rows.GetRowSpan(y)[x].PackedValue / 255f - means[c]) / deviations[c];
    });
}
float[] found = Run(input);
using var probabilities = new Image<L16>(Size, Size);
for (int i = 0; i < found.Length; i++) probabilities[i % Size, i / Size] = new L16((ushort)(found[i] * ushort.MaxValue));
probabilities.Mutate(context => context.Resize(image.Width, image.Height, KnownResamplers.Triangle));
using var mask = new Image<L8>(image.Width, image.Height);
using var overlay = new Image<Rgb24>(image.Width, image.Height);
for (int y = 0; y < image.Height; y++)
    for (int x = 0; x < image.Width; x++)
    {
        bool lung = probabilities[x, y].PackedValue > Threshold * ushort.MaxValue;
        byte grey = image[x, y].PackedValue;
        mask[x, y] = new L8(lung ? byte.MaxValue : (byte)0);
        overlay[x, y] = new Rgb24(grey, lung ? (byte)Math.Min(255, grey + 64) : grey, grey);
    }
mask.SaveAsPng(Path.Combine(folder, $"{name}.mask.png"));
overlay.SaveAsPng(Path.Combine(folder, $"{name}.overlay.png"));

float[] Run(float[] values)
{
    using OrtValue tensor = OrtValue.CreateTensorValueFromMemory(values, [1, 3, Size, Size]);
    using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, session.InputNames, [tensor], session.OutputNames);
    return outputs[0].GetTensorDataAsSpan<float>().ToArray();
}
