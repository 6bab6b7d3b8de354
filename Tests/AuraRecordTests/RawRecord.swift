import AuraModel
import CLMDB
import Testing

/// A record's file as an intruder sees it: LMDB's tables, with no rule of ours.
struct RawRecord {
    /// A table's name, a key and a value; nil deletes the key.
    struct Change {
        var table: String
        var key: [UInt8]
        var value: [UInt8]?
    }

    let directory: String

    /// Everything that `table` holds, in the order of its keys.
    func dump(_ table: String) throws -> [(key: [UInt8], value: [UInt8])] {
        try transact { transaction in
            var handle: MDB_dbi = 0
            try check(mdb_dbi_open(transaction, table, 0, &handle))
            var opened: OpaquePointer?
            try check(mdb_cursor_open(transaction, handle, &opened))
            let cursor = try #require(opened)
            defer { mdb_cursor_close(cursor) }
            var found: [(key: [UInt8], value: [UInt8])] = []
            var (key, value) = (MDB_val(), MDB_val())
            while mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0 {
                found.append((Self.bytes(key), Self.bytes(value)))
            }
            return found
        }
    }

    /// Puts what is noted of the first `count` entries into the indexes, as formats before 6 had it
    /// and a block is later.
    func index(_ count: Int) throws {
        for note in try dump("pending-index").prefix(count) {
            var changes = [Change(table: "pending-index", key: note.key, value: nil)]
            let name = Array(note.value[1..<(1 + Int(note.value[0]))])
            var rest = note.value.dropFirst(1 + name.count)
            if !name.isEmpty {
                let number = rest.prefix(8)
                changes.append(
                    .init(table: "by-automaton", key: name + [0] + number, value: note.key))
                rest = rest.dropFirst(8)
            }
            while !rest.isEmpty {
                changes.append(.init(table: "by-run", key: rest.prefix(16) + note.key, value: []))
                rest = rest.dropFirst(16)
            }
            try apply(changes)
        }
    }

    /// Makes changes in one transaction.
    func apply(_ changes: [Change]) throws {
        try transact { transaction in
            for change in changes {
                var handle: MDB_dbi = 0
                try check(mdb_dbi_open(transaction, change.table, UInt32(MDB_CREATE), &handle))
                var key = change.key
                try key.withUnsafeMutableBytes { keyBytes in
                    var keyValue = MDB_val(mv_size: keyBytes.count, mv_data: keyBytes.baseAddress)
                    guard var bytes = change.value else {
                        return try check(mdb_del(transaction, handle, &keyValue, nil))
                    }
                    try bytes.withUnsafeMutableBytes {
                        var value = MDB_val(mv_size: $0.count, mv_data: $0.baseAddress)
                        try check(mdb_put(transaction, handle, &keyValue, &value, 0))
                    }
                }
            }
        }
    }

    private func transact<Value>(_ body: (OpaquePointer) throws -> Value) throws -> Value {
        var created: OpaquePointer?
        try check(mdb_env_create(&created))
        let environment = try #require(created)
        defer { mdb_env_close(environment) }
        try check(mdb_env_set_maxdbs(environment, 32))
        try check(mdb_env_set_mapsize(environment, 64 << 20))
        try check(mdb_env_open(environment, directory, UInt32(MDB_NOSYNC), 0o600))
        var begun: OpaquePointer?
        try check(mdb_txn_begin(environment, nil, 0, &begun))
        let transaction = try #require(begun)
        let result: Value
        do { result = try body(transaction) } catch {
            mdb_txn_abort(transaction)
            throw error
        }
        try check(mdb_txn_commit(transaction))
        return result
    }

    private static func bytes(_ value: MDB_val) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
    }

    private func check(_ code: Int32) throws {
        guard code == 0 else { throw RecordFailure(code: code) }
    }
}

/// What LMDB answered.
struct RecordFailure: Error {
    var code: Int32
}

/// SplitMix64: chance that a seed repeats.
struct SeededChance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
