using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LungSeg.Cli.Tests.Reports;

/// <summary>A page in headless Chromium, driven over the DevTools protocol.</summary>
internal sealed partial class Chromium : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TemporaryDirectory _profile = new();
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private string? _session, _own;
    private int _calls;

    private Chromium(string program) => _process = Process.Start(new ProcessStartInfo(program,
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
        // A mouse, which hovers: there is none on a machine without a screen.
        "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
        $"--user-data-dir={_profile.Name}", "--remote-debugging-port=0", "about:blank",
    ])
    { RedirectStandardError = true })!;

    /// <summary>Where Chromium is, or null.</summary>
    public static string? Program { get; } = new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
        .FirstOrDefault(File.Exists);

    /// <summary>What a page may not do: script errors, messages on the console, requests for anything but itself and data.</summary>
    public List<string> Complaints { get; } = [];

    public static async Task<Chromium> Start()
    {
        var browser = new Chromium(Program!);
        string address = "";
        while (address.Length == 0 && await browser._process.StandardError.ReadLineAsync() is { } line)
            address = Address().Match(line).Value;
        // Nobody reads what else it says, and a full pipe would stop it.
        _ = browser._process.StandardError.BaseStream.CopyToAsync(Stream.Null);
        await browser._socket.ConnectAsync(new Uri(address), CancellationToken.None);
        JsonElement[] targets = [.. (await browser.Call("Target.getTargets", new { })).GetProperty("targetInfos").EnumerateArray()];
        string target = targets.First(each => each.GetProperty("type").GetString() == "page").GetProperty("targetId").GetString()!;
        JsonElement attached = await browser.Call("Target.attachToTarget", new { targetId = target, flatten = true });
        browser._session = attached.GetProperty("sessionId").GetString();
        foreach (string domain in (string[])["Page", "Runtime", "Log", "Network"]) await browser.Call($"{domain}.enable", new { });
        return browser;
    }

    /// <summary>Sets the window, the colours that the user likes, and what the page is shown on: screen or print.</summary>
    public async Task Show(int width, bool dark, bool touch = false, string media = "screen")
    {
        await Call("Emulation.setDeviceMetricsOverride", new { width, height = 900, deviceScaleFactor = 1, mobile = touch });
        await Call("Emulation.setTouchEmulationEnabled", new { enabled = touch });
        object[] features =
        [
            new { name = "prefers-color-scheme", value = dark ? "dark" : "light" },
            new { name = "prefers-reduced-motion", value = "reduce" },
        ];
        await Call("Emulation.setEmulatedMedia", new { media, features });
    }

    public async Task Open(string file)
    {
        await Call("Page.navigate", new { url = new Uri(file).AbsoluteUri });
        while (!(await Evaluate("document.readyState === 'complete' && location.protocol === 'file:'")).GetBoolean()) await Task.Delay(20);
    }

    /// <summary>Goes to the page of a service; what it asks of that service is no complaint.</summary>
    public async Task Visit(string url)
    {
        _own = url;
        await Call("Page.navigate", new { url });
        while (!(await Evaluate("document.readyState === 'complete' && location.protocol === 'http:'")).GetBoolean()) await Task.Delay(20);
    }

    /// <summary>Chooses files, as a user does in the system's dialogue.</summary>
    public async Task Choose(string selector, params string[] files)
    {
        int root = (await Call("DOM.getDocument", new { })).GetProperty("root").GetProperty("nodeId").GetInt32();
        int node = (await Call("DOM.querySelector", new { nodeId = root, selector })).GetProperty("nodeId").GetInt32();
        await Call("DOM.setFileInputFiles", new { nodeId = node, files });
    }

    /// <summary>Drops files and folders on an element, as a user does from the system's windows.</summary>
    public async Task Drop(string selector, params string[] files)
    {
        (double x, double y) = await Middle(selector);
        var data = new { items = Array.Empty<object>(), files, dragOperationsMask = 1 };
        foreach (string type in (string[])["dragEnter", "dragOver", "drop"])
            await Call("Input.dispatchDragEvent", new { type, x, y, data });
    }

    /// <summary>Waits until an expression holds.</summary>
    public async Task Until(string expression)
    {
        for (DateTime end = DateTime.UtcNow + Patience; !(await Evaluate(expression)).GetBoolean(); await Task.Delay(50))
            Assert.True(DateTime.UtcNow < end, $"in vain: {expression}; {string.Join('\n', Complaints)}");
    }

    /// <summary>Drags with the mouse from the middle of an element.</summary>
    public async Task Drag(string selector, double right, double down)
    {
        (double x, double y) = await Middle(selector);
        foreach ((string type, double share) in ((string, double)[])[("mousePressed", 0), ("mouseMoved", 0.5), ("mouseMoved", 1),
            ("mouseReleased", 1)])
        {
            await Call("Input.dispatchMouseEvent", new
            {
                type,
                x = x + share * right,
                y = y + share * down,
                button = "left",
                buttons = type == "mouseReleased" ? 0
                    : 1,
                clickCount = 1,
            });
        }
    }

    /// <summary>What the page looks like, PNG.</summary>
    public async Task<byte[]> Screenshot() =>
        (await Call("Page.captureScreenshot", new { format = "png", captureBeyondViewport = true })).GetProperty("data")
        .GetBytesFromBase64();

    /// <summary>The value of an expression in the page.</summary>
    public async Task<JsonElement> Evaluate(string expression)
    {
        JsonElement answer = await Call("Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true });
        if (answer.TryGetProperty("exceptionDetails", out JsonElement fault)) throw new InvalidOperationException($"{expression}: {fault}");
        return answer.GetProperty("result").TryGetProperty("value", out JsonElement value) ? value : default;
    }

    /// <summary>A key as the keyboard sends it.</summary>
    public async Task Press(string key, string text)
    {
        int code = text[0] < ' ' ? text[0] : char.ToUpperInvariant(text[0]);
        await Call("Input.dispatchKeyEvent", new { type = "keyDown", key, text, windowsVirtualKeyCode = code });
        await Call("Input.dispatchKeyEvent", new { type = "keyUp", key, windowsVirtualKeyCode = code });
    }

    /// <summary>Moves the pointer to the middle of an element.</summary>
    public async Task Point(string selector)
    {
        (double x, double y) = await Middle(selector);
        await Call("Input.dispatchMouseEvent", new { type = "mouseMoved", x, y });
    }

    /// <summary>A finger's short touch on the middle of an element.</summary>
    public async Task Tap(string selector)
    {
        (double x, double y) = await Middle(selector);
        await Call("Input.dispatchTouchEvent", new { type = "touchStart", touchPoints = new[] { new { x, y } } });
        await Call("Input.dispatchTouchEvent", new { type = "touchEnd", touchPoints = Array.Empty<object>() });
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        try
        {
            _profile.Dispose();
        }
        catch (IOException)
        {
            // A helper process may write for a moment longer.
        }
    }

    private async Task<(double X, double Y)> Middle(string selector)
    {
        JsonElement at = await Evaluate("(() => "
            + $"{{ const e = document.querySelector('{selector}'); e.scrollIntoView({{ block: 'center' }}); const b = "
            + "e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()");
        return (at[0].GetDouble(), at[1].GetDouble());
    }

    private async Task<JsonElement> Call(string method, object parameters)
    {
        int id = ++_calls;
        byte[] message = JsonSerializer.SerializeToUtf8Bytes(_session is null
            ? new Dictionary<string, object> { ["id"] = id, ["method"] = method, ["params"] = parameters }
            : new Dictionary<string, object> { ["id"] = id, ["method"] = method, ["params"] = parameters, ["sessionId"] = _session });
        await _socket.SendAsync(message, WebSocketMessageType.Text, true, CancellationToken.None);
        while (true)
        {
            JsonElement answer = await Receive();
            if (answer.TryGetProperty("id", out JsonElement number) && number.GetInt32() == id)
            {
                return answer.TryGetProperty("result", out JsonElement result)
                    ? result
                    : throw new InvalidOperationException($"{method}: {answer}");
            }
            Note(answer);
        }
    }

    private async Task<JsonElement> Receive()
    {
        using var stop = new CancellationTokenSource(Patience);
        var message = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, stop.Token);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonDocument.Parse(Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length)).RootElement;
    }

    private void Note(JsonElement told)
    {
        string method = told.GetProperty("method").GetString()!;
        string? url = method == "Network.requestWillBeSent"
            ? told.GetProperty("params").GetProperty("request").GetProperty("url").GetString()
            : null;
        bool foreign = url is not null && !url.StartsWith("data:", StringComparison.Ordinal)
            && !url.EndsWith("report.html", StringComparison.Ordinal)
            && !(_own is not null && url.Replace("blob:", "", StringComparison.Ordinal).StartsWith(_own, StringComparison.Ordinal));
        if (foreign || method is "Runtime.exceptionThrown" or "Runtime.consoleAPICalled" or "Log.entryAdded") Complaints.Add($"{told}");
    }

    [GeneratedRegex(@"ws://\S+")]
    private static partial Regex Address();
}
