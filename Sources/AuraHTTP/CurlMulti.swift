package import AuraModel
package import CCurl

/// libcurl's multi handle in socket-action mode, driven from somebody else's event loop.
///
/// Owns the handle; every use is on one thread. Its two callbacks only take notes or pass on which
/// descriptor to watch: they never touch the handle, as curl_multi_socket_action(3) demands.
package final class CurlMulti {
    /// A transfer that is over, and how.
    package struct Done {
        package let owner: UInt64
        package let code: CURLcode
    }

    /// When libcurl wants `timerFired`, by the clock of `now`; nil: never.
    package private(set) var due: Milliseconds?

    private let handle: UnsafeMutableRawPointer
    private var owners: [UnsafeMutableRawPointer: UInt64] = [:]
    private let now: () -> Milliseconds
    private let watch: (Int32, Bool, Bool) -> Void

    /// A handle, or nil when libcurl cannot be set up; `watch(fd, false, false)` ends a watch.
    ///
    /// `now` is a clock that only goes forward.
    package init?(
        now: @escaping () -> Milliseconds,
        watch: @escaping (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void
    ) {
        guard Self.globalState == CURLE_OK, let handle = curl_multi_init() else { return nil }
        self.handle = handle
        self.now = now
        self.watch = watch
        // SAFETY: the pointer is used by callbacks of this handle only, which deinit destroys.
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = aura_curl_multi_set_pointer(handle, CURLMOPT_SOCKETDATA, context)
        _ = aura_curl_multi_set_pointer(handle, CURLMOPT_TIMERDATA, context)
        _ = aura_curl_multi_set_socket(handle) { _, descriptor, what, context, _ in
            CurlMulti.from(context)?.watch(
                descriptor, what == CURL_POLL_IN || what == CURL_POLL_INOUT,
                what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
            return 0
        }
        _ = aura_curl_multi_set_timer(handle) { _, milliseconds, context in
            guard let multi = CurlMulti.from(context) else { return 0 }
            multi.due = milliseconds < 0 ? nil : Milliseconds(multi.now().count + milliseconds)
            return 0
        }
    }

    deinit {
        // Kept connections close now; nobody is left who could be told of their descriptors.
        _ = aura_curl_multi_set_socket(handle, nil)
        _ = aura_curl_multi_set_timer(handle, nil)
        curl_multi_cleanup(handle)
    }

    /// Begins the transfer of `easy`, which stays the caller's, who knows it by `owner`; false when
    /// libcurl is out of memory.
    package func add(_ easy: UnsafeMutableRawPointer, of owner: UInt64) -> Bool {
        guard curl_multi_add_handle(handle, easy) == CURLM_OK else { return false }
        owners[easy] = owner
        return true
    }

    /// Ends the transfer of `easy`; closes its connection if it was not finished.
    package func remove(_ easy: UnsafeMutableRawPointer) {
        owners[easy] = nil
        _ = curl_multi_remove_handle(handle, easy)
    }

    /// Lets libcurl work on a descriptor that is ready.
    package func socketReady(_ descriptor: Int32, readable: Bool, writable: Bool) {
        var running: Int32 = 0
        let ready = (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0)
        _ = curl_multi_socket_action(handle, descriptor, ready, &running)
    }

    /// Lets libcurl work because its timer is due.
    package func timerFired() {
        due = nil
        var running: Int32 = 0
        _ = curl_multi_socket_action(handle, CURL_SOCKET_BAD, 0, &running)
    }

    /// The next transfer that is over, or nil.
    package func takeDone() -> Done? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let owner = owners[easy]
            else { continue }
            return Done(owner: owner, code: message.pointee.data.result)
        }
        return nil
    }

    private static let globalState = aura_curl_global_init()

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlMulti? {
        // SAFETY: set in init to self; callbacks are gone before self is.
        context.map { Unmanaged<CurlMulti>.fromOpaque($0).takeUnretainedValue() }
    }
}
