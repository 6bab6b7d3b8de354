/// What is running.
package enum Release {
    /// The version that `--version`, the record and the control API name: debian/changelog's.
    package static let version = "0.1.0"
}
