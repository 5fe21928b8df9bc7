namespace LungSeg.Engine.Backends.Reference;

/// <summary>The inputs' channels one after the other.</summary>
internal static class Concat
{
    public static void Run(Map[] x, Map y)
    {
        for (int n = 0; n < y.Shape.N; n++)
        {
            int channel = 0;
            foreach (Map input in x)
            {
                for (int c = 0; c < input.Shape.C; c++) input.Plane(n, c).CopyTo(y.Plane(n, channel++));
            }
        }
    }
}
