/// `search`: the lines that match, in every text file below a place.
struct SearchTool {
    /// 200 lines: with more a narrower pattern helps better.
    static let matchesMax = 200

    /// 24 KiB, below the bound at which the kernel cuts a result in its middle.
    static let outputBytesMax = 24 << 10

    /// 300 bytes of a matching line are shown.
    static let lineShownBytesMax = 300

    /// 256 MiB are read by one search: about a second.
    static let scannedBytesMax = 256 << 20

    let pattern: LinePattern
    let path: String

    private struct Findings {
        var lines: [String] = []
        var bytes = 0
        var scannedBytes = 0
        var stopped: String?
    }

    func run(in workspace: Workspace) throws(ToolRefusal) -> String {
        let place = try workspace.place(path)
        var findings = Findings()
        if let file = try? RegularFile(place) {
            try search(file, &findings)
        } else {
            _ = try TreeWalk.visit(place, in: workspace, depth: TreeWalk.depthMax) {
                (item) throws(ToolRefusal) in
                // A file that cannot be opened, or is gone by now, is not one that was asked for.
                guard item.kind == .file, let file = try? RegularFile(item.place) else {
                    return true
                }
                try search(file, &findings)
                return findings.stopped == nil
            }
        }
        if findings.lines.isEmpty, findings.stopped == nil { return "[no line matches]" }
        if let stopped = findings.stopped { findings.lines.append("[\(stopped)]") }
        return findings.lines.joined(separator: "\n") + "\n"
    }

    private func search(_ file: RegularFile, _ findings: inout Findings) throws(ToolRefusal) {
        var reader = try LineReader(file)
        guard !reader.isBinary else { return }
        var number = 0
        while findings.stopped == nil, var line = try reader.next() {
            number += 1
            findings.scannedBytes += line.count + 1
            if findings.scannedBytes > Self.scannedBytesMax {
                findings.stopped =
                    "stopped in \(file.path): \(Self.scannedBytesMax) bytes were searched"
            }
            line.append(0)
            guard pattern.matches(line) else { continue }
            line.removeLast()
            let shown = ReadTool.shown(line, bytesMax: Self.lineShownBytesMax)
            let row = "\(file.path):\(number): \(shown)"
            findings.lines.append(row)
            findings.bytes += row.utf8.count + 1
            if findings.lines.count >= Self.matchesMax || findings.bytes >= Self.outputBytesMax {
                findings.stopped =
                    "stopped after \(findings.lines.count) matches; narrow the search"
            }
        }
    }
}
