using LungSeg.Server.Spooling;

namespace LungSeg.Server.Delivery;

/// <summary>Where results go. Sending the same results again does no harm: their identifiers and bytes are the same.</summary>
internal interface IDestination
{
    /// <summary>
    /// Sends an item's results; false where they are complete only when a storage commitment, which the item's journal has, is reported.
    /// </summary>
    /// <exception cref="Exception">The results are not there, or not all of them.</exception>
    Task<bool> SendAsync(Item item, string name, CancellationToken stop);
}

/// <summary>Writes results into a directory, as <c>segment</c> does.</summary>
internal sealed class FolderDestination(string directory) : IDestination
{
    public Task<bool> SendAsync(Item item, string name, CancellationToken stop)
    {
        string stem = Path.Combine(directory, item.Acceptance.Name.Replace('/', Path.DirectorySeparatorChar));
        Directory.CreateDirectory(Path.GetDirectoryName(stem)!);
        IO.AtomicFile.Write([.. item.Done!.Results.Select(result => (stem + result.Name["result".Length..], (Action<Stream>)(target =>
        {
            using FileStream source = File.OpenRead(Path.Combine(item.Results, result.Name));
            source.CopyTo(target);
        })))]);
        return Task.FromResult(true);
    }
}
