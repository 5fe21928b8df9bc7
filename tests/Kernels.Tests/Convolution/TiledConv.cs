using LungSeg.Engine.Backends.Cuda;
using LungSeg.Engine.Backends.Reference;
using LungSeg.Kernels.Abi;
using LungSeg.PtxInterpreter;

namespace LungSeg.Kernels.Tests.Convolution;

/// <summary>Runs a case on a kernel of the families conv_simt, conv_mma and conv_wgmma.</summary>
internal static class TiledConv
{
    public static IEnumerable<KernelInfo> Kernels(string family, string precision) =>
        KernelLibrary.Kernels.Where(kernel => kernel.Family == family && kernel.Precision == precision);

    /// <summary>Runs the kernel, or a changed one in its place, with so many splits, input and output being slices if asked.</summary>
    public static Map Run(KernelInfo kernel, ConvCase test, int splits = 1, bool slice = false, PtxKernel? changed = null, float[]? gate = null, Checks checks = Checks.All)
    {
        using var gpu = new Gpu { Checks = checks };
        Storage storage = kernel.Storage == "f32" ? Storage.F32 : Storage.F16;
        DeviceTensor input = DeviceTensor.Of(gpu, storage, test.X(), slice), output = DeviceTensor.Empty(gpu, storage, test.Output, slice);
        DeviceTensor? residual = test.Residual ? DeviceTensor.Of(gpu, storage, test.Shortcut(), !slice) : null;
        ConvParameters p = Parameters(kernel, test, input, output, splits);
        if (residual is not null) p.Residual = residual.Map;
        if (gate is not null)
        {
            p.Gate = storage.Upload(gpu, gate);
            p.GateStride = gate.Length / test.Input.N;
        }
        p.Weights = storage.Upload(gpu, Pack(kernel, p, test.Op.Weight.Read()));
        if (test.Bias) p.Bias = Storage.F32.Upload(gpu, Padded(test.Values("bias", test.Filters), output.PaddedChannels));
        if (p.Splits > 1) p.Partial = (long)gpu.Memory.Allocate(4L * p.Splits * test.Output.N * test.Output.H * test.Output.W * p.PartialStride);
        (int, int, int) grid = Grid(kernel, p);
        if (changed is null) gpu.Launch(kernel.Name, grid, p);
        else gpu.Launch(changed, kernel, grid, p);
        if (p.Splits > 1)
        {
            gpu.LaunchItems($"conv_reduce_{storage.Suffix()}", test.Output.H * test.Output.W * output.PaddedChannels / 8, test.Output.N, new ConvReduceParameters
            {
                Output = output.Map,
                Residual = p.Residual,
                Partial = p.Partial,
                Bias = p.Bias,
                PartialStride = p.PartialStride,
                Splits = p.Splits,
                Batch = p.Batch,
                Activation = p.Activation,
            });
        }
        return output.Read();
    }

    public static (int X, int Y, int Z) Grid(KernelInfo kernel, ConvParameters p) => (
        p.Groups * ((p.Filters + kernel.TileN - 1) / kernel.TileN),
        ((p.Rows * p.Columns) + kernel.TileM - 1) / kernel.TileM,
        p.Batch * p.Phases * p.Splits);

    public static ConvParameters Parameters(KernelInfo kernel, ConvCase test, DeviceTensor input, DeviceTensor output, int splits)
    {
        int channels = test.Groups == 1 ? input.PaddedChannels : test.Input.C / test.Groups;
        int steps = ((test.R * test.S * channels) + kernel.TileK - 1) / kernel.TileK, perSplit = (steps + splits - 1) / splits;
        return new ConvParameters
        {
            Input = input.Map,
            Output = output.Map,
            PartialStride = output.PaddedChannels,
            Batch = test.Input.N,
            Groups = test.Groups,
            Channels = channels,
            Filters = test.Filters / test.Groups,
            R = test.R,
            S = test.S,
            Stride = test.Stride,
            Dilation = test.Dilation,
            PadTop = test.Padding.Top,
            PadLeft = test.Padding.Left,
            Rows = test.Output.H,
            Columns = test.Output.W,
            Step = 1,
            Phases = 1,
            Steps = steps,
            Splits = (steps + perSplit - 1) / perSplit,
            StepsPerSplit = perSplit,
            ChannelsReciprocal = Reciprocal.Of(channels),
            SReciprocal = Reciprocal.OfSmall(test.S),
            Activation = (int)test.Activation,
        };
    }

    /// <summary>
    /// PyTorch's [filter][channel][r][s], packed: for conv_simt [group][k][filter], filters padded to 8 and k to the tile's; else
    /// [group][filter][k], k padded to 128 bytes.
    /// </summary>
    public static float[] Pack(KernelInfo kernel, ConvParameters p, float[] weights)
    {
        bool byDepth = kernel.Family == "conv_simt";
        int line = kernel.Storage == "f32" ? 32 : 64, stored = (p.Filters + 7) / 8 * 8, taps = p.R * p.S, channels = weights.Length / (p.Groups * p.Filters * taps);
        int depth = byDepth ? p.Steps * kernel.TileK : ((taps * p.Channels) + line - 1) / line * line;
        var packed = new float[p.Groups * depth * (byDepth ? stored : p.Filters)];
        for (int i = 0; i < weights.Length; i++)
        {
            (int rest, int tap) = Math.DivRem(i, taps);
            (rest, int c) = Math.DivRem(rest, channels);
            (int group, int filter) = Math.DivRem(rest, p.Filters);
            int k = (tap * p.Channels) + c;
            packed[byDepth ? (((group * depth) + k) * stored) + filter : (((group * p.Filters) + filter) * depth) + k] = weights[i];
        }
        return packed;
    }

    private static float[] Padded(float[] values, int count)
    {
        Array.Resize(ref values, count);
        return values;
    }
}
