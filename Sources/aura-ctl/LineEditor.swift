import AuraModel
import CEdit
import Glibc
import Synchronization

/// The line that is being typed on a terminal: libedit's keys, and a history to go back in.
///
/// There is one, because libedit keeps its state in globals (editline(3)); all calls come from the
/// main thread. Between `begin` and the line's end the terminal is libedit's: whoever wants to write
/// there calls `suspend` before and `begin` after, and what was typed is still there.
enum LineEditor {
    private enum Typed: Sendable {
        case line(String)
        case end
    }

    private struct State: Sendable {
        var isActive = false
        /// What the callback brought, until it is taken.
        var typed: Typed?
        /// What stood in the line when it was suspended.
        var kept = ""
    }

    private static let state = Mutex(State())

    /// 200 lines: what somebody goes back through by hand.
    private static let historyMax: CInt = 200

    /// Whether lines can be edited: where they are typed and shown there is a terminal that can move.
    static var isPossible: Bool {
        isatty(STDIN_FILENO) == 1 && Terminal.canRedraw(STDOUT_FILENO)
    }

    /// Shows `prompt`, and what was typed before it was suspended.
    static func begin(prompt: String, style: Style) {
        prepare
        // The marks say what takes no column.
        let shown =
            style.isColoured
            ? "\u{1}\u{1b}[1m\u{2}\(prompt)\u{1}\u{1b}[0m\u{2}" : prompt
        rl_callback_handler_install(shown) { text in
            let line = text.map { String(cString: $0) }
            free(text)
            LineEditor.state.withLock { $0.typed = line.map { .line($0) } ?? .end }
        }
        let kept = state.withLock { state in
            defer { state.kept = "" }
            state.isActive = true
            return state.kept
        }
        guard !kept.isEmpty else { return }
        rl_insert_text(kept)
        rl_forced_update_display()
    }

    /// Gives the terminal back, with what was typed so far kept; nothing when it was given back.
    static func suspend() {
        guard state.withLock({ $0.isActive }) else { return }
        let text = String(cString: aura_edit_line())
        rl_callback_handler_remove()
        state.withLock { ($0.isActive, $0.kept) = (false, text) }
    }

    /// The line, once it is ended; the terminal is given back then.
    static func next(waitMilliseconds: CInt) -> LineInput.Event {
        let start = Clock.monotonic().count
        while true {
            let left = Int(waitMilliseconds) - (Clock.monotonic().count - start)
            var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, CInt(max(0, left))) > 0 else { return .nothing }
            rl_callback_read_char()
            guard let typed = state.withLock({ $0.typed }) else { continue }
            rl_callback_handler_remove()
            state.withLock { ($0.isActive, $0.typed) = (false, nil) }
            switch typed {
            case .end: return .end
            case .line(let line):
                remember(line)
                return .line(line)
            }
        }
    }

    /// Puts a line into the history.
    static func remember(_ line: String) {
        prepare
        if line.contains(where: { !$0.isWhitespace }) { add_history(line) }
    }

    /// Once: letters of any script need a locale that knows them, and C does not.
    private static let prepare: Void = {
        setlocale(LC_CTYPE, "")
        if __ctype_get_mb_cur_max() == 1 { setlocale(LC_CTYPE, "C.UTF-8") }
        using_history()
        stifle_history(historyMax)
    }()
}
