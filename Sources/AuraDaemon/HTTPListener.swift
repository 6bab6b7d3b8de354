import AuraModel
import AuraSystem
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves a router's routes over HTTP/1.1 on one address, and sleeps while nobody asks.
///
/// Hummingbird's `Application` around the same server always runs a timer that writes the date anew
/// each second, which would wake an idle aurad. Here each answer says its own moment.
struct HTTPListener<Context: RequestContext>: Sendable
where Context.Source == ApplicationRequestContextSource {
    private let responder: RouterResponder<Context>
    private let configuration: ServerConfiguration
    private let idleTimeout: TimeAmount?

    /// The routes of `router` at the address of `configuration`.
    ///
    /// A connection that says nothing for `idleTimeout` is closed; without one it is kept.
    init(
        _ router: Router<Context>, configuration: ServerConfiguration,
        idleTimeout: TimeAmount? = nil
    ) {
        responder = router.buildResponder()
        self.configuration = configuration
        self.idleTimeout = idleTimeout
    }

    /// Serves until its task is cancelled; `whenReady` is called once the address answers.
    ///
    /// - Throws: why the address cannot be listened on.
    func run(whenReady: @escaping @Sendable () -> Void) async throws {
        // Errors reach clients as answers; the daemon's own log is the journal of facts.
        var quiet = Logger(label: "aurad.http")
        quiet.logLevel = .critical
        let logger = quiet
        let channel = HTTP1Channel(
            responder: { request, writer, channel in
                let source = ApplicationRequestContextSource(channel: channel, logger: logger)
                let response = try await answer(request, Context(source: source))
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(idleTimeout: idleTimeout))
        let server = Server(
            childChannelSetup: channel, configuration: configuration,
            onServerRunning: { _ in whenReady() },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await server.run()
    }

    private func answer(_ request: Request, _ context: Context) async throws -> Response {
        var response: Response
        do {
            response = try await responder.respond(to: request, context: context)
        } catch let error as HTTPParserError {
            // What follows it on the connection cannot be understood: the server answers and closes.
            throw error
        } catch {
            response = Response(status: .internalServerError)
        }
        response.headers[.date] = SystemClock.now().httpDate
        response.headers[.server] = "aurad"
        return response
    }
}

extension Instant {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`: the form of RFC 9110, 5.6.7, that is to be generated.
    var httpDate: String {
        let time = CivilTime(at: milliseconds / 1000, in: .utc)
        let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][time.date.weekday]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        // `1994-11-06 08:49:37`
        let digits = time.description
        return "\(day), \(digits.dropFirst(8).prefix(2)) \(months[time.date.month - 1]) "
            + "\(digits.prefix(4)) \(digits.suffix(8)) GMT"
    }
}
