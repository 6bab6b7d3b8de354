import ArgumentParser
import AuraModel
import Glibc

/// What can be shown of the record to somebody who does not trust this machine.
extension Record {
    /// The public key.
    struct Key: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print the public key that signs the record, and its id.")

        @OptionGroup var common: CommonOptions

        func perform(_ session: Session) throws -> Int32 {
            let key: RecordKey = try session.client.get(ControlPath.key)
            try session.show(key) {
                ["\(SafeText.line(key.key))  id \(SafeText.line(key.id)), epoch \(key.epoch)"]
            }
            return AuraExit.success.rawValue
        }
    }

    /// An inclusion proof.
    struct Prove: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print a proof, as JSON, that an entry is in the signed record.")

        @Argument(help: "The entry's sequence number.") var sequence: Int
        @OptionGroup var common: CommonOptions

        func perform(_ session: Session) throws -> Int32 {
            let proof: InclusionProof = try session.client.get(
                ControlPath.proof, [("sequence", String(sequence))])
            Output.write(try JSON.text(proof) + "\n")
            return AuraExit.success.rawValue
        }
    }

    /// A consistency proof.
    struct Consistency: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print a proof, as JSON, that a later checkpoint takes nothing back.")

        @Argument(help: "The number of the earlier checkpoint's entry.") var first: Int
        @Argument(help: "The number of the later checkpoint's entry.") var second: Int
        @OptionGroup var common: CommonOptions

        func perform(_ session: Session) throws -> Int32 {
            let proof: ConsistencyProof = try session.client.get(
                ControlPath.consistency, [("first", String(first)), ("second", String(second))])
            Output.write(try JSON.text(proof) + "\n")
            return AuraExit.success.rawValue
        }
    }
}

/// Files that proofs, keys and checkpoints stand in.
enum ProofFile {
    /// 64 MiB: what the daemon's own answers may have.
    private static let bytesMax = Client.answerBytesMax
    private static let chunkBytes = 64 << 10
    private static let keyLength = 32

    /// The bytes of the file at `path`.
    static func read(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(path, errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            guard count >= 0 else { throw unreadable(path, errno) }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else { throw unreadable(path, EFBIG) }
        }
    }

    /// The public key that `text` is, or that stands first in the file that it names.
    static func key(_ text: String) throws -> [UInt8] {
        if let key = HexText.bytes(text), key.count == keyLength { return key }
        let content = String(decoding: try read(text), as: UTF8.self)
        let first = content.split { $0.isWhitespace }.first ?? ""
        guard let key = HexText.bytes(first), key.count == keyLength else {
            throw Failure(
                .usage, .badRequest, "'\(text)' holds no public key",
                hint: "aura-ctl record key > FILE")
        }
        return key
    }

    /// `path` as the daemon, which stands elsewhere, has to be given it.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    /// The bundle in the file at `path`.
    static func bundle(_ path: String) throws -> RunBundle {
        do {
            return try JSON.decode(RunBundle.self, from: try read(path))
        } catch let error as DecodingError {
            throw Failure(
                .badDefinition, .badRequest,
                "\(path) is no bundle: \(SafeText.brief("\(error)"))",
                hint: "aura-ctl record export RUN > FILE")
        }
    }

    /// The text without the line feeds that a shell adds to the one-line form of a checkpoint.
    static func trimmed(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("|") else { return text }
        return String(text.prefix { $0 != "\n" })
    }

    private static func unreadable(_ path: String, _ code: Int32) -> Failure {
        Failure(
            .inputOutput, .badRequest,
            "\(path) cannot be read: \(String(cString: strerror(code)))")
    }
}
