namespace LungSeg.Cli.Diagnosis;

/// <summary>The devices besides the processor.</summary>
internal static class DeviceCheck
{
    public static IEnumerable<Finding> Find() => [Finding.Good("GPU", "not used: this version runs on the processor alone")];
}
