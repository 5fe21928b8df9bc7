namespace LungSeg.Tests;

/// <summary>Tests of much work: <c>tests/peers.sh</c> runs them, and the everyday tests leave them out to stay short.</summary>
internal static class LargeTest
{
    /// <summary>Skips the test that calls it, unless LUNGSEG_LARGE is 1.</summary>
    public static void SkipUnlessWanted() =>
        Assert.SkipUnless(Environment.GetEnvironmentVariable("LUNGSEG_LARGE") == "1", "it is large (tests/peers.sh)");
}
