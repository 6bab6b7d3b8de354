import Glibc

/// The data file is as long as LMDB believes: it maps the file and would die of SIGBUS behind its
/// end.
enum FileLength {
    /// LMDB 0.9's meta page: a page header of 16 bytes, then magic, version, address, size of the
    /// map, two table roots of 48 bytes (the first begins with the page size), last page,
    /// transaction.
    private static let magicOffset = 16
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let pageSizeOffset = 40
    private static let lastPageOffset = 136
    private static let transactionOffset = 144
    private static let metaBytes = 152

    /// Throws `.corrupt` when the file at `path` ends before its last page; a file that is not
    /// there or is no LMDB file is LMDB's own business.
    static func check(_ path: String) throws(RecordError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        let length = Int(lseek(file, 0, SEEK_END))
        guard length > 0 else { return }
        guard let first = meta(file, at: 0) else {
            throw .corrupt(what: "its first page is no beginning of an LMDB file")
        }
        let second = meta(file, at: first.pageSize)
        var newest = first
        if let second, second.transaction > first.transaction { newest = second }
        let needed = (newest.lastPage + 1) * newest.pageSize
        guard length >= needed else {
            throw .corrupt(what: "its file has \(length) bytes of \(needed): it was cut off")
        }
    }

    private static func meta(
        _ file: Int32, at start: Int
    ) -> (pageSize: Int, lastPage: Int, transaction: Int)? {
        var bytes = [UInt8](repeating: 0, count: metaBytes)
        guard pread(file, &bytes, metaBytes, off_t(start)) == metaBytes else { return nil }
        return bytes.withUnsafeBytes { bytes in
            let size = Int(bytes.loadUnaligned(fromByteOffset: pageSizeOffset, as: UInt32.self))
            let last = bytes.loadUnaligned(fromByteOffset: lastPageOffset, as: UInt64.self)
            let transaction = bytes.loadUnaligned(
                fromByteOffset: transactionOffset, as: UInt64.self)
            guard bytes.loadUnaligned(fromByteOffset: magicOffset, as: UInt32.self) == magic,
                (pageSizeMin...pageSizeMax).contains(size), last < pagesMax,
                transaction < UInt64(Int.max)
            else { return nil }
            return (size, Int(last), Int(transaction))
        }
    }

    /// LMDB takes pages of 256 bytes to 64 KiB.
    private static let pageSizeMin = 256
    private static let pageSizeMax = 1 << 16
    /// 2^40 pages: beyond any file, and far from overflow.
    private static let pagesMax: UInt64 = 1 << 40
}
