using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using LungSeg.IO;

namespace LungSeg.Cli.Journals;

/// <summary>
/// One part of a run that several processes share, counted from 1. The hash of an image's name determines its part, on every machine and
/// for any set of images.
/// </summary>
internal readonly record struct Shard(int Index, int Count)
{
    private const string ByHand = "give the part as in --shard 2/4";

    /// <summary>The only part of an undivided run.</summary>
    public static Shard Whole => new(1, 1);

    public bool IsWhole => Count == 1;

    /// <summary>
    /// Whether an image belongs to this part: the first 8 bytes of its name's SHA-256, big endian, modulo the number of parts.
    /// </summary>
    public bool Holds(string name) =>
        BinaryPrimitives.ReadUInt64BigEndian(Sha256.Of(Encoding.UTF8.GetBytes(name))) % (ulong)Count == (ulong)(Index - 1);

    /// <summary>Reads "2/4", or for "auto" the environment of a Slurm job array or an indexed Kubernetes job.</summary>
    public static Shard Parse(string text, Func<string, string?> environment)
    {
        if (text == "auto")
        {
            return OfSlurm(environment) ?? OfKubernetes(environment) ?? throw new UsageException(
                "--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set, so this is not a task of a job array; "
                + ByHand);
        }
        if (TryParse(text, out Shard shard)) return shard;
        throw new UsageException($"--shard: expected auto, or a part and the number of parts, such as 2/4; found '{text}'");
    }

    /// <summary>Reads "2/4".</summary>
    public static bool TryParse(string text, out Shard shard)
    {
        string[] parts = text.Split('/');
        bool holds = parts.Length == 2 && Number(parts[0]) is >= 1 && Number(parts[1]) >= Number(parts[0]);
        shard = holds ? new Shard(Number(parts[0])!.Value, Number(parts[1])!.Value) : Whole;
        return holds;
    }

    public override string ToString() => $"{Index}/{Count}";

    private static Shard? OfSlurm(Func<string, string?> environment)
    {
        if (environment("SLURM_ARRAY_TASK_ID") is null) return null;
        int id = Required("SLURM_ARRAY_TASK_ID"), count = Required("SLURM_ARRAY_TASK_COUNT"), minimum = Required("SLURM_ARRAY_TASK_MIN");
        int maximum = Required("SLURM_ARRAY_TASK_MAX");
        int step = Number(environment("SLURM_ARRAY_TASK_STEP") ?? "1") is > 0 and int given ? given : 1;
        // An array such as 1,3,7 has gaps that its step does not describe: some part would be done by no task.
        if ((maximum - minimum) / step + 1 != count || (id - minimum) % step != 0)
        {
            throw new UsageException(
                $"--shard auto: the job array from {minimum} to {maximum} has {count} tasks, so it is not evenly numbered; "
                + $"use one such as --array=1-{count}, or {ByHand}");
        }
        return new Shard((id - minimum) / step + 1, count);

        int Required(string name) => Number(environment(name) ?? "") ?? throw new UsageException(
            $"--shard auto: SLURM_ARRAY_TASK_ID is set, but {name} is '{environment(name)}', a number was expected; {ByHand}");
    }

    private static Shard? OfKubernetes(Func<string, string?> environment)
    {
        const string IndexName = "JOB_COMPLETION_INDEX", CountName = "JOB_COMPLETION_COUNT";
        if (environment(IndexName) is not { } text) return null;
        int? index = Number(text), count = Number(environment(CountName) ?? "");
        if (index is null || count is null || index >= count)
        {
            throw new UsageException($"--shard auto: {IndexName} is '{text}' and {CountName} is '{environment(CountName)}': Kubernetes "
                + $"sets the first; set the second in the pod's environment to the job's spec.completions, or {ByHand}");
        }
        return new Shard(index.Value + 1, count.Value);
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
}
