namespace LungSeg.IO.Tests;

public sealed class CsvTests
{
    [Fact]
    public void Cells_are_quoted_as_rfc_4180_says_and_a_line_ends_with_a_line_feed() =>
        Assert.Equal(
            "a,\"b,c\",\"d \"\"e\"\"\",\"f\ng\",\"h\r\",,,i j\n",
            Csv.Line(["a", "b,c", "d \"e\"", "f\ng", "h\r", "", null, "i j"]));

    [Fact]
    public void Numbers_read_back_as_they_were()
    {
        foreach (double value in (double[])[0, -1, 0.1, 1 / 3.0, 1e300, 5e-324, 123456789])
            Assert.Equal(value, double.Parse(Csv.Number(value)!, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Null(Csv.Number(null));
    }
}
