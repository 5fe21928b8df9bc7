using LungSeg.MachineCode.Abi;

namespace LungSeg.MachineCode.Tests;

/// <summary>A tile of random numbers in guarded memory, and its sums by the definition.</summary>
internal sealed unsafe class Int8Problem : IDisposable
{
    private const int Outputs = 16, Group = 4, Unwritten = 0x5A5A5A5A;
    private readonly List<GuardedMemory> _memory = [];
    private readonly int[] _expected;

    public Int8Problem(Random random, int pixels, int vectors, bool atEnd)
    {
        int outputs = vectors * Outputs;
        (int Offset, int Steps)[] runs = [.. Enumerable.Range(0, random.Next(5)).Select(_ => (random.Next(40), random.Next(20)))];
        int steps = runs.Sum(run => run.Steps);
        int pixelBytes = runs.Max(run => (int?)(run.Offset + (Group * run.Steps))) ?? 0;
        int inputStride = pixelBytes == 0 ? 0 : random.Next(pixelBytes + 40);
        int initialStride = random.Next(2) == 0 ? 0 : outputs + random.Next(5), sumsStride = outputs + random.Next(5);
        byte* input = Memory(((pixels - 1) * inputStride) + pixelBytes, random);
        sbyte* weights = (sbyte*)Memory(steps * outputs * Group, random);
        int* initial = (int*)Memory(4 * (((pixels - 1) * initialStride) + outputs), random);
        Tile = (Int8Tile*)Memory(sizeof(Int8Tile), random);
        Int8Run* list = (Int8Run*)Memory(sizeof(Int8Run) * runs.Length, random);
        SumCount = ((pixels - 1) * sumsStride) + outputs;
        Sums = (int*)Memory(4 * SumCount, random);
        new Span<int>(Sums, SumCount).Fill(Unwritten);
        _expected = [.. Enumerable.Repeat(Unwritten, SumCount)];

        // The runs' weights follow one another in another order than the runs.
        int[] order = [.. Enumerable.Range(0, runs.Length)];
        random.Shuffle(order);
        int row = 0;
        foreach (int run in order)
        {
            list[run] = new Int8Run { Input = runs[run].Offset, Weights = row * outputs * Group, Length = runs[run].Steps };
            row += runs[run].Steps;
        }
        for (int pixel = 0; pixel < pixels; pixel++)
        {
            for (int output = 0; output < outputs; output++)
            {
                int sum = initial[(pixel * initialStride) + output];
                for (int run = 0; run < runs.Length; run++)
                {
                    for (int k = 0; k < Group * runs[run].Steps; k++)
                    {
                        int weight = weights[list[run].Weights + (((k / Group * outputs) + output) * Group) + (k % Group)];
                        sum = unchecked(sum + (input[(pixel * inputStride) + list[run].Input + k] * weight));
                    }
                }
                _expected[(pixel * sumsStride) + output] = sum;
            }
        }
        *Tile = new Int8Tile
        {
            Input = input,
            InputStride = inputStride,
            Weights = weights,
            Runs = list,
            RunCount = runs.Length,
            Initial = initial,
            InitialStride = initialStride,
            Sums = Sums,
            SumsStride = sumsStride,
            // A prefetch may ask for any address.
            Next = (byte*)random.NextInt64(),
        };

        byte* Memory(int bytes, Random source)
        {
            var memory = new GuardedMemory(bytes, atEnd);
            _memory.Add(memory);
            source.NextBytes(new Span<byte>(memory.Data, bytes));
            return memory.Data;
        }
    }

    public Int8Tile* Tile { get; }

    private int* Sums { get; }

    private int SumCount { get; }

    /// <summary>Whether the sums are right and what is between them untouched.</summary>
    public bool IsSolved => new ReadOnlySpan<int>(Sums, SumCount).SequenceEqual(_expected);

    public void Dispose() => _memory.ForEach(memory => memory.Dispose());
}
