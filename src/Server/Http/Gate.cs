using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace LungSeg.Server.Http;

/// <summary>
/// Who may ask: with a token, those who send it; without one, this machine alone, and no page of another site. The service's own page, the
/// API's description and the health checks are open; they show nothing of an image.
/// </summary>
internal sealed class Gate(string? token, int rate) : IDisposable
{
    private static readonly string[] Loopback = ["localhost", "127.0.0.1", "[::1]"];
    private readonly byte[]? _token = token is null ? null : Encoding.UTF8.GetBytes(token);
    private readonly PartitionedRateLimiter<HttpContext> _rates = PartitionedRateLimiter.Create<HttpContext, IPAddress>(
        context => RateLimitPartition.GetTokenBucketLimiter(context.Connection.RemoteIpAddress ?? IPAddress.None, _ =>
        new TokenBucketRateLimiterOptions
        {
            TokenLimit = 2 * rate,
            TokensPerPeriod = rate,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));

    public async Task Pass(HttpContext context, RequestDelegate next)
    {
        Check(context);
        using RateLimitLease lease = _rates.AttemptAcquire(context);
        if (!lease.IsAcquired)
        {
            context.Response.Headers.RetryAfter = "1";
            throw new RequestException(StatusCodes.Status429TooManyRequests, $"more than {rate} requests a second from this address");
        }
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        await next(context).ConfigureAwait(false);
    }

    public void Dispose() => _rates.Dispose();

    private void Check(HttpContext context)
    {
        HttpRequest request = context.Request;
        // A name of another site may lead to this machine (DNS rebinding).
        if (_token is null && !Loopback.Contains(request.Host.Host))
        {
            throw new RequestException(StatusCodes.Status403Forbidden,
                "without a token, requests are answered at localhost and 127.0.0.1 alone");
        }
        if (request.Headers.Origin.ToString() is { Length: > 0 } origin
            && (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) || uri.Authority != request.Host.Value))
            throw new RequestException(StatusCodes.Status403Forbidden, "pages of other sites may not use the service");
        if (_token is null || IsOpen(request)) return;
        string given = request.Headers.Authorization.ToString();
        if (given.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given[7..].Trim()), _token))
        {
            return;
        }
        context.Response.Headers.WWWAuthenticate = "Bearer";
        throw new RequestException(StatusCodes.Status401Unauthorized, "expected the service's token: Authorization: Bearer TOKEN");
    }

    private static bool IsOpen(HttpRequest request) => (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && (request.Path.StartsWithSegments("/health") || request.Path == "/" || request.Path.StartsWithSegments("/page")
            || request.Path == "/openapi.json");
}
