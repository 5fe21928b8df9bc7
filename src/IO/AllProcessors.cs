using System.Runtime.ExceptionServices;

namespace LungSeg.IO;

/// <summary>Loops on all processors whose errors come out as they were thrown.</summary>
internal static class AllProcessors
{
    private static readonly ParallelOptions All = new();

    /// <inheritdoc cref="For(int, ParallelOptions, Action{int})"/>
    public static void For(int count, Action<int> work) => For(count, All, work);

    /// <summary>
    /// Calls <paramref name="work"/> for each number below <paramref name="count"/>; throws what one of the calls threw, as it was.
    /// </summary>
    public static void For(int count, ParallelOptions options, Action<int> work)
    {
        if (count == 1 || options.MaxDegreeOfParallelism == 1)
        {
            for (int i = 0; i < count; i++) work(i);
            return;
        }
        try
        {
#pragma warning disable RS0030 // The one place.
            Parallel.For(0, count, options, work);
#pragma warning restore RS0030
        }
        catch (AggregateException e)
        {
            // Users are told what is wrong, not that several threads found it.
            ExceptionDispatchInfo.Throw(e.Flatten().InnerExceptions[0]);
        }
    }
}
