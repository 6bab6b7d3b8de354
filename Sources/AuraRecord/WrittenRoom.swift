import CLMDB
import Glibc

/// Room behind the last page that was written before it is needed: a commit into it neither takes
/// blocks of the disk nor makes the file longer, and its flush takes half the time.
enum WrittenRoom {
    /// Makes the file reach so far behind its last page, durably, as far as it does not yet.
    ///
    /// Only for whoever holds the environment's writing transaction: nobody else writes the file
    /// then. Nothing that is in the file is touched. Where the disk has not so much it is given back:
    /// a commit finds out by itself.
    static func make(_ handle: OpaquePointer, bytes: Int) {
        var information = MDB_envinfo()
        var statistics = MDB_stat()
        var file: Int32 = -1
        var status = stat()
        guard mdb_env_info(handle, &information) == 0, mdb_env_stat(handle, &statistics) == 0,
            mdb_env_get_fd(handle, &file) == 0, fstat(file, &status) == 0
        else { return }
        let used = (information.me_last_pgno + 1) * Int(statistics.ms_psize)
        let length = Int(status.st_size)
        guard length >= used, length < used + bytes else { return }
        let zeros = [UInt8](repeating: 0, count: used + bytes - length)
        guard pwrite(file, zeros, zeros.count, off_t(length)) == zeros.count else {
            ftruncate(file, off_t(length))
            return
        }
        fdatasync(file)
    }
}
