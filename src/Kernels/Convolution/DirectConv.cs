using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// Any convolution: a thread makes one element, neighbouring threads the neighbouring filters of a pixel. For what no faster
/// kernel takes: maps of one channel, groups of odd widths.
/// </summary>
internal static class DirectConv
{
    public static void Run<T>(DirectConvParameters p) where T : struct, IStorage
    {
        int filters = p.Output.Channels, stored = filters == 1 ? 1 : IntMath.RoundUp8(filters);
        int index = (Grid.IdxX * Group.DimX) + Group.IdxX, pixel = index / stored, filter = index - (pixel * stored);
        int row = pixel / p.Columns, column = pixel - (row * p.Columns);
        if (row >= p.Rows) return;
        int place = ((p.FirstRow + (row * p.Step)) * p.Output.Width) + p.FirstColumn + (column * p.Step);
        long output = p.Output.Element<T>(Grid.IdxY, place, filter);
        if (filter >= filters)
        {
            default(T).StoreOne(output, 0);
            return;
        }
        int group = filter / p.Filters, top = (row * p.Window.Stride) - p.Window.PadTop,
            left = (column * p.Window.Stride) - p.Window.PadLeft;
        float sum = p.Bias != 0 ? Global.LoadFloat(p.Bias + (filter * (long)sizeof(float))) : 0;
        for (int r = 0; r < p.Window.R; r++)
        {
            int y = top + (r * p.Window.Dilation);
            if ((uint)y >= (uint)p.Input.Height) continue;
            for (int s = 0; s < p.Window.S; s++)
            {
                int x = left + (s * p.Window.Dilation);
                if ((uint)x >= (uint)p.Input.Width) continue;
                long source = p.Input.Element<T>(Grid.IdxY, y, x, group * p.Channels);
                long weight = p.Weights + (((((r * p.Window.S) + s) * p.Channels * (long)filters) + filter) * sizeof(float));
                for (int c = 0; c < p.Channels; c++)
                {
                    sum += default(T).LoadOne(source) * Global.LoadFloat(weight);
                    source += default(T).Size;
                    weight += filters * (long)sizeof(float);
                }
            }
        }
        if (p.Residual.Address != 0) sum += default(T).LoadOne(p.Residual.Element<T>(Grid.IdxY, place, filter));
        default(T).StoreOne(output, Activations.Apply(sum, p.Activation));
    }
}
