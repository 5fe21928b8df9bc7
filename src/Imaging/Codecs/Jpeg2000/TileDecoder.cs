using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LungSeg.IO;

namespace LungSeg.Imaging.Codecs.Jpeg2000;

/// <summary>
/// Decodes one tile: packets, code blocks, wavelets, then the component transform and the shift of levels (ISO/IEC 15444-1, annex G).
/// </summary>
internal sealed class TileDecoder
{
    private const float CrToRed = 1.402f, CbToGreen = 0.344136f, CrToGreen = 0.714136f, CbToBlue = 1.772f;
    private const int RowsAtOnce = 64;
    private static readonly ConcurrentBag<BlockDecoder> Idle = [];

    private readonly Area _tile;
    private readonly CodingParameters _parameters;
    private readonly TileComponent[] _components;
    private readonly ArraySegment<byte> _packets;
    private readonly ParallelOptions _options;

    /// <summary>Whether any code block holds something.</summary>
    public bool HasBlocks =>
        _components.SelectMany(c => c.Resolutions).SelectMany(r => r.Precincts).SelectMany(p => p.Bands)
            .Any(b => b.Blocks.Any(block => block is not null));

    public TileDecoder(Codestream codestream, int index, ParallelOptions options)
    {
        ImageGrid grid = codestream.Grid;
        (_tile, _options) = (grid.Tile(index), options);
        (_parameters, _packets, byte[]? headers) = codestream.Tile(index);
        _components = new TileComponent[grid.Components.Length];
        for (int c = 0; c < _components.Length; c++)
            _components[c] = new TileComponent(c, _tile.Subsample(grid.Components[c].Dx, grid.Components[c].Dy), grid.Components[c],
                _parameters);
        PacketReader reader = new(_parameters, _components, _packets, headers);
        reader.ReadAll(_tile, codestream.HasEnd);
        if (reader.Missing > 0)
            codestream.Warn(
                $"the last {reader.Missing} packets of tile {index + 1} are not there; "
                + "later quality layers may be lacking, no part of the image is");
        // Packets that end before their data were not understood; padding is harmless.
        if (reader.Left.ContainsAnyExcept((byte)0))
            throw Codestream.Damaged($"{reader.Left.Length} bytes are left behind the last packet of tile {index + 1}");
        if (reader.HasSurplusPasses)
            codestream.Warn(
                "code blocks have more coding passes than bit planes, as if values were larger than they may be; they were cut off");
        if (_parameters.HasTransform && _components.Length < 3)
            codestream.Warn($"a colour transform is stated for {_components.Length} components; there is none");
    }

    public void Decode(Plane[] planes)
    {
        int[][] coefficients = Array.ConvertAll(_components, c => new int[c.Area.Width * (long)c.Area.Height]);
        DecodeBlocks(coefficients);
        for (int c = 0; c < _components.Length; c++)
            InverseWavelet.Apply(coefficients[c], _components[c], _options);
        if (_parameters.HasTransform && _components.Length >= 3)
            Untransform(coefficients);
        for (int c = 0; c < _components.Length; c++)
            Store(coefficients[c], _components[c], planes[c]);
    }

    private void DecodeBlocks(int[][] coefficients)
    {
        List<(TileComponent Component, PrecinctBand Band, int Index)> blocks = [];
        foreach (TileComponent component in _components)
            foreach (Resolution resolution in component.Resolutions)
                foreach (PrecinctBand band in resolution.Precincts.SelectMany(p => p.Bands))
                    for (int i = 0; i < band.Blocks.Length; i++)
                        if (band.Blocks[i] is not null)
                            blocks.Add((component, band, i));
        AllProcessors.For(blocks.Count, _options, i =>
        {
            (TileComponent component, PrecinctBand band, int index) = blocks[i];
            Area area = band.AreaOf(index), whole = band.Band.Area;
            int stride = component.Area.Width, at = (band.Band.Top + area.Y0 - whole.Y0) * stride + band.Band.Left + area.X0 - whole.X0;
            BlockDecoder decoder = Idle.TryTake(out BlockDecoder? idle) ? idle : new BlockDecoder();
            try
            {
                decoder.Decode(band.Blocks[index]!, area, _packets, component, band.Band, coefficients[component.Index].AsSpan(at), stride);
            }
            finally
            {
                Idle.Add(decoder);
            }
        });
    }

    /// <summary>Undoes RCT or ICT on the first three components.</summary>
    private void Untransform(int[][] coefficients)
    {
        TileComponent[] three = _components[..3];
        if (three.Any(c => c.Area != three[0].Area || c.Style.IsReversible != three[0].Style.IsReversible))
            throw Codestream.Damaged("a colour transform of components that differ in size or wavelet");
        (int[] first, int[] second, int[] third) = (coefficients[0], coefficients[1], coefficients[2]);
        bool reversible = three[0].Style.IsReversible;
        int width = three[0].Area.Width, height = three[0].Area.Height;
        AllProcessors.For((height + RowsAtOnce - 1) / RowsAtOnce, _options, part =>
        {
            int start = part * RowsAtOnce * width, count = Math.Min(RowsAtOnce * width, first.Length - start);
            Span<int> y = first.AsSpan(start, count), u = second.AsSpan(start, count), v = third.AsSpan(start, count);
            if (reversible)
                UntransformReversibly(y, u, v);
            else
                UntransformIrreversibly(MemoryMarshal.Cast<int, float>(y), MemoryMarshal.Cast<int, float>(u), MemoryMarshal.Cast<int,
                    float>(v));
        });
    }

    private static void UntransformReversibly(Span<int> first, Span<int> second, Span<int> third)
    {
        for (int i = 0; i < first.Length; i++)
        {
            (int y, int u, int v) = (first[i], second[i], third[i]);
            int green = y - (u + v >> 2);
            (first[i], second[i], third[i]) = (v + green, green, u + green);
        }
    }

    private static void UntransformIrreversibly(Span<float> first, Span<float> second, Span<float> third)
    {
        for (int i = 0; i < first.Length; i++)
        {
            (float y, float cb, float cr) = (first[i], second[i], third[i]);
            (first[i], second[i], third[i]) = (y + CrToRed * cr, y - CbToGreen * cb - CrToGreen * cr, y + CbToBlue * cb);
        }
    }

    /// <summary>Rounds, shifts unsigned samples up by half their range and keeps them in it.</summary>
    private void Store(int[] coefficients, TileComponent component, Plane plane)
    {
        (Area area, ComponentSize size) = (component.Area, component.Size);
        int half = 1 << size.Bits - 1, shift = size.IsSigned ? 0 : half;
        Vector128<int> lowest = Vector128.Create(-half), highest = Vector128.Create(half - 1), up = Vector128.Create(shift);
        AllProcessors.For((area.Height + RowsAtOnce - 1) / RowsAtOnce, _options, part =>
        {
            for (int y = part * RowsAtOnce; y < Math.Min(area.Height, (part + 1) * RowsAtOnce); y++)
            {
                Span<int> row = coefficients.AsSpan(y * area.Width, area.Width);
                if (!component.Style.IsReversible)
                    Round(row);
                Span<ushort> target =
                    plane.Samples.AsSpan((area.Y0 - plane.Area.Y0 + y) * plane.Area.Width + area.X0 - plane.Area.X0, area.Width);
                int x = 0;
                for (; x <= row.Length - Vector128<ushort>.Count; x += Vector128<ushort>.Count)
                {
                    Vector128<int> low = Vector128.Min(Vector128.Max(Vector128.Create<int>(row[x..]), lowest), highest) + up;
                    Vector128<int> high =
                        Vector128.Min(Vector128.Max(Vector128.Create<int>(row[(x + Vector128<int>.Count)..]), lowest), highest) + up;
                    Vector128.Narrow(low.AsUInt32(), high.AsUInt32()).CopyTo(target[x..]);
                }
                for (; x < row.Length; x++)
                    target[x] = (ushort)(Math.Clamp(row[x], -half, half - 1) + shift);
            }
        });
    }

    private static void Round(Span<int> row)
    {
        Span<float> values = MemoryMarshal.Cast<int, float>(row);
        int i = 0;
        for (; i <= row.Length - Vector128<int>.Count; i += Vector128<int>.Count)
            Vector128.ConvertToInt32(Vector128.Round(Vector128.Create<float>(values[i..]))).CopyTo(row[i..]);
        for (; i < row.Length; i++)
            row[i] = (int)MathF.Round(values[i]);
    }
}
