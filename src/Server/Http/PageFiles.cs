using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace LungSeg.Server.Http;

/// <summary>The page and what it is made of.</summary>
internal static class PageFiles
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src "
        + "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly (string Path, string File, string Type)[] Files =
    [
        ("/", "page.html", "text/html; charset=utf-8"), ("/page/page.css", "page.css", "text/css; charset=utf-8"),
        ("/page/page.js", "page.js", "text/javascript; charset=utf-8"), ("/page/view.js", "view.js", "text/javascript; charset=utf-8"),
        ("/page/outline.js", "outline.js", "text/javascript; charset=utf-8"),
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach ((string path, string file, string type) in Files)
        {
            routes.MapGet(path, context =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                context.Response.Headers["Referrer-Policy"] = "no-referrer";
                return Problems.Answer(context, type, Resource.Bytes($"page/{file}"));
            });
        }
    }
}
