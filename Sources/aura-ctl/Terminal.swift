import AuraModel
import Glibc

/// Writes whole texts to a descriptor.
enum Output {
    /// Writes all of `text`; ends the process when nobody can read it any more.
    static func write(_ text: String, to descriptor: CInt = STDOUT_FILENO) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                exit(AuraExit.inputOutput.rawValue)
            }
        }
    }
}

/// What is known of the terminal at a descriptor.
enum Terminal {
    /// Whether lines there can be drawn again.
    static func canRedraw(_ descriptor: CInt) -> Bool {
        isatty(descriptor) == 1 && Environment.value("TERM") != "dumb"
    }

    /// Colour only on a terminal, and not against the operator's wish: see no-color.org.
    static func style(of descriptor: CInt) -> Style {
        Style(isColoured: canRedraw(descriptor) && Environment.value("NO_COLOR") == nil)
    }

    /// Columns; nil when it is no terminal.
    static func width(of descriptor: CInt) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return widthDefault
        }
        return Int(size.ws_col)
    }

    /// 80: what a terminal has that does not tell.
    private static let widthDefault = 80
}

/// Ctrl-C while a run is watched: it must end the watching and not the run, and say so.
enum Interrupt {
    /// From now on the signals wait to be asked for.
    static func hold() {
        var signals = Self.signals
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Whether the operator wants to leave.
    static var isPending: Bool {
        var pending = sigset_t()
        sigpending(&pending)
        return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1
    }

    private static var signals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }
}

/// The clocks.
enum Clock {
    /// The wall clock.
    static func now() -> Instant { Instant(milliseconds: read(CLOCK_REALTIME)) }

    /// Milliseconds that only go forward, for deadlines.
    static func monotonic() -> Milliseconds { Milliseconds(read(CLOCK_MONOTONIC)) }

    /// Seconds that the local zone is ahead of UTC at an instant.
    static func localOffset(at instant: Instant) -> Int {
        var seconds = time_t(instant.milliseconds / 1000)
        var parts = tm()
        return localtime_r(&seconds, &parts) == nil ? 0 : Int(parts.tm_gmtoff)
    }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
