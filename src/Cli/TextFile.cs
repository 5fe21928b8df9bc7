using System.Text;
using LungSeg.Imaging.Outputs;

namespace LungSeg.Cli;

/// <summary>Text files that appear whole or not at all.</summary>
internal static class TextFile
{
    public static void Write(string path, string text) => WholeFiles.Write((path, stream => stream.Write(Encoding.UTF8.GetBytes(text))));
}
