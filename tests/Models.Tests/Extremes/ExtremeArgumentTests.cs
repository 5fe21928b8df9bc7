using System.Diagnostics;
using System.Reflection;
using LungSeg.Engine;
using LungSeg.Imaging;
using LungSeg.IO;
using LungSeg.Models.Scoring;
using Microsoft.Extensions.DependencyInjection;

namespace LungSeg.Models.Tests.Extremes;

/// <summary>
/// Every public member of the libraries is called with extremes, one at a time, the other arguments being what it takes. It returns, or it
/// refuses in the documented ways, soon and in little memory. A new public type is found by itself; where <see cref="Samples"/> cannot make
/// one, it needs a line there.
/// </summary>
[Collection(nameof(ExtremeArgumentTests))]
[CollectionDefinition(nameof(ExtremeArgumentTests), DisableParallelization = true)]
public sealed class ExtremeArgumentTests
{
    private const long MaximumBytes = 256 << 20;
    private static readonly TimeSpan MaximumTime = TimeSpan.FromSeconds(1), Hangs = TimeSpan.FromSeconds(60);

    private static readonly Assembly[] Libraries =
    [
        typeof(LungSegException).Assembly,
        typeof(Plan).Assembly,
        typeof(Radiograph).Assembly,
        typeof(LungSegmenter).Assembly,
        typeof(LungSegServiceCollectionExtensions).Assembly,
    ];

    // What cannot succeed here: the machine that tests has no GPU.
    private static readonly string[] Refused = ["CudaBackend..ctor", "CudaDevice.List"];

    public static TheoryData<string> Types => [.. All.Select(type => type.FullName!).Order(StringComparer.Ordinal)];

    private static IEnumerable<Type> All => Libraries.SelectMany(library => library.GetExportedTypes()).Where(type => !type.IsEnum);

    [Theory, MemberData(nameof(Types))]
    public void Extreme_arguments_are_taken_or_refused(string name)
    {
        Type type = All.Single(t => t.FullName == name);
        // Each of its instances loads two networks.
        if (type == typeof(LesionScorer)) LargeTest.SkipUnlessWanted();
        string before = Environment.CurrentDirectory;
        using var samples = new Samples();
        Environment.CurrentDirectory = samples.Folder;
        try
        {
            var extremes = new ExtremeValues(samples);
            List<string> faults = [];
            Member[] members = [.. Member.Of(type).Where(member => !IsLeftOut(member.Method))];
            object?[] instances = [.. samples.InstancesOf(type).Select(make => make())];
            if (instances.Length == 0 && members.Any(member => member.HasInstance)) faults.Add($"{name}: Samples has no instance of it");
            foreach (Member member in members)
            {
                foreach (object? instance in member.HasInstance ? instances : [null])
                {
                    object?[] Ordinary() => [.. member.Parameters.Select(samples.ValueOf)];
                    bool mustSucceed = !Refused.Any(member.Name.StartsWith);
                    Check(faults, $"{member.Name}, ordinary arguments", () => member.Call(instance, Ordinary()), mustSucceed);
                    foreach (ParameterInfo parameter in member.Parameters)
                    {
                        foreach (Extreme extreme in extremes.Of(parameter.ParameterType, 1, $"{name}.{parameter.Name}"))
                        {
                            object?[] arguments = Ordinary();
                            arguments[parameter.Position] = extreme.Value;
                            Check(faults, $"{member.Name}, {parameter.Name} = {extreme.Name}", () => member.Call(instance, arguments));
                        }
                    }
                }
            }
            foreach (PropertyInfo property in Samples.Settable(type))
            {
                void SetOrdinary() => samples.With(property, samples.ValueOf(property));
                Check(faults, $"{type.Name}.{property.Name}, ordinary value", SetOrdinary, mustSucceed: true);
                foreach (Extreme extreme in extremes.Of(property.PropertyType, 1, $"{name}.{property.Name}"))
                    Check(faults, $"{type.Name}.{property.Name} = {extreme.Name}", () => samples.With(property, extreme.Value));
            }
            foreach (Extreme variant in extremes.Variants(type, 1)) CallAll(variant.Value!, variant.Name);
            foreach (Func<object> make in samples.InstancesOf(type))
            {
                if (!typeof(IDisposable).IsAssignableFrom(type)) break;
                var disposed = (IDisposable)make();
                disposed.Dispose();
                disposed.Dispose();
                CallAll(disposed, "disposed");
            }
            Assert.True(faults.Count == 0, string.Join('\n', faults.Distinct().Prepend($"{faults.Count} faults")));

            void CallAll(object instance, string which)
            {
                foreach (Member member in members.Where(member => member.HasInstance))
                    Check(faults, $"{member.Name}, {which}", () => member.Call(instance, [.. member.Parameters.Select(samples.ValueOf)]));
            }
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    // Setters are called on instances that nobody else has, and so is Dispose.
    private static bool IsLeftOut(MethodBase method) =>
        method.Name == nameof(IDisposable.Dispose) || (method.IsSpecialName && method.Name.StartsWith("set_", StringComparison.Ordinal));

    private static void Check(List<string> faults, string name, Action call, bool mustSucceed = false)
    {
        string? fault = Fault(call, mustSucceed);
        // A machine that is busy with other things is slow now and then, a member always.
        for (int again = 0; again < 2 && fault?.StartsWith("took", StringComparison.Ordinal) == true; again++) fault = Fault(call, false);
        if (fault is not null) faults.Add($"{name}: {fault}");
    }

    private static string? Fault(Action call, bool mustSucceed)
    {
        Exception? error = null;
        long before = GC.GetTotalAllocatedBytes(), start = Stopwatch.GetTimestamp();
        Task run = Task.Run(() =>
        {
            try
            {
                call();
            }
            catch (Exception e)
            {
                error = e;
            }
        });
        if (!run.Wait(Hangs)) return $"runs on after {Hangs.TotalSeconds} s";
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        long allocated = GC.GetTotalAllocatedBytes() - before;
        if (allocated > MaximumBytes) return $"allocated {allocated >> 20} MiB";
        if (error is not null && (mustSucceed || !IsAllowed(error)))
        {
            string? at = error.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("LungSeg.", StringComparison.Ordinal));
            return $"{error.GetType().Name}: {error.Message} {at?.Trim()}";
        }
        return took > MaximumTime ? $"took {took.TotalSeconds:F1} s" : null;
    }

    private static bool IsAllowed(Exception e) => e is ArgumentException or ObjectDisposedException or NotSupportedException
        or LungSegException or OperationCanceledException or FormatException;
}
