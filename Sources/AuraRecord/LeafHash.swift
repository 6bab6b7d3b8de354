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
    init(prefixed: UnsafeRawBufferPointer) { bytes = SHA256.hash(prefixed).bytes }

    /// The hash of an entry that was stored as `text`.
    init(stored text: [UInt8]) {
        var sha = SHA256()
        bytes = text.withUnsafeBytes { sha.leaf($0) }.bytes
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

extension SHA256 {
    /// The leaf hash of an entry.
    mutating func leaf(_ text: UnsafeRawBufferPointer) -> FlatHash {
        withUnsafeBytes(of: LeafHash.leafPrefix) { update($0) }
        update(text)
        return finish()
    }

    /// The hash of an inner node.
    mutating func node(_ left: FlatHash, _ right: FlatHash) -> FlatHash {
        withUnsafeTemporaryAllocation(byteCount: 1 + 2 * Self.byteCount, alignment: 1) { buffer in
            buffer[0] = LeafHash.nodePrefix
            left.store(buffer, at: 1)
            right.store(buffer, at: 1 + Self.byteCount)
            update(UnsafeRawBufferPointer(buffer))
        }
        return finish()
    }
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
