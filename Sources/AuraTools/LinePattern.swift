import Glibc

/// What `search` looks for in a line: a text, or an expression as regcomp(3) takes it.
final class LinePattern {
    /// 1000 bytes: a pattern, not a program.
    static let bytesMax = 1000

    /// 2 intervals such as `{3}`, each up to 255: the C library expands them, and more exhaust
    /// memory.
    static let intervalsMax = 2
    static let intervalCountMax = 255

    private let text: [CChar]
    private var expression: regex_t?

    /// The text `pattern`, or the POSIX extended expression `pattern`.
    init(_ pattern: String, isExpression: Bool) throws(ToolRefusal) {
        guard !pattern.isEmpty, pattern.utf8.count <= Self.bytesMax, !pattern.utf8.contains(0),
            !pattern.utf8.contains(UInt8(ascii: "\n"))
        else {
            throw .failed(
                "pattern must have 1 to \(Self.bytesMax) bytes, without NUL and line feed")
        }
        text = pattern.utf8.map { CChar(bitPattern: $0) } + [0]
        guard isExpression else { return }
        try Self.checkCost(pattern)
        var compiled = regex_t()
        let code = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)
        guard code == 0 else {
            var message = [CChar](repeating: 0, count: 200)
            regerror(code, &compiled, &message, message.count)
            let reason = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .failed("pattern: \(String(decoding: reason, as: UTF8.self))")
        }
        expression = compiled
    }

    deinit {
        if var compiled = expression { regfree(&compiled) }
    }

    /// Whether it is in `line`, which must end with a NUL; what stands behind an earlier NUL is not
    /// seen.
    func matches(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else {
                return false
            }
            guard expression != nil else { return strstr(start, text) != nil }
            return withUnsafePointer(to: &expression) { pointer in
                guard var compiled = pointer.pointee else { return false }
                return regexec(&compiled, start, 0, nil, 0) == 0
            }
        }
    }

    /// Refuses what takes the C library exponential time or memory.
    private static func checkCost(_ pattern: String) throws(ToolRefusal) {
        let bytes = Array(pattern.utf8)
        let isReference = zip(bytes, bytes.dropFirst()).contains {
            $0 == UInt8(ascii: "\\") && (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($1)
        }
        if isReference { throw .failed("pattern: back-references are not supported") }
        let intervals = pattern.split(separator: "{", omittingEmptySubsequences: false).dropFirst()
        let isDear = intervals.contains { interval in
            interval.prefix { $0 != "}" }.split(separator: ",")
                .contains { (Int($0) ?? 0) > intervalCountMax }
        }
        guard intervals.count <= intervalsMax, !isDear else {
            throw .failed(
                "pattern: at most \(intervalsMax) intervals {..}, each up to \(intervalCountMax)")
        }
    }
}
