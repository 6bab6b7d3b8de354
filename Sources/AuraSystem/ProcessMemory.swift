import CLinux

/// What this process holds of the machine's memory.
package enum ProcessMemory {
    /// Gives back to the system what was freed; see malloc_trim(3).
    ///
    /// glibc keeps it otherwise, and the more the larger the pieces were. So goes `releaseImage`.
    /// Takes milliseconds: for after work that is not done again soon.
    package static func trim() {
        _ = malloc_trim(0)
        releaseImage()
    }

    /// Lets go of the program's own pages, of which a start needs far more than what follows.
    ///
    /// They count as this process's as long as they are mapped; those that are needed again are
    /// mapped again by a fault of a microsecond.
    package static func releaseImage() { clinux_release_image() }
}
