using System.Net;
using System.Security.Cryptography.X509Certificates;
using LungSeg.Server.Spooling;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace LungSeg.Server.Http;

/// <summary>Kestrel with the service's routes; nothing of the environment or of a configuration file changes it.</summary>
internal sealed class HttpDoor : IAsyncDisposable
{
    private const int MaxConnections = 1000;
    private readonly WebApplication _application;
    private readonly Gate _gate;

    private HttpDoor(WebApplication application, Gate gate) => (_application, _gate) = (application, gate);

    /// <summary>Where it listens.</summary>
    public int Port => new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(
        )).Port;

    /// <summary>Begins to listen.</summary>
    /// <param name="at">The address and port; port 0 for a free one.</param>
    /// <param name="certificate">For TLS; null for none.</param>
    /// <param name="token">What callers send; null for none.</param>
    /// <param name="rate">Requests a second from one address.</param>
    /// <param name="spool">Where images go.</param>
    /// <param name="takesStudies">Whether images that come by STOW-RS have somewhere to go.</param>
    /// <param name="waiting">Images that wait.</param>
    /// <param name="log">Told of faults.</param>
    public static async Task<HttpDoor> OpenAsync(
        IPEndPoint at, X509Certificate2? certificate, string? token, int rate, Spool spool, bool takesStudies, Func<int> waiting, Log log)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        if (certificate is not null) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            // Each door has limits of its own, which say what they are.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(at, listen =>
            {
                if (certificate is not null) listen.UseHttps(certificate);
            });
        });
        builder.Services.AddRoutingCore();
        WebApplication application = builder.Build();
        var gate = new Gate(token, rate);
        application.Use(next => context => Problems.Guard(context, next, log));
        application.Use(next => context => gate.Pass(context, next));
        new Api(spool, waiting).Map(application);
        if (takesStudies) new Stow(spool).Map(application);
        PageFiles.Map(application);
        await application.StartAsync().ConfigureAwait(false);
        return new HttpDoor(application, gate);
    }

    /// <summary>Finishes the requests that are under way.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        using var timer = new CancellationTokenSource(patience);
        await _application.StopAsync(timer.Token).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }
}
