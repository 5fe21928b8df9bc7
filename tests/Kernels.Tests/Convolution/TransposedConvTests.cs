using CsCheck;
using LungSeg.Engine;
using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Engine.Ops;
using LungSeg.Engine.Weights;
using LungSeg.Kernels.Abi;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>Four phases in one launch: transposed convolutions of 4x4 with stride 2, and 3x3 ones of maps upsampled by two.</summary>
public sealed class TransposedConvTests
{
    private static readonly Gen<(KernelInfo Kernel, ConvCase Case)> Cases = Gen.Select(
        Gen.OneOf([.. KernelLibrary.Kernels.Where(kernel => kernel.Family is "conv_simt" or "conv_mma" or "conv_wgmma" && !kernel.Gate)]),
        ConvCase.Tiled, (kernel, test) => (kernel, test with
        {
            Groups = 1,
            Numbers = kernel.Precision switch { "f32" => Numbers.F32, "tf32" => Numbers.Tf32, _ => Numbers.F16 },
            Input = test.Input with { H = Math.Min(test.Input.H, 6), W = Math.Min(test.Input.W, 7) },
        }));

    [Fact]
    public void Transposed_convolutions_match_the_reference() => Cases.Sample(
        drawn =>
        {
            (KernelInfo kernel, ConvCase test) = drawn;
            int channels = test.Input.C, filters = test.Filters;
            float[] weights = test.Values("transposed", channels * filters * 16), bias = test.Values("bias", filters);
            var op = new ConvTranspose2dOp(Parameter("weight", weights, channels, filters, 4, 4), Parameter("bias", bias, filters), 2, 1);
            ConvTranspose2dOp sizes = op with { Weight = Parameter("weight", Array.ConvertAll(weights, Math.Abs), channels, filters, 4, 4), Bias = Parameter("bias", Array.ConvertAll(bias, Math.Abs), filters) };
            Tensor x = Tensor.Create(new InputOp(test.Input), [], "x");
            Storage storage = kernel.Storage == "f32" ? Storage.F32 : Storage.F16;
            Expected expected = Expected.OfLinear(Tensor.Create(op, [x], "up"), Tensor.Create(sizes, [x], "sizes"), [test.X()], test.Activation, channels * 4, storage, isTruncated: true);
            // Output row 2a + i sees input rows a + t − 1 + i through taps 3 − 2t − i.
            expected.Check(Run(kernel, storage, test, bias, (i, t) => [3 - (2 * t) - i], (k, c, r, s) => weights[(((((c * filters) + k) * 4) + r) * 4) + s]), $"{kernel.Name}, {test}");
        },
        iter: 15, threads: 1);

    [Fact]
    public void Upsampling_and_convolution_are_four_convolutions_of_the_small_map() => Cases.Sample(
        drawn =>
        {
            (KernelInfo kernel, ConvCase test) = drawn;
            int channels = test.Input.C, filters = test.Filters;
            // Sums of two and four weights that the numbers have too.
            float[] weights = Array.ConvertAll(test.Values("weight", channels * filters * 9), value => MathF.Round(value * 32) / 32), bias = test.Values("bias", filters);
            Tensor x = Tensor.Create(new InputOp(test.Input), [], "x"), up = Tensor.Create(new UpsampleNearestOp(2), [x], "up");
            Conv2dOp Conv(Func<float, float> of) => new(
                Parameter("weight", Array.ConvertAll(weights, value => of(value)), filters, channels, 3, 3), Parameter("bias", Array.ConvertAll(bias, value => of(value)), filters), 1, 1, 1, 1);
            Storage storage = kernel.Storage == "f32" ? Storage.F32 : Storage.F16;
            Expected expected = Expected.OfLinear(
                Tensor.Create(Conv(value => value), [up], "conv"), Tensor.Create(Conv(Math.Abs), [up], "sizes"), [Expected.Run(up, test.X())], test.Activation, channels * 9, storage, isTruncated: true);
            // Output row 2a + i sees row a − 1 through tap 0 and row a through taps 1 and 2 if i is 0, else a through 0 and 1, a + 1 through 2.
            expected.Check(
                Run(kernel, storage, test, bias, (i, t) => i == 0 ? t == 0 ? [0] : [1, 2] : t == 0 ? [0, 1] : [2], (k, c, r, s) => weights[(((((k * channels) + c) * 3) + r) * 3) + s]),
                $"{kernel.Name}, {test}");
        },
        iter: 15, threads: 1);

    private static Map Run(KernelInfo kernel, Storage storage, ConvCase test, float[] bias, Func<int, int, int[]> taps, Func<int, int, int, int, float> weight)
    {
        using var gpu = new Gpu();
        Shape shape = new(test.Input.N, test.Filters, 2 * test.Input.H, 2 * test.Input.W);
        DeviceTensor input = DeviceTensor.Of(gpu, storage, test.X()), output = DeviceTensor.Empty(gpu, storage, shape);
        ConvCase phase = test with { R = 2, S = 2, Stride = 1, Dilation = 1, Padding = 1, Bias = true, Residual = false };
        ConvParameters p = TiledConv.Parameters(kernel, phase, input, output, splits: 1);
        (p.Rows, p.Columns, p.Step, p.Phases) = (test.Input.H, test.Input.W, 2, 4);
        var packed = new List<float>();
        for (int number = 0; number < 4; number++)
        {
            var weights = new float[test.Filters * test.Input.C * 4];
            for (int index = 0; index < weights.Length; index++)
            {
                (int rest, int s) = Math.DivRem(index, 2);
                (rest, int r) = Math.DivRem(rest, 2);
                (int k, int c) = Math.DivRem(rest, test.Input.C);
                weights[index] = taps(number / 2, r).Sum(row => taps(number % 2, s).Sum(column => weight(k, c, row, column)));
            }
            float[] one = TiledConv.Pack(kernel, p, weights);
            p.PhaseWeights = one.Length;
            packed.AddRange(one);
        }
        p.Weights = storage.Upload(gpu, packed.ToArray());
        Array.Resize(ref bias, output.PaddedChannels);
        p.Bias = Storage.F32.Upload(gpu, bias);
        gpu.Launch(kernel.Name, TiledConv.Grid(kernel, p), p);
        return output.Read();
    }

    private static Parameter Parameter(string key, float[] values, params int[] dims) => new(key, dims, () => values);
}
