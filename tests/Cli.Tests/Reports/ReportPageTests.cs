using System.Text.Json;
using LungSeg.Cli.Journals;
using LungSeg.Cli.Reports;
using LungSeg.Cli.Tests.Runs;
using LungSeg.Imaging.Quality;

namespace LungSeg.Cli.Tests.Reports;

/// <summary>report.html: what is in it, and how a reader meets it in a browser.</summary>
public sealed class ReportPageTests : IDisposable
{
    private const string Awkward = "</script><b>&\"'.png";
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_page_holds_all_images_and_refers_to_nothing_outside()
    {
        Segment("--report");
        string page = File.ReadAllText(_directory["out/report.html"]);
        JsonElement data = Data(page);
        JsonElement[] images = [.. data.GetProperty("images").EnumerateArray()];
        Assert.Equal(
            ["awkward/" + Awkward, "bad.png", "dark.png", "p1.png", "p2.png", "p3.png"],
            images.Select(p => p.GetProperty("record").GetProperty("file").GetString()));
        Assert.Equal(5, images.Count(image => image.TryGetProperty("thumbnail", out _)));
        Assert.Equal("pan", data.GetProperty("settings").GetProperty("network").GetString());
        Assert.Equal(64, data.GetProperty("settings").GetProperty("weights").GetString()!.Length);
        JsonElement conditions = data.GetProperty("sessions")[0].GetProperty("conditions");
        Assert.StartsWith("CPU, ", conditions.GetProperty("device").GetString());
        Assert.Contains("at the network with", conditions.GetProperty("images at a time").GetString());
        Assert.DoesNotContain("http", page.Replace("http-equiv", "").Replace("http://www.w3.org/2000/svg", ""));
        Assert.DoesNotContain("{{", page);
    }

    [Fact]
    public void Report_makes_the_page_of_a_run_that_had_none_and_of_merged_shards()
    {
        Segment();
        Assert.False(File.Exists(_directory["out/report.html"]));
        string csv = File.ReadAllText(_directory["out/report.csv"]);
        Lungseg.Run("report", _directory["out"]).Succeeded();
        Assert.Equal(csv, File.ReadAllText(_directory["out/report.csv"]));
        JsonElement whole = Data(File.ReadAllText(_directory["out/report.html"]));

        Segment("--shard", "1/2", "-o", _directory["shards"]);
        Lungseg.Run("report", _directory["shards"]).Refused("lungseg merge");
        Segment("--shard", "2/2", "-o", _directory["shards"]);
        Lungseg.Run("merge", _directory["shards"], "--report").Succeeded();
        JsonElement merged = Data(File.ReadAllText(_directory["shards/report.html"]));
        Assert.Equal(2, merged.GetProperty("sessions").GetArrayLength());
        Assert.Equal(6, merged.GetProperty("limits").GetProperty("expected").GetInt32());
        Assert.Equal(Thumbnails(whole), Thumbnails(merged));

        Lungseg.Run("report", _directory["in"]).Refused("journal.jsonl");
        Lungseg.Run("report", _directory["shard"]).Refused("is not a directory", "did you mean");

        static IEnumerable<string> Thumbnails(JsonElement data) =>
            data
                .GetProperty("images")
                .EnumerateArray()
                .Select(image => image.TryGetProperty("thumbnail", out JsonElement t) ? t.ToString() : "");
    }

    [Fact]
    public async Task Readers_can_sort_filter_and_toggle_at_desk_and_on_the_phone()
    {
        Assert.SkipUnless(Chromium.Program is not null, "no Chromium on this machine");
        Segment("--report");
        await using Chromium browser = await Chromium.Start();
        (int, bool, bool)[] screens = [(1280, false, false), (1280, true, false), (390, false, true), (390, true, true)];
        foreach ((int width, bool dark, bool touch) in screens)
        {
            await browser.Show(width, dark, touch);
            await browser.Open(_directory["out/report.html"]);
            await Layout(browser, width, dark);
            await Table(browser);
            await Overlays(browser, touch);
        }
        foreach (int width in (int[])[320, 820, 1216, 1217])
        {
            await browser.Show(width, dark: false);
            Assert.InRange(await Number(browser, "document.documentElement.scrollWidth"), 1, width);
        }
        await browser.Show(794, dark: true, media: "print");
        Assert.InRange(await Number(browser, "document.documentElement.scrollWidth"), 1, 794);
        Assert.Equal("none rgb(255, 255, 255)", await Text(browser, "getComputedStyle(find('controls')).display + ' ' + "
            + "getComputedStyle(document.body).backgroundColor"));
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Two_thousand_images_are_shown_some_at_a_time()
    {
        Assert.SkipUnless(Chromium.Program is not null, "no Chromium on this machine");
        const int Images = 2000;
        Segment();
        Repeat(Images);
        long size = new FileInfo(_directory["many/report.html"]).Length;
        Assert.InRange(size, 1, 20_000_000);

        await using Chromium browser = await Chromium.Start();
        await browser.Show(1280, dark: false);
        await browser.Open(_directory["many/report.html"]);
        Assert.Equal($"{Images}", await Text(browser, "find('summary').querySelector('dd').textContent"));
        Assert.InRange(await Number(browser, "find('rows').children.length"), 1, 300);
        Assert.Equal("3", await Text(browser, "find('rows').children[0].querySelectorAll('.flag').length + ''"));
        await browser.Evaluate("(async () => { while (find('rows').children.length < 1000) { scrollTo(0, document.body.scrollHeight); "
            + "await new Promise(next => setTimeout(next, 20)); } })()");
        Assert.InRange(await Number(browser, "find('rows').children.length"), 1000, 1999);
        await browser.Evaluate("dispatchEvent(new Event('beforeprint'))");
        Assert.Equal(Images, await Number(browser, "find('rows').children.length"));
        Assert.Empty(browser.Complaints);
    }

    private static async Task Layout(Chromium browser, int width, bool dark)
    {
        Assert.InRange(await Number(browser, "document.documentElement.scrollWidth"), 1, width);
        Assert.Equal(0, await Number(browser, "document.querySelectorAll('#rows b:not(.flag b)').length"));
        Assert.True((await browser.Evaluate("[...document.querySelectorAll('.name')].some(name => name.textContent === "
            + $"{JsonSerializer.Serialize($"awkward/{Awkward}")})")).GetBoolean());
        Assert.Contains("bad.png", await Text(browser, "find('failed').textContent"));
        Assert.Equal(2, await Number(browser, "document.querySelectorAll('#histograms svg[role=img][aria-label*=Median]').length"));
        // Everything that can be used has a name, and the browser's own order of focus is kept.
        Assert.Equal("", await Text(browser, "[...document.querySelectorAll('button, input, select')].filter(e => !(e.ariaLabel || "
            + "e.textContent.trim() || e.labels?.[0]?.textContent.trim())).map(e => e.outerHTML).join()"));
        Assert.Equal(0, await Number(browser, "document.querySelectorAll('[tabindex]:not([tabindex=\"0\"], [tabindex=\"-1\"])').length"));
        // Contrast of WCAG 2.2, level AA.
        const string Contrast =
            "(() => { const rgb = c => c.match(/[\\d.]+/g).map(Number); const l = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v "
            + "<= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0); const "
            + "ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || "
            + "c[3] > 0) return c; } return [255, 255, 255]; };return Math.min(...[...document.querySelectorAll('h1, p, dt, dd, td, a, "
            + "caption, figcaption, li, .flag b, .small, thead button, .controls button, select')].filter(e => e.offsetParent && "
            + "e.textContent.trim()).map(e => {const [a, b] = [l(rgb(getComputedStyle(e).color)), l(ground(e))].sort((x, y) => y - x); "
            + "return (a + .05) / (b + .05); })); })()";
        Assert.InRange((await browser.Evaluate(Contrast)).GetDouble(), 4.5, 21);
        int light = await Number(browser, "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])");
        Assert.Equal(dark, light < 128);
    }

    private static async Task Table(Chromium browser)
    {
        const string Flags = "[...find('rows').children].map(row => row.querySelectorAll('.flag').length)";
        int[] flags = [.. (await browser.Evaluate(Flags)).EnumerateArray().Select(count => count.GetInt32())];
        Assert.Equal(5, flags.Length);
        Assert.True(flags[0] > 0);
        Assert.Equal(flags.OrderDescending(), flags);

        await browser.Evaluate("find('sort').value = 'share', find('sort').dispatchEvent(new Event('change'))");
        Assert.Equal("ascending", await Text(browser, "find('head').querySelector('[data-key=share]').getAttribute('aria-sort')"));
        double[] shares = await Shares(browser);
        Assert.Equal(shares.Order(), shares);
        await browser.Evaluate("find('head').querySelector('[data-key=share] button').click()");
        Assert.Equal(shares.Reverse(), await Shares(browser));

        await browser.Evaluate("find('search').value = 'P1', find('search').dispatchEvent(new Event('input'))");
        Assert.Equal("1 of 5 images", await Text(browser, "find('count').textContent"));
        await browser.Evaluate("find('search').value = '', find('filter').value = '*', find('filter').dispatchEvent(new Event('change'))");
        Assert.Equal(flags.Count(count => count > 0), await Number(browser, "find('rows').children.length"));
        await browser.Evaluate("find('filter').value = '', find('filter').dispatchEvent(new Event('change'))");
    }

    private static async Task Overlays(Chromium browser, bool touch)
    {
        await Opacity("1");
        if (touch)
        {
            await browser.Tap(".thumb");
            await Opacity("0");
            await browser.Tap(".thumb");
        }
        else
        {
            await browser.Point(".thumb");
            await Opacity("0");
            await browser.Point("h1");
        }
        await Opacity("1");
        await browser.Evaluate("document.querySelector('.thumb').focus()");
        await browser.Press("Enter", "\r");
        await Opacity("0");
        await browser.Press(" ", " ");
        await Opacity("1");
        await browser.Press("o", "o");
        await Opacity("0");
        Assert.Equal(0, await Number(browser, "document.querySelectorAll('.thumb[aria-pressed=true]').length"));
        await browser.Evaluate("find('overlays').click()");
        await Opacity("1");

        // A finger's touch becomes a press a moment later.
        async Task Opacity(string expected)
        {
            string found = "";
            for (int i = 0; i < 200 && found != expected; i++, await Task.Delay(10))
                found = await Text(browser, "getComputedStyle(document.querySelector('.thumb svg')).opacity");
            Assert.Equal(expected, found);
        }
    }

    private static async Task<double[]> Shares(Chromium browser) => [.. (await browser.Evaluate(
        "[...find('rows').querySelectorAll('[data-label=\"Lung share\"]')].map(cell => "
            + "parseFloat(cell.textContent))")).EnumerateArray().Select(share => share.GetDouble())];

    private static async Task<string> Text(Chromium browser, string expression) => (await browser.Evaluate(expression)).GetString()!;

    private static async Task<int> Number(Chromium browser, string expression) => (await browser.Evaluate(expression)).GetInt32();

    private static JsonElement Data(string page)
    {
        const string Start = "id=\"data\">";
        int from = page.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        return JsonDocument.Parse(page[from..page.IndexOf("</script>", from, StringComparison.Ordinal)]).RootElement;
    }

    /// <summary>A run's journal as if it had been of so many images, the last with three flags; and its page.</summary>
    private void Repeat(int count)
    {
        using JournalFile from = JournalFile.Open(_directory["out/journal.jsonl"]);
        JournalEntry entry = from.Find("p1.png")!;
        using (Journal journal = Journal.Take(_directory["many"], Shard.Whole))
        {
            journal.Begin([new JournalLine { Session = from.Sessions[0] with { Images = count, AllImages = count } }]);
            for (int i = 0; i < count; i++)
            {
                QualityFlag[] flags = i == count - 1 ? [new("one", "?", "!"), new("two", "?", "!"), new("three", "?", "!")] : [];
                string name = $"folder {i % 7}/image {i:0000}";
                OutputFile[] outputs = [.. entry.Record.Outputs.Select(output => output with { Name = name + output.Name["p1".Length..] })];
                ImageRecord record = entry.Record with { File = $"{name}.png", Outputs = outputs, Flags = flags };
                journal.Add(new JournalLine { Image = entry with { Record = record } });
            }
        }
        using JournalFile many = JournalFile.Open(_directory["many/journal.jsonl"]);
        using FileStream page = File.Create(_directory["many/report.html"]);
        ReportPage.Write(page, many, "many");
    }

    private void Segment(params string[] more)
    {
        Images.Write(_directory, "in", "p1.png", "p2.png", "p3.png", $"awkward/{Awkward}");
        File.WriteAllText(_directory["in/bad.png"], "no image");
        File.WriteAllBytes(_directory["in/dark.png"], LungSeg.Imaging.ImageWriter.EncodePng(64, 64, 1, new byte[64 * 64]));
        string[] output = more.Contains("-o") ? [] : ["-o", _directory["out"]];
        Assert.InRange(Lungseg.Run(["segment", _directory["in"], "--size", "128", .. output, .. more]).Exit, 0, 1);
    }
}
