namespace LungSeg.Engine.Weights;

/// <summary>Where a network's weights come from while it is built.</summary>
internal interface IWeightSource
{
    /// <summary>The weight of a full key, which the network expects to have the given dimensions (none for a scalar).</summary>
    Parameter Get(string key, ReadOnlySpan<int> dims);
}
