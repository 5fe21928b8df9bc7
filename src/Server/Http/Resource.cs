using System.Collections.Concurrent;

namespace LungSeg.Server.Http;

/// <summary>Files that are in the program.</summary>
internal static class Resource
{
    private static readonly ConcurrentDictionary<string, byte[]> Read = [];

    public static byte[] Bytes(string name) => Read.GetOrAdd(name, static name =>
    {
        using Stream stream = typeof(Resource).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"the program lacks its file {name}");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    });

    public static bool Has(string name) => typeof(Resource).Assembly.GetManifestResourceInfo(name) is not null;
}
