import CCrypto

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto, which libcurl has loaded anyway: one message after
/// the other in one context.
///
/// Whoever hashes much keeps one: a new context costs as much as two blocks.
struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Bytes of a digest.
    static let byteCount = 32

    /// Looked up once: that takes longer than to hash some blocks.
    ///
    /// `@unchecked Sendable`: OpenSSL never changes a method that it has handed out.
    private struct Method: @unchecked Sendable {
        let pointer = EVP_MD_fetch(nil, "SHA256", nil)
    }

    private static let method = Method()

    /// Before the first message.
    init() {
        guard let context = EVP_MD_CTX_new(),
            EVP_DigestInit_ex2(context, Self.method.pointer, nil) == 1
        else { preconditionFailure("libcrypto has no SHA-256") }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes more of the message.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let code = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(code == 1, "SHA-256 takes every byte")
    }

    /// Ends the message; the next one may begin.
    mutating func finish() -> FlatHash {
        let hash = FlatHash { EVP_DigestFinal_ex(context, $0, nil) == 1 }
        let code = EVP_DigestInit_ex2(context, nil, nil)
        precondition(code == 1, "SHA-256 begins anew")
        return hash
    }

    /// The digest of one message.
    static func hash(_ bytes: UnsafeRawBufferPointer) -> FlatHash {
        FlatHash { EVP_Digest(bytes.baseAddress, bytes.count, $0, nil, method.pointer, nil) == 1 }
    }
}

/// The 32 bytes of a SHA-256, without an array around them: for walks that may allocate nothing for
/// an entry.
struct FlatHash: Equatable {
    private var words = SIMD4<UInt64>()

    /// What `fill` writes into 32 bytes; it says whether it did.
    fileprivate init(fill: (UnsafeMutablePointer<UInt8>) -> Bool) {
        let isFilled = withUnsafeMutableBytes(of: &words) { bytes in
            bytes.withMemoryRebound(to: UInt8.self) { $0.baseAddress.map(fill) == true }
        }
        precondition(isFilled, "SHA-256 has an end")
    }

    /// The 32 bytes from `offset` on.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        words = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
    }

    /// Writes the 32 bytes from `offset` on.
    func store(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        bytes.storeBytes(of: words, toByteOffset: offset, as: SIMD4<UInt64>.self)
    }

    var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }
}
