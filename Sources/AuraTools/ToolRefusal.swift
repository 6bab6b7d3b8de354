import Glibc

/// Why a tool call ends without doing anything, in words on which the model can act.
enum ToolRefusal: Error, Equatable, Sendable {
    /// The call asked for what is not granted.
    case denied(String)
    case failed(String)

    /// A file is no longer as it was when the call was planned.
    static func changed(_ path: String) -> Self {
        .failed("\(path) has changed meanwhile. Nothing was done; read it again")
    }

    /// What a refusal by the kernel means for `path`.
    static func system(_ code: Int32, _ path: String) -> Self {
        switch code {
        case ENOENT: .failed("\(path): there is no such file or directory")
        case ENOTDIR: .failed("\(path): a part of the path is not a directory")
        case EISDIR: .failed("\(path) is a directory")
        case ELOOP: .failed("\(path): too many symbolic links")
        case EACCES, EPERM: .failed("\(path): permission denied")
        case ENOSPC, EDQUOT: .failed("\(path): no space is left in the workspace")
        case ENAMETOOLONG: .failed("\(path): the name is too long")
        default: .failed("\(path): \(String(cString: strerror(code)))")
        }
    }
}
