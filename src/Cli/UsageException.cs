using LungSeg.IO;

namespace LungSeg.Cli;

/// <summary>The command line asks for something that cannot be done; the message says what to do instead.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : LungSegException(message, inner);
