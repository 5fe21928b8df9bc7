using LungSeg.Cli.Comparison;
using LungSeg.Imaging;
using LungSeg.Models;

namespace LungSeg.Cli.Evaluation;

/// <summary>Masks or probability maps that were made before; a map is cut at the threshold and not cleaned.</summary>
internal sealed class FileSource(string path, float threshold, bool union) : IMaskSource
{
    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    public Architecture? Network => null;

    public string Description => "files, taken as they are";

    public PredictedMask Predict(EvaluationPair pair, Radiograph image)
    {
        string file = pair.Prediction ?? throw new UsageException($"'{pair.Name}' has no prediction in '{path}'");
        Comparable values = Comparable.Read(file, union);
        return new PredictedMask(Cut(threshold), values.IsMask ? null : Cut);

        LungMask Cut(float at) => MaskReading.OnImage(values.Cut(at), image, file);
    }

    public void Dispose()
    {
    }
}
