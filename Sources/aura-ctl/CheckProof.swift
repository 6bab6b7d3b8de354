import ArgumentParser
import AuraModel
import Crypto

extension Record {
    /// A check of a proof where there is no daemon: the only file here that needs SHA-256 and
    /// Ed25519.
    struct CheckProof: Verb {
        static let configuration = CommandConfiguration(
            commandName: "check-proof",
            abstract: "Check a proof that `prove` or `consistency` printed; needs no daemon.",
            discussion: "Exit status 65 when it does not hold.")

        @Argument(help: "The file with the proof.") var file: String
        @Option(help: "The public key, in hex or in a file: as `record key` printed it back then.")
        var key: String
        @OptionGroup var common: CommonOptions

        /// Checks with swift-crypto's primitives.
        static let check = ProofCheck(
            sha256: { Array(SHA256.hash(data: $0)) },
            isSigned: { signature, message, key in
                guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key)
                else { return false }
                return key.isValidSignature(signature, for: message)
            })

        func perform(_ session: Session) throws -> Int32 {
            let key = try ProofFile.key(key)
            switch Self.check.check(try ProofFile.read(file), key: key) {
            case .included(let sequence, let size, let time):
                Output.write(
                    "good: entry #\(sequence) is in the record of #1 to #\(size), signed at "
                        + "\(HumanText.dateTime(time))Z\n")
            case .consistent(let first, let second):
                Output.write("good: the record of #1 to #\(second) goes on from #1 to #\(first)\n")
            case .refused(let reason):
                throw Failure(.badDefinition, .badRequest, "the proof does not hold: \(reason)")
            }
            return AuraExit.success.rawValue
        }
    }
}
