namespace LungSeg.Engine.Backends.Cpu.Convolution;

/// <summary>
/// The tiles of an output map: where each one's first pixel lies. With dilation d the map is d x d maps whose pixels are d
/// apart, and a tile belongs to one of them. Four tile rows make a band, walked through column by column, so that tiles
/// that follow each other read pixels that lie close together.
/// </summary>
internal sealed class WinogradTiles
{
    private const int Band = 4;

    public WinogradTiles(int height, int width, int outputs, int dilation)
    {
        var tiles = new List<(int Row, int Column)>();
        for (int phase = 0; phase < dilation * dilation; phase++)
        {
            int top = phase / dilation, left = phase % dilation, step = outputs * dilation;
            int rows = Along(height - top, step), columns = Along(width - left, step);
            for (int band = 0; band < rows; band += Band)
            {
                for (int column = 0; column < columns; column++)
                {
                    for (int row = band; row < Math.Min(band + Band, rows); row++) tiles.Add((top + (row * step), left + (column * step)));
                }
            }
        }
        Rows = [.. tiles.Select(tile => tile.Row)];
        Columns = [.. tiles.Select(tile => tile.Column)];
    }

    public int Count => Rows.Length;

    /// <summary>The tiles along a side of the map, those of all its parts together.</summary>
    public static int Along(int side, int outputs, int dilation) =>
        Enumerable.Range(0, dilation).Sum(phase => Along(side - phase, outputs * dilation));

    /// <summary>The output row of each tile's first pixel.</summary>
    public int[] Rows { get; }

    /// <summary>The output column of each tile's first pixel.</summary>
    public int[] Columns { get; }

    private static int Along(int side, int step) => Math.Max(0, (side + step - 1) / step);
}
