import AuraModel

/// Reads `proxy` of `aurad.yaml`: what the programs of a cage may do through its proxy.
///
///     proxy:
///       connections: 32              # of a command at once
///       connections-per-second: 200  # new ones of a command
///       requests: 2_000              # of a run
///       requests-per-minute: 300
///       sent: 64MiB                  # by all programs of a command
///       received: 1GiB
///       head: 16KiB                  # of one request
///       timeouts: {head: 10s, connect: 10s, idle: 2m}
enum ProxyFields {
    /// 256: each holds two descriptors and a buffer each way.
    private static let connectionsRange = 1...256
    /// 10,000 in a second: each is accepted by the one thread that does all else.
    private static let connectionsPerSecondRange = 1...10_000
    /// A million in a run: each is two entries of the record.
    private static let requestsRange = 1...1_000_000
    /// 60,000 in a minute: a thousand a second, as many as are worth being written down.
    private static let requestsPerMinuteRange = 1...60_000
    /// 64 KiB, less than which no package has, to a TiB.
    private static let bytesRange = (64 << 10)...(1 << 40)
    /// 1 KiB, what a plain request has, to 1 MiB, which is held in memory by each connection.
    private static let headRange = (1 << 10)...(1 << 20)
    /// Who waits for longer for a head or a connection has forgotten it.
    private static let beginRange = Milliseconds.seconds(1)...Milliseconds.minutes(5)
    /// A day: what is silent for longer is over.
    private static let idleRange = Milliseconds.seconds(1)...Milliseconds.minutes(60 * 24)

    private static let keys = [
        "connections", "connections-per-second", "requests", "requests-per-minute", "sent",
        "received", "head", "timeouts",
    ]

    static func read(_ field: Field, _ report: inout Report) -> ProxyLimits? {
        guard
            let fields = Fields(
                field, keys: keys, expected: "a mapping such as `{requests: 5_000}`", &report)
        else { return nil }
        var limits = ProxyLimits()
        limits.connections =
            fields["connections"]?.whole(connectionsRange, &report) ?? limits.connections
        limits.connectionsPerSecond =
            fields["connections-per-second"]?.whole(connectionsPerSecondRange, &report)
            ?? limits.connectionsPerSecond
        limits.requests = fields["requests"]?.whole(requestsRange, &report) ?? limits.requests
        limits.requestsPerMinute =
            fields["requests-per-minute"]?.whole(requestsPerMinuteRange, &report)
            ?? limits.requestsPerMinute
        limits.sentBytes = fields["sent"]?.size(bytesRange, &report) ?? limits.sentBytes
        limits.receivedBytes = fields["received"]?.size(bytesRange, &report) ?? limits.receivedBytes
        limits.headBytes = fields["head"]?.size(headRange, &report) ?? limits.headBytes
        guard let timeouts = fields["timeouts"],
            let times = Fields(
                timeouts, keys: ["head", "connect", "idle"],
                expected: "a mapping such as `{idle: 5m}`", &report)
        else { return limits }
        limits.headTime = times["head"]?.duration(beginRange, &report) ?? limits.headTime
        limits.connectTime = times["connect"]?.duration(beginRange, &report) ?? limits.connectTime
        limits.idleTime = times["idle"]?.duration(idleRange, &report) ?? limits.idleTime
        return limits
    }
}
