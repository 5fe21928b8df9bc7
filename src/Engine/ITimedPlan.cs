namespace LungSeg.Engine;

/// <summary>A plan on a device with a clock of its own, which says what of a run was copying and what computing.</summary>
internal interface ITimedPlan
{
    /// <summary>Runs the network once, as <see cref="Plan.Execute()"/> does, and returns the times of its parts.</summary>
    RunTimes ExecuteTimed();
}

/// <summary>A run's parts in milliseconds, as the device's clock measured them.</summary>
/// <param name="HostToDevice">Copying the input.</param>
/// <param name="Kernels">Computing.</param>
/// <param name="DeviceToHost">Copying the outputs.</param>
internal readonly record struct RunTimes(double HostToDevice, double Kernels, double DeviceToHost)
{
    /// <summary>All of it.</summary>
    public double Total => HostToDevice + Kernels + DeviceToHost;
}
