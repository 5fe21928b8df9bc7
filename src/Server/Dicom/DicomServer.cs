using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace LungSeg.Server.Dicom;

/// <summary>Listens for associations and serves each on its own, up to a number at a time.</summary>
internal sealed class DicomServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly NodeOptions _options;
    private readonly Func<PduStream, IPAddress, Rejection?, CancellationToken, Task> _serve;
    private readonly Log _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _open = [];
    private readonly HashSet<Socket> _sockets = [];
    private readonly Task _accepting;
    private int _serving;

    /// <param name="at">The address and port; port 0 for a free one.</param>
    /// <param name="options">How it answers.</param>
    /// <param name="serve">Serves a connection, or rejects its association where that is given; returns when it ended.</param>
    /// <param name="log">Told of what went wrong.</param>
    public DicomServer(IPEndPoint at, NodeOptions options, Func<PduStream, IPAddress, Rejection?, CancellationToken, Task> serve, Log log)
    {
        (_options, _serve, _log) = (options, serve, log);
        _listener = new TcpListener(at);
        if (at.Address.Equals(IPAddress.IPv6Any)) _listener.Server.DualMode = true;
        _listener.Start(backlog: 128);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Takes no more connections, waits for those that are in a message, and closes what is left after a while.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        await _accepting.ConfigureAwait(false);
        Task[] open;
        lock (_lock) open = [.. _open];
        if (await Task.WhenAny(Task.WhenAll(open), Task.Delay(patience)).ConfigureAwait(false) is { IsCompleted: true }
            && open.All(task => task.IsCompleted))
        {
            return;
        }
        lock (_lock)
            foreach (Socket socket in _sockets) socket.Dispose();
        await Task.WhenAll(open).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of descriptors, or a peer that went before it was accepted.
                _log.Warn($"a DICOM connection cannot be taken: {e.SocketErrorCode}");
                await Task.Delay(100).ConfigureAwait(false);
                continue;
            }
            Task task = Task.Run(() => ServeAsync(socket));
            lock (_lock) _open.Add(task);
            _ = task.ContinueWith(ended =>
            {
                lock (_lock) _open.Remove(ended);
            }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        int number = Interlocked.Increment(ref _serving);
        lock (_lock) _sockets.Add(socket);
        try
        {
            // So many more are told that the node is busy; beyond that, nobody is listened to.
            if (number > 2 * _options.Associations + 8) return;
            var address = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            socket.NoDelay = true;
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (_options.Tls is { } tls) stream = await EncryptAsync(stream, tls).ConfigureAwait(false);
            using var pdus = new PduStream(stream, _options.Limits);
            await _serve(pdus, address, number > _options.Associations ? Rejection.Busy : null, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or TimeoutException or ObjectDisposedException
            or OperationCanceledException
            or System.Security.Authentication.AuthenticationException)
        {
            _log.Info($"a DICOM association ended early: {e.Message}");
        }
        catch (Exception e)
        {
            _log.Error($"a fault of the program in a DICOM association: {e}");
        }
        finally
        {
            lock (_lock) _sockets.Remove(socket);
            socket.Dispose();
            Interlocked.Decrement(ref _serving);
        }
    }

    private async Task<Stream> EncryptAsync(Stream stream, SslServerAuthenticationOptions tls)
    {
        var encrypted = new SslStream(stream);
        using var timer = new CancellationTokenSource(_options.Limits.Begin);
        await encrypted.AuthenticateAsServerAsync(tls, timer.Token).ConfigureAwait(false);
        return encrypted;
    }
}
