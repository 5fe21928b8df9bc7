using ILGPU;
using LungSeg.Kernels.Abi;
using LungSeg.Kernels.Ptx;

namespace LungSeg.Kernels.Convolution;

/// <summary>
/// What a block of the matrix-product convolutions works on: grid x counts the tiles of filters group by group, grid y the tiles of
/// pixels of one phase, grid z the images, in each the phases, in each the splits.
/// </summary>
internal struct ConvBlock
{
    public int Image;
    public int Split;

    /// <summary>0, or the phase of a transposed convolution: its row and column, 0 or 1, and its number.</summary>
    public int PhaseRow;
    public int PhaseColumn;
    public int Phase;

    public int Group;

    /// <summary>First filter of the tile, counted in its group.</summary>
    public int Filter;

    /// <summary>First pixel of the tile, counted in the phase.</summary>
    public int Pixel;

    public static ConvBlock Of(ConvParameters p, int tileM, int tileN)
    {
        ConvBlock block;
        int z = Grid.IdxZ / p.Splits;
        block.Split = Grid.IdxZ - (z * p.Splits);
        block.Image = z / p.Phases;
        block.Phase = z - (block.Image * p.Phases);
        block.PhaseRow = block.Phase >> 1;
        block.PhaseColumn = block.Phase & 1;
        int tiles = IntMath.DivideUp(p.Filters, tileN);
        block.Group = Grid.IdxX / tiles;
        block.Filter = (Grid.IdxX - (block.Group * tiles)) * tileN;
        block.Pixel = Grid.IdxY * tileM;
        return block;
    }

    /// <summary>Bytes of shared memory that <see cref="Save"/> writes.</summary>
    public const int SavedBytes = 32;

    /// <summary>
    /// Leaves the block in shared memory, for kernels whose loop needs the registers; behind a barrier <see cref="Saved"/> reads it.
    /// </summary>
    public readonly void Save(uint address)
    {
        if (ILGPU.Group.IdxX != 0) return;
        UInt4 place, tile;
        place.X = (uint)Image;
        place.Y = (uint)Split;
        place.Z = (uint)Phase;
        place.W = (uint)Group;
        tile.X = (uint)PhaseRow;
        tile.Y = (uint)PhaseColumn;
        tile.Z = (uint)Filter;
        tile.W = (uint)Pixel;
        Shared.Store(address, place);
        Shared.Store(address + 16, tile);
    }

    public static ConvBlock Saved(uint address)
    {
        UInt4 place = Shared.LoadUInt4(address), tile = Shared.LoadUInt4(address + 16);
        ConvBlock block;
        block.Image = (int)place.X;
        block.Split = (int)place.Y;
        block.Phase = (int)place.Z;
        block.Group = (int)place.W;
        block.PhaseRow = (int)tile.X;
        block.PhaseColumn = (int)tile.Y;
        block.Filter = (int)tile.Z;
        block.Pixel = (int)tile.W;
        return block;
    }

    /// <summary>The first and the last step of this split, the last exclusive.</summary>
    public readonly int FirstStep(ConvParameters p) => Split * p.StepsPerSplit;

    public readonly int EndStep(ConvParameters p) => IntMath.Min(FirstStep(p) + p.StepsPerSplit, p.Steps);

    /// <summary>Filters of a group that the output has room for: with one group, its padding too.</summary>
    public static int StoredFilters(ConvParameters p) => p.Groups == 1 ? IntMath.RoundUp8(p.Filters) : p.Filters;

    /// <summary>Where pixel <paramref name="pixel"/> of the phase lies in the output map.</summary>
    public readonly int OutputPixel(ConvParameters p, int pixel)
    {
        int row = pixel / p.Columns, column = pixel - (row * p.Columns);
        return ((p.FirstRow + PhaseRow + (row * p.Step)) * p.Output.Width) + p.FirstColumn + PhaseColumn + (column * p.Step);
    }
}
