import CLinux

/// What this process holds of the machine's memory.
package enum ProcessMemory {
    /// Gives back to the system what was freed; see malloc_trim(3).
    ///
    /// glibc keeps it otherwise, and the more the larger the pieces were. Takes milliseconds: for
    /// after work that is not done again soon.
    package static func trim() { _ = malloc_trim(0) }
}
