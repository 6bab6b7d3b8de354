/// What the programs of a cage may do through its proxy: `proxy` of `aurad.yaml`.
package struct ProxyLimits: Hashable, Sendable, Codable {
    /// 32 connections of a command at once: package managers open some ten.
    package var connections = 32
    /// 200 new ones in a second: who floods waits, and nobody else does.
    package var connectionsPerSecond = 200
    /// 2,000 requests in a run: an installation with its dependencies makes some hundreds.
    package var requests = 2_000
    /// 300 in a minute: a package manager that reads an index, not a flood.
    package var requestsPerMinute = 300
    /// 64 MiB from all programs of a command to servers: requests, and here and there a file.
    package var sentBytes = 64 << 20
    /// 1 GiB from servers to all programs of a command: a toolchain, its packages, a container image.
    package var receivedBytes = 1 << 30
    /// 16 KiB of a request's head, twice what servers commonly take.
    package var headBytes = 16 << 10
    /// 10 s for a whole head, and for a tunnel's first message: a program sends it at once.
    package var headTime = Milliseconds.seconds(10)
    /// 10 s to reach a server, as a browser's user waits.
    package var connectTime = Milliseconds.seconds(10)
    /// 2 min without a byte either way: a server that thinks for longer is asked anew.
    package var idleTime = Milliseconds.minutes(2)

    /// The limits above.
    package init() {}
}
