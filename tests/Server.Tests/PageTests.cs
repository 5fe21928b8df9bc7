using System.Text;
using LungSeg.Cli.Tests;
using LungSeg.Cli.Tests.Reports;

namespace LungSeg.Server.Tests;

/// <summary>The page in Chromium, at a desk and on a phone. LUNGSEG_SCREENSHOTS names a directory for what it looks like.</summary>
public sealed class PageTests : IDisposable
{
    private const string Yellow = """
        (() => { const c = document.getElementById('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
          for (let i = 0; i < d.length; i += 4) if (d[i] > 200 && d[i + 1] > 170 && d[i + 2] < 90) n++; return n; })()
        """;

    private const string Sum = """
        (() => { const c = document.getElementById('canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;
          for (let i = 0; i < d.length; i += 4) n += d[i]; return n; })()
        """;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1400, false, false)]
    [InlineData(1400, true, false)]
    [InlineData(390, false, true)]
    public async Task Images_are_dropped_shown_and_looked_at(int width, bool dark, bool touch)
    {
        Assert.SkipUnless(Chromium.Program is not null, "no Chromium on this machine");
        await using TestService service = await TestService.StartAsync(_directory, request => request with { Dicom = null });
        await using Chromium browser = await Chromium.Start();
        await Open(browser, service, width, dark, touch);
        await browser.Choose("#choose", Repository.Sample, _directory.Write("film.dcm", Samples.Dicom()),
            _directory.Write("bad.png", Encoding.ASCII.GetBytes("no image")));
        await browser.Until("document.getElementById('status').textContent === '3 of 3 images done, 1 failed'");
        await browser.Until("!document.getElementById('viewer').hidden");
        await browser.Evaluate("document.querySelector('#list li:nth-child(1) button').click()");
        Assert.Equal("radiograph.png", await Text(browser, "#name"));
        Assert.Contains("Right lung", await Text(browser, "#areas"));
        Assert.InRange((await browser.Evaluate("document.documentElement.scrollWidth")).GetDouble(), 1, width);

        // Outlines, and fewer of them the stricter the threshold.
        await browser.Until($"{Yellow} > 300");
        await Picture(browser, $"{width}-{(dark ? "dark" : "light")}");
        string before = await Text(browser, "#at-threshold");
        await browser.Evaluate("(() => { const e = document.getElementById('threshold'); e.value = 99; e.dispatchEvent(new "
            + "Event('input', { bubbles: true })); })()");
        Assert.NotEqual(before, await Text(browser, "#at-threshold"));
        Assert.Contains("threshold 0.99", await Text(browser, "#at-threshold"));
        Assert.Contains("threshold 0.99", (await browser.Evaluate("document.getElementById('canvas').getAttribute('aria-label')"))
            .GetString());
        Assert.True(Share(await Text(browser, "#at-threshold")) < Share(before));

        // Window and level by a drag, then the keys.
        double sum = await Settled(browser);
        await browser.Drag("#canvas", 60, -40);
        Assert.NotEqual(sum, sum = await Settled(browser));
        await browser.Evaluate("document.getElementById('canvas').focus()");
        foreach ((string key, string text) in ((string, string)[])[("i", "i"), ("+", "+"), ("o", "o"), ("[", "[")])
        {
            await browser.Press(key, text);
            double next = await Settled(browser);
            Assert.True(next != sum, $"the key {key} changes nothing");
            sum = next;
        }
        Assert.Equal("true", (await browser.Evaluate("document.getElementById('invert').getAttribute('aria-pressed')")).GetString());
        await browser.Press("n", "n");
        await browser.Until("document.getElementById('name').textContent === 'film.dcm'");
        Assert.Equal("false", (await browser.Evaluate("document.getElementById('invert').getAttribute('aria-pressed')")).GetString());

        // A failure says why; a download is made at the threshold that is set.
        await browser.Evaluate("document.querySelector('#list li:nth-child(3) button').click()");
        Assert.Contains("not an image", await Text(browser, "#flags"));
        await browser.Evaluate("document.querySelector('#list li:nth-child(2) button').click()");
        await browser.Until("!document.getElementById('downloads').hidden");
        await browser.Evaluate("document.querySelector('#downloads button:nth-child(5)').click()");
        await browser.Until("document.getElementById('status').textContent === 'film.seg.dcm is downloaded'");
        string nameless = "[...document.querySelectorAll('button, input, canvas, select')].filter(e => !(e.textContent || e.ariaLabel "
            + "|| e.labels?.length || e.getAttribute('aria-label'))).length";
        Assert.Equal(0, (await browser.Evaluate(nameless)).GetInt32());
        // Only this test reads the canvas back.
        string[] complaints = [.. browser.Complaints.Where(complaint => !complaint.Contains("willReadFrequently"))];
        Assert.True(complaints.Length == 0, string.Join('\n', complaints));
        await TestService.Until(() =>
            service.Running.Spool.Items.All(item => item.Status == Spooling.ItemStatus.Parked), "nothing but the failure is kept");
    }

    [Fact]
    public async Task Folders_and_files_are_dropped_together()
    {
        Assert.SkipUnless(Chromium.Program is not null, "no Chromium on this machine");
        await using TestService service = await TestService.StartAsync(_directory, request => request with { Dicom = null });
        await using Chromium browser = await Chromium.Start();
        await Open(browser, service, 1000, dark: false, touch: false);
        Directory.CreateDirectory(_directory["films/ward"]);
        _directory.Write("films/ward/a.dcm", Samples.Dicom(1));
        _directory.Write("films/b.dcm", Samples.Dicom(2));
        _directory.Write("films/.hidden", [1, 2, 3]);
        await browser.Drop("#drop", _directory["films"], Repository.Sample);
        await browser.Until("document.getElementById('status').textContent === '3 of 3 images done'");
        string names = (await browser.Evaluate("[...document.querySelectorAll('#list li')].map(e => e.textContent).join()")).GetString()!;
        Assert.All((string[])["films/ward/a.dcm", "films/b.dcm", "radiograph.png"], name => Assert.Contains(name, names));
    }

    [Fact]
    public async Task A_page_of_a_service_with_a_token_asks_for_it()
    {
        Assert.SkipUnless(Chromium.Program is not null, "no Chromium on this machine");
        string token = _directory.Write("token", Encoding.ASCII.GetBytes("a-token-of-some-length"));
        await using TestService service = await TestService.StartAsync(_directory, request =>
            request with { Dicom = null, TokenFile = token });
        await using Chromium browser = await Chromium.Start();
        await Open(browser, service, 1000, dark: false, touch: false);
        await browser.Choose("#choose", Repository.Sample);
        await browser.Until("!document.getElementById('token-form').hidden");
        await browser.Evaluate("(() => { document.getElementById('token').value = 'a-token-of-some-length'; "
            + "document.getElementById('token-form').requestSubmit(); })()");
        await browser.Until("document.getElementById('status').textContent === '1 of 1 image done'");
    }

    [Fact]
    public async Task What_the_page_is_made_of_is_served_with_a_policy_and_nothing_refers_outside()
    {
        await using TestService service = await TestService.StartAsync(_directory, request => request with { Dicom = null });
        foreach (string path in (string[])["", "page/page.css", "page/page.js", "page/view.js", "page/outline.js"])
        {
            using HttpResponseMessage response = await service.Client.GetAsync(path);
            Assert.True(response.IsSuccessStatusCode, path);
            Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
            Assert.DoesNotContain("http://", await response.Content.ReadAsStringAsync());
            Assert.DoesNotContain("https://", await response.Content.ReadAsStringAsync());
        }
    }

    private static async Task Open(Chromium browser, TestService service, int width, bool dark, bool touch)
    {
        await browser.Show(width, dark, touch);
        await browser.Visit($"http://127.0.0.1:{service.Running.HttpPort}/");
    }

    private static async Task<string> Text(Chromium browser, string selector) =>
        (await browser.Evaluate($"document.querySelector('{selector}').textContent")).GetString()!;

    private static double Share(string text) => double.Parse(text[..text.IndexOf(' ')], System.Globalization.CultureInfo.InvariantCulture);

    // The canvas is drawn when the screen is.
    private static async Task<double> Settled(Chromium browser)
    {
        await browser.Evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))");
        return (await browser.Evaluate(Sum)).GetDouble();
    }

    private static async Task Picture(Chromium browser, string name)
    {
        if (Environment.GetEnvironmentVariable("LUNGSEG_SCREENSHOTS") is not { Length: > 0 } directory) return;
        await Settled(browser);
        await File.WriteAllBytesAsync(Path.Combine(directory, $"{name}.png"), await browser.Screenshot());
    }
}
