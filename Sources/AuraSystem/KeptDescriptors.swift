import Glibc

/// What there is to keep, one descriptor each: of a cage all but the last.
///
/// A store that takes them one by one is given the last of these first, and drops the first of them
/// first: a cage of which it has the process is whole.
package enum KeptPart: UInt8, CaseIterable, Sendable {
    /// pidfd of its outer process.
    case process = 0x70  // p
    /// Read end of the program's output.
    case output = 0x6F  // o
    /// Memory file of its label and status.
    case status = 0x73  // s
    /// The outer end of its lifeline.
    case lifeline = 0x6C  // l
    /// Memory file of what was read of a command's output.
    case spool = 0x62  // b
    /// Where a worker takes a new broker.
    case door = 0x64  // d
    /// Where a command hears that it may begin.
    case gate = 0x67  // g
    /// The socket in which the listener of a command's proxy lies.
    case proxy = 0x78  // x
    /// Memory file of what has begun; of no cage.
    case begun = 0x6E  // n
}

/// Descriptors of one cage that came from an earlier daemon.
///
/// What nobody takes is closed with this; without its lifeline the cage ends.
package final class KeptDescriptors {
    /// By which the store knows them.
    package let name: String
    private var numbers: [KeptPart: Int32] = [:]

    /// None yet.
    package init(name: String) { self.name = name }

    /// Takes ownership of an open descriptor.
    package func add(_ part: KeptPart, adopting number: Int32) {
        if let earlier = numbers.updateValue(number, forKey: part) { close(earlier) }
    }

    /// The number of one that is not taken yet.
    package func raw(_ part: KeptPart) -> Int32? { numbers[part] }

    /// Hands one over; ENOENT when it is not there.
    package func take(_ part: KeptPart) throws(SystemError) -> OwnedDescriptor {
        guard let number = numbers.removeValue(forKey: part) else {
            throw SystemError("take", code: ENOENT, subject: "\(part) of \(name)")
        }
        return OwnedDescriptor(adopting: number)
    }

    deinit { for number in numbers.values { close(number) } }
}
