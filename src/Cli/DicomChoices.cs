using System.CommandLine;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Cli;

/// <summary>The options of every command that reads DICOM files: <c>--voi</c>, <c>--invert</c>, <c>--frame</c>.</summary>
internal sealed class DicomChoices
{
    private readonly Option<string> _voi = CommonOptions.Choice(
        "--voi", "DICOM grey values: by the file's VOI LUT or window (auto), the whole range (none), or the image's range (minmax)",
        "auto", "auto", "none", "minmax");

    private readonly Option<string> _invert = CommonOptions.Choice(
        "--invert", "Invert DICOM grey values: as the file says (auto), always (on) or never (off)", "auto", "auto", "on", "off");

    private readonly Option<int> _frame = CommonOptions.Whole(
        "--frame", "Frame to read from a multi-frame DICOM file; the first is 1", 1, int.MaxValue, 0);

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_voi);
        command.Add(_invert);
        command.Add(_frame);
    }

    public DicomOptions Read(ParseResult parsed) => new()
    {
        Voi = Enum.Parse<Voi>(parsed.GetRequiredValue(_voi), ignoreCase: true),
        Invert = Enum.Parse<Inversion>(parsed.GetRequiredValue(_invert), ignoreCase: true),
        ImagesOnly = true,
        Frame = parsed.GetValue(_frame) is > 0 and int frame ? frame : null,
    };
}
