using System.Runtime.ExceptionServices;

namespace LungSeg.Engine.Backends.Cuda;

/// <summary>Work on the host that is the same for many things.</summary>
internal static class AllProcessors
{
    /// <summary>
    /// Calls <paramref name="work"/> for each number below <paramref name="count"/>; throws what one of the calls threw, as it was.
    /// </summary>
    public static void For(int count, Action<int> work)
    {
        try
        {
            Parallel.For(0, count, work);
        }
        catch (AggregateException e)
        {
            // Users are told what is wrong, not that several threads found it.
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
