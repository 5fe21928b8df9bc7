using System.CommandLine;
using LungSeg.Imaging.Dicom;

namespace LungSeg.Cli;

/// <summary>The options of every command that reads DICOM files: <c>--voi</c>, <c>--invert</c>, <c>--frame</c>.</summary>
internal sealed class DicomChoices
{
    private readonly Option<string> _voi = CommonOptions.Choice(
        "--voi", "DICOM grey values: the file's VOI LUT or window (auto), the whole range (none), or the image's range (minmax)",
        "auto", "auto", "none", "minmax");

    private readonly Option<string> _invert = CommonOptions.Choice(
        "--invert", "DICOM dark and bright exchanged: as the file says (auto), always (on) or never (off)", "auto", "auto", "on", "off");

    private readonly Option<int> _frame = CommonOptions.Whole("--frame", "The frame of a DICOM file that has several, from 1", 1, int.MaxValue, 0);

    /// <summary>Gives the command the options.</summary>
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
