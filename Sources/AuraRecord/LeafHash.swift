import Crypto

/// The hash of a stored entry: SHA-256 over 0x00 and its bytes, the leaf hash of RFC 6962, section
/// 2.1.
struct LeafHash: Hashable, Sendable {
    /// 32 bytes.
    let bytes: [UInt8]

    /// What comes before the first entry.
    static let genesis = Self(bytes: Array(repeating: 0, count: SHA256.byteCount))

    /// The byte that tells a leaf from an inner node.
    static let leafPrefix: UInt8 = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The hash of `prefixed`: a prefix and then what is hashed.
    init(prefixed: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: prefixed)
        bytes = Array(hash.finalize())
    }

    /// The hash of an entry that was stored as `text`.
    init(stored text: [UInt8]) {
        var hash = SHA256()
        hash.update(data: [Self.leafPrefix])
        hash.update(data: text)
        bytes = Array(hash.finalize())
    }

    /// The byte that tells an inner node from a leaf.
    static let nodePrefix: UInt8 = 1

    /// The hash of an inner node.
    static func node(_ left: Self, _ right: Self) -> Self {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * SHA256.byteCount, alignment: 1) { buffer in
            buffer[0] = nodePrefix
            for index in 0..<SHA256.byteCount {
                buffer[1 + index] = left.bytes[index]
                buffer[1 + SHA256.byteCount + index] = right.bytes[index]
            }
            return Self(prefixed: UnsafeRawBufferPointer(buffer))
        }
    }

    var hex: String { Hex.text(bytes) }
}

/// The same hash without an array around it: for walks that may allocate nothing for an entry.
struct FlatHash: Equatable {
    private let words: SIMD4<UInt64>

    static let byteCount = SHA256.byteCount

    /// The 32 bytes from `offset` on.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        words = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
    }

    init(_ digest: SHA256Digest) {
        words = digest.withUnsafeBytes { $0.loadUnaligned(as: SIMD4<UInt64>.self) }
    }

    /// The leaf hash of an entry.
    static func leaf(_ text: UnsafeRawBufferPointer) -> Self {
        var hash = SHA256()
        withUnsafeBytes(of: LeafHash.leafPrefix) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: text)
        return Self(hash.finalize())
    }

    /// The hash of an inner node.
    static func node(_ left: Self, _ right: Self) -> Self {
        var hash = SHA256()
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * byteCount, alignment: 1) { buffer in
            buffer[0] = LeafHash.nodePrefix
            buffer.storeBytes(of: left.words, toByteOffset: 1, as: SIMD4<UInt64>.self)
            buffer.storeBytes(of: right.words, toByteOffset: 1 + byteCount, as: SIMD4<UInt64>.self)
            hash.update(bufferPointer: UnsafeRawBufferPointer(buffer))
        }
        return Self(hash.finalize())
    }

    var array: LeafHash { LeafHash(bytes: withUnsafeBytes(of: words) { Array($0) }) }
}

/// Lower-case hexadecimal.
enum Hex {
    static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                text[index * 2] = digits[Int(byte >> 4)]
                text[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }
}
