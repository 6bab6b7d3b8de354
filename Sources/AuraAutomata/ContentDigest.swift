import AuraModel

/// SHA-256 of texts, for receipts that a kernel writes and checks.
enum ContentDigest {
    /// The digest of `texts`, each with its length before it, in lower-case hex.
    static func of(_ texts: [String]) -> String {
        var bytes: [UInt8] = []
        for text in texts {
            bytes += Array("\(text.utf8.count):".utf8)
            bytes += Array(text.utf8)
        }
        return HexText.text(SHA256Digest.of(bytes))
    }
}
