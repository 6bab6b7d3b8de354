import Glibc

/// `read_file`: numbered lines of a text file of any size.
struct ReadTool {
    /// 2000 lines unless the model asks for fewer: most source files are whole in that.
    static let linesMax = 2000

    /// 28 KiB: below the bound at which the kernel cuts a result in its middle.
    static let outputBytesMax = 28 << 10

    /// 2000 bytes of a line are shown: longer ones are data.
    static let lineShownBytesMax = 2000

    let path: String
    /// From 1.
    let offset: Int
    let limit: Int

    func run(in workspace: Workspace) throws(ToolRefusal) -> String {
        let place = try workspace.place(path)
        guard let file = try RegularFile(place) else { throw .system(ENOENT, path) }
        var reader = try LineReader(file)
        guard !reader.isBinary else {
            throw .failed("\(place.shown) is a binary file of \(file.sizeBytes) bytes")
        }
        var number = 0
        var text = ""
        var isUTF8 = true
        let last = offset.addingReportingOverflow(min(limit, Self.linesMax) - 1).partialValue
        while let line = try reader.next() {
            number += 1
            guard number >= offset else { continue }
            guard number <= last, text.utf8.count < Self.outputBytesMax else {
                text +=
                    "[the file goes on; it has \(file.sizeBytes) bytes; read on with "
                    + "offset \(number)]\n"
                number -= 1
                break
            }
            let shown = Self.shown(line)
            isUTF8 = isUTF8 && !shown.unicodeScalars.contains("\u{FFFD}")
            text += "\(number)\t\(shown)\n"
        }
        if number == 0 { return "[\(place.shown) is empty]" }
        guard number >= offset else {
            throw .failed(
                "\(place.shown) has only \(number) lines; offset \(offset) is beyond them")
        }
        if !isUTF8 {
            text +=
                "[not all of it is UTF-8: such bytes are shown as \u{FFFD} and cannot be edited]\n"
        }
        return text
    }

    /// A line as it is shown: cut to its bound, without a carriage return at its end.
    static func shown(_ line: [UInt8], bytesMax: Int = lineShownBytesMax) -> String {
        var bytes = line[...]
        if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        guard bytes.count > bytesMax else { return String(decoding: bytes, as: UTF8.self) }
        var end = bytesMax
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        return "\(head) [... \(bytes.count - end) more bytes]"
    }
}
